//! Which texts of a call are compared by meaning, and what has to be equal beside them.
//!
//! Only free texts have a meaning that may come close. Choices, numbers, flags, lists and objects have to be
//! equal, and so do the numbers that are written in the texts: order 17 is not order 18, however alike the
//! two requests sound.

use std::collections::BTreeMap;

use gatemark_core::variable::{Variable, VariableType};
use serde_json::Value;

/// Longest text that is made a vector of, in bytes; embedders read only the beginning of longer ones.
const MOST: usize = 8 * 1024;

/// A call's variables, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// What is compared by meaning.
    pub(crate) text: String,
    /// What has to be equal.
    pub(crate) same: String,
}

impl Meaning {
    /// `None` if nothing may be compared by meaning: there is no text, or more than embedders read.
    pub(crate) fn of(
        declared: &BTreeMap<String, Variable>,
        bound: &BTreeMap<String, Value>,
    ) -> Option<Self> {
        let (mut texts, mut same) = (vec![], BTreeMap::new());
        for (name, value) in bound {
            let free = declared
                .get(name)
                .is_some_and(|variable| matches!(variable.kind, VariableType::String));
            match value.as_str().filter(|_| free) {
                Some(text) => texts.push((name, text)),
                None => drop(same.insert(name.as_str(), value.to_string())),
            }
        }
        let text = match texts.as_slice() {
            [(_, text)] => (*text).to_string(),
            several => several.iter().map(|(name, text)| format!("{name}: {text}\n")).collect(),
        };
        if text.trim().is_empty() || text.len() > MOST {
            return None;
        }
        let numbers: Vec<Vec<&str>> = texts.iter().map(|(_, text)| numbers(text)).collect();
        let names: Vec<&String> = texts.iter().map(|(name, _)| *name).collect();
        let same = serde_json::to_string(&(names, same, numbers)).ok()?;
        Some(Self { text, same })
    }
}

/// The numbers in `text`, in order, however they are separated.
fn numbers(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_numeric()).filter(|digits| !digits.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(declared: Value, bound: Value) -> Option<Meaning> {
        let declared = serde_json::from_value(declared).unwrap();
        Meaning::of(&declared, &serde_json::from_value(bound).unwrap())
    }

    fn one(text: &str) -> Option<Meaning> {
        of(json!({"message": {"type": "string", "trust": "untrusted"}}), json!({"message": text}))
    }

    #[test]
    fn texts_are_compared_and_the_rest_is_equal() {
        let declared = json!({
            "message": {"type": "string", "trust": "untrusted"},
            "lang": {"type": "enum", "values": ["de", "en"], "trust": "trusted"},
            "count": {"type": "integer", "trust": "trusted"},
        });
        let bound = |message: &str, lang: &str, count: u32| json!({"message": message, "lang": lang, "count": count});
        let base = of(declared.clone(), bound("Where is it?", "en", 1)).unwrap();
        assert_eq!(base.text, "Where is it?");
        let same = |bound| of(declared.clone(), bound).unwrap().same == base.same;
        assert!(same(bound("Where could it be?", "en", 1)));
        assert!(!same(bound("Where is it?", "de", 1)));
        assert!(!same(bound("Where is it?", "en", 2)));
    }

    #[test]
    fn numbers_in_texts_are_equal() {
        let same = |a: &str, b: &str| one(a).unwrap().same == one(b).unwrap().same;
        assert!(same("Order 17 is late", "My order, number 17, is late"));
        assert!(!same("Order 17 is late", "Order 18 is late"));
        assert!(!same("From 1 to 2", "From 2 to 1"));
        assert!(!same("It costs 1.50", "It costs 150"));
    }

    #[test]
    fn nothing_to_compare() {
        assert_eq!(one("  "), None);
        assert_eq!(one(&"x".repeat(MOST + 1)), None);
        assert_eq!(
            of(json!({"n": {"type": "integer", "trust": "trusted"}}), json!({"n": 1})),
            None
        );
    }
}
