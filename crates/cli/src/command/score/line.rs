//! One line: read, scored, or refused with everything that is wrong with it.

use std::sync::LazyLock;

use gatemark_core::diagnostic::{Diagnostic, Place};
use gatemark_core::report::Verdict;
use gatemark_text::check::{BuiltCheck, Observation};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::source::Line;
use crate::lines::LONGEST;

/// What came of a line.
pub(super) enum Outcome {
    /// Its score, and the line to print.
    Scored { score: f64, text: String },
    /// What is wrong with it; the places lack the file's name.
    Bad(Vec<Diagnostic>),
}

#[derive(Serialize)]
struct Printed<'a> {
    id: &'a Value,
    score: f64,
    details: Value,
}

const FORM: &str = r#"write {"id": "1", "actual": "a text", "expected": "a text"}"#;
static NO_VARIABLES: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// Scores a line.
pub(super) fn score(check: &BuiltCheck, line: &Line) -> Outcome {
    let fields = match fields(line) {
        Ok(fields) => fields,
        Err(problem) => return Outcome::Bad(vec![*problem]),
    };
    let problems = wrong(check, &fields, line.number);
    let (Some(id), Some(Value::String(actual)), true) =
        (fields.get("id"), fields.get("actual"), problems.is_empty())
    else {
        return Outcome::Bad(problems);
    };
    let seen =
        Observation { expected: fields.get("expected"), ..Observation::of(actual, &NO_VARIABLES) };
    let (result, details) = check.explain(&seen);
    let score = match result.verdict {
        Verdict::Pass => result.score.unwrap_or(1.0),
        Verdict::Fail => result.score.unwrap_or(0.0),
        _ => {
            let why = result.detail.unwrap_or_else(|| "the check could not tell".to_string());
            return Outcome::Bad(vec![at(line.number, 1, format!("cannot be scored: {why}"))]);
        }
    };
    let details = match (details, result.label, result.detail) {
        (Value::Null, Some(label), _) => json!(label),
        (Value::Null, None, Some(detail)) => json!({ "reason": detail }),
        (Value::Null, None, None) => json!({}),
        (details, ..) => details,
    };
    match serde_json::to_string(&Printed { id, score, details }) {
        Ok(text) => Outcome::Scored { score, text },
        Err(cause) => {
            Outcome::Bad(vec![at(line.number, 1, format!("its score cannot be written: {cause}"))])
        }
    }
}

fn at(line: usize, column: usize, message: String) -> Diagnostic {
    Diagnostic::error(Place { file: String::new(), line, column, width: 0 }, message)
}

fn fields(line: &Line) -> Result<Map<String, Value>, Box<Diagnostic>> {
    let problem = |column: usize, message: String, hint: &str| {
        Box::new(at(line.number, column, message).hint(hint))
    };
    let Some(bytes) = &line.bytes else {
        let message = format!("the line is longer than {} MiB", LONGEST >> 20);
        return Err(problem(1, message, "split its texts"));
    };
    let text = str::from_utf8(bytes).map_err(|error| {
        let head = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let column = String::from_utf8_lossy(head).chars().count() + 1;
        problem(column, "the line is not UTF-8".to_string(), "save the file as UTF-8")
    })?;
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let message = format!("the line is not JSON: {}", bare(&error));
        problem(column(text, error.column()), message, FORM)
    })?;
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(problem(1, "the line is not a JSON object".to_string(), FORM)),
    }
}

/// The parser's words without its own place.
fn bare(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_string()
}

/// The parser counts bytes; people count characters.
fn column(text: &str, byte: usize) -> usize {
    text.char_indices().take_while(|(index, _)| *index < byte).count().max(1)
}

/// Everything that is wrong with the fields.
fn wrong(check: &BuiltCheck, fields: &Map<String, Value>, line: usize) -> Vec<Diagnostic> {
    let mut problems = vec![];
    let mut tell = |message: String, hint: &str| problems.push(at(line, 1, message).hint(hint));
    match fields.get("id") {
        Some(Value::String(_) | Value::Number(_)) => {}
        Some(_) => tell("`id` is neither a text nor a number".into(), FORM),
        None => tell("`id` is missing".into(), FORM),
    }
    match fields.get("actual") {
        Some(Value::String(_)) => {}
        Some(_) => tell("`actual` is not a text".into(), "put it into quotes"),
        None => tell("`actual` is missing".into(), FORM),
    }
    if check.needs_expected() && fields.get("expected").is_none_or(Value::is_null) {
        let check = check.describe();
        let message = format!("`expected` is missing, and `{check}` compares with it");
        tell(message, "add `expected`, or give the check --param value=TEXT");
    }
    problems
}
