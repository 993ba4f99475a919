//! `contains`: every wanted text is somewhere in the answer, or in a place of it.
//!
//! At a place that is a list, a wanted value must be one of its items.

use serde_json::Value;

use super::parameters::Parameters;
use super::subject::{self, Loosened};
use super::{Check, CheckProblem, Finding, Observation};

struct Contains {
    wanted: Option<Vec<Value>>,
    loosened: Loosened,
    at: Option<String>,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let written = match (parameters.get("value"), parameters.get("values")) {
        (Some(_), Some(_)) => {
            return Err(CheckProblem::new("`contains` has both `value` and `values`")
                .hint("list all texts under `values`"));
        }
        (one, many) => one.or(many),
    };
    let wanted = written.map(listed).transpose().map_err(CheckProblem::new)?;
    let loosened = Loosened { trim: false, ignore_case: parameters.flag("ignore_case", false)? };
    Ok(Box::new(Contains { wanted, loosened, at: parameters.pointer()? }))
}

/// One wanted value or a list of them. What every answer contains is refused: such a check checks nothing.
fn listed(written: &Value) -> Result<Vec<Value>, String> {
    let wanted = match written {
        Value::Array(many) => many.clone(),
        one => vec![one.clone()],
    };
    if wanted.is_empty() {
        return Err("`contains` has an empty list: every answer would pass".into());
    }
    if wanted.iter().any(|value| value.as_str() == Some("")) {
        return Err("`contains` has an empty text: every answer would pass".into());
    }
    Ok(wanted)
}

impl Contains {
    fn missing<'w>(&self, wanted: &'w [Value], answer: &str) -> Result<Vec<&'w Value>, String> {
        let place = match &self.at {
            Some(pointer) => subject::at(answer, pointer)?,
            None => Value::from(answer),
        };
        let missing = wanted.iter();
        Ok(match &place {
            Value::Array(items) => missing
                .filter(|want| !items.iter().any(|item| subject::same(want, item, self.loosened)))
                .collect(),
            other => {
                let text = subject::text(other);
                let text = self.loosened.of(&text);
                let has =
                    |want: &Value| text.contains(self.loosened.of(&subject::text(want)).as_ref());
                missing.filter(|want| !has(want)).collect()
            }
        })
    }
}

impl Check for Contains {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        let from_case;
        let wanted = match (&self.wanted, seen.expected) {
            (Some(wanted), _) => wanted,
            (None, Some(expected)) => match listed(expected) {
                Ok(wanted) => {
                    from_case = wanted;
                    &from_case
                }
                Err(why) => return Finding::CannotTell(format!("the case's `expected`: {why}")),
            },
            (None, None) => {
                return Finding::CannotTell(
                    "the case has no `expected` and the check has no `value` to look for".into(),
                );
            }
        };
        match self.missing(wanted, seen.answer) {
            Err(why) => Finding::Fails(why),
            Ok(missing) if missing.is_empty() => Finding::Holds,
            Ok(missing) => {
                let missing: Vec<_> = missing.into_iter().map(subject::shown_value).collect();
                let place = subject::place(self.at.as_deref());
                let found = subject::shown(seen.answer);
                Finding::Fails(format!("expected {}{place}, found {found}", missing.join(" and ")))
            }
        }
    }

    fn describe(&self) -> String {
        let wanted = self.wanted.as_ref().map_or_else(
            || "expected".into(),
            |wanted| wanted.iter().map(subject::shown_value).collect::<Vec<_>>().join(", "),
        );
        let case = if self.loosened.ignore_case { " ignoring case" } else { "" };
        format!("contains {wanted}{}{case}", subject::place(self.at.as_deref()))
    }

    fn needs_expected(&self) -> bool {
        self.wanted.is_none()
    }
}
