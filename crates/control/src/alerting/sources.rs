//! Who sees something, and what they see. A new source is one line of [`SOURCES`].
//!
//! Sources mention what is wrong. What a source that is `whole` does not mention is well: it sees everything that
//! there is of its rule. What another does not mention may be seen by another process.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use futures_util::future::BoxFuture;
use gatemark_core::error::Result;
use gatemark_core::rollout::State;
use gatemark_core::signal::{Severity, Signal, SignalState};
use gatemark_core::stop::StopScope;
use gatemark_gateway::BreakerState;

use crate::Control;
use crate::reviews::standing::OVERDUE;

/// How long after a record was lost that counts as going on, in microseconds.
const LOST_LATELY: i64 = 60_000_000;
/// A whole in the unit of a budget's levels.
const WHOLE: u32 = 1_000_000;

/// Somebody who looks.
pub(super) struct Source {
    /// The rule of what it sees; `None` if it sees several.
    pub(super) rule: Option<&'static str>,
    /// Whether what it does not mention is well.
    pub(super) whole: bool,
    /// What it sees at a time in microseconds since 1970.
    pub(super) look: for<'a> fn(&'a Control, i64) -> BoxFuture<'a, Result<Vec<Signal>>>,
}

/// Everybody who looks.
pub(super) const SOURCES: [Source; 10] = [
    Source {
        rule: Some("stopped"),
        whole: true,
        look: |c, _| Box::pin(async move { Ok(stops(c)) }),
    },
    Source { rule: Some("rollout_paused"), whole: true, look: |c, _| Box::pin(rollouts(c)) },
    Source {
        rule: Some("budget"),
        whole: false,
        look: |c, now| Box::pin(async move { Ok(budgets(c, now)) }),
    },
    Source {
        rule: Some("breaker_open"),
        whole: false,
        look: |c, now| Box::pin(async move { Ok(breakers(c, now)) }),
    },
    Source {
        rule: Some("call_records_lost"),
        whole: false,
        look: |c, now| Box::pin(async move { Ok(records(c, now)) }),
    },
    Source {
        rule: Some("task_failing"),
        whole: false,
        look: |c, _| Box::pin(async move { Ok(tasks(c)) }),
    },
    Source {
        rule: Some("config_refused"),
        whole: false,
        look: |c, _| Box::pin(async move { Ok(config(c)) }),
    },
    Source {
        rule: Some("no_evidence"),
        whole: false,
        look: |c, now| Box::pin(async move { Ok(evidence(c, now)) }),
    },
    Source { rule: Some(OVERDUE), whole: true, look: |c, now| Box::pin(c.overdue_reviews(now)) },
    // What monitors and probes saw at their last look, each under its own rule.
    Source { rule: None, whole: false, look: |c, _| Box::pin(monitors(c)) },
];

/// A breach of `rule` in the series `series`.
fn breach(rule: &str, series: &str, severity: Severity, since: i64, summary: String) -> Signal {
    let key = if series.is_empty() { rule.to_string() } else { format!("{rule}/{series}") };
    Signal {
        key,
        rule: rule.to_string(),
        prompt: None,
        environment: None,
        state: SignalState::Breach,
        severity,
        value: None,
        threshold: None,
        unit: String::new(),
        window: String::new(),
        since,
        summary,
        context: BTreeMap::new(),
    }
}

fn stops(control: &Control) -> Vec<Signal> {
    let stops = control.gateway().stops();
    let stops = stops.in_force().map(|order| {
        let (scope, by) = (&order.scope, &order.actor);
        let why = order.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        let what = match scope {
            StopScope::All => "everything is".to_string(),
            other => format!("calls of {other} are"),
        };
        let summary = format!("{what} stopped by {by}{why}");
        let (prompt, environment) = match scope {
            StopScope::Prompt(name) => (Some(name.clone()), None),
            StopScope::Environment(name) => (None, Some(name.clone())),
            StopScope::All | StopScope::Service(_) => (None, None),
        };
        let series = scope.to_string();
        let seen = breach("stopped", &series, Severity::Critical, order.at, summary);
        let context = [("serves".to_string(), order.serve.word().to_string())].into();
        Signal { prompt, environment, context, ..seen }
    });
    stops.collect()
}

/// Rollouts that hold. A rollout that begins or ceases to hold changes the registry, so they are read when it changes.
async fn rollouts(control: &Control) -> Result<Vec<Signal>> {
    let holding = &control.in_process().holding;
    let revision = control.store().revision().await?;
    let known = holding.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((_, known)) = known.filter(|(at, _)| *at == revision) {
        return Ok(known);
    }
    let found = read_rollouts(control).await?;
    let kept = Some((revision, found.clone()));
    *holding.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    Ok(found)
}

