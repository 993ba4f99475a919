//! Every figure that the rows of a calibration give.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Judged, Rating};
use crate::money::NanoUsd;
use crate::stats::agreement::{Level, Weights, alpha, kappa};
use crate::stats::proportion::{Interval, Z_95, wilson};

/// A share with its 95 % interval after Wilson.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// How many.
    pub count: u64,
    /// Out of how many.
    pub of: u64,
    /// The interval.
    pub interval: Interval,
}

impl Share {
    fn new(count: u64, of: u64) -> Option<Self> {
        (of > 0).then(|| Self { count, of, interval: wilson(count, of, Z_95) })
    }

    /// The share, 0 to 1.
    #[allow(clippy::cast_precision_loss)]
    pub fn value(&self) -> f64 {
        self.count as f64 / self.of.max(1) as f64
    }
}

/// Passes and fails of people (first word) and judge (second word).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    /// Both pass it.
    pub pass_pass: u64,
    /// People pass it, the judge fails it.
    pub pass_fail: u64,
    /// People fail it, the judge passes it: what a gate suffers from.
    pub fail_pass: u64,
    /// Both fail it.
    pub fail_fail: u64,
}

/// How much more often the judge passes answers than people do, by the answers' length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LengthBias {
    /// Median length in characters, which parts the halves.
    pub median: u64,
    /// Judge's minus people's share of passes among answers up to the median.
    pub short: f64,
    /// The same among longer ones.
    pub long: f64,
}

/// Every figure that the rows of a calibration give.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Labelled things.
    pub items: u64,
    /// Those that the judge gave a verdict on; the agreement is over these.
    pub judged: u64,
    /// Those on which its votes were split.
    pub undecided: u64,
    /// Those on which it gave no verdict at all.
    pub errors: u64,
    /// Those on which people are evenly split, left out where a single label is needed.
    pub disputed: u64,
    /// How many people labelled.
    pub raters: u64,
    /// Cohen's κ of the judge with people's majority, on pass and fail or on the winner of pairs. `None` if
    /// one of the two never varied.
    pub kappa: Option<f64>,
    /// Cohen's κ with quadratic weights on the scale's whole numbers, where people gave scores.
    pub weighted_kappa: Option<f64>,
    /// Krippendorff's α of the judge and all people.
    pub alpha: Option<f64>,
    /// Krippendorff's α among people alone: the most that can be asked of a judge.
    pub alpha_people: Option<f64>,
    /// Passes and fails; of pairs, none.
    pub confusion: Option<Confusion>,
    /// Share of what people pass that the judge passes.
    pub sensitivity: Option<Share>,
    /// Share of what people fail that the judge fails.
    pub specificity: Option<Share>,
    /// Bias by the answers' length.
    pub length_bias: Option<LengthBias>,
    /// Of pairs, the share of votes whose winner changed with the order.
    pub position_bias: Option<Share>,
    /// Mean share of votes on the majority's side.
    pub self_agreement: Option<f64>,
    /// What judging cost, as far as prices are known.
    pub cost: NanoUsd,
}

impl Figures {
    /// Derives every figure. `at_least` is where a score passes; `steps` is how many whole numbers the
    /// judge's scale has between its ends, if it is one of whole numbers.
    pub fn of(rows: &[Judged], at_least: f64, steps: Option<u32>) -> Self {
        let mut figures = Self { items: rows.len() as u64, ..Self::default() };
        let raters: BTreeSet<&str> =
            rows.iter().flat_map(|row| row.people.iter().map(|(who, _)| who.as_str())).collect();
        figures.raters = raters.len() as u64;
        figures.judged = rows.iter().filter(|row| row.judge.is_some()).count() as u64;
        figures.undecided = rows.iter().filter(|row| row.undecided).count() as u64;
        figures.errors = figures.items - figures.judged - figures.undecided;
        figures.cost = rows.iter().filter_map(|row| row.cost).sum();
        figures.self_agreement = mean(rows.iter().filter_map(|row| row.agreement));
        let votes = rows.iter().filter_map(|row| row.swayed);
        let (all, swayed) = votes.fold((0, 0), |sum, votes| (sum.0 + votes.0, sum.1 + votes.1));
        figures.position_bias = Share::new(swayed, all);
        figures.agree(rows, at_least);
        figures.spread(rows, &raters);
        figures.weighted_kappa = steps.and_then(|steps| weighted(rows, steps));
        figures
    }

