//! What happened to a prompt, in the order of time.

use gatemark_core::error::Result;
use gatemark_core::gate::Approval;
use gatemark_core::id::PromptName;
use gatemark_core::prompt::Version;
use gatemark_core::report::{Report, Row};
use gatemark_store::lifecycle::{Retirement, ReviewRequest};
use gatemark_store::run::RowFilter;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Control;
use crate::lifecycle::StageView;

/// Something that happened to a version.
#[derive(Debug, Serialize, ToSchema)]
pub struct Happening {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// `version`, `test`, `review`, `approve`, `deploy`, `rollback` or `retire`.
    pub kind: &'static str,
    /// The version's number.
    pub number: u32,
    /// Who.
    pub actor: String,
    /// The rest, in words.
    pub detail: String,
    /// The stage that the version is at now, see [`StageView`].
    pub stage: &'static str,
}

/// Most rows that are handed out at once with a report.
const ROWS_AT_ONCE: u32 = 10_000;

impl Control {
    /// The first 10,000 rows of a report in the suite's order; more are read page by page from the store.
    pub async fn first_rows(&self, report: &Report) -> Result<Vec<Row>> {
        let rows = self.store.report_rows(&report.id, RowFilter::default(), ROWS_AT_ONCE).await?;
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    /// A prompt's registrations, tests, requests for review, approvals, moves and retirements, oldest first.
    pub async fn history(&self, prompt: &PromptName) -> Result<Vec<Happening>> {
        let mut found = vec![];
        for version in self.versions(prompt).await? {
            let number = version.number;
            let approvals = self.store.approvals(&version.prompt, &version.hash).await?;
            found.extend(approvals.into_iter().map(|approval| approved(number, approval)));
            found.push(registered(version));
        }
        for report in self.store.reports(prompt, u32::MAX).await? {
            let total = &report.summary.total;
            let (passed, cases, model) = (total.passed, total.cases, &report.model);
            let suite = report.suite.short();
            found.push(Happening {
                at: report.finished_at,
                kind: "test",
                number: report.number,
                actor: report.actor,
                stage: "",
                detail: format!(
                    "{passed} of {cases} on {model}, suite {suite}, report {}",
                    report.id
                ),
            });
        }
        for moved in self.deployments(prompt, None, u32::MAX).await? {
            let from = moved.replaced.map(|number| format!(", in place of {number}"));
            found.push(Happening {
                at: moved.at,
                kind: moved.purpose.word(),
                number: moved.number,
                actor: moved.actor,
                stage: "",
                detail: format!("to {}{}", moved.environment, from.unwrap_or_default()),
            });
        }
        let lifecycle = self.store.lifecycle(Some(prompt)).await?;
        found.extend(lifecycle.requests.into_iter().map(|(id, request)| asked(id.number, request)));
        found.extend(lifecycle.retired.into_iter().map(|(id, over)| retired(id.number, over)));
        let stages = self.stages(prompt).await?;
        for happening in &mut found {
            let now = stages.iter().find(|stage| stage.number == happening.number);
            happening.stage = now.map_or("", |view: &StageView| view.stage);
        }
        found.sort_by_key(|happening| happening.at);
        Ok(found)
    }
}

fn approved(number: u32, approval: Approval) -> Happening {
    let suite = approval.suite.map_or("no suite".to_string(), |s| format!("suite {}", s.short()));
    let comment = approval.comment.map(|comment| format!(": {comment}")).unwrap_or_default();
    let (at, actor) = (approval.at, approval.actor);
    let detail = format!("with {suite}{comment}");
    Happening { at, kind: "approve", number, actor, detail, stage: "" }
}

fn registered(version: Version) -> Happening {
    let why = version.changelog.as_deref().map(|text| format!(": {}", text.trim()));
    let detail = format!("{} {}{}", version.semver, version.hash.short(), why.unwrap_or_default());
    let (at, number, actor) = (version.created_at, version.number, version.author);
    Happening { at, kind: "version", number, actor, detail, stage: "" }
}

fn asked(number: u32, request: ReviewRequest) -> Happening {
    let ReviewRequest { actor, evidence, comment, at, .. } = request;
    let comment = comment.map(|comment| format!(": {comment}")).unwrap_or_default();
    let detail = format!("asked for, with report {evidence}{comment}");
    Happening { at, kind: "review", number, actor, detail, stage: "" }
}

fn retired(number: u32, retirement: Retirement) -> Happening {
    let Retirement { actor, reason, at } = retirement;
    let detail = reason.unwrap_or_default();
    Happening { at, kind: "retire", number, actor, detail, stage: "" }
}
