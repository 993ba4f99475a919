//! `one_of`: the answer, or a place in it, is exactly one of the wanted values.

use serde_json::Value;

use super::parameters::Parameters;
use super::subject::{self, Loosened};
use super::typed::Mistakes;
use super::wanted::{self, Wanted};
use super::{Check, CheckProblem, Finding, Observation};

struct OneOf {
    wanted: Wanted,
    loosened: Loosened,
    at: Option<String>,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let mut mistakes = Mistakes::default();
    let loosened = Loosened {
        trim: mistakes.take(parameters.flag("trim", true)).unwrap_or(true),
        ignore_case: mistakes.take(parameters.flag("ignore_case", false)).unwrap_or_default(),
    };
    let at = mistakes.option(parameters.pointer());
    let wanted = mistakes.take(Wanted::read(parameters));
    mistakes.or(wanted.map(|wanted| OneOf { wanted, loosened, at }))
}

impl Check for OneOf {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        let wanted = match self.wanted.of(seen) {
            Ok(wanted) => wanted,
            Err(finding) => return finding,
        };
        let (text, json) = match &self.at {
            Some(pointer) => match subject::at(seen.answer, pointer) {
                Ok(value) => (value.clone(), Some(value)),
                Err(why) => return Finding::nothing(why),
            },
            // A wanted number, object, … can only be in an answer that is JSON.
            None => (Value::from(seen.answer), serde_json::from_str(seen.answer.trim()).ok()),
        };
        let is = |want: &Value| match (want, &json) {
            (Value::String(_), _) => subject::same(want, &text, self.loosened),
            (_, Some(json)) => subject::same(want, json, self.loosened),
            (_, None) => false,
        };
        if wanted.iter().any(is) {
            return Finding::Holds;
        }
        let place = subject::place(self.at.as_deref());
        let wanted = wanted::joined(wanted.iter(), " or ");
        Finding::Fails(format!("expected {wanted}{place}, found {}", subject::shown_value(&text)))
    }

    fn describe(&self) -> String {
        let case = if self.loosened.ignore_case { " ignoring case" } else { "" };
        format!("one of {}{}{case}", self.wanted, subject::place(self.at.as_deref()))
    }

    fn needs_expected(&self) -> bool {
        self.wanted.is_case()
    }
}