async fn read_rollouts(control: &Control) -> Result<Vec<Signal>> {
    let active = control.store().rollouts(None, true, u32::MAX).await?;
    let paused = active.iter().filter(|rollout| rollout.state == State::Paused).map(|rollout| {
        let (prompt, environment) = (rollout.prompt.clone(), rollout.environment.clone());
        let share = f64::from(rollout.share()) / 100.0;
        let why = rollout.reason.as_deref().unwrap_or("nobody said why");
        let number = rollout.candidate.number;
        let summary =
            format!("the rollout of version {number} of {prompt} holds at {share} %: {why}");
        let series = format!("{prompt}@{environment}");
        let since = rollout.changed_at;
        let seen = breach("rollout_paused", &series, Severity::Warning, since, summary);
        let context = [("version".to_string(), number.to_string())].into();
        Signal { prompt: Some(prompt), environment: Some(environment), context, ..seen }
    });
    Ok(paused.collect())
}

/// What monitors and probes saw. There are some for every prompt and they change once a minute, so they are read when
/// they change.
pub(super) async fn monitors(control: &Control) -> Result<Vec<Signal>> {
    let kept = &control.in_process().monitored;
    let revision = control.store().signals_revision().await?;
    let known = kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((_, known)) = known.filter(|(at, _)| *at == revision) {
        return Ok(known);
    }
    let found = control.signals().await?;
    *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((revision, found.clone()));
    Ok(found)
}

/// A signal for each level that is reached, so that each is told.
fn budgets(control: &Control, now: i64) -> Vec<Signal> {
    let mut found = vec![];
    for line in control.gateway().budgets() {
        let (budget, account) = (&line.budget, &line.account);
        let (spent, amount) = (line.standing.spent, budget.amount);
        let levels = budget.warn_at.iter().copied().filter(|level| *level < WHOLE).chain([WHOLE]);
        for level in levels {
            let reached =
                i128::from(spent.0) * i128::from(WHOLE) >= i128::from(amount.0) * i128::from(level);
            if !reached {
                continue;
            }
            let percent = f64::from(level) / 10_000.0;
            let severity = if level == WHOLE { Severity::Critical } else { Severity::Warning };
            let series = format!("{}/{account}/{percent}%", budget.name);
            let summary = format!(
                "budget {} ({account}): {spent} of {amount} are spent in this {}",
                budget.name,
                budget.window.word()
            );
            let since = line.standing.span.start.clamp(0, now);
            found.push(Signal {
                value: Some(spent.as_usd() / amount.as_usd()),
                threshold: Some(f64::from(level) / f64::from(WHOLE)),
                unit: "ratio".to_string(),
                window: budget.window.word().to_string(),
                ..breach("budget", &series, severity, since, summary)
            });
        }
    }
    found
}

fn breakers(control: &Control, now: i64) -> Vec<Signal> {
    let models = control.gateway().models();
    let open = models.iter().filter(|state| state.breaker != BreakerState::Closed).map(|state| {
        let (model, failed, calls) = (&state.model, state.failed, state.calls);
        let summary = format!("{model} is not asked: {failed} of {calls} calls failed lately");
        breach("breaker_open", model.as_str(), Severity::Warning, now, summary)
    });
    open.collect()
}

fn records(control: &Control, now: i64) -> Vec<Signal> {
    let lost = control.in_process().lost_records();
    let lately = lost.filter(|(_, at)| now.saturating_sub(*at) < LOST_LATELY);
    let seen = lately.map(|(count, at)| {
        let summary =
            format!("records of calls are lost since the call log is full or cannot be written: {count} so far");
        breach("call_records_lost", "", Severity::Critical, at, summary)
    });
    seen.into_iter().collect()
}

fn tasks(control: &Control) -> Vec<Signal> {
    let failing = control.in_process().failing().into_iter().map(|(task, failing)| {
        let summary = format!("the task {task} fails: {}", failing.error);
        breach("task_failing", task, Severity::Warning, failing.since, summary)
    });
    failing.collect()
}

fn config(control: &Control) -> Vec<Signal> {
    let refused = control.config_status().last_error.map(|refusal| {
        let summary = format!("gatemark.yaml has changed and is not in force: {}", refusal.message);
        breach("config_refused", "", Severity::Warning, refusal.at, summary)
    });
    refused.into_iter().collect()
}

/// Deployed versions that are not served, or not by every model, for want of evidence.
fn evidence(control: &Control, now: i64) -> Vec<Signal> {
    let found = control.config_status().without_evidence.into_iter().map(|one| {
        let severity = if one.refused { Severity::Critical } else { Severity::Warning };
        let what = if one.refused { "is not served" } else { "may not use it" };
        let summary = format!(
            "version {} of {} has no evidence on {} and {what}: {}",
            one.version, one.prompt, one.model, one.reason
        );
        let series = format!("{}@{}/{}", one.prompt, one.environment, one.model);
        let seen = breach("no_evidence", &series, severity, now, summary);
        Signal {
            prompt: one.prompt.parse().ok(),
            environment: one.environment.parse().ok(),
            ..seen
        }
    });
    found.collect()
}
