//! `json`: the answer, or a place in it, is JSON, and satisfies a schema if there is one: the check's own,
//! else the version's.
//!
//! At a place (`at`) only the check's own schema makes sense, for the version's is about the whole answer;
//! without one the check holds if the place is there.

use serde_json::Value;

use crate::schema::{Dialect, Draft, Validator};

use super::parameters::Parameters;
use super::subject;
use super::{Check, CheckProblem, Finding, Observation};

struct Json {
    own: Option<Validator>,
    dialect: Dialect,
    at: Option<String>,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let draft = match parameters.get("draft") {
        None => None,
        Some(written) => Some(draft(written).ok_or_else(|| {
            parameters
                .wrong("draft", "7 or 2020-12", written)
                .hint("write `draft: 7` or leave it out")
        })?),
    };
    let dialect = Dialect { draft, formats: parameters.flag("formats", false)? };
    let own = match parameters.get("schema") {
        None => None,
        Some(schema @ (Value::Object(_) | Value::Bool(_))) => {
            let problem = |problem| CheckProblem::new(format!("`schema` of `json`: {problem}"));
            Some(Validator::compile_as(schema, dialect).map_err(problem)?)
        }
        Some(other) => return Err(parameters.wrong("schema", "a JSON Schema", other)),
    };
    Ok(Box::new(Json { own, dialect, at: parameters.pointer()? }))
}

fn draft(written: &Value) -> Option<Draft> {
    match written {
        Value::Number(number) if number.as_u64() == Some(7) => Some(Draft::Seven),
        Value::String(text) if text == "7" => Some(Draft::Seven),
        Value::String(text) if text == "2020-12" => Some(Draft::TwentyTwenty),
        _ => None,
    }
}

impl Json {
    fn subject(&self, answer: &str) -> Result<Value, String> {
        if let Some(pointer) = &self.at {
            return subject::at(answer, pointer);
        }
        serde_json::from_str(answer.trim())
            .map_err(|error| format!("expected JSON, found {}: {error}", subject::shown(answer)))
    }
}

impl Check for Json {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        let value = match self.subject(seen.answer) {
            Ok(value) => value,
            // That a place is missing is itself a thing to ask for, but of JSON only.
            Err(why) => {
                let readable = || subject::at(seen.answer, "").is_ok();
                let asked = self.at.is_none() || (self.own.is_none() && readable());
                return if asked { Finding::Fails(why) } else { Finding::nothing(why) };
            }
        };
        let compiled;
        let schema = match (&self.own, seen.schema.filter(|_| self.at.is_none())) {
            (Some(own), _) => own,
            (None, None) => return Finding::Holds,
            (None, Some(schema)) => match Validator::compile_as(schema, self.dialect) {
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
        let place = subject::place(self.at.as_deref());
        Finding::Fails(format!(
            "expected JSON by the schema{place}, found {}: {}",
            subject::shown_value(&value),
            problems.join("; ")
        ))
    }

    fn describe(&self) -> String {
        let schema = if self.own.is_some() { " by its schema" } else { "" };
        format!("json{schema}{}", subject::place(self.at.as_deref()))
    }
}
