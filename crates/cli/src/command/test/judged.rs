//! Whether runs reached what they had to reach.

use gatemark_control::Control;
use gatemark_control::evaluate::TestRun;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_store::run::RowFilter;

use crate::evidence::Threshold;

/// One run against its thresholds.
#[derive(Debug)]
pub(super) struct Judged {
    /// The threshold on accuracy, if there is one.
    pub(super) threshold: Option<Threshold>,
    /// What is not reached, in words.
    pub(super) unmet: Vec<String>,
}

impl Judged {
    /// Whether everything is reached.
    pub(super) fn is_reached(&self) -> bool {
        self.unmet.is_empty()
    }
}

pub(super) fn all(runs: &[TestRun], control: &Control) -> Vec<Judged> {
    runs.iter().map(|run| one(run, control)).collect()
}

fn one(run: &TestRun, control: &Control) -> Judged {
    let own = &run.suite.thresholds;
    let least = control.threshold(own);
    let threshold = least.map(|accuracy| Threshold { accuracy, own: own.accuracy.is_some() });
    let mut unmet = own.unmet(least, &run.report.summary);
    unmet.extend(run.report.stopped.clone());
    Judged { threshold, unmet }
}

/// If no case of any run got an answer, that says nothing about the prompt: a failure, not a result.
pub(super) async fn something_answered(runs: &[TestRun], control: &Control) -> Result<()> {
    let all_failed = |run: &TestRun| {
        run.report.summary.total.errors == run.report.summary.total.cases
            && run.report.summary.total.format_valid == 0
    };
    let Some(first) = runs.first().filter(|_| runs.iter().all(all_failed)) else { return Ok(()) };
    let rows = control.store().report_rows(&first.report.id, RowFilter::default(), 1).await?;
    let Some(why) = rows.into_iter().next().and_then(|(_, row)| row.error) else { return Ok(()) };
    let models: Vec<&str> = runs.iter().map(|run| run.report.model.as_str()).collect();
    let message = format!("no case was answered by {}: {why}", models.join(", "));
    Err(Error::new(Kind::VendorFailed, message).coded("nothing_answered"))
}
