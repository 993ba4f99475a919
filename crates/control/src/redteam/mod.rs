//! A red team: attacks from the built-in corpus sent through the pipeline, and what stopped them.
//!
//! Each attack is called three times, as [`gatemark_core::redteam`] says why: bare, with the version's marks, and with
//! everything. The calls are those of test runs (no budget but the team's own, no cache, no rollout), except that they bring the
//! environment's guards, and enforce them also where the environment only observes: what is asked is what they could do.

mod plant;
mod stage;

use futures_util::{StreamExt, stream};
use gatemark_core::canonical;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::gate::Policy;
use gatemark_core::guard_policy::{GuardPolicy, Place};
use gatemark_core::id::{Digest, EnvironmentName, ModelName};
use gatemark_core::money::NanoUsd;
use gatemark_core::prompt::Version;
use gatemark_core::redteam::{Family, Report, Tried, figures};
use gatemark_gateway::{PromptRef, clock};
use gatemark_text::redteam::Corpus;

use crate::lanes::Lanes;
use crate::purse::Purse;
use crate::{Control, select};
use plant::Bed;
use stage::Stage;

/// What to attack, and how.
#[derive(Debug, Clone)]
pub struct RedteamRequest {
    /// The prompt and which version of it.
    pub prompt: PromptRef,
    /// The model, if not the version's first.
    pub model: Option<ModelName>,
    /// Whose guards are in force; the default environment if `None`.
    pub environment: Option<EnvironmentName>,
    /// The families; none for all.
    pub families: Vec<Family>,
    /// Attacks of each family, at least 1.
    pub per_family: usize,
    /// What attacks are drawn by.
    pub seed: u64,
    /// Attacks under way at once, at least 1.
    pub concurrency: usize,
    /// Most money that may be spent.
    pub max_cost: Option<NanoUsd>,
    /// Who asks.
    pub actor: String,
}

impl Control {
    /// Sends attacks at a version and stores what they did.
    ///
    /// # Errors
    /// `NotFound` for an unknown prompt, version or environment; `Invalid` if no variable of the version takes text from
    /// outside; `Limited` if the cap on money was reached, and then nothing is stored.
    pub async fn redteam(&self, request: &RedteamRequest) -> Result<Report> {
        let PromptRef { name, selector } = &request.prompt;
        let version = select::version(&self.store, name, selector).await?;
        let (environment, place) = self.place(request.environment.as_ref())?;
        let model = self.attacked_model(&version, request.model.as_ref())?;
        let suite = self.store.current_suite(name).await?.map(|(suite, _)| suite);
        let bed = Bed::of(&version, suite.as_ref())?;
        let stage = Stage::new(self, &version, &model, place)?;
        let corpus = Corpus::builtin()?;
        let purse = Purse::up_to(request.max_cost, NanoUsd::ZERO);
        let lanes = Lanes::of(&self.project, request.concurrency);
        let plan = plan(request);
        let all = plan.len();
        let asked = stream::iter(plan).map(async |(family, place)| {
            if !purse.admit() {
                return None;
            }
            let planted = bed.plant(&corpus, (family, place), request.seed);
            let _turn = lanes.enter(model.provider()).await;
            let (tried, cost) = stage.try_one(planted, &request.actor).await;
            purse.settle(cost);
            Some(tried)
        });
        let tried: Vec<Option<Tried>> = asked.buffered(request.concurrency.max(1)).collect().await;
        let tried: Vec<Tried> = tried.into_iter().flatten().collect();
        if tried.len() < all {
            let message = format!(
                "the cap was reached at {} of {all} attacks ({} spent): raise --max-cost, or ask for fewer",
                tried.len(),
                purse.spent()
            );
            return Err(Error::new(Kind::Limited, message).coded("max_cost_reached"));
        }
        let (total, families) = figures(&tried);
        let report = Report {
            id: uuid::Uuid::now_v7().to_string(),
            prompt: version.prompt.clone(),
            number: version.number,
            version: version.hash,
            model,
            environment,
            guards: guards(&version, place)?,
            corpus: corpus.version(),
            seed: request.seed,
            at: clock::now_us(),
            actor: request.actor.clone(),
            cost: purse.spent(),
            total,
            families,
            tried,
        };
        self.store.save_redteam(&report).await?;
        Ok(report)
    }

    /// The newest report on exactly this version, on its serving model, with the guards that `environment` has now,
    /// if its `policy` asks for one.
    pub(crate) async fn redteam_for(
        &self,
        policy: &Policy,
        version: &Version,
        environment: &EnvironmentName,
    ) -> Result<Option<Report>> {
        let serving = version.content.models.first().map(|variant| &variant.model);
        let Some(model) = serving.filter(|_| policy.redteam.is_some()) else { return Ok(None) };
        let (environment, place) = self.place(Some(environment))?;
        let guards = guards(version, place)?;
        let corpus = Corpus::builtin()?.version();
        let found = self.store.newest_redteam(&version.hash, model, &environment, &guards).await?;
        Ok(found.filter(|report| report.corpus == corpus))
    }

    fn place(&self, name: Option<&EnvironmentName>) -> Result<(EnvironmentName, &Place)> {
        let name = name.unwrap_or(&self.project.default_environment);
        match self.project.environments.get(name) {
            Some(environment) => Ok((name.clone(), &environment.guard)),
            None => {
                let message = format!("there is no environment `{name}`");
                Err(Error::not_found(message).coded("environment_not_found"))
            }
        }
    }

    fn attacked_model(&self, version: &Version, asked: Option<&ModelName>) -> Result<ModelName> {
        let first = version.content.models.first().map(|variant| &variant.model);
        let model = asked.or(first).ok_or_else(|| Error::internal("a version has no model"))?;
        Ok(model.clone())
    }
}

/// Every family in turn, so that what is left out by a cap is left out of all.
fn plan(request: &RedteamRequest) -> Vec<(Family, usize)> {
    let wanted = |family: &Family| request.families.is_empty() || request.families.contains(family);
    let families: Vec<Family> = Family::ALL.into_iter().filter(wanted).collect();
    let turn = |place| families.iter().map(move |family| (*family, place));
    (0..request.per_family.max(1)).flat_map(turn).collect()
}

/// What of the guards matters, whoever wrote it: what a report is about beside the version.
fn guards(version: &Version, place: &Place) -> Result<Digest> {
    let policy = version.content.guard.as_ref();
    let canary = policy.is_some_and(|policy| policy.canary);
    let (input, output) = (place.input(policy), place.output(policy));
    Ok(canonical::seal(&GuardPolicy { input, output, canary })?.digest)
}
