//! The fields of a version's content, each compared in the way that suits it.

use gatemark_core::NanoUsd;
use gatemark_core::prompt::{Content, Example, Message, Review, Variant};
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
    if old.choose != new.choose {
        let (old, new) = (old.choose.as_ref(), new.choose.as_ref());
        let (old, new) = (old.map(|c| as_json(c).to_string()), new.map(|c| as_json(c).to_string()));
        found.push(json::value("examples.choose", old, new));
    }
    outputs(old, new, &mut found);
    models(&old.models, &new.models, &mut found);
    if old.cascade != new.cascade {
        let shown = |content: &Content| content.cascade.as_ref().map(|c| json::shown(&as_json(c)));
        found.push(json::value("cascade", shown(old), shown(new)));
    }
    if old.conversation != new.conversation {
        let shown =
            |content: &Content| content.conversation.as_ref().map(|c| json::shown(&as_json(c)));
        found.push(json::value("conversation", shown(old), shown(new)));
    }
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
    let mut cuts = vec![];
    for op in capture_diff_slices(Algorithm::Myers, &roles(old), &roles(new)) {
        if let DiffOp::Equal { .. } = op {
            for (left, right) in op.old_range().zip(op.new_range()) {
                let (Some(before), Some(after)) = (old.get(left), new.get(right)) else { continue };
                if before.text != after.text {
                    text(right, after, words::pieces(&before.text, &after.text));
                }
                cuts.extend(cut(&name(right, after), before, after));
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
    found.extend(cuts);
}

/// What a message may lose, where that differs.
fn cut(name: &str, old: &Message, new: &Message) -> Option<Change> {
    let shown = |message: &Message| {
        let truncate = message.truncate.map(|truncate| truncate.word().to_string())?;
        let priority = message.priority.map(|priority| format!(", priority {priority}"));
        Some(truncate + &priority.unwrap_or_default())
    };
    let (old, new) = (shown(old), shown(new));
    (old != new).then(|| json::value(&format!("{name}.truncate"), old, new))
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
    if old.repairs() != new.repairs() {
        let (old, new) = (old.repairs().to_string(), new.repairs().to_string());
        found.push(json::value("output.repair", Some(old), Some(new)));
    }
    if old.streaming() != new.streaming() {
        let shown = |value| Some(json::shown(&as_json(&value)));
        let (old, new) = (shown(old.streaming()), shown(new.streaming()));
        found.push(json::value("output.stream", old, new));
    }
    if old.review != new.review {
        let when = |review: &Option<Review>| review.as_ref().map(|review| review.when.clone());
        found.push(json::value("output.review.when", when(&old.review), when(&new.review)));
    }
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
    if old.input_tokens != new.input_tokens {
        let shown = |tokens: Option<u64>| tokens.map(|tokens| tokens.to_string());
        let (old, new) = (shown(old.input_tokens), shown(new.input_tokens));
        found.push(json::value("limits.max_input_tokens", old, new));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn base() -> Value {
        json!({
            "variables": {
                "text": {"type": "string", "trust": "untrusted"},
                "tone": {"type": "enum", "values": ["a", "b"], "trust": "trusted", "default": "a"},
            },
            "messages": [
                {"role": "system", "text": "Answer in three bullets."},
                {"role": "user", "text": "{{ text }}"},
            ],
            "examples": [{"variables": {"text": "x"}, "output": "y"}],
            "output": {"schema": {"type": "object", "properties": {"action": {"type": "string"}}}},
            "models": [{"model": "openai/gpt-4o-2024-08-06", "parameters": {"temperature": 0.3}}],
            "limits": {"cost_per_call": 50_000_000},
        })
    }

    /// The changes after `edit`, one line each.
    fn changed(edit: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut new = base();
        edit(&mut new);
        let read = |value: Value| -> Content { serde_json::from_value(value).unwrap() };
        let none = || "-".to_owned();
        contents(&read(base()), &read(new))
            .into_iter()
            .map(|change| match change {
                Change::Text { field, pieces } => format!("{field}: {}", pieces.len()),
                Change::Value { field, old, new } => {
                    format!("{field}: {} > {}", old.unwrap_or_else(none), new.unwrap_or_else(none))
                }
            })
            .collect()
    }

    #[test]
    fn equal_contents_do_not_differ() {
        assert_eq!(changed(|_| {}), [""; 0]);
    }

    #[test]
    fn each_field_is_named_as_authors_write_it() {
        let one = |edit: fn(&mut Value), line: &str| assert_eq!(changed(edit), [line]);
        one(
            |c| c["messages"][0]["text"] = json!("Answer in two bullets."),
            "messages[0].system: 4",
        );
        one(
            |c| c["variables"]["tone"]["values"] = json!(["a"]),
            r#"variables.tone.values: ["a","b"] > ["a"]"#,
        );
        one(
            |c| c["variables"]["n"] = json!({"type": "integer", "trust": "trusted"}),
            r#"variables.n: - > {"type":"integer","trust":"trusted"}"#,
        );
        one(
            |c| c["output"]["schema"]["properties"]["action"]["type"] = json!("integer"),
            "output.schema/properties/action/type: string > integer",
        );
        one(|c| c["output"]["insufficient"] = json!("NO"), "output.insufficient: - > NO");
        one(|c| c["output"]["fallback"] = json!({"a": 1}), r#"output.fallback: - > {"a":1}"#);
        one(
            |c| c["models"][0]["parameters"]["temperature"] = json!(0.5),
            "models[0].temperature: 0.3 > 0.5",
        );
        one(
            |c| c["limits"]["cost_per_call"] = json!(60_000_000),
            "limits.cost_per_call: $0.05 > $0.06",
        );
        one(|c| c["limits"]["timeout_ms"] = json!(10), "limits.timeout: - > 10 ms");
        one(
            |c| c["examples"] = json!([]),
            r#"examples[0]: {"variables":{"text":"x"},"output":"y"} > -"#,
        );
        one(
            |c| c["models"][0]["messages"] = json!([{"role": "system", "text": "short"}]),
            "models[0].messages[0].system: 1",
        );
    }

    #[test]
    fn a_message_in_front_does_not_shift_the_others() {
        let front = json!({"role": "assistant", "text": "hello"});
        let lines = changed(|c| c["messages"].as_array_mut().unwrap().insert(0, front));
        assert_eq!(lines, ["messages[0].assistant: 1"]);
    }

    #[test]
    fn the_order_of_a_schemas_keys_is_part_of_a_version() {
        let schema = json!({"properties": {"action": {"type": "string"}}, "type": "object"});
        assert_eq!(
            changed(|c| c["output"]["schema"] = schema),
            ["output.schema (order): type, properties > properties, type"]
        );
    }

    #[test]
    fn changes_have_a_plain_json_form() {
        let change = Change::Text { field: "f".into(), pieces: vec![Piece::Added("x".into())] };
        let form = serde_json::to_value(&change).unwrap();
        assert_eq!(form, json!({"text": {"field": "f", "pieces": [{"added": "x"}]}}));
    }
}
