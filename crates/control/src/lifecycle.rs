//! Where versions are in their lives, and the orders that move them without moving a pointer.

use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::PromptName;
use gatemark_core::prompt::Version;
use gatemark_core::report::Report;
use gatemark_core::stage::{self, By, Facts, MOVES, Stage};
use gatemark_gateway::{Selector, clock};
use gatemark_store::PromptSummary;
use gatemark_store::lifecycle::{Lifecycle, Retirement, ReviewRequest, VersionId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::view::PromptView;
use crate::{Control, select};

/// Longest comment or reason, in bytes.
const MAX_TEXT: usize = 4096;

/// A version's place in its life.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StageView {
    /// `service/name`.
    pub prompt: String,
    /// The version's number.
    pub number: u32,
    /// `draft`, `tested`, `in_review`, `staging`, `production` or `retired`.
    pub stage: &'static str,
    /// The stages that it can go to from there, whatever moves it.
    pub next: Vec<&'static str>,
}

impl Control {
    /// Every version of a prompt with its stage, newest first.
    pub async fn stages(&self, prompt: &PromptName) -> Result<Vec<StageView>> {
        let lifecycle = self.store.lifecycle(Some(prompt)).await?;
        let summary = self.store.prompt(prompt).await?;
        let mut stages = vec![];
        for version in self.versions(prompt).await? {
            let stage = self.stage_among(&version, summary.as_ref(), &lifecycle).await?;
            stages.push(shown(&version, stage));
        }
        Ok(stages)
    }

    /// Every prompt with the stage of its newest version.
    pub async fn prompt_views(&self) -> Result<Vec<PromptView>> {
        let prompts = self.prompts().await?;
        let stages = self.stages_of_newest(&prompts).await?;
        let both = prompts.into_iter().zip(stages);
        Ok(both.map(|(prompt, stage)| PromptView::new(prompt, stage)).collect())
    }

    /// The stage of each prompt's newest version.
    async fn stages_of_newest(&self, prompts: &[PromptSummary]) -> Result<Vec<Stage>> {
        let lifecycle = self.store.lifecycle(None).await?;
        let mut stages = vec![];
        for prompt in prompts {
            let facts = self.known(prompt.latest_number, Some(prompt), &prompt.name, &lifecycle);
            stages.push(match facts.stage() {
                // Only then does a report make a difference, and reading it is the dear part.
                Stage::Draft => match self.store.latest(&prompt.name).await? {
                    Some(version) => self.tested(&version, facts).await?.stage(),
                    None => Stage::Draft,
                },
                stage => stage,
            });
        }
        Ok(stages)
    }

    /// A version's stage.
    pub async fn stage(&self, version: &Version) -> Result<Stage> {
        let lifecycle = self.store.lifecycle(Some(&version.prompt)).await?;
        let summary = self.store.prompt(&version.prompt).await?;
        self.stage_among(version, summary.as_ref(), &lifecycle).await
    }

    async fn stage_among(
        &self,
        version: &Version,
        summary: Option<&PromptSummary>,
        lifecycle: &Lifecycle,
    ) -> Result<Stage> {
        let facts = self.known(version.number, summary, &version.prompt, lifecycle);
        match facts.stage() {
            Stage::Draft => Ok(self.tested(version, facts).await?.stage()),
            stage => Ok(stage),
        }
    }

    /// What can be said without a report.
    fn known(
        &self,
        number: u32,
        summary: Option<&PromptSummary>,
        prompt: &PromptName,
        lifecycle: &Lifecycle,
    ) -> Facts {
        let deployed = summary.map(|summary| &summary.deployed);
        let mut places = deployed.into_iter().flatten().filter(|(_, there)| **there == number);
        let default = &self.project.default_environment;
        let serves = deployed.and_then(|all| all.get(default)) == Some(&number);
        let id = VersionId { prompt: prompt.clone(), number };
        let request = lifecycle.requests.get(&id);
        let elsewhere = places.any(|(place, _)| place != default);
        Facts {
            serves,
            stages: elsewhere || lifecycle.candidates.contains(&id),
            retired: lifecycle.retired.contains_key(&id),
            review_asked: request.is_some_and(|request| request.closed_at.is_none()),
            tested: false,
        }
    }

    async fn tested(&self, version: &Version, facts: Facts) -> Result<Facts> {
        Ok(Facts { tested: self.passing_report(version).await?.is_some(), ..facts })
    }

