//! `environments:` of the project and which of them serves calls that name none.

use std::collections::BTreeMap;

use gatemark_core::diagnostic::did_you_mean;
use gatemark_core::gate::Policy;
use gatemark_core::guard_policy::Place;
use gatemark_core::id::EnvironmentName;
use gatemark_core::model::{Environment, Recording};
use gatemark_core::online::{self, Evaluate};
use gatemark_core::redaction::Redaction;
use gatemark_core::review::Reviewing;
use gatemark_core::watch::Monitors;

use super::guards;
use super::monitors;
use super::node::{Key, Node, Value};
use super::policy;
use super::problems::Problems;
use super::reader::{Fields, entries, shown};
use super::reviewing as review_place;
use super::rollout;
use super::typed;

const RECORDING: [(&str, Recording); 2] =
    [("metadata", Recording::Metadata), ("content", Recording::Content)];

type Environments = BTreeMap<EnvironmentName, Environment>;

/// Reads `environments` and `default_environment`.
pub(super) fn read(
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) -> Option<(Environments, EnvironmentName)> {
    let before = problems.errors();
    let written = fields.get("environments", problems);
    let environments = match written {
        None => standard()?,
        Some(node) => entries(node, "`environments`", problems)
            .unwrap_or_default()
            .iter()
            .filter_map(|(key, node)| environment(key, node, problems))
            .map(|environment| (environment.name.clone(), environment))
            .collect(),
    };
    let whole = problems.errors() == before;
    let node = fields.get("default_environment", problems);
    let name = match node {
        Some(node) => typed::text(node, "`default_environment`", problems),
        None => None,
    }
    .unwrap_or("production");
    let spot = node.or(written).map_or(fields.spot(), |node| &node.spot);
    let exists = environments.keys().any(|known| known.as_str() == name);
    if !exists && (whole || node.is_some()) {
        let message =
            format!("the default environment `{}` is not among the environments", shown(name));
        let known = environments.keys().map(EnvironmentName::as_str);
        let hint = match did_you_mean(name, known) {
            Some(close) => format!("did you mean `{close}`?"),
            None => "add it under `environments`, or set `default_environment`".into(),
        };
        problems.error(spot, message, hint);
    }
    let name = name.parse().or_else(|_| "production".parse()).ok()?;
    Some((environments, name))
}

/// What a project has that says nothing about environments.
fn standard() -> Option<Environments> {
    let mut found = BTreeMap::new();
    for (name, policy) in [("production", Policy::production()), ("staging", Policy::open())] {
        let name: EnvironmentName = name.parse().ok()?;
        let recording = Recording::default();
        let (rollout, probe, evaluate) = (None, None, None);
        let monitors = Monitors::default_for(name.as_str());
        let (guard, redact) = (Place::default(), Redaction::default());
        let place = Environment {
            name,
            policy,
            recording,
            rollout,
            evaluate,
            monitors,
            probe,
            reviewing: Reviewing::default(),
            guard,
            redact,
        };
        found.insert(place.name.clone(), place);
    }
    Some(found)
}

fn environment(key: &Key, node: &Node, problems: &mut Problems) -> Option<Environment> {
    let name = match key.name.parse::<EnvironmentName>() {
        Ok(name) => name,
        Err(error) => {
            problems.error(&key.spot, error.to_string(), "rename it");
            return None;
        }
    };
    let mut policy = policy::default_for(name.as_str());
    let mut recording = Recording::default();
    let (mut plan, mut evaluate) = (None, None);
    let (mut probe, mut reviewing) = (None, Reviewing::default());
    let (mut guard, mut redact) = (Place::default(), Redaction::default());
    let mut watched = Monitors::default_for(name.as_str());
    if node.value != Value::Null
        && let Some(mut fields) = Fields::open(node, "an environment", problems)
    {
        if let Some(node) = fields.get("policy", problems) {
            policy = policy::read(node, policy, problems);
        }
        let record = fields.get("record", problems);
        let record = record.and_then(|node| typed::word(node, "`record`", &RECORDING, problems));
        recording = record.unwrap_or_default();
        plan = fields.get("rollout", problems).and_then(|node| rollout::read(node, problems));
        if let Some(node) = fields.get("monitors", problems) {
            watched = monitors::read(node, problems);
        }
        probe = fields.get("probe", problems).and_then(|node| monitors::probe(node, problems));
        if let Some(node) = fields.get("guard", problems) {
            guard = guards::place(node, problems);
        }
        if let Some(node) = fields.get("redact", problems) {
            redact = guards::redaction(node, problems);
        }
        let online = fields.get("evaluate", problems);
        evaluate = online.and_then(|node| evaluation(node, recording, problems));
        let review = fields.get("review", problems);
        reviewing = review.and_then(|node| review_place::read(node, problems)).unwrap_or_default();
        fields.close(problems);
    }
    Some(Environment {
        name,
        policy,
        recording,
        rollout: plan,
        evaluate,
        monitors: watched,
        probe,
        reviewing,
        guard,
        redact,
    })
}

/// `{share: 0.01, usd_per_day: 1}`.
fn evaluation(node: &Node, recording: Recording, problems: &mut Problems) -> Option<Evaluate> {
    let mut fields = Fields::open(node, "`evaluate`", problems)?;
    let share = fields.get("share", problems);
    let share = share.map_or(Some(online::USUAL), |node| {
        let share = typed::share(node, "`share`", problems)?;
        let millionths = (share * f64::from(online::ALL)).round();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let millionths = millionths as u32;
        if millionths == 0 {
            let message = "`share` draws no call: the least is 0.000001";
            problems.error(&node.spot, message, "raise it, or remove `evaluate`");
        }
        Some(millionths)
    });
    let per_day = fields.required("usd_per_day", problems);
    let per_day = per_day.and_then(|node| typed::money(node, "`usd_per_day`", problems));
    fields.close(problems);
    if recording != Recording::Content {
        let message = "only calls whose texts are kept can be evaluated, and here none are";
        problems.error(&node.spot, message, "add `record: content` to the environment");
    }
    Some(Evaluate { share: share?, per_day: per_day? })
}
