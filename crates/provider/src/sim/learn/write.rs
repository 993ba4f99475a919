//! Writes the answer in the shape that the prompt asks for, or, if the vendor's settings say so, broken.

use super::features::{hash, mix};
use super::shape::{Shape, is_share};
use serde_json::{Value, json};

/// What there is to say.
pub(super) struct Finding<'a> {
    /// The label.
    pub(super) label: &'a str,
    /// How likely it is right, in 0..=1.
    pub(super) confidence: f32,
    /// The words that spoke for it.
    pub(super) words: &'a [String],
    /// The message, which chooses among phrasings.
    pub(super) message: &'a str,
}

impl Finding<'_> {
    /// One short sentence.
    fn reason(&self) -> String {
        match self.words {
            [] => "Nothing in the message is close to what the prompt shows.".to_owned(),
            words => format!("The message mentions {}.", words.join(", ")),
        }
    }

    fn share(&self) -> f64 {
        (f64::from(self.confidence) * 100.0).round() / 100.0
    }
}

/// The answer.
pub(super) fn answer(shape: &Shape, finding: &Finding<'_>) -> String {
    match shape {
        Shape::Json { like, key, .. } => filled(like, key, finding, 0).to_string(),
        Shape::Label { before, after } => format!("{before}{}{after}", finding.label),
        Shape::Prose => {
            let label = finding.label;
            match hash(3, finding.message) % 3 {
                0 => format!("This message looks like it is about {label}."),
                1 => format!("I would classify this as {label}. {}", finding.reason()),
                _ => format!("Based on the wording, the best match is {label}."),
            }
        }
    }
}

/// The template with its values replaced by kind.
fn filled(like: &Value, key: &str, finding: &Finding<'_>, depth: usize) -> Value {
    let Value::Object(fields) = like else { return like.clone() };
    let value = |name: &String, value: &Value| match value {
        Value::Array(_) if name == key && depth == 0 => json!([finding.label]),
        _ if name == key && depth == 0 => json!(finding.label),
        Value::Number(number) if is_share(name) => {
            let percent = number.as_f64().is_some_and(|number| number > 1.0);
            if percent { json!((finding.share() * 100.0).round()) } else { json!(finding.share()) }
        }
        Value::String(text) if text.is_empty() || text.contains(' ') || text.contains("..") => {
            json!(finding.reason())
        }
        Value::Object(_) if depth < 8 => filled(value, key, finding, depth + 1),
        other => other.clone(),
    };
    Value::Object(fields.iter().map(|(name, old)| (name.clone(), value(name, old))).collect())
}

/// The answer in a broken format; `seed` chooses how.
pub(super) fn malformed(shape: &Shape, finding: &Finding<'_>, seed: u64) -> String {
    let good = answer(shape, finding);
    let Shape::Json { key, .. } = shape else {
        let label = finding.label;
        return match mix(seed) % 5 {
            0 => format!("Sure! Here is the label: {label}"),
            1 => format!("**{label}**."),
            2 => format!("{{\"label\": \"{label}\""),
            3 => format!("{good}\n\nLet me know if you need anything else!"),
            _ => format!("I'm sorry, as a language model I {}", finding.reason()),
        };
    };
    match mix(seed) % 5 {
        0 => good.get(..good.floor_char_boundary(good.len() * 2 / 3)).unwrap_or("{").to_owned(),
        1 => format!("Sure! Here is the JSON you asked for:\n\n{good}"),
        2 => good.replacen(&format!("\"{key}\""), &format!("\"{key}_value\""), 1),
        3 => good.replace('"', "'"),
        _ => format!("{},}}", good.strip_suffix('}').unwrap_or(&good)),
    }
}

/// An answer where nothing is to be classified: one to three sentences of the message itself, those that
/// share most words with the rest of it.
pub(super) fn extract(message: &str) -> String {
    let sentences: Vec<&str> = message
        .split_inclusive(['.', '!', '?', '\n', '。'])
        .map(str::trim)
        .filter(|sentence| sentence.chars().any(char::is_alphanumeric))
        .take(200)
        .collect();
    let words = |text: &str| {
        let all = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
        all.filter(|word| word.chars().count() > 3).collect::<Vec<_>>()
    };
    let mut counts = std::collections::HashMap::<String, usize>::new();
    for word in sentences.iter().flat_map(|sentence| words(sentence)) {
        *counts.entry(word).or_default() += 1;
    }
    let weigh = |sentence: &str| -> usize {
        words(sentence).iter().filter_map(|word| counts.get(word)).map(|n| n.min(&3)).sum()
    };
    let mut ranked: Vec<(usize, usize)> =
        sentences.iter().enumerate().map(|(place, text)| (weigh(text), place)).collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut chosen: Vec<usize> = ranked.into_iter().take(3).map(|(_, place)| place).collect();
    chosen.sort_unstable();
    let parts: Vec<&str> =
        chosen.iter().filter_map(|place| sentences.get(*place).copied()).collect();
    if parts.is_empty() {
        return "There is nothing in the message that I could answer.".to_owned();
    }
    let text = parts.join(" ");
    format!("In short: {}", text.get(..text.floor_char_boundary(600)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINDING: Finding<'static> =
        Finding { label: "hand_tool", confidence: 0.876, words: &[], message: "it cuts" };

    fn json_shape() -> Shape {
        let like = json!({"intent": "pet", "confidence": 0.5, "why": "", "v": {"n": 2}});
        Shape::Json { like, key: "intent".into(), allowed: Vec::new() }
    }

    #[test]
    fn fills_a_template_by_kind() {
        let got: Value = serde_json::from_str(&answer(&json_shape(), &FINDING)).unwrap();
        assert_eq!((&got["intent"], &got["confidence"]), (&json!("hand_tool"), &json!(0.88)));
        assert!(got["why"].as_str().unwrap().len() > 5);
        assert_eq!(got["v"]["n"], json!(2));
    }

    #[test]
    fn writes_labels_and_prose() {
        let label = Shape::Label { before: "Intent: ".into(), after: ".".into() };
        assert_eq!(answer(&label, &FINDING), "Intent: hand_tool.");
        let prose = answer(&Shape::Prose, &FINDING);
        assert!(prose.contains("hand_tool") && prose != "hand_tool");
    }

    #[test]
    fn malformed_is_malformed() {
        let bare = Shape::Label { before: String::new(), after: String::new() };
        for seed in 0..50 {
            let broken = malformed(&json_shape(), &FINDING, seed);
            let read: Option<Value> = serde_json::from_str(&broken).ok();
            assert!(read.is_none_or(|value| value.get("intent").is_none()), "{broken}");
            assert_ne!(malformed(&bare, &FINDING, seed).trim(), "hand_tool");
            assert_eq!(broken, malformed(&json_shape(), &FINDING, seed));
        }
    }

    #[test]
    fn extracts_from_the_message() {
        let text =
            "The cat sat. It rained all day long. The cat liked the warm rained-on cat house.";
        let got = extract(text);
        assert!(got.starts_with("In short: ") && got.contains("cat house"));
        assert!(!extract("").is_empty());
    }
}
