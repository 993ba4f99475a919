//! `equals`: the answer, or a place in it, is exactly the wanted value.

use serde_json::Value;

use super::parameters::Parameters;
use super::subject::{self, Loosened};
use super::{Check, CheckProblem, Finding, Observation};

struct Equals {
    value: Option<Value>,
    loosened: Loosened,
    at: Option<String>,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let loosened = Loosened {
        trim: parameters.flag("trim", true)?,
        ignore_case: parameters.flag("ignore_case", false)?,
    };
    let value = parameters.get("value").cloned();
    Ok(Box::new(Equals { value, loosened, at: parameters.pointer()? }))
}

impl Check for Equals {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        let Some(wanted) = self.value.as_ref().or(seen.expected) else {
            return Finding::CannotTell(
                "the case has no `expected` and the check has no `value` to compare with".into(),
            );
        };
        let differs = |found: String| {
            let wanted = subject::shown_value(wanted);
            let place = subject::place(self.at.as_deref());
            Finding::Fails(format!("expected {wanted}{place}, found {found}"))
        };
        let found = match (&self.at, wanted) {
            (Some(pointer), _) => match subject::at(seen.answer, pointer) {
                Ok(value) => value,
                Err(why) => return Finding::nothing(why),
            },
            (None, Value::String(_)) => Value::from(seen.answer),
            // A wanted number, object, … can only be in an answer that is JSON.
            (None, _) => match serde_json::from_str(seen.answer.trim()) {
                Ok(value) => value,
                Err(_) => return differs(subject::shown(seen.answer)),
            },
        };
        if subject::same(wanted, &found, self.loosened) {
            Finding::Holds
        } else {
            differs(subject::shown_value(&found))
        }
    }

    fn describe(&self) -> String {
        let value = self.value.as_ref().map_or_else(|| "expected".into(), subject::shown_value);
        let case = if self.loosened.ignore_case { " ignoring case" } else { "" };
        format!("equals {value}{}{case}", subject::place(self.at.as_deref()))
    }

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }
}
