//! Where attacks are put: into an untrusted variable, around a case's own text.

use gatemark_core::error::{Error, Result};
use gatemark_core::guard::Profile;
use gatemark_core::prompt::Version;
use gatemark_core::redteam::Family;
use gatemark_core::suite::Suite;
use gatemark_core::variable::{Variable, VariableType};
use gatemark_text::redteam::{Attack, Corpus};
use serde_json::{Map, Value, json};

/// Stands for what nobody has an example of.
const SAMPLE: &str = "Where is my order? It should have come last week.";

/// An attack in its place.
pub(super) struct Planted {
    pub(super) attack: Attack,
    /// The variable that it stands in.
    pub(super) variable: String,
    pub(super) variables: Map<String, Value>,
}

/// The values that attacks are put among.
pub(super) struct Bed {
    /// Untrusted variables with text, and where it comes from.
    open: Vec<(String, Profile)>,
    /// Values for all variables; at least one set.
    cases: Vec<Map<String, Value>>,
}

impl Bed {
    /// # Errors
    /// `Invalid` if no variable takes text from outside.
    pub(super) fn of(version: &Version, suite: Option<&Suite>) -> Result<Self> {
        let declared = &version.content.variables;
        let open: Vec<(String, Profile)> = declared
            .iter()
            .filter_map(|(name, variable)| Some((name.clone(), variable.profile()?)))
            .collect();
        if open.is_empty() {
            let message = format!(
                "`{}` has no variable that takes text from outside: there is nothing to attack",
                version.prompt
            );
            return Err(Error::invalid(message).coded("nothing_to_attack"));
        }
        let cases = suite.map(|suite| suite.cases.iter().map(|case| case.variables.clone()));
        let mut cases: Vec<_> = cases.into_iter().flatten().collect();
        if cases.is_empty() {
            cases.push(Map::new());
        }
        for case in &mut cases {
            for (name, variable) in declared {
                if !case.contains_key(name) {
                    let value = variable.default.clone().unwrap_or_else(|| sample(variable));
                    case.insert(name.clone(), value);
                }
            }
        }
        Ok(Self { open, cases })
    }

    /// The attack in a variable of its kind if there is one, among the values of one of the cases.
    pub(super) fn plant(
        &self,
        corpus: &Corpus,
        (family, place): (Family, usize),
        seed: u64,
    ) -> Planted {
        let wanted = match family {
            Family::Indirect => Profile::Document,
            _ => Profile::User,
        };
        let of_kind: Vec<&String> =
            self.open.iter().filter(|open| open.1 == wanted).map(|open| &open.0).collect();
        let any: Vec<&String> = self.open.iter().map(|open| &open.0).collect();
        let names = if of_kind.is_empty() { any } else { of_kind };
        let variable =
            names.get(place % names.len().max(1)).map_or(String::new(), |n| (*n).clone());
        let mut variables =
            self.cases.get(place % self.cases.len().max(1)).cloned().unwrap_or_default();
        let own = variables.get(&variable).and_then(longest).unwrap_or(SAMPLE);
        let attack = corpus.attack(family, place, seed, own);
        if let Some(value) = variables.get_mut(&variable) {
            put(value, &attack.text);
        }
        Planted { attack, variable, variables }
    }
}

fn sample(variable: &Variable) -> Value {
    match &variable.kind {
        VariableType::String => json!(SAMPLE),
        VariableType::Enum { values } => json!(values.first()),
        VariableType::Integer => json!(1),
        VariableType::Number => json!(1.5),
        VariableType::Boolean => json!(true),
        VariableType::List => json!([SAMPLE]),
        VariableType::Object => json!({ "text": SAMPLE }),
    }
}

/// The longest text in a value: what a reader would call its text.
fn longest(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Array(items) => items.iter().filter_map(longest).max_by_key(|text| text.len()),
        Value::Object(fields) => fields.values().filter_map(longest).max_by_key(|text| text.len()),
        _ => None,
    }
}

/// Puts `attack` in place of the longest text of `value`; into a list or object without one it comes as its own.
fn put(value: &mut Value, attack: &str) {
    let Some(old) = longest(value).map(str::to_string) else {
        match value {
            Value::Array(items) => items.push(json!(attack)),
            Value::Object(fields) => drop(fields.insert("text".into(), json!(attack))),
            other => *other = json!(attack),
        }
        return;
    };
    replace(value, &old, attack);
}

/// Whether it was found and replaced.
fn replace(value: &mut Value, old: &str, new: &str) -> bool {
    match value {
        Value::String(text) if text == old => {
            *text = new.to_string();
            true
        }
        Value::Array(items) => items.iter_mut().any(|item| replace(item, old, new)),
        Value::Object(fields) => fields.values_mut().any(|item| replace(item, old, new)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attack_takes_the_place_of_the_longest_text() {
        let mut value = json!([{"title": "T", "text": "the longer one"}, {"text": "short"}]);
        put(&mut value, "attack");
        assert_eq!(value, json!([{"title": "T", "text": "attack"}, {"text": "short"}]));
        for (mut empty, wanted) in
            [(json!([]), json!(["a"])), (json!({}), json!({"text": "a"})), (json!(""), json!("a"))]
        {
            put(&mut empty, "a");
            assert_eq!(empty, wanted);
        }
    }
}
