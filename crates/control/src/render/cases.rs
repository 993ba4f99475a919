//! Rows gathered by case, for formats in which a case that was asked several times is one thing.

use std::collections::HashMap;

use gatemark_core::report::{Row, Verdict};

use super::shown;

/// Most bytes of explanations that are kept in memory until the last row.
const ROOM: usize = 16 << 20;
/// Longest answer that is kept of a case that did not pass, in characters.
const ANSWER: usize = 2_000;

/// One case after all its repeats.
#[derive(Debug, Clone)]
pub(super) struct CaseRun {
    /// Its id.
    pub(super) case: String,
    /// Its category.
    pub(super) category: String,
    /// How often it was asked.
    pub(super) asked: u32,
    /// How often it passed.
    pub(super) passed: u32,
    /// The worst of its verdicts.
    pub(super) worst: Verdict,
    /// Sum of its latencies, in microseconds.
    pub(super) latency_us: u64,
    /// Why it did not pass the first time that it did not.
    pub(super) reasons: Vec<String>,
    /// What was answered then.
    pub(super) answer: String,
}

impl CaseRun {
    /// Whether it passed some times and not others.
    pub(super) fn is_flaky(&self) -> bool {
        self.passed > 0 && self.passed < self.asked
    }
}

/// Cases in the order of their first row.
#[derive(Debug, Default)]
pub(super) struct Cases {
    places: HashMap<String, usize>,
    found: Vec<CaseRun>,
    kept: usize,
    /// Cases whose explanation found no room.
    pub(super) unexplained: u64,
}

impl Cases {
    /// Counts a row.
    pub(super) fn add(&mut self, row: &Row) {
        let place = self.places.get(&row.case).copied().unwrap_or_else(|| self.open(row));
        let explain = match self.found.get_mut(place) {
            None => return,
            Some(run) => {
                run.asked += 1;
                run.passed += u32::from(row.verdict == Verdict::Pass);
                // A case that failed and was not asked again has failed.
                if row.was_asked() || run.worst == Verdict::Pass {
                    run.worst = run.worst.max(row.verdict);
                }
                run.latency_us = run.latency_us.saturating_add(row.latency_us);
                row.verdict != Verdict::Pass && run.reasons.is_empty()
            }
        };
        if explain {
            self.explain(place, row);
        }
    }

    fn open(&mut self, row: &Row) -> usize {
        self.places.insert(row.case.clone(), self.found.len());
        self.found.push(CaseRun {
            case: row.case.clone(),
            category: row.category.clone(),
            asked: 0,
            passed: 0,
            worst: Verdict::Pass,
            latency_us: 0,
            reasons: vec![],
            answer: String::new(),
        });
        self.found.len() - 1
    }

    fn explain(&mut self, place: usize, row: &Row) {
        let reasons: Vec<String> =
            shown::reasons(row).iter().map(|reason| shown::cut(reason, ANSWER)).collect();
        let answer = shown::cut(&row.actual, ANSWER);
        let size = answer.len() + reasons.iter().map(String::len).sum::<usize>();
        if self.kept + size > ROOM {
            self.unexplained += 1;
            return;
        }
        self.kept += size;
        if let Some(run) = self.found.get_mut(place) {
            run.reasons = reasons;
            run.answer = answer;
        }
    }

    /// Every case, in the order of their first rows.
    pub(super) fn all(&self) -> &[CaseRun] {
        &self.found
    }
}
