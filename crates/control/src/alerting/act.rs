//! What alerts do by themselves.
//!
//! A deed is a message to nobody: it is written with the state that it follows from, tried until it is done, and may
//! be tried again after it was. So each does nothing where it is done already: a rollback takes back only what served
//! when the alert fired.

use gatemark_core::alert::{Act, Notice};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::rollout::{Command, Rollout};
use gatemark_core::signal::Signal;
use gatemark_core::stop::{StopKind, StopScope, StopServe};

use crate::Control;
use crate::gate::Decision;
use crate::stop::Wanted;

/// Where a signal's context says what a rollback would take back.
pub(super) const TAKES_BACK: &str = "takes_back";
/// Longest part of a reason, in characters.
const LONGEST: usize = 200;

/// What stands in a channel's place for a deed.
pub(super) fn channel(act: Act) -> String {
    format!("!{}", act.word())
}

/// Whether a channel's name stands for a deed; names of channels hold no such sign.
pub(super) fn is_act(channel: &str) -> bool {
    channel.starts_with('!')
}

impl Control {
    /// Does what `notice` says, unless it is done.
    ///
    /// # Errors
    /// `Invalid` if the alert does not say where, `Refused` by the gate, else those of the command.
    pub(super) async fn act(&self, notice: &Notice) -> Result<()> {
        let Some(act) = notice.act else { return Ok(()) };
        let signal = &notice.signal;
        let Some(prompt) = &signal.prompt else {
            return Err(Error::invalid(format!("{} is about no prompt", signal.key)));
        };
        let actor = format!("alert:{}", signal.rule);
        let why: String = format!("alert {}: {}", signal.key, signal.summary);
        let why: String = why.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        if act == Act::Stop {
            return self.stop_for(prompt, why, &actor).await;
        }
        let Some(environment) = &signal.environment else {
            return Err(Error::invalid(format!("{} is about no environment", signal.key)));
        };
        match act {
            Act::Stop => Ok(()),
            Act::Pause => {
                if self.climbing(prompt, environment).await?.is_none() {
                    return Ok(());
                }
                let command = Command::Pause { reason: Some(why) };
                self.steer_rollout(prompt, environment, &command, &actor).await.map(drop)
            }
            Act::Rollback => {
                let meant = signal.context.get(TAKES_BACK);
                if meant.is_none() || self.taken_back_by(signal).await?.as_ref() != meant {
                    return Ok(());
                }
                self.take_back(prompt, environment, why, &actor).await
            }
        }
    }

    async fn stop_for(&self, prompt: &PromptName, why: String, actor: &str) -> Result<()> {
        let scope = StopScope::Prompt(prompt.clone());
        if self.gateway().stops().of(&scope).is_some() {
            return Ok(());
        }
        let (kind, serve) = (StopKind::Stop, StopServe::default());
        self.order_stop(Wanted { scope, kind, serve, reason: Some(why) }, actor).await.map(drop)
    }

    async fn take_back(
        &self,
        prompt: &PromptName,
        environment: &EnvironmentName,
        why: String,
        actor: &str,
    ) -> Result<()> {
        if self.climbing(prompt, environment).await?.is_some() {
            let command = Command::Abort { reason: Some(why) };
            return self.steer_rollout(prompt, environment, &command, actor).await.map(drop);
        }
        match self.rollback(prompt, None, environment, actor).await? {
            Decision::Refused(checklist) => {
                let unmet: Vec<String> =
                    checklist.unmet().map(|finding| format!("rule {}", finding.rule)).collect();
                let message = format!("the gate refuses the rollback: {}", unmet.join(", "));
                Err(Error::new(Kind::Refused, message))
            }
            _ => Ok(()),
        }
    }

    /// What a rollback for `signal` would take back now: the candidate of a rollout, else what serves.
    pub(super) async fn taken_back_by(&self, signal: &Signal) -> Result<Option<String>> {
        let (Some(prompt), Some(environment)) = (&signal.prompt, &signal.environment) else {
            return Ok(None);
        };
        if let Some(rollout) = self.climbing(prompt, environment).await? {
            return Ok(Some(format!("rollout {}", rollout.id)));
        }
        let serving = self.store().deployments(prompt, Some(environment), 1).await?;
        Ok(serving.first().map(|serving| format!("deployment {}", serving.id)))
    }

    /// The rollout whose candidate may yet be promoted.
    async fn climbing(
        &self,
        prompt: &PromptName,
        environment: &EnvironmentName,
    ) -> Result<Option<Rollout>> {
        let newest = self.store().rollout(prompt, environment).await?;
        Ok(newest.filter(|rollout| rollout.state.is_climbing()))
    }
}
