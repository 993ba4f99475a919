//! What an answer is compared with: the check's own `value` or `values`, else the case's `expected`.

use std::borrow::Cow;

use serde_json::Value;

use super::parameters::Parameters;
use super::{CheckProblem, Observation};

/// One text or several; scores take the best.
pub(super) struct References {
    own: Option<Vec<String>>,
}

impl References {
    /// Reads `value` or `values`.
    pub(super) fn read(parameters: &Parameters<'_>) -> Result<Self, CheckProblem> {
        let (name, written) = match (parameters.get("value"), parameters.get("values")) {
            (Some(_), Some(_)) => {
                return Err(CheckProblem::new("there are both `value` and `values`")
                    .hint("list all references under `values`"));
            }
            (Some(one), None) => ("value", one),
            (None, Some(many)) => ("values", many),
            (None, None) => return Ok(Self { own: None }),
        };
        let texts = texts(written).ok_or_else(|| {
            parameters.wrong(name, "a text, or a list of at least one text", written)
        })?;
        Ok(Self { own: Some(texts.into_iter().map(Cow::into_owned).collect()) })
    }

    /// The texts, or why there are none.
    pub(super) fn of<'a>(&'a self, seen: &Observation<'a>) -> Result<Vec<Cow<'a, str>>, String> {
        if let Some(own) = &self.own {
            return Ok(own.iter().map(|text| Cow::Borrowed(text.as_str())).collect());
        }
        let Some(expected) = seen.expected else {
            return Err("the case has no `expected` and the check has no `value` to compare with"
                .to_string());
        };
        texts(expected).ok_or_else(|| {
            let found = super::subject::shown_value(expected);
            format!("`expected` must be a text or a list of at least one text, not {found}")
        })
    }

    /// Whether the case must bring them.
    pub(super) fn needs_case(&self) -> bool {
        self.own.is_none()
    }
}

fn texts(value: &Value) -> Option<Vec<Cow<'_, str>>> {
    match value {
        Value::Array(many) if many.is_empty() => None,
        Value::Array(many) => many.iter().map(text).collect(),
        single => text(single).map(|text| vec![text]),
    }
}

/// Numbers and truth values count as texts, because YAML reads `expected: 42` as one.
fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Some(super::subject::text(value)),
        _ => None,
    }
}
