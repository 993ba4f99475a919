//! `javascript`: an expression or a function body of the author's over `output` and `context` decides.
//!
//! The meaning is promptfoo's, so that its assertions can be taken over: one line is an expression, more
//! lines are a function body; a boolean decides, a number is a score, an object carries `pass`, `score`
//! and `reason`. Where promptfoo guesses, this does not: an exception, no result, a score that is no share,
//! and a `pass` that contradicts its score are errors, and never a pass.

mod body;
mod engine;

use serde_json::{Value, json};

use super::parameters::Parameters;
use super::typed::Mistakes;
use super::{Check, CheckProblem, Finding, Observation, subject};
use engine::Returned;

struct JavaScript {
    written: String,
    body: String,
    parse: bool,
    at_least: Option<f64>,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let mut mistakes = Mistakes::default();
    let parse = mistakes.take(parameters.flag("parse", false)).unwrap_or_default();
    let at_least = mistakes.option(parameters.positive_share("at_least"));
    mistakes.take(parameters.required("value").map(drop));
    let written = mistakes.option(parameters.text("value")).unwrap_or_default().trim().to_owned();
    let body = body::of(&written);
    if !written.is_empty()
        && let Err(why) = engine::compiles(&body)
    {
        let shown = subject::shown(&written);
        mistakes.add(CheckProblem::new(format!("`javascript` cannot read {shown}: {why}")));
    }
    mistakes.or(Some(JavaScript { written, body, parse, at_least }))
}

impl JavaScript {
    fn outcome(&self, seen: &Observation<'_>) -> Result<Returned, Finding> {
        let output = if self.parse {
            let text = seen.answer.trim();
            serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| {
                let found = subject::shown(seen.answer);
                Finding::nothing(format!("expected JSON, found {found}: {error}"))
            })?;
            engine::Output::Json(text)
        } else {
            engine::Output::Text(seen.answer)
        };
        let context = json!({
            "vars": seen.variables,
            "expected": seen.expected.unwrap_or(&Value::Null),
        });
        let failed = |why| Finding::CannotTell(format!("the JavaScript {why}"));
        engine::run(&self.body, output, &context.to_string()).map_err(failed)
    }

    fn judge(&self, outcome: Returned) -> Finding {
        let at_least = self.at_least;
        let unclear = |why: String| Finding::CannotTell(format!("the JavaScript {why}"));
        let (pass, score, reason) = match outcome {
            Returned::Truth(true) => return Finding::Holds,
            Returned::Truth(false) => {
                return Finding::Fails(format!("expected {}, found false", self.describe()));
            }
            Returned::Number(score) => (None, Some(score), None),
            Returned::Graded { pass, score, reason } => (pass, score, reason),
            Returned::Other(kind) => {
                let hint = "must return true, false, a score from 0 to 1, or {pass, score, reason}";
                let body = self.written.contains('\n') && kind == "undefined";
                let more = if body { "; more than one line need a `return`" } else { "" };
                return unclear(format!("{hint}; it returned {kind}{more}"));
            }
        };
        let score = match (score, pass) {
            (Some(score), _) if !(0.0..=1.0).contains(&score) => {
                return unclear(format!("returned the score {score}, which is not from 0 to 1"));
            }
            (Some(score), _) => score,
            (None, Some(pass)) => f64::from(u8::from(pass)),
            (None, None) => return unclear("returned an object without `pass` and `score`".into()),
        };
        let reached = at_least.map_or(score > 0.0, |at_least| score >= at_least);
        let contradicts = match pass {
            Some(true) => !reached,
            Some(false) => at_least.is_some() && reached,
            None => false,
        };
        if contradicts {
            let pass = pass.unwrap_or_default();
            return unclear(format!("contradicts itself: `pass` is {pass} and the score {score}"));
        }
        let bound = at_least.map_or("above 0".to_owned(), |bound| format!("at least {bound}"));
        let reason = reason.map(|reason| format!(": {}", subject::cut(&reason)));
        let detail = format!("expected {bound}, found {score}{}", reason.unwrap_or_default());
        Finding::Scored { score, holds: pass.unwrap_or(reached), detail }
    }
}

impl Check for JavaScript {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        match self.outcome(seen) {
            Ok(outcome) => self.judge(outcome),
            Err(finding) => finding,
        }
    }

    fn describe(&self) -> String {
        let line = self.written.split_whitespace().collect::<Vec<_>>().join(" ");
        let bound = self.at_least.map(|bound| format!(" at least {bound}")).unwrap_or_default();
        format!("javascript {}{bound}", subject::cut(&line))
    }
}
