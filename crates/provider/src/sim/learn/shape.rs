//! Finds the shape of the answer that a prompt asks for: a JSON object, the bare label, or nothing said.
//!
//! A response schema binds as it would at a vendor; else the answers of the examples set the shape, then a
//! skeleton in the text, then words such as "only the label". A prompt that says nothing gets prose, so
//! that an under-specified prompt fails a check for equality, as it would with a large model.

use super::examples::Example;
use super::marks::{Side, side};
use super::schema;
use serde_json::{Map, Value, json};

/// What the answer should look like.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Shape {
    /// A JSON value like this one, with the label under the key.
    Json {
        /// Values to be replaced by their kind.
        like: Value,
        /// The key of the label.
        key: String,
        /// The labels that a schema allows there; empty if any.
        allowed: Vec<String>,
    },
    /// The label between these two texts, which are mostly empty.
    Label {
        /// What comes before it.
        before: String,
        /// What comes after it.
        after: String,
    },
    /// A sentence.
    Prose,
}

/// The shape that a prompt with this text, these examples and this schema asks for.
pub(super) fn find(text: &str, examples: &[Example], schema: Option<&Value>, cued: bool) -> Shape {
    if let Some(shape) = schema.and_then(schema::shape) {
        return shape;
    }
    let shown = examples.iter().find_map(|example| {
        let like = serde_json::from_str(&example.answer).ok().filter(Value::is_object)?;
        Some(Shape::Json { key: label_key(&like)?, like, allowed: Vec::new() })
    });
    if let Some(shape) = shown.or_else(|| skeleton(text)) {
        return shape;
    }
    let lower = text.to_lowercase();
    if lower.contains("json") && !lower.contains("no json") && !lower.contains("not json") {
        return named(text, &lower);
    }
    if cued || only_label(&lower) || examples.iter().any(|example| example.turn) {
        return Shape::Label { before: String::new(), after: String::new() };
    }
    Shape::Prose
}

/// The key of a JSON object under which its label stands.
pub(super) fn label_key(like: &Value) -> Option<String> {
    let fields = like.as_object()?;
    let texts = || fields.iter().filter(|(_, value)| value.is_string() || value.is_array());
    let named = texts().find(|(key, _)| side(key) == Some(Side::Answered));
    named.or_else(|| texts().find(|(key, _)| !is_reason(key))).map(|(key, _)| key.clone())
}

fn is_reason(key: &str) -> bool {
    let key = key.to_lowercase();
    ["reason", "why", "expla", "comment", "note", "summary", "rationale", "evidence", "language"]
        .iter()
        .any(|part| key.contains(part))
}

/// The JSON skeleton in a text, however loosely it is written.
fn skeleton(text: &str) -> Option<Shape> {
    for (at, _) in text.match_indices('{').take(200) {
        let part = balanced(text.get(at..)?)?;
        let like = serde_json::from_str(part).ok().filter(Value::is_object).or_else(|| loose(part));
        let Some(like) = like else { continue };
        let asks = like.as_object().is_some_and(|fields| {
            fields.keys().any(|key| side(key) == Some(Side::Asked)) && fields.len() == 2
        });
        if let Some(key) = label_key(&like).filter(|_| !asks) {
            return Some(Shape::Json { like, key, allowed: Vec::new() });
        }
    }
    None
}

/// From the opening brace to the one that closes it.
fn balanced(text: &str) -> Option<&str> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate().take(4096) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return text.get(..=at);
        }
    }
    Some("")
}

/// `{"intent": <label>, "confidence": <0..1>}` and its like.
fn loose(text: &str) -> Option<Value> {
    let mut fields = Map::new();
    let mut parts = text.split('"');
    let mut before = parts.next()?;
    for part in parts {
        if let (Some(key), Some(kind)) =
            (fields.keys().next_back().cloned(), part.trim().strip_prefix(':'))
        {
            let kind = kind.trim().to_lowercase();
            let number =
                kind.trim_start_matches(['<', '[', '(']).starts_with(|c: char| c.is_ascii_digit())
                    || ["number", "float", "score", "int", "prob"]
                        .iter()
                        .any(|word| kind.contains(word));
            let value = match kind.chars().next() {
                Some('[') if !number => json!([]),
                _ if number => json!(0.5),
                _ if kind.contains("true") || kind.contains("bool") => json!(true),
                _ => json!(""),
            };
            fields.insert(key, value);
        } else if before.trim_end().ends_with(['{', ',']) || before.contains(',') {
            fields.insert(part.to_owned(), Value::Null);
        }
        before = part;
    }
    fields.retain(|_, value| !value.is_null());
    (!fields.is_empty()).then_some(Value::Object(fields))
}

