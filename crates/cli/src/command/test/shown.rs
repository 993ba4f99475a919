//! What a test run prints.

use gatemark_control::Control;
use gatemark_control::evaluate::TestRun;
use gatemark_control::view::ReportView;
use gatemark_core::error::Result;
use gatemark_core::report::Report;
use gatemark_store::run::RowFilter;
use serde_json::json;

use super::judged::Judged;
use crate::evidence;
use crate::print::Terminal;

/// Of the interval of the difference from what serves.
const CONFIDENCE: f64 = 0.95;

pub(super) async fn json(
    runs: &[TestRun],
    verdicts: &[Judged],
    control: &Control,
    terminal: &Terminal,
) -> Result<()> {
    let (mut views, mut verdict) = (vec![], vec![]);
    for (run, judged) in runs.iter().zip(verdicts) {
        views.push(ReportView::new(&run.report, control.first_rows(&run.report).await?));
        verdict.push(json!({
            "report": run.report.id,
            "threshold": judged.threshold.map(|least| least.accuracy),
            "unmet": judged.unmet,
            "resumed": run.resumed,
        }));
    }
    let least = verdicts.first().and_then(|judged| judged.threshold).map(|least| least.accuracy);
    let reached = verdicts.iter().all(Judged::is_reached);
    terminal.data_json(&json!({
        "threshold": least,
        "reached": reached,
        "verdicts": verdict,
        "reports": views,
    }))
}

pub(super) async fn text(
    runs: &[TestRun],
    verdicts: &[Judged],
    failures: u32,
    control: &Control,
    terminal: &Terminal,
) -> Result<()> {
    let ink = terminal.ink();
    for (run, judged) in runs.iter().zip(verdicts) {
        let (version, model) = (&run.version, &run.report.model);
        let title = format!(
            "{} {} (version {}) on {model}",
            version.prompt, version.semver, version.number
        );
        terminal.data(&ink.strong(&title));
        terminal.data("");
        terminal.data(&evidence::figures(&run.report, judged.threshold, ink));
        if let Some(line) = against_serving(run, control).await? {
            terminal.data(&format!("serving    {line}"));
        }
        for unmet in &judged.unmet {
            terminal.data(&format!("unmet      {}", ink.bad(unmet)));
        }
        let filter = RowFilter { failed_only: true, after: None };
        let rows = control.store().report_rows(&run.report.id, filter, failures).await?;
        let rows: Vec<_> = rows.into_iter().map(|(_, row)| row).collect();
        let all = run.report.summary.failed_rows;
        let failures = evidence::failures(&rows, all, Some(&run.suite), ink);
        if !failures.is_empty() {
            terminal.data(&format!("\n{failures}"));
        }
        terminal.data("");
    }
    if runs.len() > 1 {
        let reports: Vec<&Report> = runs.iter().map(|run| &run.report).collect();
        terminal.data(&evidence::comparison(&reports));
    }
    Ok(())
}

/// The run compared with the version that serves in the default environment, if another one does and has a
/// report on the same suite.
async fn against_serving(run: &TestRun, control: &Control) -> Result<Option<String>> {
    let environment = &control.project().default_environment;
    let digest = &run.report.suite;
    let Some(baseline) = control.baseline(&run.version, environment, digest).await? else {
        return Ok(None);
    };
    let number = baseline.version.number;
    let Some(before) = baseline.report.filter(|_| number != run.version.number) else {
        return Ok(None);
    };
    let compared = control.versus(&run.report, &before, &run.suite, CONFIDENCE).await?;
    let said = match compared {
        Ok(comparison) => comparison.sentence(),
        Err(why) => format!("not comparable: {}", why.reason),
    };
    Ok(Some(format!("against version {number} in {environment}: {said}")))
}
