//! Typed inputs of a prompt, and the check that a caller's values fit them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::context::{Order, PRIORITY_OF_LISTS, PRIORITY_OF_TEXTS, Truncate};
use crate::diagnostic::did_you_mean;
use crate::guard::Profile;
use crate::guard_policy::Spotlight;

/// What a variable may hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum VariableType {
    /// Any text.
    String,
    /// One of a fixed list of texts.
    Enum {
        /// The allowed texts, in the author's order; at least one.
        values: Vec<String>,
    },
    /// A whole number that fits `i64`.
    Integer,
    /// Any JSON number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list of anything.
    List,
    /// A JSON object.
    Object,
}

impl VariableType {
    /// The word users write.
    pub fn word(&self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Enum { .. } => "enum",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Object => "object",
        }
    }

    /// Why `value` does not fit; `None` if it does.
    pub fn objection(&self, value: &Value) -> Option<String> {
        let fits = match self {
            Self::String => value.is_string(),
            Self::Enum { values } => {
                let text = value.as_str();
                if text.is_some_and(|text| values.iter().any(|allowed| allowed == text)) {
                    return None;
                }
                return Some(format!("must be one of {}, not {}", values.join(", "), brief(value)));
            }
            Self::Integer => value.is_i64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Object => value.is_object(),
        };
        (!fits).then(|| format!("must be of type {}, not {}", self.word(), brief(value)))
    }
}

/// A value shown in an error, cut to a readable length.
fn brief(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 40 {
        return text;
    }
    let head: String = text.chars().take(37).collect();
    format!("{head}...")
}

/// Where a value comes from, and so how far its text may be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// Written by the application.
    Trusted,
    /// Written by somebody outside: users, documents, web pages. The default, because forgetting to say
    /// so must not open a door.
    #[default]
    Untrusted,
}

/// One declared input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variable {
    /// What it may hold.
    #[serde(flatten)]
    pub kind: VariableType,
    /// How far its text may be believed.
    pub trust: Trust,
    /// Longest text in tokens (o200k); `None` for no own bound. Longer ones are refused, or cut if
    /// `truncate` says how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// What stays of a longer one; `None` if nothing may be cut. For strings and lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncate: Option<Truncate>,
    /// How important it is among the parts that may be cut, see [`crate::context::PRIORITIES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// The order in which a list's items are shown; `None` for the one that they came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// Used when the caller gives none; a variable without a default is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Where an untrusted text comes from; `None` for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Profile>,
    /// How an untrusted text is set apart from instructions; `None` if it is not, as before that was possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spotlight: Option<Spotlight>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Variable {
    /// Whether callers must give it.
    pub fn is_required(&self) -> bool {
        self.default.is_none()
    }

    /// How its text is set apart from instructions, if it is: trusted text never is.
    pub fn spotlight(&self) -> Option<Spotlight> {
        let untrusted = self.trust == Trust::Untrusted;
        self.spotlight.filter(|how| untrusted && *how != Spotlight::None)
    }

    /// How an untrusted text is looked at; `None` for what the application writes, and for what has no text of
    /// its own.
    pub fn profile(&self) -> Option<Profile> {
        let free = !matches!(
            self.kind,
            VariableType::Enum { .. }
                | VariableType::Integer
                | VariableType::Number
                | VariableType::Boolean
        );
        (free && self.trust == Trust::Untrusted).then(|| self.source.unwrap_or_default())
    }

    /// How important it is among the parts that may be cut.
    pub fn priority(&self) -> u8 {
        self.priority.unwrap_or(match self.kind {
            VariableType::List => PRIORITY_OF_LISTS,
            _ => PRIORITY_OF_TEXTS,
        })
    }

    /// The bound over which a text is refused.
    pub fn refused_over(&self) -> Option<u32> {
        self.max_tokens.filter(|_| self.truncate.is_none())
    }
}

/// One thing wrong with a caller's variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The variable.
    pub name: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// Completes `given` with defaults, or lists everything wrong with it.
pub fn bind(
    declared: &BTreeMap<String, Variable>,
    given: &Map<String, Value>,
) -> Result<BTreeMap<String, Value>, Vec<Mismatch>> {
    let mut problems = Vec::new();
    for name in given.keys().filter(|name| !declared.contains_key(*name)) {
        let hint = did_you_mean(name, declared.keys().map(String::as_str))
            .map(|close| format!("; did you mean `{close}`?"))
            .unwrap_or_default();
        let problem = format!("is not a variable of this prompt{hint}");
        problems.push(Mismatch { name: name.clone(), problem });
    }
    let mut bound = BTreeMap::new();
    for (name, variable) in declared {
        match given.get(name).or(variable.default.as_ref()) {
            None => problems
                .push(Mismatch { name: name.clone(), problem: "is required and missing".into() }),
            Some(value) => match variable.kind.objection(value) {
                Some(problem) => problems.push(Mismatch { name: name.clone(), problem }),
                None => drop(bound.insert(name.clone(), value.clone())),
            },
        }
    }
    if problems.is_empty() { Ok(bound) } else { Err(problems) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn declared() -> BTreeMap<String, Variable> {
        serde_json::from_value(json!({
            "ticket": {"type": "string", "trust": "untrusted"},
            "tone": {"type": "enum", "values": ["neutral", "friendly"], "trust": "trusted", "default": "neutral"},
            "count": {"type": "integer", "trust": "trusted", "default": 3},
        }))
        .unwrap()
    }

    #[test]
    fn defaults_complete_what_is_given() {
        let given = json!({"ticket": "broken"});
        let bound = bind(&declared(), given.as_object().unwrap()).unwrap();
        assert_eq!(bound["tone"], "neutral");
        assert_eq!(bound["count"], 3);
    }

    #[test]
    fn every_problem_is_listed() {
        let given = json!({"tikcet": "x", "tone": "rude", "count": 1.5});
        let problems = bind(&declared(), given.as_object().unwrap()).unwrap_err();
        let text = |i: usize| format!("{} {}", problems[i].name, problems[i].problem);
        assert_eq!(problems.len(), 4);
        assert!(text(0).contains("did you mean `ticket`"), "{}", text(0));
        assert!(text(1).contains("count must be of type integer"), "{}", text(1));
        assert!(text(2).contains("ticket is required"), "{}", text(2));
        assert!(text(3).contains("one of neutral, friendly"), "{}", text(3));
    }
}
