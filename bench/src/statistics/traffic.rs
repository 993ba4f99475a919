//! Calls as they come: shares that ramp, quality that depends on hour and weekday.

use gatemark_core::guardrail::{Arm, Share};
use gatemark_core::stats::random::SplitMix;

/// How quality and the candidate's share move while calls come in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    /// Control's success rate on a weekday morning of the first day.
    pub(crate) quality: f64,
    /// The candidate's rate less control's.
    pub(crate) effect: f64,
    /// The candidate's share; `None` for the ramp 5, 10, 20, 50 % over 1, 2, 3 and 7 days.
    pub(crate) share: Option<f64>,
    /// Whether weekends are worse by 0.05, nights by 0.02 and each day by 0.002.
    pub(crate) seasons: bool,
    /// Calls in all, over 13 days.
    pub(crate) calls: u32,
}

/// A call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) arm: Arm,
    pub(crate) share: Share,
    /// The chance that it succeeds.
    pub(crate) rate: f64,
}

impl World {
    /// 100,000 calls at a share of 10 %.
    pub(crate) fn steady(effect: f64) -> Self {
        Self { quality: 0.9, effect, share: Some(0.1), seasons: false, calls: 100_000 }
    }

    /// The call number `number`.
    pub(crate) fn call(&self, number: u32, random: &mut SplitMix) -> Option<Call> {
        let day = 13.0 * f64::from(number) / f64::from(self.calls);
        let share = self.share.unwrap_or(match day {
            day if day < 1.0 => 0.05,
            day if day < 3.0 => 0.1,
            day if day < 6.0 => 0.2,
            _ => 0.5,
        });
        let candidate = random.unit() < share;
        let mut rate = self.quality;
        if self.seasons {
            // The first day is a Thursday, so that weekends fall into different steps.
            let weekend = matches!((day as u32 + 3) % 7, 5 | 6);
            let night = day.fract() < 0.3;
            rate -= 0.002 * day + if weekend { 0.05 } else { 0.0 } + if night { 0.02 } else { 0.0 };
        }
        rate += if candidate { self.effect } else { 0.0 };
        let arm = if candidate { Arm::Candidate } else { Arm::Control };
        Some(Call { arm, share: Share::new(share)?, rate })
    }
}

/// 1 with the chance `rate`.
pub(crate) fn coin(rate: f64, random: &mut SplitMix) -> f64 {
    if random.unit() < rate { 1.0 } else { 0.0 }
}

/// A standard normal number (Box & Muller).
pub(crate) fn normal(random: &mut SplitMix) -> f64 {
    let radius = (-2.0 * (1.0 - random.unit()).ln()).sqrt();
    radius * (2.0 * std::f64::consts::PI * random.unit()).cos()
}

/// A latency or cost with the median `median`, log-normal.
pub(crate) fn log_normal(median: f64, sigma: f64, random: &mut SplitMix) -> f64 {
    median * (sigma * normal(random)).exp()
}
