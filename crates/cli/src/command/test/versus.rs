//! How runs stand against what serves.

use gatemark_control::Control;
use gatemark_control::evaluate::TestRun;
use gatemark_control::render::Against;
use gatemark_core::error::Result;

/// Of the interval of the difference.
const CONFIDENCE: f64 = 0.95;

/// Each run against the version that serves in the default environment, if another one does and has a
/// report on the same suite.
pub(super) async fn serving(runs: &[TestRun], control: &Control) -> Result<Vec<Option<Against>>> {
    let mut found = vec![];
    for run in runs {
        found.push(one(run, control).await?);
    }
    Ok(found)
}

async fn one(run: &TestRun, control: &Control) -> Result<Option<Against>> {
    let environment = &control.project().default_environment;
    let digest = &run.report.suite;
    let Some(baseline) = control.baseline(&run.version, environment, digest).await? else {
        return Ok(None);
    };
    let number = baseline.version.number;
    let Some(before) = baseline.report.filter(|_| number != run.version.number) else {
        return Ok(None);
    };
    let baseline = format!("version {number} in {environment}");
    let compared = control.versus(&run.report, &before, &run.suite, CONFIDENCE).await?;
    Ok(Some(match compared {
        Ok(comparison) => Against {
            baseline,
            sentence: comparison.sentence(),
            figures: serde_json::to_value(&comparison).unwrap_or_default(),
            lost: comparison.lost,
            gained: comparison.gained,
        },
        Err(why) => Against {
            baseline,
            sentence: format!("not comparable: {}", why.reason),
            lost: vec![],
            gained: vec![],
            figures: serde_json::Value::Null,
        },
    }))
}
