//! `number`: the number that the answer is, or has at a place, lies within bounds or near the wanted one.
//!
//! A text counts as a number if it is one as a whole; a number somewhere in prose is for `regex`.

use serde_json::Value;

use super::bounds::Bounds;
use super::parameters::Parameters;
use super::typed::Mistakes;
use super::{Check, CheckProblem, Finding, Observation, subject};

struct Number {
    wanted: Rule,
    /// The check's own `value`, if it is an integer.
    integer: Option<i128>,
    at: Option<String>,
}

enum Rule {
    Within(Bounds<f64>),
    Near { value: Option<f64>, tolerance: f64, relative: bool },
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let mut mistakes = Mistakes::default();
    let at = mistakes.option(parameters.pointer());
    let integer = parameters.get("value").and_then(integer);
    let bounded = ["min", "max"].iter().any(|name| parameters.get(name).is_some());
    let near = ["value", "tolerance", "relative"].iter().any(|n| parameters.get(n).is_some());
    let rule = match (bounded, near) {
        (true, true) => {
            let problem = CheckProblem::new("`number` has both bounds and a wanted value");
            mistakes.add(problem.hint("write two checks"));
            None
        }
        (true, false) => Bounds::of_value(parameters, &mut mistakes).map(Rule::Within),
        (false, _) => {
            let value = mistakes.option(parameters.number("value"));
            let relative = mistakes.take(parameters.flag("relative", false)).unwrap_or_default();
            let tolerance = mistakes.option(parameters.number("tolerance")).unwrap_or(0.0);
            if tolerance < 0.0 {
                mistakes.add(CheckProblem::new("`tolerance` of `number` must not be negative"));
            }
            if relative && parameters.get("tolerance").is_none() {
                let problem = CheckProblem::new("`relative` of `number` needs `tolerance`");
                mistakes.add(problem.hint("write 5 % as `tolerance: 0.05`"));
            }
            Some(Rule::Near { value, tolerance, relative })
        }
    };
    mistakes.or(rule.map(|wanted| Number { wanted, integer, at }))
}

/// A number, or a text that is one as a whole.
fn numeric(value: &Value) -> Option<f64> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    number.filter(|number: &f64| number.is_finite())
}

/// As [`numeric`], exactly; `None` for what is not written as an integer.
fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_i64().map(i128::from).or_else(|| other.as_u64().map(i128::from)),
    }
}

impl Check for Number {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        let place = subject::place(self.at.as_deref());
        let found = match &self.at {
            Some(pointer) => subject::at(seen.answer, pointer),
            None => Ok(Value::from(seen.answer)),
        };
        let found = match found {
            Ok(found) => found,
            Err(why) => return Finding::nothing(why),
        };
        let Some(number) = numeric(&found) else {
            let found = subject::shown_value(&found);
            return Finding::Fails(format!("expected a number{place}, found {found}"));
        };
        match &self.wanted {
            Rule::Within(bounds) if bounds.hold(number) => Finding::Holds,
            Rule::Within(bounds) => {
                Finding::Fails(format!("expected {bounds}{place}, found {number}"))
            }
            Rule::Near { value, tolerance, relative } => {
                let Some(wanted) = value.or_else(|| seen.expected.and_then(numeric)) else {
                    return Finding::CannotTell(
                        "the check has no `value` and the case no `expected` that is a number"
                            .into(),
                    );
                };
                let allowed = if *relative { tolerance * wanted.abs() } else { *tolerance };
                let written = self
                    .integer
                    .or_else(|| seen.expected.filter(|_| value.is_none()).and_then(integer));
                let holds = match (written, integer(&found)) {
                    // Beyond 2^53 different integers are the same double.
                    (Some(wanted), Some(found)) if allowed < 1.0 => wanted == found,
                    _ => (number - wanted).abs() <= allowed,
                };
                if holds {
                    return Finding::Holds;
                }
                let within = if allowed > 0.0 { format!(" ± {allowed}") } else { String::new() };
                Finding::Fails(format!("expected {wanted}{within}{place}, found {number}"))
            }
        }
    }

    fn describe(&self) -> String {
        let place = subject::place(self.at.as_deref());
        match &self.wanted {
            Rule::Within(bounds) => format!("number {bounds}{place}"),
            Rule::Near { value, tolerance, relative } => {
                let value = value.map_or_else(|| "expected".into(), |value| value.to_string());
                let of = if *relative { " of it" } else { "" };
                format!("number {value} ± {tolerance}{of}{place}")
            }
        }
    }

    fn needs_expected(&self) -> bool {
        matches!(self.wanted, Rule::Near { value: None, .. })
    }
}
