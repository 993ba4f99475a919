//! Experiments: several arms of a prompt side by side, each admitted by the gate.
//!
//! The decisions are [`gatemark_core::experiment`]'s. Here they meet the gate, the store and the clock, as
//! rollouts do; what a person is told at the end is `report`'s.

mod controller;
mod report;
#[cfg(test)]
pub(crate) mod tests;
mod view;

use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::experiment::{ArmPlan, Change, Experiment, State};
use gatemark_core::gate::{Checklist, Permit, Purpose};
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::prompt::Version;
use gatemark_core::rollout::Side;
use gatemark_gateway::{Selector, clock};

pub use report::ExperimentReport;
pub use view::{ArmView, ExperimentView};

use crate::gate::Asked;
use crate::project::Definition;
use crate::{Control, select};

/// How an attempt to begin an experiment ended.
#[derive(Debug)]
pub enum Started {
    /// It began.
    Begun(Box<Experiment>),
    /// Some rule of the gate is not met by the arm of that name.
    Refused(String, Box<Checklist>),
}

/// How often a change is tried again that another one overtook.
const TRIES: usize = 8;

impl Control {
    /// Writes an experiment down. It divides no calls before it is started.
    ///
    /// # Errors
    /// `Invalid` for a plan that cannot be followed, `NotFound` for a prompt or environment that is not there,
    /// `Conflict` if there is one of that name.
    pub async fn create_experiment(
        &self,
        definition: Definition,
        actor: &str,
    ) -> Result<Experiment> {
        let Definition { name, prompt, environment, plan } = definition;
        let problems = plan.problems();
        if !problems.is_empty() {
            return Err(Error::invalid(format!("the experiment {}", problems.join("; it "))));
        }
        let environment = environment.unwrap_or_else(|| self.project.default_environment.clone());
        if !self.project.environments.contains_key(&environment) {
            let message = format!("there is no environment `{environment}`");
            return Err(Error::not_found(message).coded("environment_not_found"));
        }
        for arm in &plan.arms {
            self.arm_version(&prompt, arm).await?;
        }
        let id = uuid::Uuid::now_v7().to_string();
        let now = clock::now_us();
        let drafted = Experiment::draft((id, name), (prompt, environment), plan, (actor, now));
        self.store.create_experiment(&drafted).await?;
        Ok(drafted)
    }

    /// Begins an experiment that is written down, if the gate admits every arm.
    ///
    /// # Errors
    /// `NotFound` if there is none or nothing serves that arms could be compared with; `Conflict` if it has begun
    /// or something else divides the prompt's calls there; `Refused` if an arm's version is retired.
    pub async fn start_experiment(&self, name: &str, actor: &str) -> Result<Started> {
        let mut experiment = self.experiment(name).await?;
        if experiment.state != State::Draft {
            let message = format!("the experiment `{name}` is {}", experiment.state.word());
            return Err(Error::new(Kind::Conflict, message).coded("experiment_state"));
        }
        let environment = experiment.environment.clone();
        let serving = self.serving(&experiment.prompt, &environment).await?;
        let (mut permits, mut sides) = (vec![], vec![]);
        for arm in &experiment.plan.arms {
            let version = self.arm_version(&experiment.prompt, arm).await?;
            self.may_be_deployed(&version).await?;
            let model = other_model(&version, arm);
            let same = version.number == serving.number;
            if same && model == serving.model.as_ref() {
                let message = format!(
                    "the arm `{}` is version {} on the same model, which serves {environment} already",
                    arm.name, version.number
                );
                return Err(Error::new(Kind::Conflict, message).coded("serves_already"));
            }
            // Another model of what serves has been there before, as its own version.
            let purpose = if same { Purpose::Rollback } else { Purpose::Deploy };
            let permit = match self.ask_on(&version, &environment, (purpose, model)).await? {
                Asked::Permitted(permit, _) => *permit,
                Asked::Refused(checklist) => {
                    return Ok(Started::Refused(arm.name.clone(), checklist));
                }
            };
            sides.push(side(&version, &permit));
            permits.push(permit);
        }
        let now = clock::now_us();
        let control = Side {
            number: serving.number,
            version: serving.version,
            model: serving.model.clone(),
            evidence: serving.evidence.clone(),
            upstreams: serving.upstreams.clone(),
            fallbacks: serving.fallbacks.clone(),
        };
        let baseline = self.baseline_of(&serving, now).await?;
        experiment.begin((control, serving.id), sides, &baseline, now)?;
        let change = begun(&experiment);
        self.store.begin_experiment(permits, &mut experiment, (&change, actor, now)).await?;
        self.refresh_after_change().await;
        Ok(Started::Begun(Box::new(experiment)))
    }

