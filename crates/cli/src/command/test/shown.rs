//! What a test run prints.

use gatemark_control::Control;
use gatemark_control::evaluate::TestRun;
use gatemark_control::render::Against;
use gatemark_control::view::ReportView;
use gatemark_core::error::Result;
use gatemark_core::report::Report;
use gatemark_store::run::RowFilter;
use serde_json::json;

use super::judged::Judged;
use crate::evidence;
use crate::print::Terminal;

pub(super) async fn json(
    runs: &[TestRun],
    verdicts: &[Judged],
    versus: &[Option<Against>],
    control: &Control,
    terminal: &Terminal,
) -> Result<()> {
    let (mut views, mut verdict) = (vec![], vec![]);
    for ((run, judged), against) in runs.iter().zip(verdicts).zip(versus) {
        views.push(ReportView::new(&run.report, control.first_rows(&run.report).await?));
        verdict.push(json!({
            "report": run.report.id,
            "threshold": judged.threshold.map(|least| least.accuracy),
            "unmet": judged.unmet,
            "resumed": run.resumed,
            "against_serving": against,
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
    versus: &[Option<Against>],
    failures: u32,
    control: &Control,
    terminal: &Terminal,
) -> Result<()> {
    let ink = terminal.ink();
    for ((run, judged), against) in runs.iter().zip(verdicts).zip(versus) {
        let (version, model) = (&run.version, &run.report.model);
        let title = format!(
            "{} {} (version {}) on {model}",
            version.prompt, version.semver, version.number
        );
        terminal.data(&ink.strong(&title));
        terminal.data("");
        terminal.data(&evidence::figures(&run.report, judged.threshold, ink));
        if let Some(against) = against {
            let line = format!("serving    against {}: {}", against.baseline, against.sentence);
            terminal.data(&line);
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
