//! What the version that serves said about a case, to compare another version's answer with.

use gatemark_core::error::Result;
use gatemark_core::id::{Digest, EnvironmentName, PromptName};
use gatemark_core::prompt::Version;
use gatemark_core::report::Row;
use gatemark_gateway::Selector;
use gatemark_store::run::RowFilter;

use crate::{Control, select};

/// Where in a run an answer was given.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The version that answered.
    pub version: &'a Version,
    /// The suite.
    pub suite: &'a Digest,
    /// How many cases it has.
    pub cases: u64,
    /// The case's place among them, from 0.
    pub place: u64,
    /// Which time it is asked, from 1.
    pub repeat: u32,
}

/// What there is to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rival {
    /// The version that serves is the one that answered.
    Itself,
    /// Another version serves, and answered this.
    Answer(String),
    /// Nothing, and why.
    None(String),
}

impl Control {
    /// The answer of the version that serves in `environment` to the same case of the same suite, from its
    /// newest report: of the same repeat, else the first.
    pub(crate) async fn rival(
        &self,
        setting: &Setting<'_>,
        environment: &EnvironmentName,
    ) -> Result<Rival> {
        let Setting { version, suite, cases, place, repeat } = *setting;
        let prompt = &version.prompt;
        let Some(serving) = self.baseline(version, environment, suite).await? else {
            let why = format!("no version of {prompt} serves in {environment} to compare with");
            return Ok(Rival::None(why));
        };
        let number = serving.version.number;
        if serving.version.hash == version.hash {
            return Ok(Rival::Itself);
        }
        let Some(report) = serving.report else {
            return Ok(Rival::None(format!(
                "version {number}, which serves in {environment}, has no report on this suite: run \
                 `gatemark test {prompt}@{number}`"
            )));
        };
        let same = u64::from(repeat.saturating_sub(1)).saturating_mul(cases).saturating_add(place);
        let mut row = self.row_at(&report.id, same).await?;
        if row.is_none() {
            row = self.row_at(&report.id, place).await?;
        }
        Ok(match row {
            Some(row) if row.error.is_none() && !row.call.is_empty() => Rival::Answer(row.actual),
            _ => Rival::None(format!(
                "version {number}, which serves in {environment}, did not answer this case in its report \
                 {}: run `gatemark test {prompt}@{number}`",
                report.id
            )),
        })
    }

    async fn row_at(&self, report: &str, ordinal: u64) -> Result<Option<Row>> {
        let filter = RowFilter { after: ordinal.checked_sub(1), failed_only: false };
        let rows = self.store.report_rows(report, filter, 1).await?;
        Ok(rows.into_iter().find(|(found, _)| *found == ordinal).map(|(_, row)| row))
    }

    /// Whose answers those of `prompt` are compared with, as reports name them among judges: verdicts
    /// against one version say nothing once another one serves.
    pub(crate) async fn rival_name(
        &self,
        prompt: &PromptName,
        environment: &EnvironmentName,
    ) -> String {
        let serving = Selector::Environment(environment.clone());
        match select::version(&self.store, prompt, &serving).await {
            Ok(version) => {
                format!("answers of {prompt}@{}, which serves in {environment}", version.number)
            }
            Err(_) => format!("answers of nobody: nothing serves in {environment}"),
        }
    }
}