    /// Ends an experiment: control serves everybody again. Asked a second time, it changes nothing.
    ///
    /// # Errors
    /// `NotFound` if there is none, `Conflict` if it has not begun.
    pub async fn stop_experiment(
        &self,
        name: &str,
        reason: Option<String>,
        actor: &str,
    ) -> Result<Experiment> {
        for _ in 0..TRIES {
            let mut experiment = self.experiment(name).await?;
            let now = clock::now_us();
            let Some(change) = experiment.stop(reason.clone(), now)? else { return Ok(experiment) };
            let told = Some((&change, actor, now));
            if self.store.save_experiment(&mut experiment, &[], told).await? {
                self.refresh_after_change().await;
                self.keep_report(&experiment).await;
                return Ok(experiment);
            }
        }
        let message = "the experiment kept changing: look at it and try again";
        Err(Error::new(Kind::Conflict, message).coded("experiment_changed"))
    }

    /// Every experiment, newest first.
    pub async fn experiments(&self) -> Result<Vec<Experiment>> {
        self.store.experiments().await
    }

    /// The experiment of that name.
    ///
    /// # Errors
    /// `NotFound` if there is none.
    pub async fn experiment(&self, name: &str) -> Result<Experiment> {
        let found = self.store.experiment(name).await?;
        found.ok_or_else(|| {
            let message =
                format!("there is no experiment `{name}`: see `gatemark experiment list`");
            Error::not_found(message).coded("experiment_not_found")
        })
    }

    /// A deployment beside an experiment would silently end it. A rollback may: whoever wants back is in a hurry.
    pub(crate) async fn no_experiment(
        &self,
        prompt: &PromptName,
        environment: &EnvironmentName,
    ) -> Result<()> {
        let all = self.store.experiments().await?;
        let here = |one: &&Experiment| {
            one.state == State::Running && one.prompt == *prompt && one.environment == *environment
        };
        let Some(found) = all.iter().find(here) else { return Ok(()) };
        let serving = self.store.deployments(prompt, Some(environment), 1).await?;
        if serving.first().is_none_or(|serving| serving.id != found.deployment) {
            return Ok(());
        }
        let name = &found.name;
        let message = format!(
            "the experiment `{name}` of `{prompt}` is going on in {environment}: end it with `gatemark \
             experiment stop {name}`"
        );
        Err(Error::new(Kind::Conflict, message).coded("experiment_going_on"))
    }

    async fn arm_version(&self, prompt: &PromptName, arm: &ArmPlan) -> Result<Version> {
        let selector = match arm.version.as_deref() {
            None | Some("latest") => Selector::Default,
            Some(text) => Selector::parse(text, "version")?,
        };
        select::version(&self.store, prompt, &selector).await
    }
}

/// The arm's model, if that is not the version's first.
fn other_model<'a>(
    version: &Version,
    arm: &'a ArmPlan,
) -> Option<&'a gatemark_core::id::ModelName> {
    let first = version.content.models.first().map(|variant| &variant.model);
    arm.model.as_ref().filter(|model| first != Some(*model))
}

fn side(version: &Version, permit: &Permit) -> Side {
    Side {
        number: version.number,
        version: version.hash,
        model: permit.model().cloned(),
        evidence: permit.evidence().map(String::from),
        upstreams: permit.upstreams().clone(),
        fallbacks: permit.fallbacks().to_vec(),
    }
}

fn begun(experiment: &Experiment) -> Change {
    let arms = experiment.arms.iter().map(|arm| {
        let model = arm.side.model.as_ref().map(|model| format!(" on {model}")).unwrap_or_default();
        let share = gatemark_core::rollout::spell(arm.plan.share);
        format!("{} (version {}{model}) {share}", arm.plan.name, arm.side.number)
    });
    let arms = arms.collect::<Vec<_>>().join(", ");
    let control = experiment.control.as_ref().map_or(0, |side| side.number);
    let (environment, name) = (&experiment.environment, &experiment.name);
    let detail = format!("{environment}: {name}: {arms} against version {control}");
    Change { action: "start", detail }
}