    /// The newest report by the current suite on the version's serving model, if it reaches what the suite (or
    /// the default environment) asks for.
    async fn passing_report(&self, version: &Version) -> Result<Option<Report>> {
        let Some(model) = version.content.models.first().map(|variant| &variant.model) else {
            return Ok(None);
        };
        let summary = self.store.prompt(&version.prompt).await?;
        let Some(digest) = summary.and_then(|summary| summary.suite) else { return Ok(None) };
        let report = self.newest_report(version, &digest, model).await?;
        // One of other providers under the same names is of something else.
        let now = self.answering(version, model);
        let report = report.filter(|report| report.upstreams == now);
        let Some(report) = report.filter(|report| report.stopped.is_none()) else {
            return Ok(None);
        };
        let Some(suite) = self.store.suite(&digest).await? else { return Ok(None) };
        let own = &suite.thresholds;
        let reached = own.unmet(self.threshold(own), &report.summary).is_empty();
        Ok(Some(report).filter(|_| reached))
    }

    /// Asks for a version's review.
    ///
    /// # Errors
    /// `Refused` unless the version is tested: there would be nothing to look at.
    pub async fn request_review(
        &self,
        prompt: &PromptName,
        selector: &Selector,
        actor: &str,
        comment: Option<String>,
    ) -> Result<Version> {
        let comment = bounded(comment, "comment")?;
        let version = select::version(&self.store, prompt, selector).await?;
        let at = self.stage(&version).await?;
        if at != Stage::InReview {
            stage::check(&named(&version), at, Stage::InReview, By::Request)?;
        }
        let Some(report) = self.passing_report(&version).await? else {
            let message = format!(
                "{} has no passing report by the prompt's current suite: run `gatemark test {prompt}@{}`",
                named(&version),
                version.number
            );
            return Err(Error::new(Kind::Refused, message).coded("illegal_move"));
        };
        let (actor, at) = (actor.to_string(), clock::now_us());
        let evidence = report.id;
        let request = ReviewRequest { actor, evidence, comment, at, closed_at: None };
        self.store.request_review(&id(&version), &request).await?;
        Ok(version)
    }

    /// Retires a version: it is not deployed any more, and may still be rolled back to.
    ///
    /// # Errors
    /// `Refused` if it serves anywhere, judges for a cascade that does, or is retired already, saying what to do first.
    pub async fn retire(
        &self,
        prompt: &PromptName,
        selector: &Selector,
        actor: &str,
        reason: Option<String>,
    ) -> Result<Version> {
        let reason = bounded(reason, "reason")?;
        let version = select::version(&self.store, prompt, selector).await?;
        let at = self.stage(&version).await?;
        stage::check(&named(&version), at, Stage::Retired, By::Retire)?;
        self.judges_nobody(&version).await?;
        let retirement = Retirement { actor: actor.to_string(), reason, at: clock::now_us() };
        self.store.retire(&id(&version), &retirement).await?;
        Ok(version)
    }

    /// Takes a retirement back.
    ///
    /// # Errors
    /// `NotFound` if the version is not retired.
    pub async fn unretire(
        &self,
        prompt: &PromptName,
        selector: &Selector,
        actor: &str,
    ) -> Result<Version> {
        let version = select::version(&self.store, prompt, selector).await?;
        self.store.unretire(&id(&version), actor, clock::now_us()).await?;
        Ok(version)
    }

    /// That a version may be deployed, as far as its life goes.
    ///
    /// # Errors
    /// `Refused` if it is retired.
    pub(crate) async fn may_be_deployed(&self, version: &Version) -> Result<()> {
        let lifecycle = self.store.lifecycle(Some(&version.prompt)).await?;
        if lifecycle.retired.contains_key(&id(version)) {
            return stage::check(&named(version), Stage::Retired, Stage::Production, By::Deploy);
        }
        Ok(())
    }
}

fn id(version: &Version) -> VersionId {
    VersionId { prompt: version.prompt.clone(), number: version.number }
}

fn named(version: &Version) -> String {
    format!("version {} of `{}`", version.number, version.prompt)
}

fn shown(version: &Version, stage: Stage) -> StageView {
    let legal = |to: &Stage| MOVES.iter().any(|(from, there, _)| (*from, there) == (stage, to));
    let next = Stage::ALL.iter().filter(|to| **to != stage && legal(to)).map(|to| to.word());
    StageView {
        prompt: version.prompt.to_string(),
        number: version.number,
        stage: stage.word(),
        next: next.collect(),
    }
}

fn bounded(text: Option<String>, field: &str) -> Result<Option<String>> {
    if text.as_ref().is_some_and(|text| text.len() > MAX_TEXT) {
        let message = format!("the {field} is longer than {MAX_TEXT} bytes");
        return Err(Error::invalid(message).at(field));
    }
    Ok(text.filter(|text| !text.trim().is_empty()))
}
