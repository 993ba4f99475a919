//! The values that a check looks for: its own, or the case's `expected`.

use std::borrow::Cow;

use serde_json::Value;

use super::{CheckProblem, Finding, Observation, Parameters, subject};

/// Own values of a check (at least one, no empty text), or none: then the case's count.
#[derive(Debug)]
pub(super) struct Wanted(Option<Vec<Value>>);

impl Wanted {
    /// Reads `value` or `values`.
    pub(super) fn read(parameters: &Parameters<'_>) -> Result<Self, CheckProblem> {
        let metric = parameters.metric();
        let written = match (parameters.get("value"), parameters.get("values")) {
            (Some(_), Some(_)) => {
                let message = format!("`{metric}` has both `value` and `values`");
                return Err(CheckProblem::new(message).hint("list all of them under `values`"));
            }
            (one, many) => one.or(many),
        };
        let problem = |why| CheckProblem::new(format!("`{metric}` {why}"));
        Ok(Self(written.map(listed).transpose().map_err(problem)?))
    }

    /// What to look for in this answer, or why that is unknown.
    pub(super) fn of<'a>(&'a self, seen: &Observation<'_>) -> Result<Cow<'a, [Value]>, Finding> {
        match (&self.0, seen.expected) {
            (Some(own), _) => Ok(Cow::Borrowed(own)),
            (None, Some(expected)) => listed(expected)
                .map(Cow::Owned)
                .map_err(|why| Finding::CannotTell(format!("the case's `expected` {why}"))),
            (None, None) => Err(Finding::CannotTell(
                "the case has no `expected` and the check has no `value` to look for".into(),
            )),
        }
    }

    /// Whether it needs the case's `expected`.
    pub(super) fn is_case(&self) -> bool {
        self.0.is_none()
    }

    /// The own values, of which text looks for something.
    pub(super) fn own(&self) -> &[Value] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// As a message shows it: the values with commas, or `expected`.
impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            None => f.write_str("expected"),
            Some(own) => f.write_str(&joined(own, ", ")),
        }
    }
}

/// Values for a message.
pub(super) fn joined<'a>(values: impl IntoIterator<Item = &'a Value>, between: &str) -> String {
    values.into_iter().map(subject::shown_value).collect::<Vec<_>>().join(between)
}

/// One wanted value or a list of them. What every answer has is refused: such a check checks nothing.
fn listed(written: &Value) -> Result<Vec<Value>, &'static str> {
    let wanted = match written {
        Value::Array(many) => many.clone(),
        one => vec![one.clone()],
    };
    if wanted.is_empty() {
        return Err("has an empty list: there is nothing to look for");
    }
    if wanted.iter().any(|value| value.as_str() == Some("")) {
        return Err("has an empty text: every answer would pass");
    }
    Ok(wanted)
}
