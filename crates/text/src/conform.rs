//! Whether an answer keeps the contract that its version made about output.
//!
//! Strict on purpose: a code fence or a sentence around the JSON makes it off format, since callers feed
//! the answer to a parser. What to do about it (repair, fallback, pass on) is for the gateway to decide.

use std::sync::Arc;

use gatemark_core::prompt::Output;
use serde_json::Value;

use crate::prefix::{Outline, Prefix};
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
    outline: Option<Arc<Outline>>,
}

/// An answer that is being written, held against a contract.
#[derive(Debug)]
pub struct Watch {
    marker: Option<String>,
    json: Result<Prefix, String>,
    /// What was read, without the white space before it: its beginning, or all while it may become the marker.
    begun: String,
}

impl Contract {
    /// Compiles the contract; fails if the schema is wrong.
    pub fn compile(output: &Output) -> Result<Self, SchemaProblem> {
        let marker = output.insufficient.as_deref().map(str::trim).filter(|text| !text.is_empty());
        Ok(Self {
            insufficient: marker.map(str::to_owned),
            schema: output.schema.as_ref().map(Validator::compile).transpose()?,
            outline: output.schema.as_ref().map(|schema| Arc::new(Outline::of(schema))),
        })
    }

    /// A watch over an answer that is about to be written; `None` if any text may come.
    pub fn watch(&self) -> Option<Watch> {
        let json = Prefix::new(Arc::clone(self.outline.as_ref()?));
        let marker = self.insufficient.clone();
        Some(Watch { marker, json: Ok(json), begun: String::new() })
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

impl Watch {
    /// Reads more of the answer.
    ///
    /// # Errors
    /// Why the answer cannot keep the contract any more, whatever follows. Never for the beginning of one that
    /// keeps it.
    pub fn push(&mut self, text: &str) -> Result<(), String> {
        let seen = if self.begun.is_empty() { text.trim_start() } else { text };
        if self.begun.is_empty() || self.marker.is_some() {
            self.begun.push_str(seen);
        }
        if let Some(marker) = &self.marker {
            let rest = self.begun.strip_prefix(marker.as_str());
            let possible = marker.starts_with(&self.begun)
                || rest.is_some_and(|rest| rest.trim_start().is_empty());
            if !possible {
                self.marker = None;
            }
        }
        if let Ok(json) = &mut self.json
            && let Err(why) = json.push(text)
        {
            self.json = Err(why);
        }
        match (&self.json, &self.marker) {
            (Err(why), None) => Err(self.told(why)),
            _ => Ok(()),
        }
    }

    /// Whether anything but white space was read.
    pub fn has_begun(&self) -> bool {
        !self.begun.is_empty()
    }

    fn told(&self, why: &str) -> String {
        if self.begun.starts_with('`') {
            FENCE.into()
        } else {
            format!("the answer cannot fit the schema any more: {why}")
        }
    }
}

const FENCE: &str = "the answer is wrapped in a code fence; it must be the JSON alone";

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
        FENCE.into()
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

    fn watched(contract: &Contract, pieces: &[&str]) -> Result<(), String> {
        let mut watch = contract.watch().unwrap();
        pieces.iter().try_for_each(|piece| watch.push(piece))
    }

    #[test]
    fn a_watch_knows_the_marker_and_the_schema() {
        let contract = contract(json!({"schema": {"type": "object"}, "insufficient": "NO DATA"}));
        for right in [&[" {", "\"a\"", ": 1}", "\n"][..], &["\n", "N", "O ", "DATA", " "], &["NO"]]
        {
            assert_eq!(watched(&contract, right), Ok(()), "{right:?}");
        }
        for wrong in [&["NOT"][..], &["NO DATA", " at", " all"], &["[1]"], &["{}", " and"]] {
            let why = watched(&contract, wrong).unwrap_err();
            assert!(why.contains("any more"), "{why}");
        }
        assert!(watched(&contract, &["``", "`json"]).unwrap_err().contains("code fence"));
        assert!(super::Contract::compile(&Output::default()).unwrap().watch().is_none());
        let mut watch = contract.watch().unwrap();
        assert!(!watch.has_begun());
        watch.push(" \n").unwrap();
        assert!(!watch.has_begun());
        watch.push("{").unwrap();
        assert!(watch.has_begun());
    }

    proptest! {
        #[test]
        fn a_watch_never_rejects_what_is_judged_right(
            answer in "[ \n]{0,2}(NO DATA|[\\[\\]{}\",:a0-9 ]{0,12})[ \n]{0,2}", cut in 0usize..16,
        ) {
            let contract = contract(json!({"schema": {"type": ["object", "array", "integer"]},
                "insufficient": "NO DATA"}));
            if !matches!(contract.judge(&answer), Conformance::OffFormat(_)) {
                let (a, b) = answer.split_at(cut.min(answer.len()));
                prop_assert_eq!(watched(&contract, &[a, b]), Ok(()));
            }
        }

        #[test]
        fn judging_never_panics(answer in "[\\[\\]{}\",:0-9a-z \\PC]{0,80}") {
            let contract = contract(json!({"schema": {"type": ["object", "array"]}}));
            let _ = contract.judge(&answer);
        }
    }
}
