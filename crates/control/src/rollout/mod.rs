//! Rollouts: how a candidate is brought in step by step, and what people may say to it.
//!
//! The decisions are [`gatemark_core::rollout`]'s. Here they meet the gate, the store and the clock: a rollout
//! begins with a permit of the gate for its candidate, and its promotion needs another, asked for at that moment.

mod asked;
mod controller;
#[cfg(test)]
pub(crate) mod tests;
mod view;

use gatemark_core::deploy::Deployment;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::gate::{Checklist, FallbackFinding, Purpose};
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::prompt::Version;
use gatemark_core::rollout::{
    Baseline, Beginning, Change, Command, Plan, Rollout, Side, State, Strategy,
};
use gatemark_gateway::{Selector, clock};
use gatemark_store::{CallFilter, Noted};

pub use asked::Asked;
pub use view::RolloutView;

use crate::{Control, gate, select};

/// How far back control's calls are looked at, in microseconds.
const LOOKED_BACK: i64 = 28 * 24 * 3_600 * 1_000_000;
/// Most of them.
const MOST_LOOKED_AT: u32 = 5_000;
/// How often a change is tried again that another one overtook.
const TRIES: usize = 8;

/// How an attempt to begin a rollout ended.
#[derive(Debug)]
pub enum Started {
    /// It began; with what was found about the candidate's other models.
    Begun(Box<Rollout>, Vec<FallbackFinding>),
    /// Some rule of the gate is not met.
    Refused(Box<Checklist>),
}

impl Control {
    /// Begins to bring a version in by `plan`, if the gate admits it.
    ///
    /// # Errors
    /// `Invalid` for a plan that cannot be followed, `Conflict` if a rollout is going on there, `NotFound` if
    /// nothing serves there that it could be compared with.
    pub async fn start_rollout(
        &self,
        prompt: &PromptName,
        selector: &Selector,
        environment: &EnvironmentName,
        plan: Plan,
        actor: &str,
    ) -> Result<Started> {
        let version = select::version(&self.store, prompt, selector).await?;
        self.begin(&version, environment, (plan, Purpose::Deploy), actor).await
    }

    /// Goes back to an earlier version over a time, in equal steps, instead of at once.
    ///
    /// # Errors
    /// As [`Control::start_rollout`] and [`Control::rollback`].
    pub async fn rollback_over(
        &self,
        prompt: &PromptName,
        selector: Option<&Selector>,
        environment: &EnvironmentName,
        seconds: u64,
        actor: &str,
    ) -> Result<Started> {
        let version = match selector {
            Some(selector) => select::version(&self.store, prompt, selector).await?,
            None => self.previous(prompt, environment).await?,
        };
        let plan = Plan::staged(seconds);
        self.begin(&version, environment, (plan, Purpose::Rollback), actor).await
    }

    async fn begin(
        &self,
        version: &Version,
        environment: &EnvironmentName,
        (plan, purpose): (Plan, Purpose),
        actor: &str,
    ) -> Result<Started> {
        let problems = plan.problems();
        if !problems.is_empty() {
            return Err(Error::invalid(format!("the plan {}", problems.join("; it "))));
        }
        let prompt = &version.prompt;
        if purpose == Purpose::Deploy {
            self.may_be_deployed(version).await?;
        }
        let asked = self.ask(version, environment, purpose).await?;
        let serving = self.serving(prompt, environment).await?;
        if serving.number == version.number {
            let message =
                format!("version {} of {prompt} serves {environment} already", version.number);
            return Err(Error::new(Kind::Conflict, message).coded("serves_already"));
        }
        let (permit, fallbacks) = match asked {
            gate::Asked::Permitted(permit, fallbacks) => (*permit, fallbacks),
            gate::Asked::Refused(checklist) => return Ok(Started::Refused(checklist)),
        };
        let now = clock::now_us();
        let ending = self.making_room(&serving, version.number, now).await?;
        let candidate = Side {
            number: version.number,
            version: version.hash,
            model: None,
            evidence: permit.evidence().map(String::from),
            upstreams: permit.upstreams().clone(),
            fallbacks: permit.fallbacks().to_vec(),
        };
        let baseline = self.baseline_of(&serving, now).await?;
        let rollout = Rollout::begin(
            Beginning {
                id: uuid::Uuid::now_v7().to_string(),
                prompt: prompt.clone(),
                environment: environment.clone(),
                purpose,
                candidate,
                deployment: serving.id,
                control: Side {
                    number: serving.number,
                    version: serving.version,
                    model: serving.model,
                    evidence: serving.evidence,
                    upstreams: serving.upstreams,
                    fallbacks: serving.fallbacks,
                },
                plan,
                baseline,
                actor: actor.to_string(),
            },
            now,
        );
        let detail = format!(
            "{environment}: version {} against {}: {}",
            version.number,
            rollout.control.number,
            rollout.plan.spelled()
        );
        let ending = ending.as_ref();
        let ending = ending.map(|(before, change)| (before, Noted { change, actor, at: now }));
        self.store.follow_rollout(permit, &rollout, detail, ending).await?;
        self.refresh_after_change().await;
        Ok(Started::Begun(Box::new(rollout), fallbacks))
    }

    pub(crate) async fn serving(
        &self,
        prompt: &PromptName,
        environment: &EnvironmentName,
    ) -> Result<Deployment> {
        let newest = self.store.deployments(prompt, Some(environment), 1).await?;
        newest.into_iter().next().ok_or_else(|| {
            let message = format!(
                "nothing of {prompt} serves in {environment} that a candidate could be compared with: deploy it \
                 with --strategy all-at-once"
            );
            Error::not_found(message).coded("nothing_serves")
        })
    }

