//! The shapes in which people give two shares or two samples.

use gatemark_core::stats::proportion::Counted;
use gatemark_core::stats::two_sample::Alternative;
use serde_json::Value;

use super::arguments::{Arguments, Range};

pub(super) const A: &[&str] = &["a", "candidate", "treatment"];
pub(super) const B: &[&str] = &["b", "control", "baseline"];
pub(super) const SUCCESSES: &[&str] = &["successes", "count", "counts", "k"];
pub(super) const TRIALS: &[&str] = &["trials", "nobs", "n"];
const SAMPLE_A: &[&str] = &["a", "x", "data1", "sample1", "candidate", "treatment"];
const SAMPLE_B: &[&str] = &["b", "y", "data2", "sample2", "control", "baseline"];

impl Arguments {
    /// Two shares, the first compared with the second.
    pub(super) fn sides(&mut self) -> [Counted; 2] {
        if self.has(A) || self.has(B) {
            return [self.side(A), self.side(B)];
        }
        for [successes_a, trials_a, successes_b, trials_b] in [
            ["successes_a", "trials_a", "successes_b", "trials_b"],
            ["successes1", "trials1", "successes2", "trials2"],
            ["x1", "n1", "x2", "n2"],
            ["count1", "nobs1", "count2", "nobs2"],
        ] {
            if self.has(&[successes_a, successes_b]) {
                let mut counts = [successes_a, trials_a, successes_b, trials_b].map(|name| {
                    let count = self.count(&[name]);
                    (name, count)
                });
                return [
                    self.counted(counts[0].0, counts[0].1, counts[1].1),
                    self.counted(counts[2].0, counts[2].1, std::mem::take(&mut counts[3].1)),
                ];
            }
        }
        let (successes, trials) = (self.pair(SUCCESSES), self.pair(TRIALS));
        [0, 1].map(|side| {
            let at = |pair: &[u64]| pair.get(side).copied().unwrap_or(1);
            self.counted(&format!("successes[{side}]"), at(&successes), at(&trials))
        })
    }

    fn pair(&mut self, names: &[&'static str]) -> Vec<u64> {
        let Some((name, value)) = self.take(names) else {
            let name = names.first().copied().unwrap_or_default();
            self.problem(name, "is missing: write [first, second], or a and b");
            return vec![];
        };
        let counts = self.counts_in(&name, &value);
        if value.is_array() && counts.len() != 2 {
            let have = counts.len();
            self.problem(&name, format!("has {have} values: write [first, second]"));
        }
        counts
    }

    fn side(&mut self, names: &[&'static str]) -> Counted {
        let name = names.first().copied().unwrap_or_default();
        let Some((name, value)) = self.take(names) else {
            self.problem(name, "is missing: write {\"successes\": n, \"trials\": n}");
            return Counted { successes: 1, n: 1 };
        };
        self.side_in(&name, &value)
    }

    /// `{"successes": n, "trials": n}` or `[successes, trials]`.
    fn side_in(&mut self, name: &str, value: &Value) -> Counted {
        let parts = match value {
            Value::Array(parts) => match parts.as_slice() {
                [successes, trials] => Some((successes.clone(), trials.clone())),
                _ => None,
            },
            Value::Object(object) => {
                let get = |names: &[&str]| names.iter().find_map(|name| object.get(*name)).cloned();
                for key in object.keys() {
                    if !SUCCESSES.iter().chain(TRIALS).any(|known| known == key) {
                        self.problem(&format!("{name}.{key}"), "is no argument: leave it out");
                    }
                }
                get(SUCCESSES).zip(get(TRIALS))
            }
            _ => None,
        };
        let Some((successes, trials)) = parts else {
            self.problem(name, "write {\"successes\": n, \"trials\": n} or [successes, trials]");
            return Counted { successes: 1, n: 1 };
        };
        let successes = self.count_in(&format!("{name}.successes"), &successes);
        let trials = self.count_in(&format!("{name}.trials"), &trials);
        self.counted(&format!("{name}.successes"), successes, trials)
    }

    /// Refuses more successes than trials, and no trials.
    pub(super) fn counted(&mut self, place: &str, successes: u64, n: u64) -> Counted {
        if n == 0 {
            self.problem(place, "there are no trials: write at least 1");
        } else if successes > n {
            let what = format!("is {successes} of {n} trials: successes are at most the trials");
            self.problem(place, what);
        }
        Counted { successes, n }
    }

    /// Two samples.
    pub(super) fn samples(&mut self, least: usize) -> [Vec<f64>; 2] {
        [self.numbers(SAMPLE_A, Range::Any, least), self.numbers(SAMPLE_B, Range::Any, least)]
    }

    /// What speaks against the null hypothesis.
    pub(super) fn alternative(&mut self) -> Alternative {
        let words: [&[&str]; 3] =
            [&["two-sided", "2-sided"], &["greater", "larger"], &["less", "smaller"]];
        match self.word("alternative", &words) {
            1 => Alternative::Greater,
            2 => Alternative::Less,
            _ => Alternative::TwoSided,
        }
    }
}
