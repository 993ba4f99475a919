//! How a test run goes on: a bar for somebody who watches, a line now and then for a log.

use std::sync::{Mutex, PoisonError};

use gatemark_control::evaluate;
use gatemark_core::id::ModelName;
use gatemark_core::money::NanoUsd;
use gatemark_core::report::{Row, Verdict};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::print::Terminal;

/// Shows a run on stderr.
pub(crate) struct Progress<'t> {
    terminal: &'t Terminal,
    run: Mutex<Run>,
}

#[derive(Default)]
struct Run {
    bar: Option<ProgressBar>,
    model: String,
    cases: usize,
    ended: usize,
    passed: usize,
    spent: NanoUsd,
}

/// How many lines a whole run prints where no bar can be drawn.
const LINES: usize = 10;

impl<'t> Progress<'t> {
    /// Progress on this terminal.
    pub(crate) fn new(terminal: &'t Terminal) -> Self {
        Self { terminal, run: Mutex::default() }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Run) -> T) -> T {
        work(&mut self.run.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl evaluate::Progress for Progress<'_> {
    fn begin(&self, model: &ModelName, cases: usize) {
        let bar = self.terminal.interactive().then(|| bar(model, cases));
        self.with(|run| *run = Run { bar, model: model.to_string(), cases, ..Run::default() });
    }

    fn case(&self, row: &Row) {
        let line = self.with(|run| {
            run.ended += 1;
            run.passed += usize::from(row.verdict == Verdict::Pass);
            run.spent += row.cost.unwrap_or_default();
            let words = format!("{} passed, {}", run.passed, run.spent);
            match &run.bar {
                Some(bar) => {
                    bar.inc(1);
                    bar.set_message(words);
                    None
                }
                None => is_due(run.ended, run.cases).then(|| {
                    format!("{}: {} of {} cases, {words}", run.model, run.ended, run.cases)
                }),
            }
        });
        if let Some(line) = line {
            self.terminal.note(&line);
        }
    }

    fn end(&self) {
        if let Some(bar) = self.with(|run| run.bar.take()) {
            bar.finish_and_clear();
        }
    }
}

/// Whether a tenth more of the cases has ended than at the last line.
fn is_due(ended: usize, cases: usize) -> bool {
    let tenth = |count: usize| count * LINES / cases.max(1);
    tenth(ended) > tenth(ended.saturating_sub(1))
}

fn bar(model: &ModelName, cases: usize) -> ProgressBar {
    let length = u64::try_from(cases).unwrap_or(u64::MAX);
    let template = "{prefix} [{bar:30}] {pos}/{len} {msg}, {eta} left";
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ");
    ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr())
        .with_style(style)
        .with_prefix(model.to_string())
        .with_message("0 passed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_gets_ten_lines_and_the_last() {
        for cases in [10, 55, 1000] {
            let due: Vec<usize> = (1..=cases).filter(|ended| is_due(*ended, cases)).collect();
            assert_eq!(due.len(), 10, "{cases}");
            assert_eq!(due.last(), Some(&cases));
        }
        assert_eq!((1..=3).filter(|ended| is_due(*ended, 3)).count(), 3);
    }
}
