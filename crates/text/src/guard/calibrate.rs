//! Thresholds from an application's own texts.
//!
//! What is ordinary differs: a shop's customers and a chemistry tutor's write other words. The built-in
//! thresholds were measured on many kinds of text; an application's own texts say what they mean for it.
//! Texts that are not marked as attacks are taken for harmless, which makes thresholds too high rather than
//! too low if some are not. Nothing is promised of texts of another kind.

use gatemark_core::stats::proportion::{Interval, Z_95, wilson};
use serde::Serialize;

/// Scores of texts, and whether each is known to be an attack.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    harmless: Vec<f64>,
    attacks: Vec<f64>,
}

/// What the scores say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// Texts that are taken for harmless.
    pub harmless: u64,
    /// Texts that are marked as attacks.
    pub attacks: u64,
    /// Shares of the harmless texts, and the score that they do not exceed.
    pub quantiles: Vec<Quantile>,
    /// What the thresholds in use do to these texts.
    pub present: Vec<Threshold>,
    /// The thresholds for the wanted rates; one is missing if there are too few texts for it.
    pub wanted: Vec<Wanted>,
}

/// A share of texts, and the score that they do not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantile {
    /// From 0 to 1.
    pub share: f64,
    /// From 0 to 1.
    pub score: f64,
}

/// A threshold, and the texts that reach it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Threshold {
    /// What it is for: `flag` or `block`.
    pub name: &'static str,
    /// The least score.
    pub at: f64,
    /// Harmless texts that reach it.
    pub alarms: u64,
    /// The share of all harmless texts of this kind that do, with 95 % confidence (Wilson).
    pub alarm_rate: Interval,
    /// The share of attacks that reach it, and its interval; absent if no text is marked as an attack.
    pub found: Option<(f64, Interval)>,
}

/// A wanted rate of false alarms, and the threshold for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Wanted {
    /// The share of harmless texts that may reach it.
    pub rate: f64,
    /// Harmless texts that are needed before anything can be said of so small a share.
    pub needed: u64,
    /// Absent if there are fewer.
    pub threshold: Option<Threshold>,
}

/// Of a share `r` of texts one is expected among `1/r`; with three times as many, none is seen in one of
/// twenty cases only (the rule of three).
fn needed(rate: f64) -> u64 {
    // A positive number; a rate of almost nothing saturates.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let needed = (3.0 / rate).ceil() as u64;
    needed
}

impl Sample {
    /// Adds a text's score.
    pub fn add(&mut self, score: f64, attack: bool) {
        if attack { self.attacks.push(score) } else { self.harmless.push(score) }
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.harmless.len() + self.attacks.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the scores say; `present` and `wanted` each for flagging and for refusing.
    pub fn finish(mut self, present: [f64; 2], wanted: [f64; 2]) -> Calibration {
        self.harmless.sort_by(|a, b| b.total_cmp(a));
        let names = ["flag", "block"];
        Calibration {
            harmless: self.harmless.len() as u64,
            attacks: self.attacks.len() as u64,
            quantiles: self.quantiles(),
            present: [0, 1].map(|at: usize| self.threshold(names[at], present[at])).into(),
            wanted: [0, 1].map(|at: usize| self.wanted(names[at], wanted[at])).into(),
        }
    }

    fn quantiles(&self) -> Vec<Quantile> {
        let shares = [0.5, 0.9, 0.95, 0.99, 0.995, 0.998, 0.999];
        let quantile = |share: f64| {
            let above = allowed(self.harmless.len(), 1.0 - share);
            let score = self.harmless.get(above).copied()?;
            Some(Quantile { share, score })
        };
        shares.iter().filter_map(|share| quantile(*share)).collect()
    }

    fn threshold(&self, name: &'static str, at: f64) -> Threshold {
        let reached = |scores: &[f64]| scores.iter().filter(|score| **score >= at).count() as u64;
        let alarms = reached(&self.harmless);
        let count = self.attacks.len() as u64;
        let found = (count > 0).then(|| {
            let found = reached(&self.attacks);
            (found as f64 / count as f64, wilson(found, count, Z_95))
        });
        let alarm_rate = wilson(alarms, self.harmless.len() as u64, Z_95);
        Threshold { name, at, alarms, alarm_rate, found }
    }

    /// The least threshold that no more than the wanted share of harmless texts reach.
    fn wanted(&self, name: &'static str, rate: f64) -> Wanted {
        let needed = needed(rate);
        let enough = self.harmless.len() as u64 >= needed;
        let threshold = enough.then(|| {
            let next = self.harmless.get(allowed(self.harmless.len(), rate)).copied();
            // Just above the first that must not reach it, in steps that can be written down.
            let at = ((next.unwrap_or(0.0) * 1000.0).floor() + 1.0) / 1000.0;
            self.threshold(name, at)
        });
        Wanted { rate, needed, threshold }
    }
}

/// How many of `count` a share allows.
fn allowed(count: usize, share: f64) -> usize {
    // Between 0 and the count; a little is added so that 0.01 of 1000 is 10.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let allowed = (count as f64 * share + 1e-9) as usize;
    allowed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(harmless: &[f64], attacks: &[f64], wanted: [f64; 2]) -> Calibration {
        let mut sample = Sample::default();
        harmless.iter().for_each(|score| sample.add(*score, false));
        attacks.iter().for_each(|score| sample.add(*score, true));
        sample.finish([0.5, 0.9], wanted)
    }

    #[test]
    fn thresholds_keep_the_wanted_rates() {
        let harmless: Vec<f64> = (0..1000).map(|at| f64::from(at) / 1000.0).collect();
        let found = of(&harmless, &[0.3, 0.995, 0.999, 1.0], [0.01, 0.003]);
        let flag = found.wanted[0].threshold.as_ref().unwrap();
        assert_eq!(flag.alarms, 10);
        assert!((flag.at - 0.99).abs() < 1e-9, "{flag:?}");
        assert!(flag.alarm_rate.low < 0.01 && flag.alarm_rate.high > 0.01);
        assert_eq!(flag.found.as_ref().unwrap().0, 0.75);
        let block = found.wanted[1].threshold.as_ref().unwrap();
        assert_eq!(block.alarms, 3);
        assert_eq!(found.present[0].alarms, 500);
        assert_eq!(found.quantiles[0].score, 0.499);
    }

    #[test]
    fn too_few_texts_give_no_threshold() {
        let found = of(&[0.1; 400], &[], [0.01, 0.002]);
        assert!(found.wanted[0].threshold.is_some());
        assert_eq!((found.wanted[1].needed, &found.wanted[1].threshold), (1500, &None));
        assert_eq!(found.present[0].found, None);
        let none = of(&[], &[], [0.01, 0.002]);
        assert!(none.quantiles.is_empty() && none.wanted[0].threshold.is_none());
    }

    proptest! {
        #[test]
        fn no_more_than_the_wanted_share_reach_a_threshold(
            scores in proptest::collection::vec(0.0..1.0f64, 300..700),
            rate in 0.01..0.2f64,
        ) {
            let found = of(&scores, &[], [rate, rate]);
            let threshold = found.wanted[0].threshold.as_ref().unwrap();
            prop_assert!(threshold.alarms as f64 <= rate * scores.len() as f64 + 1e-6);
        }
    }
}
