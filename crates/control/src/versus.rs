//! Reports compared case by case: with what serves, or with one another.

use std::collections::HashMap;

use gatemark_core::comparison::{Compared, Outcome, Outcomes, comparable, compare};
use gatemark_core::error::Result;
use gatemark_core::id::{Digest, EnvironmentName};
use gatemark_core::prompt::Version;
use gatemark_core::report::Report;
use gatemark_core::suite::Suite;
use gatemark_gateway::Selector;
use gatemark_store::run::RowFilter;

use crate::{Control, select};

/// Rows read at once.
const PAGE: u32 = 1000;

/// What a version is compared with.
#[derive(Debug)]
pub struct Baseline {
    /// The version that serves.
    pub version: Version,
    /// Its newest report on the suite in question, if there is one.
    pub report: Option<Report>,
}

impl Control {
    /// The version that serves in `environment`, if any does, with its report on the suite `digest` on its
    /// own serving model.
    pub async fn baseline(
        &self,
        version: &Version,
        environment: &EnvironmentName,
        digest: &Digest,
    ) -> Result<Option<Baseline>> {
        let moves = self.store.deployments(&version.prompt, Some(environment), 1).await?;
        let Some(serving) = moves.first() else { return Ok(None) };
        let selector = Selector::Number(serving.number);
        let version = select::version(&self.store, &version.prompt, &selector).await?;
        let report = match version.content.models.first() {
            None => None,
            Some(variant) => self.newest_report(&version, digest, &variant.model).await?,
        };
        Ok(Some(Baseline { version, report }))
    }

    /// Compares two reports on the cases that both have. `confidence` from 0.5 to below 1.
    pub async fn versus(
        &self,
        candidate: &Report,
        baseline: &Report,
        suite: &Suite,
        confidence: f64,
    ) -> Result<Compared> {
        if let Err(why) = comparable(candidate, baseline) {
            return Ok(Err(why));
        }
        let ours = self.outcomes(candidate, suite).await?;
        let theirs = self.outcomes(baseline, suite).await?;
        Ok(Ok(compare(ours, theirs, confidence)))
    }

    async fn outcomes(&self, report: &Report, suite: &Suite) -> Result<Vec<Outcome>> {
        let sources: HashMap<&str, &String> = suite
            .cases
            .iter()
            .filter_map(|case| Some((case.id.as_str(), case.source.as_ref()?)))
            .collect();
        let mut outcomes = Outcomes::default();
        let mut after = None;
        loop {
            let filter = RowFilter { after, failed_only: false };
            let rows = self.store.report_rows(&report.id, filter, PAGE).await?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(*last);
            rows.iter().for_each(|(_, row)| outcomes.add(row));
        }
        Ok(outcomes.finish(|case| sources.get(case).map(|source| (*source).clone())))
    }
}