/// JSON asked for in words: the quoted words of a sentence about keys or fields, else one likely key.
fn named(text: &str, lower: &str) -> Shape {
    let mut fields = Map::new();
    let about = |line: &&str| ["key", "field", "propert"].iter().any(|word| line.contains(word));
    for line in text.split(['\n', '.']).filter(about) {
        for name in line.split(['"', '`']).skip(1).step_by(2) {
            let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if plain && !name.is_empty() {
                let value = if is_share(name) { json!(0.5) } else { json!("") };
                fields.insert(name.to_owned(), value);
            }
        }
    }
    let mut like = Value::Object(fields);
    let key = label_key(&like).unwrap_or_else(|| {
        let likely = ["intent", "category", "label", "class", "sentiment", "topic"];
        (*likely.iter().find(|word| lower.contains(**word)).unwrap_or(&"answer")).to_owned()
    });
    if let Some(fields) = like.as_object_mut() {
        fields.entry(key.as_str()).or_insert(json!(""));
    }
    Shape::Json { like, key, allowed: Vec::new() }
}

/// Whether a key names a confidence.
pub(super) fn is_share(key: &str) -> bool {
    let key = key.to_lowercase();
    ["confidence", "score", "prob", "certain", "likelihood"].iter().any(|part| key.contains(part))
}

/// Whether some sentence asks for the label and nothing else.
fn only_label(lower: &str) -> bool {
    const VERBS: [&str; 11] = [
        "answer", "reply", "respond", "return", "output", "print", "write", "give", "say", "emit",
        "produce",
    ];
    const LIMITS: [&str; 8] =
        ["only", "just", "exactly", "nothing else", "nothing but", "single", "one of", "verbatim"];
    const THINGS: [&str; 14] = [
        "label",
        "intent",
        "categor",
        "class",
        "name",
        "word",
        "one of",
        "nothing",
        "tag",
        "topic",
        "sentiment",
        "option",
        "choice",
        "department",
    ];
    lower.split(['.', '\n', '!', ';']).any(|sentence| {
        let has = |words: &[&str]| words.iter().any(|word| sentence.contains(word));
        has(&[
            "label only",
            "intent only",
            "no other text",
            "no explanation",
            "without explanation",
        ]) || has(&VERBS) && has(&LIMITS) && has(&THINGS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> (Value, String) {
        match find(text, &[], None, false) {
            Shape::Json { like, key, .. } => (like, key),
            other => unreachable!("{text}: {other:?}"),
        }
    }

    fn is_label(text: &str) -> bool {
        matches!(find(text, &[], None, false), Shape::Label { .. })
    }

    #[test]
    fn finds_skeletons_strict_and_loose() {
        for text in [
            "Answer as {\"intent\": \"...\", \"confidence\": 0.0} and nothing else.",
            "Return JSON:\n```json\n{\n  \"intent\": <label>,\n  \"confidence\": <0..1>\n}\n```",
            "Return {\"intent\": \"<one of the labels>\", \"confidence\": number}",
        ] {
            let (like, key) = json(text);
            let names: Vec<_> = like.as_object().unwrap().keys().cloned().collect();
            assert_eq!(
                (key.as_str(), names),
                ("intent", vec!["intent".into(), "confidence".into()])
            );
            assert!(like["confidence"].is_number(), "{text} {like}");
        }
        let (like, key) = json("Reply in JSON with the keys \"category\" and \"score\".");
        assert!(key == "category" && like["score"].is_number());
        assert_eq!(json("Find the intent. Reply in JSON.").1, "intent");
    }

    #[test]
    fn tells_the_bare_label_from_prose() {
        for text in [
            "Answer with only the label.",
            "Reply with exactly one of: a, b, c",
            "Output the intent name and nothing else.",
            "Label only, please.",
        ] {
            assert!(is_label(text), "{text}");
        }
        for text in ["", "Classify the message.", "Labels: a, b, c", "Only use what you know."] {
            assert_eq!(find(text, &[], None, false), Shape::Prose, "{text}");
        }
        assert!(matches!(find("", &[], None, true), Shape::Label { .. }));
    }

    #[test]
    fn examples_in_json_set_the_shape() {
        let answer = "{\"sentiment\": \"good\", \"score\": 0.9}".to_owned();
        let example = Example { text: "x".into(), answer, turn: true };
        let found = find("Answer with only the label.", &[example], None, false);
        assert!(matches!(found, Shape::Json { key, .. } if key == "sentiment"));
    }
}
