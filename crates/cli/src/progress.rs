//! How a test run goes on: a bar for somebody who watches, a line now and then for a log.

use std::sync::{Mutex, PoisonError};

use gatemark_control::evaluate::{self, Estimate};
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
    rows: u64,
    ended: u64,
    passed: u64,
    spent: NanoUsd,
}

/// How many lines a whole run prints where no bar can be drawn.
const LINES: u64 = 10;

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
    fn begin(&self, rows: u64, estimate: &Estimate) {
        if estimate.input > NanoUsd::ZERO {
            let most = estimate.most.map_or_else(
                || "and more for answers of unbounded length".to_string(),
                |most| format!("at most {most} with answers"),
            );
            let checking = match estimate.checking {
                0 => String::new(),
                calls => format!(" and {calls} of judges and embedding models"),
            };
            let further = match estimate.further {
                0 => String::new(),
                calls => format!(", up to {calls} more of the cascade's further steps"),
            };
            self.terminal.note(&format!(
                "{} calls{further}{checking}: about {} for input, {most}; less for what earlier runs have answered",
                estimate.calls, estimate.input
            ));
        }
        let bar = self.terminal.interactive().then(|| bar(rows));
        self.with(|run| *run = Run { bar, rows, ..Run::default() });
    }

    fn resumed(&self, report: &str, rows: u64, passed: u64) {
        self.with(|run| {
            run.ended += rows;
            run.passed += passed;
            if let Some(bar) = &run.bar {
                bar.inc(rows);
            }
        });
        self.terminal.note(&format!("going on with run {report}: {rows} rows are done"));
    }

    fn row(&self, row: &Row) {
        let line = self.with(|run| {
            run.ended += 1;
            run.passed += u64::from(row.verdict == Verdict::Pass);
            run.spent += row.checks_cost();
            if !row.cached {
                run.spent += row.cost.unwrap_or_default();
            }
            let words = format!("{} passed, {} spent", run.passed, run.spent);
            match &run.bar {
                Some(bar) => {
                    bar.inc(1);
                    bar.set_message(words);
                    None
                }
                None => is_due(run.ended, run.rows)
                    .then(|| format!("{} of {} rows, {words}", run.ended, run.rows)),
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
fn is_due(ended: u64, rows: u64) -> bool {
    let tenth = |count: u64| count * LINES / rows.max(1);
    tenth(ended) > tenth(ended.saturating_sub(1))
}

fn bar(rows: u64) -> ProgressBar {
    let template = "[{bar:30}] {pos}/{len} {msg}, {eta} left";
    let style = ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ");
    ProgressBar::with_draw_target(Some(rows), ProgressDrawTarget::stderr())
        .with_style(style)
        .with_message("0 passed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_gets_ten_lines_and_the_last() {
        for cases in [10, 55, 1000] {
            let due: Vec<u64> = (1..=cases).filter(|ended| is_due(*ended, cases)).collect();
            assert_eq!(due.len(), 10, "{cases}");
            assert_eq!(due.last(), Some(&cases));
        }
        assert_eq!((1..=3).filter(|ended| is_due(*ended, 3)).count(), 3);
    }
}
