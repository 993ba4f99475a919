//! A check as it is written: a metric's name, `metric: parameters`, or `not: <check>`; a mapping may have
//! `weight` beside the metric.

use gatemark_core::diagnostic::did_you_mean;
use gatemark_core::suite::CheckSpec;
use serde_json::Value as Json;

use crate::checks;

use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::{items, wrong};

/// Checks as written.
#[derive(Default)]
pub(super) struct Checks {
    pub(super) specs: Vec<CheckSpec>,
    /// Whether anything is written, good or bad.
    pub(super) any: bool,
    /// The first metric that compares with a case's `expected`.
    pub(super) comparing: Option<String>,
}

/// Reads a list of checks, and tries to build each.
pub(super) fn read(node: Option<&Node>, problems: &mut Problems) -> Checks {
    let list = node.and_then(|node| items(node, "`checks`", problems)).unwrap_or_default();
    let any = node.is_some_and(|node| !matches!(&node.value, Value::List(list) if list.is_empty()));
    let mut found = Checks { any, ..Checks::default() };
    for node in list {
        let Some(spec) = spec(node, problems) else { continue };
        match checks::build(&spec) {
            Err(problem) => problems.relay(&node.spot, problem.message, problem.hint),
            Ok(built) => {
                if built.needs_expected() {
                    found.comparing.get_or_insert_with(|| spec.metric.clone());
                }
                found.specs.push(spec);
            }
        }
    }
    found
}

const HINT: &str = "write `- equals`, `- contains: text` or `- not: {contains: text}`";

/// The nesting of `not` is bounded by that of documents.
fn spec(node: &Node, problems: &mut Problems) -> Option<CheckSpec> {
    let entries = match &node.value {
        Value::Text(metric) => return Some(plain(metric, Json::Null)),
        Value::Map(entries) => entries,
        _ => return wrong(node, "a check", "a metric's name or a mapping", HINT, problems),
    };
    let (weights, metrics): (Vec<_>, Vec<_>) =
        entries.iter().partition(|(key, _)| key.name == "weight");
    let spec = match metrics.as_slice() {
        [(key, inner)] if key.name == "not" => {
            spec(inner, problems).map(|inner| CheckSpec { negated: !inner.negated, ..inner })
        }
        [(key, parameters)] => {
            parameters.to_json(problems).map(|parameters| plain(&key.name, parameters))
        }
        [] => {
            let message = "a check is one metric, and this one has none";
            problems.error(&node.spot, message, HINT);
            None
        }
        many => {
            let message = format!("a check is one metric, and this one has {}", many.len());
            let names = || many.iter().map(|(key, _)| key.name.as_str());
            let misspelt = names().any(|name| did_you_mean(name, ["weight"]).is_some());
            let own = "start each check with its own `- `";
            let hint = if misspelt { "did you mean `weight`?" } else { own };
            problems.error(&node.spot, message, hint);
            None
        }
    };
    let Some((_, written)) = weights.first() else { return spec };
    let (weight, spec) = (weight(written, problems), spec?);
    if spec.weight.is_some() {
        let message = "the check has two weights, one under `not` and one beside it";
        problems.error(&written.spot, message, "remove one of them");
        return None;
    }
    Some(CheckSpec { weight: Some(weight?), ..spec })
}

fn plain(metric: &str, parameters: Json) -> CheckSpec {
    CheckSpec { metric: metric.to_owned(), negated: false, weight: None, parameters }
}

fn weight(node: &Node, problems: &mut Problems) -> Option<f64> {
    let hint = "2 counts twice as much as 1; a check of weight 0 is shown and never decides";
    let number = match &node.value {
        Value::Int(_) | Value::Float(_) => node.to_json(problems)?.as_f64(),
        _ => return wrong(node, "`weight`", "a number from 0", hint, problems),
    };
    let weight = number.filter(|weight| *weight >= 0.0);
    if weight.is_none() {
        problems.error(&node.spot, "`weight` must be a number from 0", hint);
    }
    weight
}
