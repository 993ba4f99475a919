//! The last act: the version that was rolled back by a person comes again, as a canary, and the answers of live
//! traffic decide.
//!
//! The application says after each answer whether it was right, as users do with a thumb; that score is a
//! guardrail. Whether and when the candidate is taken back is measured, as everything here.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use gatemark_control::Control;
use gatemark_control::rollout::Started;
use gatemark_core::assign::Unit;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::PromptName;
use gatemark_core::ramp::{Metric, Plan, RailPlan, read_steps};
use gatemark_core::rollout::{Rollout, State};
use gatemark_gateway::{Selector, clock};

use super::client::Client;
use super::data::Record;
use super::figures::{Canary, as_count};
use super::release::REVIEWER;
use super::traffic::{self, Sent};

/// The score that the application gives.
const FEEDBACK: &str = "feedback";
/// Calls between two looks at the rollout.
const BATCH: usize = 40;
/// Calls under way at once.
const CONCURRENCY: usize = 8;
/// Most calls that are sent, and most times that a message is sent: few messages said often teach little.
const MOST: usize = 4_000;
const MOST_OFTEN: usize = 25;
/// Longest time that is taken.
const PATIENCE: Duration = Duration::from_secs(60);

/// Half of the calls for an hour, judged by what every call shows and by the application's feedback.
fn plan() -> Result<Plan> {
    let mut plan = Plan { unit: Unit::Call, steps: read_steps("50%:1h", 100)?, ..Plan::canary() };
    plan.rails.push(RailPlan::new(Metric::Score(FEEDBACK.to_string())));
    Ok(plan)
}

/// Brings `semver` in as a canary and sends traffic until it is taken back, or until patience ends; then it is
/// aborted, so that what served before serves.
pub(super) async fn play(
    control: &Control,
    client: &Client,
    prompt: &PromptName,
    semver: &str,
    messages: &[Record],
) -> Result<Canary> {
    let environment = control.project().default_environment.clone();
    let selector = Selector::parse(semver, "version")?;
    let began = Instant::now();
    let started = control.start_rollout(prompt, &selector, &environment, plan()?, REVIEWER).await?;
    if let Started::Refused(_) = started {
        return Err(Error::internal(format!("the gate refused {semver}, which it had admitted")));
    }
    let (mut calls, mut candidate) = (0, 0);
    let rollout = loop {
        let batch = messages.iter().cycle().skip(calls).take(BATCH);
        let sent: Vec<Result<Sent>> = stream::iter(batch)
            .map(|message| traffic::one(client, prompt.as_str(), message))
            .buffered(CONCURRENCY)
            .collect()
            .await;
        let sent: Vec<Sent> = sent.into_iter().collect::<Result<_>>()?;
        calls += sent.len();
        candidate += sent.iter().filter(|sent| sent.version == semver).count();
        let scores: Vec<(String, f64)> =
            sent.into_iter().map(|sent| (sent.call, f64::from(u8::from(sent.right)))).collect();
        control.score_calls(FEEDBACK, &scores).await?;
        // Any controller may look at any time; the server's own looks each second.
        control.tick_rollouts(clock::now_us()).await?;
        let rollout = control.rollout(prompt, &environment).await?;
        let most = MOST.min(MOST_OFTEN * messages.len());
        let enough = calls >= most || began.elapsed() > PATIENCE;
        if rollout.state.is_over() || enough {
            break rollout;
        }
    };
    let reverted = rollout.state == State::Aborted;
    let seconds = began.elapsed().as_secs_f64();
    if !rollout.state.is_over() {
        let reason = Some("the demo ends".to_string());
        let abort = gatemark_core::rollout::Command::Abort { reason };
        control.steer_rollout(prompt, &environment, &abort, REVIEWER).await?;
    }
    let (control_right, candidate_right) = judged(&rollout);
    Ok(Canary {
        semver: semver.to_string(),
        calls: as_count(calls),
        candidate: as_count(candidate),
        reverted,
        reason: rollout.reason.clone(),
        candidate_right,
        control_right,
        seconds,
    })
}

fn judged(rollout: &Rollout) -> (Option<f64>, Option<f64>) {
    let rail = rollout.rails.iter().find(|rail| rail.plan.name() == FEEDBACK);
    let verdict = rail.map(|rail| rail.verdict());
    (verdict.and_then(|v| v.control), verdict.and_then(|v| v.candidate))
}