    /// What needs one label of people for each thing.
    fn agree(&mut self, rows: &[Judged], at_least: f64) {
        let class = |rating: &Rating| match rating {
            Rating::Passes(passes) => usize::from(*passes),
            Rating::Score(score) => usize::from(*score >= at_least),
            Rating::Prefers(side) => match side.signum() {
                -1 => 0,
                0 => 2,
                _ => 1,
            },
        };
        let pairs_of_answers = rows.iter().any(|row| row.swayed.is_some());
        let mut pairs = vec![];
        let mut lengths = vec![];
        for row in rows {
            let people = majority(row.people.iter().map(|(_, rating)| class(rating)));
            let Some(people) = people else {
                self.disputed += 1;
                continue;
            };
            let Some(judge) = row.judge.as_ref().map(class) else { continue };
            pairs.push((people, judge));
            lengths.push((row.length, people, judge));
        }
        self.kappa = kappa(&pairs, if pairs_of_answers { 3 } else { 2 }, Weights::Plain);
        if pairs_of_answers {
            return;
        }
        let tell = |wanted| pairs.iter().filter(|pair| **pair == wanted).count() as u64;
        let found = Confusion {
            pass_pass: tell((1, 1)),
            pass_fail: tell((1, 0)),
            fail_pass: tell((0, 1)),
            fail_fail: tell((0, 0)),
        };
        self.sensitivity = Share::new(found.pass_pass, found.pass_pass + found.pass_fail);
        self.specificity = Share::new(found.fail_fail, found.fail_fail + found.fail_pass);
        self.confusion = Some(found);
        self.length_bias = length_bias(lengths);
    }

    /// Krippendorff's α with and without the judge.
    fn spread(&mut self, rows: &[Judged], raters: &BTreeSet<&str>) {
        let any_score = rows.iter().any(|row| matches!(row.judge, Some(Rating::Score(_))));
        let people_score =
            rows.iter().any(|row| row.people.iter().any(|(_, r)| matches!(r, Rating::Score(_))));
        // Passes and scores cannot be laid on one scale.
        let comparable = any_score == people_score || self.judged == 0;
        let level = if people_score { Level::Interval } else { Level::Nominal };
        let value = |rating: &Rating| match rating {
            Rating::Passes(passes) => f64::from(u8::from(*passes)),
            Rating::Score(score) => *score,
            Rating::Prefers(side) => f64::from(*side),
        };
        let people = |row: &Judged| -> Vec<Option<f64>> {
            let said = |who: &&str| row.people.iter().find(|(name, _)| name == who);
            raters.iter().map(|who| said(who).map(|(_, rating)| value(rating))).collect()
        };
        let units: Vec<Vec<Option<f64>>> = rows.iter().map(people).collect();
        self.alpha_people = alpha(&units, level);
        if comparable {
            let mut units = units;
            for (unit, row) in units.iter_mut().zip(rows) {
                unit.push(row.judge.as_ref().map(value));
            }
            self.alpha = alpha(&units, level);
        }
    }
}

/// The class that most say; `None` if two share that.
fn majority(classes: impl Iterator<Item = usize>) -> Option<usize> {
    let mut counts = [0_u32; 3];
    for class in classes {
        if let Some(count) = counts.get_mut(class) {
            *count += 1;
        }
    }
    let most = counts.iter().copied().max().filter(|most| *most > 0)?;
    let mut leaders = counts.iter().enumerate().filter(|(_, count)| **count == most);
    match (leaders.next(), leaders.next()) {
        (Some((class, _)), None) => Some(class),
        _ => None,
    }
}

#[allow(clippy::cast_precision_loss)]
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (count, sum) = values.fold((0_u64, 0.0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| sum / count as f64)
}

/// κ with quadratic weights between people's mean score and the judge's, each at its nearest step.
fn weighted(rows: &[Judged], steps: u32) -> Option<f64> {
    let score = |rating: &Rating| match rating {
        Rating::Score(score) => Some(*score),
        _ => None,
    };
    let mut pairs = vec![];
    for row in rows {
        let people = mean(row.people.iter().filter_map(|(_, rating)| score(rating)));
        let judge = row.judge.as_ref().and_then(score);
        if let (Some(people), Some(judge)) = (people, judge) {
            pairs.push((step(people, steps), step(judge, steps)));
        }
    }
    kappa(&pairs, steps as usize + 1, Weights::Quadratic)
}

/// The step nearest to a position from 0 to 1.
fn step(position: f64, steps: u32) -> usize {
    let wanted = position * f64::from(steps);
    (0..=steps).take_while(|step| f64::from(*step) + 0.5 <= wanted).count()
}

