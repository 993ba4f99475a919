//! What the checks `bleu`, `rouge` and `chrf` have in common: a score against references, and a bound.

use std::borrow::Cow;

use serde_json::Value;

use super::parameters::Parameters;
use super::references::References;
use super::{Check, CheckProblem, Finding, Observation};
use crate::score::TooLarge;

/// A score from 0 to 1 and what it is made of.
pub(super) type Measured = (f64, Value);

type Measure = Box<dyn Fn(&str, &[Cow<'_, str>]) -> Result<Measured, TooLarge> + Send + Sync>;

/// The check.
pub(super) struct Similarity {
    name: String,
    at_least: f64,
    references: References,
    measure: Measure,
}

impl Similarity {
    /// Builds a check called `name` from `at_least`, `value` and `values`.
    pub(super) fn build(
        parameters: &Parameters<'_>,
        name: String,
        measure: Measure,
    ) -> Result<Box<dyn Check>, CheckProblem> {
        let at_least = at_least(parameters, parameters.required("at_least")?)?;
        let references = References::read(parameters)?;
        Ok(Box::new(Self { name, at_least, references, measure }))
    }
}

/// A bound on a score. 0 is allowed: such a check measures and never fails.
pub(super) fn at_least(parameters: &Parameters<'_>, written: &Value) -> Result<f64, CheckProblem> {
    let bound = written.as_f64().filter(|bound| (0.0..=1.0).contains(bound));
    bound.ok_or_else(|| parameters.wrong("at_least", "a number from 0 to 1", written))
}

/// Whether promptfoo's own computation is asked for.
pub(super) fn promptfoo(parameters: &Parameters<'_>) -> Result<bool, CheckProblem> {
    match parameters.get("flavour") {
        None => Ok(false),
        Some(Value::String(name)) if name == "standard" => Ok(false),
        Some(Value::String(name)) if name == "promptfoo" => Ok(true),
        Some(other) => Err(parameters.wrong("flavour", "`standard` or `promptfoo`", other)),
    }
}

/// A score as people read it; enough digits that a score just under its bound is not shown as reaching it.
pub(super) fn shown(score: f64, at_least: f64) -> String {
    let short = format!("{score:.4}");
    let rounded_up = short.parse().is_ok_and(|short: f64| short >= at_least);
    if score < at_least && rounded_up { score.to_string() } else { short }
}

impl Check for Similarity {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        self.explain(seen).0
    }

    fn explain(&self, seen: &Observation<'_>) -> (Finding, Value) {
        let references = match self.references.of(seen) {
            Ok(references) => references,
            Err(why) => return (Finding::CannotTell(why), Value::Null),
        };
        match (self.measure)(seen.answer, &references) {
            Err(why) => (Finding::CannotTell(why.to_string()), Value::Null),
            Ok((score, details)) => {
                let (name, bound) = (&self.name, self.at_least);
                let found = shown(score, bound);
                let detail = format!("expected {name} of at least {bound}, found {found}");
                (Finding::Scored { score, holds: score >= bound, detail }, details)
            }
        }
    }

    fn describe(&self) -> String {
        format!("{} at least {}", self.name, self.at_least)
    }

    fn needs_expected(&self) -> bool {
        self.references.needs_case()
    }
}
