//! A check as it is written: a metric's name, `metric: parameters`, or `not: <check>`.

use gatemark_core::suite::CheckSpec;
use gatemark_text::check;
use serde_json::Value as Json;

use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::{items, wrong};

/// Reads a list of checks, and tries to build each.
pub(super) fn read(node: Option<&Node>, problems: &mut Problems) -> Vec<CheckSpec> {
    let list = node.and_then(|node| items(node, "`checks`", problems)).unwrap_or_default();
    list.iter().filter_map(|node| one(node, problems)).collect()
}

fn one(node: &Node, problems: &mut Problems) -> Option<CheckSpec> {
    let spec = spec(node, problems)?;
    if let Err(problem) = check::build(&spec) {
        problems.error(&node.spot, problem.message, problem.hint.unwrap_or_default());
        return None;
    }
    Some(spec)
}

/// The nesting of `not` is bounded by that of documents.
fn spec(node: &Node, problems: &mut Problems) -> Option<CheckSpec> {
    let hint = "write `- equals`, `- contains: text` or `- not: {contains: text}`";
    match &node.value {
        Value::Text(metric) => {
            Some(CheckSpec { metric: metric.clone(), negated: false, parameters: Json::Null })
        }
        Value::Map(entries) => match entries.as_slice() {
            [(key, inner)] if key.name == "not" => {
                let inner = spec(inner, problems)?;
                Some(CheckSpec { negated: !inner.negated, ..inner })
            }
            [(key, parameters)] => {
                let parameters = parameters.to_json(problems)?;
                Some(CheckSpec { metric: key.name.clone(), negated: false, parameters })
            }
            many => {
                let message = format!("a check is one metric, and this one has {}", many.len());
                problems.error(&node.spot, message, "start each check with its own `- `");
                None
            }
        },
        _ => wrong(node, "a check", "a metric's name or a mapping", hint, problems),
    }
}
