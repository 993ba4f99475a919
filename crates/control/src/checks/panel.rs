//! What the checks that ask a judge have in common: which judge, by what, how many votes.

use gatemark_core::error::{Error, Result};
use gatemark_core::id::ModelName;
use gatemark_core::report::Verdict;
use gatemark_gateway::{PromptRef, Selector};
use gatemark_text::check::{CheckProblem, Finding, Parameters};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::OnceCell;

use super::{Ahead, Found, Seen, Sources};
use crate::Control;
use crate::judge::{Form, Judge, Judges, Rule, Subject};

/// Most votes on one answer.
const MOST_VOTES: u32 = 25;

/// The judge that a check asks, as its author wrote it.
pub(super) struct Panel {
    prompt: PromptRef,
    written: String,
    model: Option<ModelName>,
    pub(super) criteria: Option<String>,
    pub(super) rule: Rule,
    judge: OnceCell<Arc<Judge>>,
}

impl Panel {
    /// Reads the parameters; `at_least` is the default of that one.
    pub(super) fn read(parameters: &Parameters<'_>, at_least: f64) -> Result<Self, CheckProblem> {
        let named = parameters.required("prompt")?;
        let written = named.as_str().unwrap_or_default();
        let prompt = PromptRef::parse(written, "prompt").map_err(|error| {
            parameters
                .wrong("prompt", "a judge's prompt such as judges/rubric", named)
                .hint(error.message().to_string())
        })?;
        let model = match parameters.get("model") {
            None => None,
            Some(given) => {
                let parsed = given.as_str().and_then(|name| name.parse().ok());
                let wrong = || parameters.wrong("model", "a model written provider/model", given);
                Some(parsed.ok_or_else(wrong)?)
            }
        };
        let rule = Rule {
            at_least: share(parameters, "at_least", at_least)?,
            votes: votes(parameters)?,
            min_agreement: share(parameters, "min_agreement", 0.6)?,
        };
        let written = written.to_string();
        let criteria = criteria(parameters)?;
        Ok(Self { prompt, written, model, criteria, rule, judge: OnceCell::new() })
    }

    /// The check in short, after the metric's name.
    pub(super) fn describe(&self) -> String {
        format!("by {}, at least {}", self.written, self.rule.at_least)
    }

    /// Finds the judge, once, and makes sure that it fits the check. `pairs` tells whether it has to
    /// compare two answers.
    pub(super) async fn judge(
        &self,
        pairs: bool,
        judges: &Judges,
        control: &Control,
    ) -> Result<&Arc<Judge>> {
        let find = || async {
            let judge = judges.find(&self.prompt, self.model.as_ref(), control).await?;
            self.fits(&judge, pairs)?;
            Ok(judge)
        };
        self.judge.get_or_try_init(find).await
    }

    /// The judge's name as reports have it.
    pub(super) async fn identify(&self, control: &Control) -> Vec<String> {
        let name = control.judge_name(&self.prompt, self.model.as_ref()).await;
        vec![name.unwrap_or_else(|error| format!("{}, which is not there: {error}", self.written))]
    }

    /// Adds the judge, unless it is pinned to one version.
    pub(super) fn sources(&self, sources: &mut Sources) {
        if matches!(self.prompt.selector, Selector::Default | Selector::Environment(_)) {
            sources.prompts.insert(self.prompt.name.clone());
        }
    }

    fn fits(&self, judge: &Judge, pairs: bool) -> Result<()> {
        let name = judge.name();
        let refuse = |why: String| Err(Error::invalid(why).coded("judge_misfit"));
        match (judge.contract.form == Form::Winner, pairs) {
            (true, false) => {
                return refuse(format!(
                    "{name} compares two answers: use it with `compare` or `select_best`, not with `judge`"
                ));
            }
            (false, true) => {
                return refuse(format!(
                    "{name} judges one answer: use it with `judge`; `compare` and `select_best` need a judge with `winner`"
                ));
            }
            _ => {}
        }
        match &self.criteria {
            Some(_) if !judge.contract.takes("criteria") => refuse(format!(
                "{name} has no variable `criteria`: it would not see those of the check"
            )),
            None if judge.contract.needs("criteria") => {
                refuse(format!("{name} needs `criteria` or `rubric`: add it to the check"))
            }
            _ => Ok(()),
        }
    }

    /// What will be judged, as far as it is known, and by whom, if the judge is found already.
    pub(super) fn ahead<'a>(&'a self, ahead: &Ahead<'a>) -> Option<(&'a Judge, Subject<'a>)> {
        let subject = Subject {
            answer: "",
            expected: ahead.case.expected.as_ref(),
            input: &ahead.case.variables,
            criteria: self.criteria.as_deref(),
            system: ahead.system,
        };
        Some((self.judge.get()?, subject))
    }

    /// What is judged.
    pub(super) fn subject<'a>(&'a self, seen: &'a Seen<'a>) -> Subject<'a> {
        let observation = &seen.observation;
        Subject {
            answer: observation.answer,
            expected: observation.expected,
            input: observation.variables,
            criteria: self.criteria.as_deref(),
            system: observation.system,
        }
    }
}

/// A judgement as a finding. Only `Pass` and `Fail` carry a score: one that stands on split votes would
/// look like a measurement.
pub(super) fn found(
    verdict: Verdict,
    score: Option<f64>,
    note: String,
    cost: Option<gatemark_core::NanoUsd>,
) -> Found {
    let finding = match (verdict, score) {
        (Verdict::Pass | Verdict::Fail, Some(score)) => {
            let holds = verdict == Verdict::Pass;
            Finding::Scored { score, holds, detail: note.clone() }
        }
        (Verdict::Inconclusive, _) => Finding::Unclear(note.clone()),
        _ => Finding::CannotTell(note.clone()),
    };
    Found { finding, cost, note: Some(note) }
}

/// A number from 0 to 1.
fn share(parameters: &Parameters<'_>, name: &str, default: f64) -> Result<f64, CheckProblem> {
    let Some(given) = parameters.get(name) else { return Ok(default) };
    let number = given.as_f64().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| parameters.wrong(name, "a number from 0 to 1", given))
}

fn votes(parameters: &Parameters<'_>) -> Result<u32, CheckProblem> {
    let Some(given) = parameters.get("votes") else { return Ok(3) };
    let number = given.as_u64().and_then(|number| u32::try_from(number).ok());
    let wanted = format!("a whole number from 1 to {MOST_VOTES}");
    number
        .filter(|number| (1..=MOST_VOTES).contains(number))
        .ok_or_else(|| parameters.wrong("votes", &wanted, given))
}

/// The criteria, the rubric as a numbered list, or one after the other.
fn criteria(parameters: &Parameters<'_>) -> Result<Option<String>, CheckProblem> {
    let mut parts = vec![];
    if let Some(given) = parameters.get("criteria") {
        let text = given.as_str().filter(|text| !text.trim().is_empty());
        let wrong = || parameters.wrong("criteria", "a text", given);
        parts.push(text.ok_or_else(wrong)?.to_string());
    }
    if let Some(given) = parameters.get("rubric") {
        let points: Option<Vec<&str>> = given
            .as_array()
            .filter(|points| !points.is_empty())
            .and_then(|points| points.iter().map(Value::as_str).collect());
        let points = points.ok_or_else(|| parameters.wrong("rubric", "a list of texts", given))?;
        let lines = points.iter().enumerate().map(|(i, point)| format!("{}. {point}", i + 1));
        parts.push(lines.collect::<Vec<_>>().join("\n"));
    }
    Ok((!parts.is_empty()).then(|| parts.join("\n\n")))
}
