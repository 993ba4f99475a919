//! Where a rollout stands, for people.

use serde::{Deserialize, Serialize};

use super::state::{Phase, Rollout, State};
use crate::assign::WHOLE;
use crate::guardrail::{Decision, Together, Verdict, Why, together};
use crate::ramp::duration;
use crate::stats::sequential::ratio;

/// Level of the sample-ratio check.
const RATIO_ALPHA: f64 = 0.001;

/// A guardrail's verdict under its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The guardrail.
    pub name: String,
    /// What it says.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What is known at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The guardrails, in the plan's order.
    pub guardrails: Vec<Told>,
    /// What they say together.
    pub together: Together,
    /// Whether units come to the arms as planned.
    pub ratio_holds: bool,
    /// What the next step waits for, in words; empty if nothing.
    pub waits_for: Vec<String>,
}

impl Rollout {
    /// Where it stands at `now`.
    pub fn standing(&self, now: i64) -> Standing {
        let guardrails: Vec<Told> = self
            .rails
            .iter()
            .map(|rail| Told { name: rail.plan.name().to_string(), verdict: rail.verdict() })
            .collect();
        let verdicts: Vec<Verdict> = guardrails.iter().map(|told| told.verdict).collect();
        let together = together(&verdicts, self.alpha());
        let ratio_holds = self.ratio_holds();
        let mut standing = Standing { guardrails, together, ratio_holds, waits_for: vec![] };
        standing.waits_for = self.waits(&standing, now);
        standing
    }

    /// The level of all guardrails together; a single one has its own.
    pub(super) fn alpha(&self) -> f64 {
        match self.rails.as_slice() {
            [only] => only.guardrail.alpha_revert.min(self.plan.alpha),
            _ => self.plan.alpha,
        }
    }

    /// Whether units come to the arms as planned. Copies may be dropped, and need not.
    fn ratio_holds(&self) -> bool {
        let phases: Vec<ratio::Phase> = self.phases.iter().map(Phase::planned).collect();
        ratio::log_e(&phases) < -RATIO_ALPHA.ln()
    }

    fn waits(&self, standing: &Standing, now: i64) -> Vec<String> {
        let mut waits = vec![];
        let (hold_s, least) = match self.state {
            State::Running | State::Paused => {
                self.current().map_or((0, 0), |step| (step.hold_s, step.least))
            }
            State::Watching => (self.plan.watch_s, 0),
            _ => return waits,
        };
        if self.state == State::Paused {
            waits.push("somebody to resume it".to_string());
        }
        let left = micros(hold_s) - (now - self.step_since);
        if left > 0 {
            let seconds = u64::try_from(left.div_euclid(1_000_000)).unwrap_or_default().max(1);
            waits.push(format!("time: {} more", rough(seconds)));
        }
        if self.step_units < least {
            let more = least - self.step_units;
            waits.push(format!("units: {more} more with the candidate in this step"));
        }
        if self.state == State::Watching {
            return waits;
        }
        if !standing.ratio_holds {
            waits.push("the arms' sizes: units do not come to them as planned".to_string());
        }
        for (rail, told) in self.rails.iter().zip(&standing.guardrails) {
            let name = &told.name;
            if told.verdict.why == Why::NoData || rail.heard.is_none_or(|at| at < self.step_since) {
                waits.push(format!("{name}: data of the candidate in this step"));
            } else if told.verdict.log_e_harm >= (1.0 / (2.0 * self.alpha())).ln() {
                waits.push(format!("{name}: it may be worse, and more calls have to show"));
            }
        }
        if self.is_last_step() && self.plan.proof {
            for (rail, told) in self.rails.iter().zip(&standing.guardrails) {
                if told.verdict.decision != Decision::Revert && !rail.is_content(&told.verdict) {
                    let (has, least) = (told.verdict.candidate_units, rail.guardrail.least);
                    let counted = if has < least {
                        format!(" ({has} of at least {least} units)")
                    } else {
                        String::new()
                    };
                    let name = &told.name;
                    waits.push(format!("{name}: proof that it is not worse{counted}"));
                }
            }
        }
        waits
    }

    pub(super) fn is_last_step(&self) -> bool {
        self.step + 1 >= self.plan.steps.len()
    }
}

impl Phase {
    fn planned(&self) -> ratio::Phase {
        let whole = f64::from(WHOLE - self.before.min(WHOLE));
        let candidate = f64::from(self.share.saturating_sub(self.before));
        let weights = vec![whole - candidate, candidate];
        ratio::Phase { weights, counts: vec![self.control, self.candidate] }
    }
}

pub(super) fn micros(seconds: u64) -> i64 {
    i64::try_from(seconds.saturating_mul(1_000_000)).unwrap_or(i64::MAX)
}

/// A duration that nobody needs to the second.
fn rough(seconds: u64) -> String {
    let unit = match seconds {
        0..=119 => 1,
        120..=7_199 => 60,
        7_200..=172_799 => 3_600,
        _ => 86_400,
    };
    duration(seconds.div_ceil(unit) * unit)
}
