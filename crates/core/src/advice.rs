//! What a test run proves about a model: that it holds a threshold, that it does not, or neither.
//!
//! The gate asks whether the share of cases that passed reaches the threshold. To choose between models
//! that is too little: of several models that are all slightly too bad one will reach it by luck, and the
//! cheapest of those would be chosen. So here the data have to refute that the true share is lower (or
//! that it is higher), each with a one-sided bound, and the level is divided by the number of models
//! (Bonferroni): the chance that any model is said to hold what it does not stays below 1 − confidence.

use serde::{Deserialize, Serialize};

use crate::comparison::{Comparison, Standing};
use crate::stats::distribution::normal_quantile;
use crate::stats::proportion::{Interval, wilson_of_share};

/// What the data say about a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holding {
    /// They refute that it falls short.
    Holds,
    /// They refute that it is good enough.
    DoesNot,
    /// They refute neither.
    CannotTell,
}

impl Holding {
    /// Words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::DoesNot => "does not hold",
            Self::CannotTell => "cannot tell",
        }
    }
}

/// A finding with what it rests on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The finding.
    pub holding: Holding,
    /// Both one-sided bounds, each at the level asked for.
    pub bounds: Interval,
    /// How many more independent cases would decide, if their results were like those so far; `None` if
    /// it is decided, or if no number would.
    pub more_cases: Option<u64>,
}

/// Cases that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// How many passed.
    pub passed: u64,
    /// Of how many.
    pub cases: u64,
    /// From how many sources. Cases of one source may all pass or fail together, so they count as one.
    pub sources: u64,
}

/// The level at which each of `models` is judged so that all findings together keep `confidence`.
pub fn level(confidence: f64, models: usize) -> f64 {
    let models = u32::try_from(models.max(1)).unwrap_or(u32::MAX);
    1.0 - (1.0 - confidence) / f64::from(models)
}

/// Whether the true share of passing cases is at least `least` (0 to 1), by Wilson's one-sided bounds at
/// `level`.
///
/// Wilson's bound passes `least` where (p − least)/√(least(1 − least)/n) passes z, which gives the number of
/// cases that would do: z²·least(1 − least)/(p − least)².
#[allow(clippy::cast_precision_loss)]
pub fn against_threshold(seen: Passed, least: f64, level: f64) -> Finding {
    let n = seen.sources.min(seen.cases) as f64;
    if seen.cases == 0 || n == 0.0 {
        let bounds = Interval { low: 0.0, high: 1.0 };
        return Finding { holding: Holding::CannotTell, bounds, more_cases: None };
    }
    let p = seen.passed.min(seen.cases) as f64 / seen.cases as f64;
    let z = normal_quantile(level);
    let bounds = wilson_of_share(p, n, z);
    let holding = if least <= 0.0 || bounds.low >= least {
        Holding::Holds
    } else if bounds.high < least {
        Holding::DoesNot
    } else {
        Holding::CannotTell
    };
    let enough = z * z * least * (1.0 - least) / (p - least).powi(2);
    Finding { holding, bounds, more_cases: more(holding, enough, n) }
}

/// Whether a model is not worse than the one that serves by more than `margin` (0 to 1).
///
/// A bound is as far from the estimate as one over the root of the number of cases: n·(distance of the bound
/// / distance of the margin)² cases would do.
#[allow(clippy::cast_precision_loss)]
pub fn against_serving(compared: &Comparison, margin: f64) -> Finding {
    let difference = &compared.accuracy.difference;
    let (estimate, bounds) = (difference.estimate, difference.bounds);
    let holding = match compared.standing(margin) {
        Standing::NotWorse => Holding::Holds,
        Standing::Worse => Holding::DoesNot,
        Standing::Inconclusive => Holding::CannotTell,
    };
    let room = estimate + margin;
    let half = if room > 0.0 { estimate - bounds.low } else { bounds.high - estimate };
    let n = compared.clusters as f64;
    Finding { holding, bounds, more_cases: more(holding, n * (half / room).powi(2), n) }
}

/// Cases still missing to `enough`; above what anybody would collect it is as good as never.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn more(holding: Holding, enough: f64, n: f64) -> Option<u64> {
    const MOST: f64 = 1e7;
    let missing = (enough - n).ceil().max(1.0);
    (holding == Holding::CannotTell && missing <= MOST).then_some(missing as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random::SplitMix;

    fn of(passed: u64, cases: u64) -> Passed {
        Passed { passed, cases, sources: cases }
    }

    #[test]
    fn what_is_proved() {
        let finding = |passed, cases| against_threshold(of(passed, cases), 0.9, 0.95);
        assert_eq!(finding(0, 0).holding, Holding::CannotTell);
        assert_eq!(finding(50, 50).holding, Holding::Holds);
        assert_eq!(finding(20, 20).holding, Holding::CannotTell, "perfect, and too few");
        assert_eq!(finding(47, 50).holding, Holding::CannotTell);
        assert_eq!(finding(40, 50).holding, Holding::DoesNot);
        assert_eq!(finding(45, 50).more_cases, None, "at the threshold no number decides");
        let shared = Passed { sources: 20, ..of(50, 50) };
        assert_eq!(against_threshold(shared, 0.9, 0.95).holding, Holding::CannotTell);
        assert_eq!(against_threshold(of(0, 3), 0.0, 0.95).holding, Holding::Holds);
        assert_eq!(against_threshold(of(9, 9), 1.0, 0.95).holding, Holding::CannotTell);
        assert_eq!(against_threshold(of(8, 9), 1.0, 0.95).holding, Holding::DoesNot);
    }

    /// As many more cases as it says decide, and one in ten fewer do not.
    #[test]
    fn the_number_of_cases_is_right() {
        for (passed, cases) in [(47, 50), (19, 20), (87, 100), (183, 200)] {
            let finding = against_threshold(of(passed, cases), 0.9, 0.95);
            let more = finding.more_cases.unwrap();
            let share = passed as f64 / cases as f64;
            let at = |n: f64| {
                let bounds = wilson_of_share(share, n, normal_quantile(0.95));
                bounds.low >= 0.9 - 1e-12 || bounds.high <= 0.9 + 1e-12
            };
            assert!(at((cases + more) as f64), "{passed}/{cases}: {more}");
            assert!(!at(cases as f64 + more as f64 * 0.9 - 1.0), "{passed}/{cases}: {more}");
        }
    }

    /// Five models just below the threshold: how often any of them is said to hold it.
    #[test]
    fn the_best_of_several_is_not_believed() {
        let mut random = SplitMix::new(11);
        let (runs, cases, models) = (2000, 300, 5);
        let mut wrong = [0_u32; 2];
        for _ in 0..runs {
            let mut found = [false; 2];
            for _ in 0..models {
                let passed = (0..cases).filter(|_| random.unit() < 0.8999).count() as u64;
                for (place, level) in [0.95, level(0.95, models)].into_iter().enumerate() {
                    let finding = against_threshold(of(passed, cases), 0.9, level);
                    found[place] |= finding.holding == Holding::Holds;
                }
            }
            wrong[0] += u32::from(found[0]);
            wrong[1] += u32::from(found[1]);
        }
        let share = |count: u32| f64::from(count) / f64::from(runs);
        assert!(share(wrong[0]) > 0.12, "uncorrected: {}", share(wrong[0]));
        assert!(share(wrong[1]) < 0.06, "corrected: {}", share(wrong[1]));
    }
}
