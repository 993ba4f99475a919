//! The fields of a version's content, each compared in the way that suits it.

use gatemark_core::NanoUsd;
use gatemark_core::prompt::{Content, Example, Message, Variant};
use serde::Serialize;
use serde_json::{Map, Value};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::json::{self, by_dot, by_pointer};
use super::{Change, Piece, words};

/// Everything that differs between two contents, in the order of the prompt file; empty if nothing does.
pub fn contents(old: &Content, new: &Content) -> Vec<Change> {
    let mut found = Vec::new();
    json::changes(
        "variables",
        Some(&as_json(&old.variables)),
        Some(&as_json(&new.variables)),
        by_dot,
        &mut found,
    );
    messages("messages", &old.messages, &new.messages, &mut found);
    examples(&old.examples, &new.examples, &mut found);
    outputs(old, new, &mut found);
    models(&old.models, &new.models, &mut found);
    limits(old, new, &mut found);
    found
}

/// A core type in its canonical form. Serialising those types cannot fail: all their keys are strings.
fn as_json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Messages are paired by the order of their roles, so that one put in front does not shift the others.
fn messages(field: &str, old: &[Message], new: &[Message], found: &mut Vec<Change>) {
    let roles = |messages: &[Message]| messages.iter().map(|m| m.role).collect::<Vec<_>>();
    let name =
        |index: usize, message: &Message| format!("{field}[{index}].{}", message.role.word());
    let mut text = |index: usize, message: &Message, pieces: Vec<Piece>| {
        found.push(Change::Text { field: name(index, message), pieces });
    };
    for op in capture_diff_slices(Algorithm::Myers, &roles(old), &roles(new)) {
        if let DiffOp::Equal { .. } = op {
            for (left, right) in op.old_range().zip(op.new_range()) {
                let (Some(before), Some(after)) = (old.get(left), new.get(right)) else { continue };
                if before.text != after.text {
                    text(right, after, words::pieces(&before.text, &after.text));
                }
            }
            continue;
        }
        for (index, message) in op.old_range().filter_map(|i| Some((i, old.get(i)?))) {
            text(index, message, vec![Piece::Removed(message.text.clone())]);
        }
        for (index, message) in op.new_range().filter_map(|i| Some((i, new.get(i)?))) {
            text(index, message, vec![Piece::Added(message.text.clone())]);
        }
    }
}

/// Examples are added, removed, or changed as wholes; a run of changed ones is paired in order.
fn examples(old: &[Example], new: &[Example], found: &mut Vec<Change>) {
    let written = |examples: &[Example]| {
        examples.iter().map(|example| as_json(example).to_string()).collect::<Vec<_>>()
    };
    let (old, new) = (written(old), written(new));
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        if let DiffOp::Equal { .. } = op {
            continue;
        }
        let (left, right) = (op.old_range(), op.new_range());
        for step in 0..left.len().max(right.len()) {
            let before = left.clone().nth(step);
            let after = right.clone().nth(step);
            let Some(index) = after.or(before) else { continue };
            let field = format!("examples[{index}]");
            let old = before.and_then(|i| old.get(i).cloned());
            let new = after.and_then(|i| new.get(i).cloned());
            found.push(json::value(&field, old, new));
        }
    }
}

fn outputs(old: &Content, new: &Content, found: &mut Vec<Change>) {
    let (old, new) = (&old.output, &new.output);
    let schemas = (old.schema.as_ref(), new.schema.as_ref());
    json::changes("output.schema", schemas.0, schemas.1, by_pointer, found);
    if old.insufficient != new.insufficient {
        let (old, new) = (old.insufficient.clone(), new.insufficient.clone());
        found.push(json::value("output.insufficient", old, new));
    }
    let fallbacks = (old.fallback.as_ref(), new.fallback.as_ref());
    json::changes("output.fallback", fallbacks.0, fallbacks.1, by_pointer, found);
}

fn models(old: &[Variant], new: &[Variant], found: &mut Vec<Change>) {
    for index in 0..old.len().max(new.len()) {
        let field = format!("models[{index}]");
        match (old.get(index), new.get(index)) {
            (Some(old), Some(new)) => {
                json::changes(&field, Some(&settings(old)), Some(&settings(new)), by_dot, found);
                messages(&format!("{field}.messages"), &old.messages, &new.messages, found);
            }
            (old, new) => {
                let shown = |v: Option<&Variant>| v.map(|v| json::shown(&as_json(v)));
                found.push(json::value(&field, shown(old), shown(new)));
            }
        }
    }
}

/// A variant's model and parameters side by side, as authors write them.
fn settings(variant: &Variant) -> Value {
    let mut fields = Map::new();
    fields.insert("model".into(), Value::from(variant.model.as_str()));
    fields.extend(variant.parameters.clone());
    Value::Object(fields)
}

fn limits(old: &Content, new: &Content, found: &mut Vec<Change>) {
    let (old, new) = (&old.limits, &new.limits);
    if old.cost_per_call != new.cost_per_call {
        let shown = |cost: Option<NanoUsd>| cost.map(|cost| cost.to_string());
        let (old, new) = (shown(old.cost_per_call), shown(new.cost_per_call));
        found.push(json::value("limits.cost_per_call", old, new));
    }
    if old.timeout_ms != new.timeout_ms {
        let shown = |ms: Option<u64>| ms.map(|ms| format!("{ms} ms"));
        let (old, new) = (shown(old.timeout_ms), shown(new.timeout_ms));
        found.push(json::value("limits.timeout", old, new));
    }
}