    /// The rollout that makes room for one of version `next`: its candidate is only watched any more, or something
    /// else moved its pointer and no server has noticed yet.
    async fn making_room(
        &self,
        serving: &Deployment,
        next: u32,
        now: i64,
    ) -> Result<Option<(Rollout, Change)>> {
        let before = self.store.rollout(&serving.prompt, &serving.environment).await?;
        let Some(mut before) = before else { return Ok(None) };
        let by = match before.deployment == serving.id {
            true if before.state == State::Watching => next,
            true => return Ok(None),
            false => serving.number,
        };
        let change = before.superseded(Some(by), now);
        Ok(change.map(|change| (before, change)))
    }

    /// A deployment beside a rollout would silently end it. A rollback may: whoever wants back is in a hurry.
    pub(crate) async fn no_rollout(
        &self,
        prompt: &PromptName,
        environment: &EnvironmentName,
    ) -> Result<()> {
        let Some(rollout) = self.store.rollout(prompt, environment).await? else { return Ok(()) };
        let serving = self.store.deployments(prompt, Some(environment), 1).await?;
        let holds = serving.first().is_some_and(|serving| serving.id == rollout.deployment);
        if !(holds && rollout.state.is_climbing()) {
            return Ok(());
        }
        let message = format!(
            "a rollout of version {} of `{prompt}` is going on in {environment}: end it with \
             `gatemark rollout promote` or `gatemark rollout abort`",
            rollout.candidate.number
        );
        Err(Error::new(Kind::Conflict, message).coded("rollout_going_on"))
    }

    /// What control's calls were like.
    pub(crate) async fn baseline_of(&self, serving: &Deployment, now: i64) -> Result<Baseline> {
        self.ship_if_possible().await;
        let filter = CallFilter {
            prompt: Some(serving.prompt.clone()),
            environment: Some(serving.environment.clone()),
            number: Some(serving.number),
            purpose: Some(gatemark_core::call::CallPurpose::Serve),
            since: Some(now.saturating_sub(LOOKED_BACK)),
            limit: MOST_LOOKED_AT,
            ..CallFilter::default()
        };
        Ok(Baseline::of(&self.store.calls(&filter).await?))
    }

    /// Rollouts, newest first: those that are not over, or all; of one prompt, or of all.
    pub async fn rollouts(
        &self,
        prompt: Option<&PromptName>,
        only_active: bool,
        limit: u32,
    ) -> Result<Vec<Rollout>> {
        self.store.rollouts(prompt, only_active, limit).await
    }

    /// The newest rollout of a prompt in an environment.
    ///
    /// # Errors
    /// `NotFound` if there was none.
    pub async fn rollout(
        &self,
        prompt: &PromptName,
        environment: &EnvironmentName,
    ) -> Result<Rollout> {
        self.store.rollout(prompt, environment).await?.ok_or_else(|| {
            let message = format!("there was no rollout of {prompt} in {environment}");
            Error::not_found(message).coded("rollout_not_found")
        })
    }

    /// Does to a rollout what `command` says. Asked a second time, it changes nothing.
    ///
    /// # Errors
    /// `Conflict` if it makes no sense in the rollout's state.
    pub async fn steer_rollout(
        &self,
        prompt: &PromptName,
        environment: &EnvironmentName,
        command: &Command,
        actor: &str,
    ) -> Result<Rollout> {
        for _ in 0..TRIES {
            let mut rollout = self.rollout(prompt, environment).await?;
            let now = clock::now_us();
            let Some(change) = rollout.command(command.clone(), now)? else { return Ok(rollout) };
            let noted = Noted { change: &change, actor, at: now };
            if !self.store.save_rollout(&mut rollout, &[], Some(noted)).await? {
                continue;
            }
            // Where no server runs, nobody else would ask the gate.
            if rollout.effect().is_some() {
                self.carry_out(&mut rollout, now).await?;
            }
            self.refresh_after_change().await;
            return self.rollout(prompt, environment).await;
        }
        let message = "the rollout kept changing: look at it and try again";
        Err(Error::new(Kind::Conflict, message).coded("rollout_changed"))
    }

    /// Stores judgements on calls, for the guardrails that look at scores of that name. Returns how many are
    /// about calls that take part in a rollout and had no such score yet.
    ///
    /// # Errors
    /// `Invalid` if a value is no number.
    pub async fn score_calls(&self, name: &str, scores: &[(String, f64)]) -> Result<usize> {
        self.ship_if_possible().await;
        let mut new = 0;
        for (call, value) in scores {
            new += usize::from(self.store.observe_score(call, name, *value).await?);
        }
        Ok(new)
    }

    /// The plan that is meant: what is asked over what the environment says.
    ///
    /// # Errors
    /// `Invalid`, naming the option.
    pub fn rollout_plan(&self, environment: &EnvironmentName, asked: &Asked) -> Result<Plan> {
        let of_environment = self.project.environments.get(environment);
        asked.over(of_environment.and_then(|found| found.rollout.as_ref()))
    }

    /// How a deployment takes place if nobody says: as the environment says, but at once where nothing serves.
    pub async fn usual_strategy(
        &self,
        prompt: &PromptName,
        environment: &EnvironmentName,
    ) -> Result<Strategy> {
        let found = self.project.environments.get(environment);
        let Some(plan) = found.and_then(|found| found.rollout.as_ref()) else {
            return Ok(Strategy::AllAtOnce);
        };
        let serves = self.store.deployments(prompt, Some(environment), 1).await?;
        Ok(if serves.is_empty() { Strategy::AllAtOnce } else { plan.strategy })
    }
}
