//! A check as it is written: a metric's name, `metric: parameters`, or `not: <check>`.

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

/// The nesting of `not` is bounded by that of documents.
fn spec(node: &Node, problems: &mut Problems) -> Option<CheckSpec> {
    let hint = "write `- equals`, `- contains: text` or `- not: {contains: text}`";
    match &node.value {
        Value::Text(metric) => Some(CheckSpec {
            metric: metric.clone(),
            negated: false,
            weight: None,
            parameters: Json::Null,
        }),
        Value::Map(entries) => match entries.as_slice() {
            [(key, inner)] if key.name == "not" => {
                let inner = spec(inner, problems)?;
                Some(CheckSpec { negated: !inner.negated, ..inner })
            }
            [(key, parameters)] => {
                let parameters = parameters.to_json(problems)?;
                Some(CheckSpec {
                    metric: key.name.clone(),
                    negated: false,
                    weight: None,
                    parameters,
                })
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
