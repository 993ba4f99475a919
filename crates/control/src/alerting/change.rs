//! What changed shortly before an alert began: the first thing that whoever is called asks.

use gatemark_core::deploy::Deployment;
use gatemark_core::error::Result;
use gatemark_core::rollout::Rollout;
use gatemark_core::signal::Signal;

use crate::Control;

/// How long before an alert a change is worth a mention, in microseconds.
const LOOKED_BACK: i64 = 24 * 3_600 * 1_000_000;

impl Control {
    /// "began 4 min after version 7 went to 20 %", if there was anything of the sort.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn change_before(&self, signal: &Signal, now: i64) -> Result<Option<String>> {
        let Some(prompt) = &signal.prompt else { return Ok(None) };
        let began = if (1..=now).contains(&signal.since) { signal.since } else { now };
        let environment = signal.environment.as_ref();
        let deployments = self.store().deployments(prompt, environment, 1).await?;
        let rollouts = self.store().rollouts(Some(prompt), true, 10).await?;
        let rollout = rollouts.iter().find(|rollout| {
            environment.is_none_or(|environment| rollout.environment == *environment)
        });
        let deployed = deployments.first().map(|one| (one.at, deployed(one)));
        let stepped = rollout.map(|one| (one.step_since, stepped(one)));
        let changes = deployed
            .into_iter()
            .chain(stepped)
            .filter(|(at, _)| *at <= began && began.saturating_sub(*at) <= LOOKED_BACK);
        let newest = changes.max_by_key(|(at, _)| *at);
        Ok(newest.map(|(at, what)| format!("began {} after {what}", length(began - at))))
    }
}

fn deployed(deployment: &Deployment) -> String {
    let (number, word) = (deployment.number, deployment.purpose.word());
    let (environment, actor) = (&deployment.environment, &deployment.actor);
    format!("version {number} came to {environment} ({word} by {actor})")
}

fn stepped(rollout: &Rollout) -> String {
    let (number, environment) = (rollout.candidate.number, &rollout.environment);
    let share = f64::from(rollout.share()) / 100.0;
    format!("version {number} went to {share} % in {environment} (rollout)")
}

/// `40 s`, `4 min` or `3 h`.
fn length(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}
