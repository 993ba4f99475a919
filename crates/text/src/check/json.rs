//! `json`: the answer is one JSON value, and satisfies a schema if there is one: the check's own, else
//! the version's.

use serde_json::Value;

use crate::schema::Validator;

use super::parameters::Parameters;
use super::subject;
use super::{Check, CheckProblem, Finding, Observation};

struct Json {
    own: Option<Validator>,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let own = match parameters.get("schema") {
        None => None,
        Some(schema @ (Value::Object(_) | Value::Bool(_))) => {
            let problem = |problem| CheckProblem::new(format!("`schema` of `json`: {problem}"));
            Some(Validator::compile(schema).map_err(problem)?)
        }
        Some(other) => return Err(parameters.wrong("schema", "a JSON Schema", other)),
    };
    Ok(Box::new(Json { own }))
}

impl Check for Json {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        let value: Value = match serde_json::from_str(seen.answer.trim()) {
            Ok(value) => value,
            Err(error) => {
                let found = subject::shown(seen.answer);
                return Finding::Fails(format!("expected JSON, found {found}: {error}"));
            }
        };
        let compiled;
        let schema = match (&self.own, seen.schema) {
            (Some(own), _) => own,
            (None, None) => return Finding::Holds,
            (None, Some(schema)) => match Validator::compile(schema) {
                Ok(validator) => {
                    compiled = validator;
                    &compiled
                }
                Err(problem) => {
                    return Finding::CannotTell(format!("the version's output schema: {problem}"));
                }
            },
        };
        let problems = schema.problems(&value);
        if problems.is_empty() {
            return Finding::Holds;
        }
        let found = subject::shown(seen.answer);
        Finding::Fails(format!(
            "expected JSON by the schema, found {found}: {}",
            problems.join("; ")
        ))
    }

    fn describe(&self) -> String {
        if self.own.is_some() { "json by its schema".into() } else { "json".into() }
    }
}
