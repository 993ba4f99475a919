//! `label`: the class that the answer names is the case's.
//!
//! It hands on both classes, so that macro-averaged F1 and the confusion matrix are computed over the
//! suite. A class outside of the list becomes one class of its own: a model that invents labels would
//! otherwise add a row to the matrix per invention, and its F1 would depend on their number.

use gatemark_core::report::Labelled;
use serde_json::Value;

use super::parameters::Parameters;
use super::subject::{self, Loosened};
use super::typed::Mistakes;
use super::{Check, CheckProblem, Finding, Observation};

/// The class of every answer that names none of the list.
const OTHER: &str = "(other)";

struct Label {
    labels: Vec<String>,
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
    let labels = mistakes.option(parameters.texts("labels")).unwrap_or_default();
    let same = |a: &String, b: &String| loosened.of(a) == loosened.of(b);
    for (i, label) in labels.iter().enumerate() {
        if labels.iter().take(i).any(|earlier| same(earlier, label)) {
            let shown = subject::shown(label);
            mistakes.add(CheckProblem::new(format!("`labels` of `label` has {shown} twice")));
        }
        if label == OTHER {
            let message = format!("`{OTHER}` is the class of answers outside of `labels`");
            mistakes.add(CheckProblem::new(message).hint("choose another word for the class"));
        }
    }
    if parameters.get("labels").is_some() && labels.len() == 1 {
        let problem = CheckProblem::new("`labels` of `label` has one class only");
        mistakes.add(problem.hint("list every class that the prompt may answer with"));
    }
    mistakes.or(Some(Label { labels, loosened, at }))
}

impl Label {
    /// The class as the list spells it; without a list, the text without what does not matter.
    fn class(&self, text: &str) -> Option<String> {
        let loose = self.loosened.of(text);
        if self.labels.is_empty() {
            return Some(loose.into_owned());
        }
        self.labels.iter().find(|label| self.loosened.of(label) == loose).cloned()
    }
}

impl Check for Label {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        let wanted = match seen.expected {
            None => return Finding::CannotTell("the case has no `expected` class".into()),
            // With a place, `expected` may be the whole wanted answer.
            Some(Value::Object(_)) if self.at.is_some() => {
                let pointer = self.at.as_deref().unwrap_or_default();
                seen.expected.and_then(|expected| expected.pointer(pointer))
            }
            other => other,
        };
        let Some(Value::String(wanted)) = wanted else {
            return Finding::CannotTell("the case's `expected` names no class".into());
        };
        let Some(expected) = self.class(wanted) else {
            let shown = subject::shown(wanted);
            return Finding::CannotTell(format!("the case's `expected`, {shown}, is no label"));
        };
        let answered = subject::searched(seen.answer, self.at.as_deref());
        let other = || OTHER.to_owned();
        match answered {
            Ok(text) => {
                let actual = self.class(&text).unwrap_or_else(other);
                Finding::Labelled(Labelled { expected, actual })
            }
            // The report's matrix counts it all the same.
            Err(why) => {
                let label = Some(Labelled { expected, actual: other() });
                Finding::Nothing { why, score: None, label }
            }
        }
    }

    fn describe(&self) -> String {
        let case = if self.loosened.ignore_case { " ignoring case" } else { "" };
        format!("label{}{case}", subject::place(self.at.as_deref()))
    }

    fn needs_expected(&self) -> bool {
        true
    }
}
