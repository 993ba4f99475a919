//! `rouge`: the answer shares words with a reference (Google's rouge-score, or promptfoo's `rouge-n`).

use std::borrow::Cow;

use serde_json::{Value, json};

use super::parameters::Parameters;
use super::similarity::{Similarity, promptfoo};
use super::{Check, CheckProblem};
use crate::score;
use crate::score::rouge::{Kind, Overlap};

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let promptfoo = promptfoo(parameters)?;
    let kind = kind(parameters, promptfoo)?;
    let stem = parameters.flag("stem", false)?;
    let (measure_name, measured) = measure(parameters)?;
    if promptfoo && (stem || kind != Kind::N(1)) {
        let problem = CheckProblem::new("promptfoo has only ROUGE-1 without stemming");
        return Err(problem.hint("leave out `stem` and `type`, or leave out `flavour`"));
    }
    let number = match kind {
        Kind::N(order) => order.to_string(),
        Kind::L => "L".to_string(),
    };
    let stemmed = if stem { " stemmed" } else { "" };
    let flavour = if promptfoo { " (promptfoo)" } else { "" };
    let name = format!("rouge-{number}{stemmed} {measure_name}{flavour}");
    let measure = move |actual: &str, references: &[Cow<'_, str>]| {
        let found = if promptfoo {
            score::promptfoo::rouge_1(actual, references)?
        } else {
            score::rouge::rouge(kind, stem, actual, references)?
        };
        let details =
            json!({ "precision": found.precision, "recall": found.recall, "f1": found.f1 });
        Ok((measured(&found), details))
    };
    Similarity::build(parameters, name, Box::new(measure))
}

fn kind(parameters: &Parameters<'_>, promptfoo: bool) -> Result<Kind, CheckProblem> {
    let Some(written) = parameters.get("type") else {
        return Ok(if promptfoo { Kind::N(1) } else { Kind::L });
    };
    let order = match written {
        Value::String(name) if name == "L" => return Ok(Kind::L),
        Value::String(digits) => digits.parse().ok(),
        other => other.as_u64().and_then(|order| u8::try_from(order).ok()),
    };
    let order = order.filter(|order| (1..=9).contains(order));
    order.map(Kind::N).ok_or_else(|| parameters.wrong("type", "1 to 9 or L", written))
}

type Part = fn(&Overlap) -> f64;

fn measure(parameters: &Parameters<'_>) -> Result<(&'static str, Part), CheckProblem> {
    let Some(written) = parameters.get("measure") else { return Ok(("f1", |found| found.f1)) };
    match written.as_str() {
        Some("f1") => Ok(("f1", |found| found.f1)),
        Some("precision") => Ok(("precision", |found| found.precision)),
        Some("recall") => Ok(("recall", |found| found.recall)),
        _ => Err(parameters.wrong("measure", "f1, precision or recall", written)),
    }
}