#[allow(clippy::cast_precision_loss)]
fn length_bias(mut rows: Vec<(u64, usize, usize)>) -> Option<LengthBias> {
    rows.sort_by_key(|row| row.0);
    let median = rows.get(rows.len().saturating_sub(1) / 2)?.0;
    let excess = |long: bool| {
        let half = || rows.iter().filter(|row| (row.0 > median) == long);
        let count = half().count();
        let sum: f64 = half().map(|(_, people, judge)| *judge as f64 - *people as f64).sum();
        (count > 0).then(|| sum / count as f64)
    };
    Some(LengthBias { median, short: excess(false)?, long: excess(true)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(length: u64, people: &[Rating], judge: Option<Rating>) -> Judged {
        let named = people.iter().enumerate().map(|(who, rating)| (format!("r{who}"), *rating));
        Judged {
            id: String::new(),
            length,
            people: named.collect(),
            judge,
            undecided: false,
            agreement: Some(1.0),
            swayed: None,
            cost: Some(NanoUsd(2)),
            note: String::new(),
        }
    }

    #[test]
    fn passes_and_fails() {
        use Rating::Passes;
        // 20 and 15 agreed, 5 and 10 not: Cohen's own kind of table, κ = 0.4.
        let mut rows = vec![];
        for (count, people, judge) in
            [(20, true, true), (5, true, false), (10, false, true), (15, false, false)]
        {
            rows.extend((0..count).map(|i| row(i, &[Passes(people)], Some(Passes(judge)))));
        }
        rows.push(row(1, &[Passes(true), Passes(false)], Some(Passes(true))));
        rows.push(row(1, &[Passes(true)], None));
        let figures = Figures::of(&rows, 0.75, None);
        assert!((figures.kappa.unwrap() - 0.4).abs() < 1e-12, "{figures:?}");
        assert_eq!((figures.items, figures.judged, figures.errors), (52, 51, 1));
        assert_eq!((figures.disputed, figures.raters), (1, 2));
        let (sensitivity, specificity) =
            (figures.sensitivity.unwrap(), figures.specificity.unwrap());
        assert_eq!((sensitivity.count, sensitivity.of), (20, 25));
        assert!((specificity.value() - 0.6).abs() < 1e-12);
        assert_eq!(figures.cost, NanoUsd(104));
        assert_eq!(figures.weighted_kappa, None);
    }

    #[test]
    fn scores_are_weighted_by_their_distance() {
        let score = |raw: f64| Rating::Score((raw - 1.0) / 4.0);
        let exact: Vec<Judged> =
            [1.0, 2.0, 3.0, 4.0, 5.0].map(|raw| row(1, &[score(raw)], Some(score(raw)))).into();
        let figures = Figures::of(&exact, 0.75, Some(4));
        assert_eq!((figures.weighted_kappa, figures.kappa), (Some(1.0), Some(1.0)));
        assert_eq!(figures.alpha, Some(1.0));
        let near: Vec<Judged> = [(1.0, 2.0), (2.0, 2.0), (3.0, 3.0), (4.0, 5.0), (5.0, 4.0)]
            .map(|(people, judge)| row(1, &[score(people)], Some(score(judge))))
            .into();
        // scikit-learn: cohen_kappa_score([1,2,3,4,5], [2,2,3,5,4], weights="quadratic")
        let weighted = Figures::of(&near, 0.75, Some(4)).weighted_kappa.unwrap();
        assert!((weighted - WEIGHTED).abs() < 1e-12, "{weighted}");
        assert_eq!([0.0, 0.12, 0.13, 0.5, 1.0].map(|at| step(at, 4)), [0, 0, 1, 2, 4]);
    }

    const WEIGHTED: f64 = 0.823_529_411_764_706;

    #[test]
    fn a_judge_that_likes_length_is_found_out() {
        use Rating::Passes;
        let rows: Vec<Judged> =
            (0..10).map(|i| row(i * 100, &[Passes(false)], Some(Passes(i > 4)))).collect();
        let bias = Figures::of(&rows, 0.75, None).length_bias.unwrap();
        assert_eq!((bias.median, bias.short, bias.long), (400, 0.0, 1.0));
    }

    #[test]
    fn pairs_have_three_classes_and_a_bias_of_place() {
        let pair = |people: i8, judge: i8, swayed: u64| Judged {
            swayed: Some((2, swayed)),
            ..row(0, &[Rating::Prefers(people)], Some(Rating::Prefers(judge)))
        };
        let figures = Figures::of(&[pair(1, 1, 0), pair(-1, -1, 1), pair(0, 1, 1)], 0.5, None);
        assert_eq!(figures.confusion, None);
        assert_eq!(figures.position_bias.map(|share| (share.count, share.of)), Some((2, 6)));
        assert!(figures.kappa.unwrap() > 0.0 && figures.kappa.unwrap() < 1.0);
    }

    #[test]
    fn nothing_gives_no_figures() {
        let figures = Figures::of(&[], 0.75, Some(4));
        assert_eq!((figures.kappa, figures.alpha, figures.weighted_kappa), (None, None, None));
    }
}
