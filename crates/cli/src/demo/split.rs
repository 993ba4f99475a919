//! Cuts a data set into examples, calibration rows, suite rows and live traffic, none of which overlap.
//!
//! The cut is deterministic and stratified: every label, and within it every kind of message, is spread
//! over the parts in proportion. Examples come first, because each label needs them; what remains is dealt
//! out by carrying the rounding error along, so that even strata of three rows come out fair in sum.

use std::collections::BTreeMap;

use super::data::{Record, Table};
use super::seed::hash;

/// Varies which rows land where.
const SEED: u64 = 2026;
/// Most examples for one label; beyond it the learner gains little and the prompt only grows.
const MOST_PER_LABEL: usize = 30;
/// Most examples in one prompt.
const MOST_EXAMPLES: usize = 1_600;
/// Bounds of the number of suite rows, and of calibration rows.
const CASES: std::ops::RangeInclusive<usize> = 60..=240;

/// Fewest rows of one label that a cut makes sense with.
pub(super) const LEAST_PER_LABEL: usize = 8;
/// Fewest rows in all: they leave the suite more than the 50 cases that the gate asks for.
pub(super) const LEAST_IN_ALL: usize = 300;
/// Fewest rows of a separate traffic file.
pub(super) const LEAST_TRAFFIC: usize = 20;

/// The parts.
#[derive(Debug, Clone, Default)]
pub(super) struct Split {
    /// Shown to the model as solved examples.
    pub(super) examples: Vec<Record>,
    /// What the threshold is taken from; never in a suite that decides.
    pub(super) calibration: Vec<Record>,
    /// What the gate's suite is made of.
    pub(super) suite: Vec<Record>,
    /// Held out until the version serves.
    pub(super) traffic: Vec<Record>,
}

/// Cuts `table`; live traffic comes from `traffic` if that is given, else from `table` too.
pub(super) fn split(table: &Table, traffic: Option<&Table>) -> Split {
    let (examples, rest) = choose_examples(table);
    let cases = (table.records.len() / 10).clamp(*CASES.start(), *CASES.end()).min(rest.len() / 3);
    let mut split = deal(rest, cases);
    if let Some(traffic) = traffic {
        split.traffic = traffic.records.clone();
    }
    split.examples = examples;
    for part in [&mut split.examples, &mut split.calibration, &mut split.suite, &mut split.traffic]
    {
        part.sort_by_cached_key(|record| (hash(SEED + 1, &record.text), record.text.clone()));
    }
    split
}

/// Takes as many rows of each label as help, evenly over its kinds.
fn choose_examples(table: &Table) -> (Vec<Record>, Vec<Record>) {
    let most = MOST_PER_LABEL.min(MOST_EXAMPLES / table.labels.len().max(1)).max(1);
    let mut labels: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in &table.records {
        labels.entry(&record.label).or_default().push(record);
    }
    let (mut chosen, mut rest) = (Vec::new(), Vec::new());
    for records in labels.values_mut() {
        records.sort_by_key(|record| (record.kind, hash(SEED, &record.text)));
        let (all, wanted) = (records.len(), most.min(records.len() * 5 / 12).max(1));
        for (place, record) in records.iter().enumerate() {
            // Every time the running share passes a whole number, one is taken.
            let taken = (place + 1) * wanted / all > place * wanted / all;
            if taken { &mut chosen } else { &mut rest }.push((*record).clone());
        }
    }
    (chosen, rest)
}

/// Deals `cases` rows each to calibration and suite, the remainder to the traffic.
fn deal(mut rest: Vec<Record>, cases: usize) -> Split {
    rest.sort_by_cached_key(|record| (record.kind, record.label.clone(), hash(SEED, &record.text)));
    let all = rest.len();
    let shares = [cases, cases, all - 2 * cases];
    let mut owed = [0_usize; 3];
    let mut split = Split::default();
    for record in rest {
        for (owed, share) in owed.iter_mut().zip(shares) {
            *owed += share;
        }
        let most = owed.iter().copied().max().unwrap_or(0);
        let part = owed.iter().position(|owed| *owed == most).unwrap_or(2);
        if let Some(owed) = owed.get_mut(part) {
            *owed = owed.saturating_sub(all);
        }
        match part {
            0 => split.calibration.push(record),
            1 => split.suite.push(record),
            _ => split.traffic.push(record),
        }
    }
    split
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::data::{Kind, built_in};
    use super::*;

    fn parts(split: &Split) -> [&[Record]; 4] {
        [&split.examples, &split.calibration, &split.suite, &split.traffic]
    }

    #[test]
    fn no_row_is_in_two_parts_and_none_is_lost() {
        let table = built_in().unwrap();
        let split = split(&table, None);
        let texts: HashSet<&str> =
            parts(&split).into_iter().flatten().map(|record| record.text.as_str()).collect();
        let sum: usize = parts(&split).iter().map(|part| part.len()).sum();
        assert_eq!((texts.len(), sum), (table.records.len(), table.records.len()));
    }

    #[test]
    fn labels_and_kinds_are_spread() {
        let table = built_in().unwrap();
        let hostile = |part: &[Record]| {
            part.iter().filter(|record| record.kind == Some(Kind::Hostile)).count()
        };
        for part in parts(&split(&table, None)) {
            for label in &table.labels {
                let count = part.iter().filter(|record| record.label == *label).count();
                let fair = part.len() / table.labels.len();
                assert!(count.abs_diff(fair) <= 4, "{label}: {count} of {}", part.len());
            }
            let fair = hostile(&table.records) * part.len() / table.records.len();
            assert!(hostile(part).abs_diff(fair) <= 10, "{} of {}", hostile(part), part.len());
        }
    }

    #[test]
    fn the_least_data_make_a_suite_that_is_large_enough() {
        let mut table = built_in().unwrap();
        table.records.truncate(LEAST_IN_ALL);
        assert!(split(&table, None).suite.len() >= 50);
    }

    #[test]
    fn a_separate_traffic_file_is_taken_whole() {
        let table = built_in().unwrap();
        let mut other = table.clone();
        other.records.truncate(33);
        assert_eq!(split(&table, Some(&other)).traffic.len(), 33);
    }
}
