//! An assertion as it was written, and what reading it can give.

use std::collections::BTreeMap;

use gatemark_core::id::ModelName;
use gatemark_core::suite::CheckSpec;
use serde_json::{Map, Value};

use super::folder::Folder;
use super::node::Node;

/// What an assertion is read with.
pub(super) struct Around<'a> {
    pub(super) folder: &'a dyn Folder,
    /// The case's variables, which assertions may name.
    pub(super) variables: &'a Map<String, Value>,
    /// `assertionTemplates` of the configuration, which `$ref` means.
    pub(super) templates: Option<&'a Node>,
    /// Our models by what the user calls them.
    pub(super) models: &'a BTreeMap<String, ModelName>,
}

/// Why an assertion is left out: what it is, and what to do.
#[derive(Debug, PartialEq)]
pub(super) struct Objection {
    pub(super) kind: String,
    pub(super) advice: String,
}

/// An assertion as checks.
#[derive(Debug, Default)]
pub(super) struct Translated {
    pub(super) checks: Vec<CheckSpec>,
    /// The wanted answer, for judges that compare with it.
    pub(super) expected: Option<Value>,
    /// What is not quite the same: kind and advice.
    pub(super) notes: Vec<(String, String)>,
}

pub(super) fn objection(kind: impl Into<String>, advice: impl Into<String>) -> Objection {
    Objection { kind: kind.into(), advice: advice.into() }
}

/// An assertion with its value.
pub(super) struct Written<'a> {
    pub(super) kind: &'a str,
    pub(super) node: &'a Node,
    pub(super) value: Value,
}

impl Written<'_> {
    pub(super) fn threshold(&self) -> Option<f64> {
        self.node.get("threshold").and_then(Node::number)
    }

    /// The value as a text: numbers and the like as JavaScript writes them.
    pub(super) fn text(&self) -> Result<String, Objection> {
        match &self.value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(_) | Value::Bool(_) => Ok(self.value.to_string()),
            _ => Err(self.wrong("needs a text as `value`")),
        }
    }

    pub(super) fn wrong(&self, advice: &str) -> Objection {
        objection(format!("assertion {}", self.kind), advice)
    }
}
