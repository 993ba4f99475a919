//! Whether an answer keeps the contract that its version made about output.
//!
//! Strict on purpose: a code fence or a sentence around the JSON makes it off format, since callers feed
//! the answer to a parser. What to do about it (repair, fallback, pass on) is for the gateway to decide.

use gatemark_core::prompt::Output;
use serde_json::Value;

use crate::schema::{SchemaProblem, Validator};

/// How an answer stands to the contract.
#[derive(Debug, Clone, PartialEq)]
pub enum Conformance {
    /// It keeps it; carries the parsed JSON if the version has a schema.
    Valid(Option<Value>),
    /// The model says, by the agreed marker, that it lacks information.
    Insufficient,
    /// It breaks it, and why.
    OffFormat(String),
}

/// The compiled contract of one version.
#[derive(Debug, Clone)]
pub struct Contract {
    insufficient: Option<String>,
    schema: Option<Validator>,
}

impl Contract {
    /// Compiles the contract; fails if the schema is wrong.
    pub fn compile(output: &Output) -> Result<Self, SchemaProblem> {
        let marker = output.insufficient.as_deref().map(str::trim).filter(|text| !text.is_empty());
        Ok(Self {
            insufficient: marker.map(str::to_owned),
            schema: output.schema.as_ref().map(Validator::compile).transpose()?,
        })
    }

    /// Judges a model's whole answer. White space around it never matters.
    pub fn judge(&self, answer: &str) -> Conformance {
        let answer = answer.trim();
        if self.insufficient.as_deref() == Some(answer) {
            return Conformance::Insufficient;
        }
        if answer.is_empty() {
            return Conformance::OffFormat("the answer is empty".into());
        }
        match &self.schema {
            None => Conformance::Valid(None),
            Some(schema) => judge_json(schema, answer),
        }
    }
}

fn judge_json(schema: &Validator, answer: &str) -> Conformance {
    let value: Value = match serde_json::from_str(answer) {
        Ok(value) => value,
        Err(error) => return Conformance::OffFormat(not_json(answer, &error)),
    };
    // The quick test first: almost every answer passes, and listing problems is slower.
    if schema.accepts(&value) {
        return Conformance::Valid(Some(value));
    }
    let problems = schema.problems(&value).join("; ");
    Conformance::OffFormat(format!("the answer does not fit the schema: {problems}"))
}

fn not_json(answer: &str, error: &serde_json::Error) -> String {
    if answer.starts_with("```") {
        "the answer is wrapped in a code fence; it must be the JSON alone".into()
    } else {
        format!("the answer is not exactly one JSON value: {error}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn contract(output: Value) -> Contract {
        Contract::compile(&serde_json::from_value(output).unwrap()).unwrap()
    }

    fn why(contract: &Contract, answer: &str) -> String {
        match contract.judge(answer) {
            Conformance::OffFormat(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn with_a_schema_the_answer_is_one_json_value() {
        let contract = contract(json!({
            "schema": {"type": "object", "required": ["a"]}, "insufficient": "NO_DATA",
        }));
        assert_eq!(contract.judge(" {\"a\": 1}\n"), Conformance::Valid(Some(json!({"a": 1}))));
        assert_eq!(contract.judge("\nNO_DATA "), Conformance::Insufficient);
        assert!(why(&contract, "```json\n{\"a\":1}\n```").contains("code fence"));
        assert!(why(&contract, "Here: {\"a\":1}").contains("one JSON value"));
        assert!(why(&contract, "{\"a\":1} {}").contains("one JSON value"));
        assert!(why(&contract, "{\"b\":1}").contains("\"a\""));
        assert!(why(&contract, "NO_DATA.").contains("one JSON value"));
        assert!(why(&contract, &"[".repeat(100_000)).contains("one JSON value"));
    }

    #[test]
    fn without_a_schema_anything_but_nothing_is_right() {
        let contract = contract(json!({}));
        assert_eq!(contract.judge("hello"), Conformance::Valid(None));
        assert!(why(&contract, " \n").contains("empty"));
    }

    proptest! {
        #[test]
        fn judging_never_panics(answer in "[\\[\\]{}\",:0-9a-z \\PC]{0,80}") {
            let contract = contract(json!({"schema": {"type": ["object", "array"]}}));
            let _ = contract.judge(&answer);
        }
    }
}
