//! `contains` and `contains_any`: every wanted text, or one of them, is somewhere in the answer or in a
//! place of it.
//!
//! At a place that is a list, a wanted value must be one of its items.

use serde_json::Value;

use super::parameters::Parameters;
use super::subject::{self, Loosened};
use super::wanted::{self, Wanted};
use super::{Check, CheckProblem, Finding, Observation};

struct Contains {
    wanted: Wanted,
    any: bool,
    loosened: Loosened,
    at: Option<String>,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    build_one(parameters, false)
}

pub(super) fn build_any(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    build_one(parameters, true)
}

fn build_one(parameters: &Parameters<'_>, any: bool) -> Result<Box<dyn Check>, CheckProblem> {
    let loosened = Loosened { trim: false, ignore_case: parameters.flag("ignore_case", false)? };
    let wanted = Wanted::read(parameters)?;
    Ok(Box::new(Contains { wanted, any, loosened, at: parameters.pointer()? }))
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
        let wanted = match self.wanted.of(seen) {
            Ok(wanted) => wanted,
            Err(finding) => return finding,
        };
        match self.missing(&wanted, seen.answer) {
            Err(why) => Finding::nothing(why),
            Ok(missing) if missing.is_empty() => Finding::Holds,
            Ok(missing) if self.any && missing.len() < wanted.len() => Finding::Holds,
            Ok(missing) => {
                let missing = wanted::joined(missing, if self.any { " or " } else { " and " });
                let place = subject::place(self.at.as_deref());
                let found = subject::shown(seen.answer);
                Finding::Fails(format!("expected {missing}{place}, found {found}"))
            }
        }
    }

    fn describe(&self) -> String {
        let any = if self.any { " any of" } else { "" };
        let case = if self.loosened.ignore_case { " ignoring case" } else { "" };
        let place = subject::place(self.at.as_deref());
        format!("contains{any} {}{place}{case}", self.wanted)
    }

    fn needs_expected(&self) -> bool {
        self.wanted.is_case()
    }
}
