//! Test runs: versions × models × cases × repeats, through the pipeline that serves.
//!
//! A run is journalled row by row while it goes, and known by a key over everything that shapes its
//! answers and verdicts. So whoever starts it again after the process died goes on where it stopped, and
//! an answer that was paid for is not paid for twice. Every figure of a report is derived from the rows.
//!
//! Modules, each using only those before it: `request`, `journal`, `lock` ← `plan` ← `estimate`, `brake`,
//! `case` ← `run`.

mod brake;
mod case;
mod estimate;
mod journal;
mod lock;
mod plan;
mod request;
mod run;

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::join_all;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::{Digest, ModelName};
use gatemark_core::prompt::Version;
use gatemark_core::suite::Suite;

pub use estimate::Estimate;
pub use request::{Progress, Silent, TestRequest, TestRun, TestTarget};

use crate::lanes::Lanes;
use crate::purse::Purse;
use crate::{Control, select};
use plan::Plan;

impl Control {
    /// Runs the current suite of each prompt on each model and stores a report for each.
    ///
    /// # Errors
    /// What is wrong with the request, before anything is asked; `Limited` if the cap on money was
    /// reached, `Conflict` if another process is at the same run. Rows that are done by then are kept, and
    /// the same request goes on with them.
    pub async fn test(
        &self,
        request: &TestRequest,
        progress: &dyn Progress,
    ) -> Result<Vec<TestRun>> {
        let (mut plans, mut keys) = (vec![], HashSet::new());
        for target in &request.targets {
            for plan in self.plans_of(target, request).await? {
                let plan = plan.prepared(self).await?;
                // Asked for twice is asked for once: a run cannot be under way beside itself.
                if keys.insert(plan.key()?) {
                    plans.push(plan);
                }
            }
        }
        let estimate = estimate::of(self, &plans, request.max_cost).await?;
        progress.begin(plans.iter().map(Plan::rows).sum(), &estimate);
        let desks = Lanes::wide(&self.project, request.concurrency);
        let lanes = Lanes::of(&self.project, request.concurrency);
        let brake = Purse::up_to(request.max_cost, estimate.of_one);
        let shared = run::Shared { desks: &desks, lanes: &lanes, money: &brake };
        let runs = plans.iter().map(|plan| run::run(self, plan, request, shared, progress));
        // Each comes to its own end: what one has under way must not be lost to another's failure.
        let runs = join_all(runs).await;
        progress.end();
        runs.into_iter().collect()
    }

    async fn plans_of(&self, target: &TestTarget, request: &TestRequest) -> Result<Vec<Plan>> {
        let (version, suite, digest) = self.subject(target).await?;
        let threshold = self.threshold(&suite.thresholds);
        let draft = matches!(target, TestTarget::Draft(_));
        self.models(&version, &request.models)?
            .into_iter()
            .map(|model| {
                let (version, suite, repeats) = (version.clone(), suite.clone(), request.repeats);
                let parts =
                    plan::Parts { version, suite, digest, model, repeats, threshold, draft };
                Plan::new(parts)
            })
            .collect()
    }

    /// The version that `target` means.
    pub(crate) async fn version_of(&self, target: &TestTarget) -> Result<Version> {
        match target {
            TestTarget::Draft(draft) => Ok(draft.version.clone()),
            TestTarget::Registered { prompt, selector } => {
                select::version(&self.store, prompt, selector).await
            }
        }
    }

    async fn subject(&self, target: &TestTarget) -> Result<(Version, Arc<Suite>, Digest)> {
        let (prompt, selector) = match target {
            TestTarget::Draft(draft) => {
                return Ok((draft.version.clone(), draft.suite.clone(), draft.digest));
            }
            TestTarget::Registered { prompt, selector } => (prompt, selector),
        };
        let version = select::version(&self.store, prompt, selector).await?;
        let (suite, digest) = self.store.current_suite(prompt).await?.ok_or_else(|| {
            let message =
                format!("`{prompt}` has no suite: add suite.yaml beside prompt.yaml and push");
            Error::not_found(message).coded("no_suite")
        })?;
        Ok((version, Arc::new(suite), digest))
    }

    /// Removes the rows of a draft's run, once they have been looked at.
    pub async fn forget(&self, run: &TestRun) -> Result<()> {
        self.store.drop_run(&run.report.id).await
    }

    /// The least accuracy that a report has to show: the suite's own, else the default environment's.
    pub fn threshold(&self, own: &gatemark_core::suite::Thresholds) -> Option<f64> {
        let environment = self.project.environments.get(&self.project.default_environment);
        own.accuracy.or_else(|| environment.and_then(|found| found.policy.accuracy))
    }

    fn models(&self, version: &Version, asked: &[ModelName]) -> Result<Vec<ModelName>> {
        let own = version.content.models.first().map(|variant| variant.model.clone());
        let models = if asked.is_empty() { own.into_iter().collect() } else { asked.to_vec() };
        for model in &models {
            if !self.project.serves(model) {
                let known: Vec<&str> = self.project.providers.keys().map(String::as_str).collect();
                let message = format!(
                    "the model `{model}` has no provider here: gatemark.yaml declares {}",
                    known.join(", ")
                );
                return Err(Error::invalid(message).at("model").coded("model_not_found"));
            }
        }
        self.priced(version, &models)?;
        self.reachable(&models)?;
        Ok(models)
    }

    /// Without a key every case would end in the prompt's static fallback, which hides why.
    fn reachable(&self, models: &[ModelName]) -> Result<()> {
        for model in models {
            if let Some(variable) = self.keys_missing.get(model.provider()) {
                let message = format!(
                    "{model} cannot be called: its key {variable} is not in the environment"
                );
                let error = Error::invalid(message).at("model");
                return Err(error.coded("provider_key_missing"));
            }
        }
        Ok(())
    }

    /// A version that caps its cost cannot run on a model whose price nobody knows.
    fn priced(&self, version: &Version, models: &[ModelName]) -> Result<()> {
        if version.content.limits.cost_per_call.is_none() {
            return Ok(());
        }
        match models.iter().find(|model| self.project.price(model).is_none()) {
            None => Ok(()),
            Some(model) => {
                let message = format!(
                    "the prompt caps its cost per call, but `{model}` has no price: add one under \
                     `models` in gatemark.yaml"
                );
                Err(Error::invalid(message).at("model").coded("price_unknown"))
            }
        }
    }
}
