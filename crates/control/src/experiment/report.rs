//! What an experiment shows: the figures of [`gatemark_core::analysis`] over its calls, and the sentence that a
//! person needs.

use std::collections::{BTreeMap, HashMap};

use gatemark_core::analysis::{Analysis, Plan, RatioCheck, Record, Rule, analyse};
use gatemark_core::assign::STABLE;
use gatemark_core::call::Outcome;
use gatemark_core::error::{Error, Result};
use gatemark_core::experiment::{Arm, Experiment, State};
use gatemark_core::guardrail::Better;
use gatemark_core::ramp::Metric;
use gatemark_core::rollout::Seen;
use gatemark_gateway::clock;
use gatemark_store::Shown;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::view::ExperimentView;
use crate::Control;

/// Observations read at once.
const PAGE: u32 = 20_000;
/// Most calls that are analysed.
const MOST: usize = 500_000;
/// What is measured of every call, all of it better when less.
const OF_CALLS: [&str; 6] =
    ["errors", "fallbacks", "off_format", "retries", "latency_ms", "cost_usd"];

/// A report.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExperimentReport {
    /// What follows, and what to do.
    pub sentence: String,
    /// Where the experiment stands.
    pub experiment: ExperimentView,
    /// Per metric and arm: means, difference, intervals, p-values, probability of harm, and a sentence.
    #[schema(value_type = Object)]
    pub analysis: Value,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// What is kept of one that is over.
#[derive(Serialize, Deserialize)]
struct Kept {
    analysis: Analysis,
    notes: Vec<String>,
}

impl Control {
    /// What an experiment shows so far, or showed.
    ///
    /// # Errors
    /// `NotFound` if there is none of that name.
    pub async fn experiment_report(&self, name: &str) -> Result<ExperimentReport> {
        self.ship_if_possible().await;
        let experiment = self.experiment(name).await?;
        let kept = match self.store.kept_report(&experiment.id).await? {
            Some(kept) => serde_json::from_str(&kept)
                .map_err(|cause| Error::internal("a kept report cannot be read").because(cause))?,
            None => {
                let kept = self.analysed(&experiment).await?;
                self.keep(&experiment, &kept).await?;
                kept
            }
        };
        let analysis = serde_json::to_value(&kept.analysis)
            .map_err(|cause| Error::internal("a report cannot be written").because(cause))?;
        let view = ExperimentView::at(&experiment, clock::now_us());
        let sentence = sentence(&experiment, &view);
        Ok(ExperimentReport { sentence, experiment: view, analysis, notes: kept.notes })
    }

    /// Keeps the report of one that is over, whose observations are forgotten then. What fails here is made up
    /// for when somebody asks.
    pub(super) async fn keep_report(&self, experiment: &Experiment) {
        let kept = async { self.keep(experiment, &self.analysed(experiment).await?).await };
        if let Err(error) = kept.await {
            tracing::warn!(name = experiment.name, %error, "the report of an experiment was not kept");
        }
    }

    /// Forgets what calls showed to rollouts and experiments that are over, the latter once their report is kept: where
    /// whoever ended one was killed before that, it is kept now.
    pub(crate) async fn forget_shown(&self, now: i64) -> Result<()> {
        for experiment in self.store.unreported_experiments().await? {
            self.keep_report(&experiment).await;
        }
        self.store.forget_observations(now).await.map(drop)
    }

    async fn keep(&self, experiment: &Experiment, kept: &Kept) -> Result<()> {
        if !experiment.state.is_over() {
            return Ok(());
        }
        let text = serde_json::to_string(kept)
            .map_err(|cause| Error::internal("a report cannot be written").because(cause))?;
        self.store.keep_report(&experiment.id, &text).await
    }

