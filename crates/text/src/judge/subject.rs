//! What a judge is shown.

use std::collections::BTreeMap;

use gatemark_core::variable::{Variable, VariableType};
use serde_json::{Map, Value};

use super::contract::Contract;

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The answer.
    pub answer: &'a str,
    /// The wanted answer, if there is one.
    pub expected: Option<&'a Value>,
    /// What the judged prompt was given.
    pub input: &'a Map<String, Value>,
    /// By what to judge, if said.
    pub criteria: Option<&'a str>,
    /// The judged prompt's system messages; empty if there are none.
    pub system: &'a str,
}

impl Subject<'_> {
    /// The values for the variables of a judge of single answers with this contract and these variables.
    ///
    /// # Errors
    /// What it needs and there is none of here, as the end of a sentence about the judge.
    pub fn values(
        &self,
        contract: &Contract,
        declared: &BTreeMap<String, Variable>,
    ) -> Result<Map<String, Value>, String> {
        let mut values = self.common(contract, declared)?;
        values.insert("answer".to_string(), self.answer.into());
        Ok(values)
    }

    /// The values that say what the answers are answers to.
    ///
    /// # Errors
    /// As [`Subject::values`].
    pub fn common(
        &self,
        contract: &Contract,
        declared: &BTreeMap<String, Variable>,
    ) -> Result<Map<String, Value>, String> {
        let mut values = Map::new();
        let mut give = |name: &str, value: Option<Value>| match value {
            Some(value) if contract.takes(name) => {
                values.insert(name.to_string(), value);
                Ok(())
            }
            None if contract.needs(name) => {
                Err(format!("needs `{name}`, which there is none of here"))
            }
            _ => Ok(()),
        };
        let kind = |name: &str| declared.get(name).map(|variable| &variable.kind);
        give("input", Some(input(self.input, kind("input"))))?;
        give("expected", self.expected.map(|value| fitted(value, kind("expected"))))?;
        give("criteria", self.criteria.map(Value::from))?;
        give("system", (!self.system.is_empty()).then(|| self.system.into()))?;
        Ok(values)
    }
}

/// The judged prompt's input: as it is for a judge that takes an object; else the text of a single
/// variable, or several as JSON.
fn input(variables: &Map<String, Value>, kind: Option<&VariableType>) -> Value {
    if kind == Some(&VariableType::Object) {
        return Value::Object(variables.clone());
    }
    let mut values = variables.values();
    match (values.next(), values.next()) {
        (Some(Value::String(text)), None) => text.as_str().into(),
        _ => Value::Object(variables.clone()).to_string().into(),
    }
}

/// `value`, as JSON if the variable takes texts alone.
fn fitted(value: &Value, kind: Option<&VariableType>) -> Value {
    match (kind, value) {
        (Some(VariableType::String), Value::String(_)) => value.clone(),
        (Some(VariableType::String), other) => other.to_string().into(),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_texts_or_json() {
        let one: Map<String, Value> = serde_json::from_str(r#"{"q": "hi"}"#).unwrap();
        let two: Map<String, Value> = serde_json::from_str(r#"{"q": "hi", "n": 1}"#).unwrap();
        assert_eq!(input(&one, Some(&VariableType::String)), "hi");
        assert_eq!(input(&two, Some(&VariableType::String)), r#"{"q":"hi","n":1}"#);
        assert!(input(&one, Some(&VariableType::Object)).is_object());
        assert_eq!(fitted(&serde_json::json!({"a": 1}), Some(&VariableType::String)), "{\"a\":1}");
    }
}
