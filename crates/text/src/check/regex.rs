//! `regex`: a pattern is found in the answer, or in a place of it.
//!
//! The `regex` crate matches in linear time, so no pattern can stall a run; it therefore knows no
//! look-around and no back-references.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::parameters::Parameters;
use super::subject;
use super::{Check, CheckProblem, Finding, Observation};

/// Largest compiled pattern, in bytes.
const MAX_COMPILED: usize = 1024 * 1024;

struct Matches {
    pattern: Regex,
    at: Option<String>,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let pattern = match parameters.required("pattern")? {
        Value::String(pattern) => pattern,
        other => return Err(parameters.wrong("pattern", "a regular expression", other)),
    };
    let pattern = RegexBuilder::new(pattern)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED)
        .build()
        .map_err(|error| problem(pattern, &error))?;
    Ok(Box::new(Matches { pattern, at: parameters.pointer()? }))
}

fn problem(pattern: &str, error: &regex::Error) -> CheckProblem {
    let shown = subject::shown(pattern);
    match error {
        regex::Error::CompiledTooBig(_) => {
            CheckProblem::new(format!("the pattern {shown} is too big when compiled"))
                .hint("use smaller counts in `{n,m}`")
        }
        other => {
            let (column, reason) = place_and_reason(&other.to_string());
            let column = column.map(|column| format!(" at column {column}")).unwrap_or_default();
            CheckProblem::new(format!("the pattern {shown} is wrong{column}: {reason}"))
        }
    }
}

/// The crate draws its messages: the indented pattern, a caret under the mistake, then `error: reason`.
fn place_and_reason(drawn: &str) -> (Option<usize>, String) {
    const INDENT: usize = 4;
    let caret = drawn
        .lines()
        .filter(|line| line.trim_start().starts_with('^'))
        .find_map(|line| line.find('^')?.checked_sub(INDENT))
        .map(|offset| offset + 1);
    let reason = drawn.lines().find_map(|line| line.strip_prefix("error: "));
    (caret, reason.unwrap_or(drawn).to_owned())
}

impl Check for Matches {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        match subject::searched(seen.answer, self.at.as_deref()) {
            Err(why) => Finding::nothing(why),
            Ok(text) if self.pattern.is_match(&text) => Finding::Holds,
            Ok(text) => {
                let place = subject::place(self.at.as_deref());
                let found = subject::shown(&text);
                let pattern = self.pattern.as_str();
                Finding::Fails(format!("expected a match of /{pattern}/{place}, found {found}"))
            }
        }
    }

    fn describe(&self) -> String {
        format!("regex /{}/{}", self.pattern.as_str(), subject::place(self.at.as_deref()))
    }
}