    async fn analysed(&self, experiment: &Experiment) -> Result<Kept> {
        let mut calls = Calls::default();
        let mut after = 0;
        loop {
            let page = self.store.shown(&experiment.id, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            page.into_iter().for_each(|shown| calls.take(shown));
            if calls.records.len() >= MOST {
                break;
            }
        }
        let mut notes = vec![];
        if calls.records.len() >= MOST {
            notes.push(format!("only the first {MOST} calls are analysed"));
        }
        let mut analysis = compared(experiment, &calls.records);
        notes.append(&mut analysis.notes);
        notes.dedup();
        Ok(Kept { analysis, notes })
    }
}

/// Calls with everything that was observed of each.
#[derive(Default)]
struct Calls {
    records: Vec<Record>,
    places: HashMap<String, usize>,
}

impl Calls {
    fn take(&mut self, shown: Shown) {
        let Shown { call, arm, unit, seen, .. } = shown;
        let place = *self.places.entry(call).or_insert(self.records.len());
        if place == self.records.len() {
            self.records.push(Record { arm, unit, share: None, values: BTreeMap::new() });
        }
        if let Some(record) = self.records.get_mut(place) {
            record.values.extend(values(seen));
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn values(seen: Seen) -> Vec<(String, f64)> {
    let yes = |fact: bool| f64::from(u8::from(fact));
    match seen {
        Seen::Score { name, value } => vec![(name, value)],
        Seen::Call { outcome, retried, latency_us, cost } => {
            let mut found = vec![
                ("errors", yes(outcome == Outcome::Error)),
                ("fallbacks", yes(outcome == Outcome::Fallback)),
                ("off_format", yes(outcome == Outcome::OffFormat)),
                ("retries", yes(retried)),
            ];
            found.extend(latency_us.map(|us| ("latency_ms", us as f64 / 1_000.0)));
            found.extend(cost.map(|cost| ("cost_usd", cost.0 as f64 / 1e9)));
            found.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
        }
    }
}

/// Each arm against control by itself, at its part of the level. An arm that was stopped is compared over the time
/// in which it served: later calls of control have no counterpart, and would look like units that got lost.
fn compared(experiment: &Experiment, records: &[Record]) -> Analysis {
    let mut whole = analyse(&[], &plan(experiment, None));
    whole.notes.clear();
    for arm in &experiment.arms {
        let name = arm.plan.name.as_str();
        let until = match arm.is_running() {
            true => records.len(),
            false => records.iter().rposition(|record| record.arm == name).map_or(0, |at| at + 1),
        };
        let own = records.iter().take(until);
        let own = own.filter(|record| record.arm == STABLE || record.arm == name).cloned();
        let part = analyse(&own.collect::<Vec<_>>(), &plan(experiment, Some(arm)));
        for (arm, size) in part.arms {
            let known = whole.arms.entry(arm).or_default();
            (known.calls, known.units) = (known.calls.max(size.calls), known.units.max(size.units));
        }
        // The one that fits the plan least is what a reader has to know.
        let worse =
            |check: &RatioCheck| whole.sample_ratio.is_none_or(|w| check.e_value > w.e_value);
        if part.sample_ratio.as_ref().is_some_and(worse) {
            whole.sample_ratio = part.sample_ratio;
        }
        whole.metrics.extend(part.metrics);
        whole.notes.extend(part.notes);
    }
    whole.notes.sort();
    whole.notes.dedup();
    whole
}

#[allow(clippy::cast_precision_loss)]
fn plan(experiment: &Experiment, arm: Option<&Arm>) -> Plan {
    let plan = &experiment.plan;
    let lower = plan.rails().filter(|rail| rail.better == Better::Lower);
    let lower = lower.filter_map(|rail| match &rail.metric {
        Metric::Score(name) => Some(name.clone()),
        _ => None,
    });
    let own = arm.map(|arm| (arm.plan.name.clone(), f64::from(arm.plan.share)));
    let control = (STABLE.to_string(), f64::from(plan.control_share()));
    Plan {
        control: STABLE.to_string(),
        weights: own.into_iter().chain([control]).collect(),
        alpha: plan.alpha / plan.arms.len().max(1) as f64,
        margin: plan.metric.margin,
        lower: lower.chain(OF_CALLS.map(String::from)).collect(),
        rule: plan.rule,
    }
}

/// What follows, and what to do.
fn sentence(experiment: &Experiment, view: &ExperimentView) -> String {
    let name = &experiment.name;
    let reason = experiment.reason.as_deref().unwrap_or("nothing is known");
    match experiment.state {
        State::Draft => format!("Not begun: `gatemark experiment start {name}`."),
        State::Running if view.waits_for.is_empty() => {
            "Nothing is decided yet: no arm has shown what it has to.".to_string()
        }
        State::Running => {
            format!("Nothing is decided yet; it waits for {}.", view.waits_for.join("; "))
        }
        State::Stopped => format!("Ended without a verdict: {reason}."),
        State::Inconclusive if experiment.plan.rule == Rule::Fixed => {
            format!("{reason}. What each metric shows at this one planned look stands below.")
        }
        State::Inconclusive => {
            format!("{reason}: keep what serves, or run a longer experiment with fewer arms.")
        }
        State::Concluded => {
            let winner = experiment.winner.as_deref();
            let arm = experiment.arms.iter().find(|arm| Some(arm.plan.name.as_str()) == winner);
            match arm {
                Some(arm) => format!("{reason}. {}", brought_in(experiment, arm)),
                None => format!("Keep what serves: {reason}."),
            }
        }
    }
}

/// How the winner is brought in. A rollout brings a version in on its first model, which may not be what won.
fn brought_in(experiment: &Experiment, arm: &Arm) -> String {
    let Experiment { prompt, environment, .. } = experiment;
    let number = arm.side.number;
    let control = experiment.control.as_ref().map(|side| side.number);
    match &arm.side.model {
        None => format!(
            "Bring it in with `gatemark rollout start {prompt}@{number} --to {environment}`."
        ),
        Some(model) if control == Some(number) => format!(
            "Bring it in with `gatemark rollback {prompt} --model {model} --env {environment}`, which moves the \
             same version to that model."
        ),
        Some(model) => format!(
            "It was {model} that answered: push a version whose first model that is, and bring that in."
        ),
    }
}
