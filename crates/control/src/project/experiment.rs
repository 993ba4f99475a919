//! `experiments/*.yaml`: what is to be compared with what serves.

use std::str::FromStr;

use gatemark_core::analysis::Rule;
use gatemark_core::experiment::{Aim, ArmPlan, Plan};
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::rollout::{RailPlan, points};

use super::files::Files;
use super::node::{Key, Node, Value};
use super::problems::Problems;
use super::reader::{Fields, entries};
use super::rollout::{UNITS, count, guardrails, rail, time};
use super::source::HAND_WRITTEN;
use super::{document, typed};

const RULES: [(&str, Rule); 2] = [("anytime", Rule::Anytime), ("fixed", Rule::Fixed)];

/// An experiment as somebody wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// The prompt.
    pub prompt: PromptName,
    /// Where; the default environment if nothing is said.
    pub environment: Option<EnvironmentName>,
    /// What is compared.
    pub plan: Plan,
}

/// Reads the file at `path`.
pub(super) fn read(files: &Files, path: &str, problems: &mut Problems) -> Option<Definition> {
    let node = document::open(files, path, HAND_WRITTEN, problems)?;
    let before = problems.errors();
    let mut fields = Fields::open(&node, "an experiment", problems)?;
    let name = fields.required("name", problems);
    let name =
        name.and_then(|node| typed::words(node, "`name`", problems).map(|name| (name, node)));
    if let Some((name, node)) = name
        && !name.bytes().all(|c| c.is_ascii_alphanumeric() || b"_.-".contains(&c))
    {
        let message = format!("the name {name:?} has more than letters, digits, `_`, `.` and `-`");
        problems.error(&node.spot, message, "rename it");
    }
    let prompt = fields.required("prompt", problems);
    let prompt = prompt.and_then(|node| parsed::<PromptName>(node, "`prompt`", problems));
    let environment = fields.get("environment", problems);
    let environment =
        environment.and_then(|node| parsed::<EnvironmentName>(node, "`environment`", problems));
    let arms = fields.required("arms", problems);
    let arms = arms.and_then(|node| entries(node, "`arms`", problems)).map(|arms| {
        arms.iter().filter_map(|(key, node)| arm(key, node, problems)).collect::<Vec<_>>()
    });
    let metric = fields.required("metric", problems).and_then(|node| metric(node, problems));
    let usual = RailPlan::new(RailPlan::metric_named("errors"));
    let known = metric.is_some();
    let mut plan = Plan::usual(arms.unwrap_or_default(), metric.unwrap_or(usual));
    rest(&mut plan, &mut fields, problems);
    fields.close(problems);
    if known && problems.errors() == before {
        for problem in plan.problems() {
            problems.error(&node.spot, format!("it {problem}"), "see docs/experiments.md");
        }
    }
    Some(Definition { name: name?.0.to_string(), prompt: prompt?, environment, plan })
}

fn rest(plan: &mut Plan, fields: &mut Fields<'_>, problems: &mut Problems) {
    if let Some(node) = fields.get("audience", problems) {
        plan.audience = parsed(node, "`audience`", problems).unwrap_or_default();
    }
    if let Some(node) = fields.get("unit", problems) {
        plan.unit = typed::word(node, "`unit`", &UNITS, problems).unwrap_or(plan.unit);
    }
    if let Some(node) = fields.get("aim", problems) {
        plan.aim = typed::word(node, "`aim`", &Aim::ALL, problems).unwrap_or(plan.aim);
    }
    if let Some(node) = fields.get("rule", problems) {
        plan.rule = typed::word(node, "`rule`", &RULES, problems).unwrap_or(plan.rule);
    }
    if let Some(node) = fields.get("guardrails", problems) {
        guardrails(&mut plan.guardrails, node, problems);
    }
    if let Some(node) = fields.get("samples", problems) {
        plan.least_calls = count(node, "`samples`", problems).unwrap_or(plan.least_calls);
    }
    if let Some(node) = fields.get("units", problems) {
        plan.least_units = count(node, "`units`", problems).unwrap_or(plan.least_units);
    }
    if let Some(node) = fields.get("alpha", problems) {
        plan.alpha = typed::share(node, "`alpha`", problems).unwrap_or(plan.alpha);
    }
    time(fields, "least", &mut plan.least_s, problems);
    time(fields, "longest", &mut plan.longest_s, problems);
}

/// `warm: {version: 7, share: 10%}`.
fn arm(key: &Key, node: &Node, problems: &mut Problems) -> Option<ArmPlan> {
    let mut fields = Fields::open(node, "an arm", problems)?;
    let version = fields.get("version", problems);
    let version = version.and_then(|node| match &node.value {
        // Whether `1.2` or `"1.2"`: what it means is found out when it begins.
        Value::Int(text) | Value::Float(text) | Value::Text(text) => Some(text.clone()),
        _ => typed::words(node, "`version`", problems).map(String::from),
    });
    let model = fields.get("model", problems);
    let model = model.and_then(|node| parsed(node, "`model`", problems));
    let share = fields.required("share", problems).and_then(|node| {
        let text = match &node.value {
            Value::Float(text) | Value::Int(text) => text,
            _ => typed::words(node, "`share`", problems)?,
        };
        match points(text) {
            Ok(points) => Some(points),
            Err(error) => {
                problems.error(&node.spot, error.to_string(), "control gets the rest");
                None
            }
        }
    });
    fields.close(problems);
    Some(ArmPlan { name: key.name.clone(), version, model, share: share? })
}

/// `quality` or `quality: {margin: 0.03}`.
fn metric(node: &Node, problems: &mut Problems) -> Option<RailPlan> {
    if let Value::Text(name) = &node.value {
        return Some(RailPlan::new(RailPlan::metric_named(name)));
    }
    let [(key, node)] = entries(node, "`metric`", problems)? else {
        let hint = "further ones are guardrails: `guardrails:`";
        problems.error(&node.spot, "one metric decides".to_string(), hint);
        return None;
    };
    rail(RailPlan::new(RailPlan::metric_named(&key.name)), node, problems)
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(
    node: &Node,
    what: &str,
    problems: &mut Problems,
) -> Option<T> {
    match typed::words(node, what, problems)?.parse() {
        Ok(found) => Some(found),
        Err(error) => {
            let error: T::Err = error;
            problems.error(&node.spot, error.to_string(), "see docs/experiments.md");
            None
        }
    }
}
