//! What is kept of a case after all its repeats.

use std::collections::{BTreeMap, HashMap};

use crate::report::{Row, Verdict};

/// One case of one side.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The case's id.
    pub case: String,
    /// Its category.
    pub category: String,
    /// What it was taken from; cases that share a source are one piece of evidence.
    pub source: Option<String>,
    /// How often it passed.
    pub passes: u32,
    /// How often it was asked.
    pub tries: u32,
    /// Mean score over the tries by metric, 0 to 1.
    pub scores: BTreeMap<String, f64>,
    /// Mean latency in microseconds over the tries that were answered now, if any was.
    pub latency_us: Option<f64>,
    /// Mean cost in nano-dollars over the tries whose price is known, if any is.
    pub cost: Option<f64>,
}

impl Outcome {
    /// Share of tries that passed, 0 to 1.
    pub fn share(&self) -> f64 {
        f64::from(self.passes) / f64::from(self.tries.max(1))
    }

    /// Whether it passed every time, which is what a report counts as passed.
    pub fn holds(&self) -> bool {
        self.tries > 0 && self.passes == self.tries
    }
}

/// Takes one side's rows, in any order, and gives its outcomes.
#[derive(Debug, Default)]
pub struct Outcomes {
    cases: HashMap<String, Sums>,
}

#[derive(Debug, Default)]
struct Sums {
    category: String,
    passes: u32,
    tries: u32,
    scores: BTreeMap<String, Mean>,
    latency_us: Mean,
    cost: Mean,
}

#[derive(Debug, Default, Clone, Copy)]
struct Mean {
    n: u32,
    sum: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.n += 1;
        self.sum += value;
    }

    fn get(self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / f64::from(self.n))
    }
}

impl Outcomes {
    /// Counts a row.
    #[allow(clippy::cast_precision_loss)]
    pub fn add(&mut self, row: &Row) {
        let sums = self.cases.entry(row.case.clone()).or_default();
        if sums.tries == 0 {
            sums.category.clone_from(&row.category);
        }
        sums.tries += 1;
        sums.passes += u32::from(row.verdict == Verdict::Pass);
        if !row.cached {
            sums.latency_us.add(row.latency_us as f64);
        }
        if let Some(cost) = row.cost {
            sums.cost.add(cost.0 as f64);
        }
        for check in &row.checks {
            if let Some(score) = check.score {
                sums.scores.entry(check.metric.clone()).or_default().add(score);
            }
        }
    }

    /// The outcomes by case id; `source` knows what a case was taken from.
    pub fn finish(self, source: impl Fn(&str) -> Option<String>) -> Vec<Outcome> {
        let outcome = |(case, sums): (String, Sums)| Outcome {
            source: source(&case),
            category: sums.category,
            passes: sums.passes,
            tries: sums.tries,
            scores: sums
                .scores
                .into_iter()
                .filter_map(|(n, mean)| Some((n, mean.get()?)))
                .collect(),
            latency_us: sums.latency_us.get(),
            cost: sums.cost.get(),
            case,
        };
        let mut outcomes: Vec<Outcome> = self.cases.into_iter().map(outcome).collect();
        outcomes.sort_by(|a, b| a.case.cmp(&b.case));
        outcomes
    }
}
