//! What a suite leaves out: a suite can be large and still never ask the question that breaks a prompt.
//!
//! Everything is counted from the cases alone, so the report says what was never tried, not how well the
//! prompt does. A gap is a fact about the suite; whether it matters is for its author to judge.

mod categories;
mod duplicates;
mod schema;
mod script;
mod variables;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use gatemark_core::prompt::Content;
use gatemark_core::suite::{Case, Suite};
use gatemark_core::variable::VariableType;
use serde::Serialize;
use serde_json::Value;

use crate::answer_place;
use crate::generate::Kind;

pub use duplicates::Duplicate;
pub use schema::Branch;
pub use variables::VariableCoverage;

/// Fewer cases than this are near to none: the 95 % Wilson interval of 5 passes in 5 reaches down to 0.57.
pub const FEW: usize = 5;
/// More different wanted answers than this are free texts, not labels.
const MOST_LABELS: usize = 100;

/// A value and how many cases have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// The value.
    pub name: String,
    /// How many cases.
    pub cases: usize,
}

/// Something that no case, or hardly any, looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// `variable`, `category`, `difficulty`, `label`, `schema`, `script`, `generator` or `duplicate`.
    pub area: &'static str,
    /// Which one of them.
    pub name: String,
    /// What is missing, in a sentence.
    pub message: String,
}

/// What a suite covers and what it does not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// Cases in the suite.
    pub cases: usize,
    /// Sources that they were taken from; cases without one are their own.
    pub sources: usize,
    /// Everything found missing.
    pub gaps: Vec<Gap>,
    /// The prompt's variables.
    pub variables: Vec<VariableCoverage>,
    /// Categories, those of the policy first even if they have no case.
    pub categories: Vec<Counted>,
    /// Levels of difficulty; cases without one are `none`.
    pub difficulties: Vec<Counted>,
    /// Tags.
    pub tags: Vec<Counted>,
    /// Wanted answers that are single values; empty where they are free texts.
    pub labels: Vec<Counted>,
    /// Branches of the output schema.
    pub schema: Vec<Branch>,
    /// Scripts that the cases' texts are written in. A case may have several.
    pub scripts: Vec<Counted>,
    /// Kinds of generated cases.
    pub generators: Vec<Counted>,
    /// Cases that ask the same.
    pub duplicates: Vec<Duplicate>,
}

/// Looks at `suite` as the tests of `content`; `wanted` are the categories that a policy asks for.
pub fn of(suite: &Suite, content: &Content, wanted: &[String]) -> Coverage {
    let mut gaps = vec![];
    let cases = suite.cases.as_slice();
    let variables = variables::of(cases, content, &mut gaps);
    let categories = categories::of(cases, wanted, &mut gaps);
    let difficulties = difficulties(cases, &mut gaps);
    let answers = answers(suite);
    let schema = schema::of(content.output.schema.as_ref(), &answers, &mut gaps);
    let labels = labels(suite, &mut gaps);
    let scripts = script::of(cases, &mut gaps);
    let generators = generators(cases, content, &mut gaps);
    let duplicates = duplicates::of(cases, &mut gaps);
    let tags = count(cases.iter().flat_map(|case| case.tags.iter().map(String::as_str)));
    let sources: std::collections::HashSet<&str> =
        cases.iter().map(|case| case.source.as_deref().unwrap_or(&case.id)).collect();
    Coverage {
        cases: cases.len(),
        sources: sources.len(),
        gaps,
        variables,
        categories,
        difficulties,
        tags,
        labels,
        schema,
        scripts,
        generators,
        duplicates,
    }
}

/// How often each name comes, in the order of names.
fn count<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Counted> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    counts.into_iter().map(|(name, cases)| Counted { name: name.to_string(), cases }).collect()
}

fn gap(gaps: &mut Vec<Gap>, area: &'static str, name: &str, message: impl Into<String>) {
    gaps.push(Gap { area, name: name.to_string(), message: message.into() });
}

/// Levels are own words, so all that can be said is that there is only one, or that some cases have none.
fn difficulties(cases: &[Case], gaps: &mut Vec<Gap>) -> Vec<Counted> {
    let levels = count(cases.iter().map(|case| case.difficulty.as_deref().unwrap_or("none")));
    if let [only] = levels.as_slice() {
        let message = match only.name.as_str() {
            "none" => "no case has a difficulty".to_string(),
            level => format!("every case is {level}"),
        };
        gap(gaps, "difficulty", &only.name, message);
    }
    levels
}

/// The wanted answers as the prompt would have to write them.
fn answers(suite: &Suite) -> Vec<Value> {
    let common = answer_place::common_pointer(suite);
    let wanted = suite.cases.iter().filter_map(|case| {
        let pointer =
            if case.checks.is_empty() { common } else { answer_place::pointer(suite, case) };
        Some(answer_place::answer(case.expected.as_ref()?, pointer))
    });
    wanted.collect()
}

/// Wanted answers that are texts, truths or numbers, and few: classes. A `label` check may name classes
/// that no case has.
fn labels(suite: &Suite, gaps: &mut Vec<Gap>) -> Vec<Counted> {
    let plain = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    let found: Vec<String> =
        suite.cases.iter().filter_map(|case| plain(case.expected.as_ref()?)).collect();
    let mut labels = count(found.iter().map(String::as_str));
    // As many answers as cases are texts written for each case.
    if labels.len() > MOST_LABELS || labels.len() * 2 > found.len() {
        labels.clear();
    }
    let specs = suite.checks.iter().chain(suite.cases.iter().flat_map(|case| &case.checks));
    let named = specs.filter(|spec| spec.metric == "label");
    let named = named.filter_map(|spec| spec.parameters.get("labels")?.as_array());
    for label in named.flatten().filter_map(plain) {
        if !labels.iter().any(|known| known.name == label) {
            labels.push(Counted { name: label, cases: 0 });
        }
    }
    for label in labels.iter().filter(|label| label.cases < FEW) {
        gap(gaps, "label", &label.name, few(label.cases, ("expects", "expect")));
    }
    labels
}

/// `no case has it` or `only 3 cases have it`.
fn few(cases: usize, (one, many): (&str, &str)) -> String {
    match cases {
        0 => format!("no case {one} it"),
        1 => format!("only one case {one} it"),
        _ => format!("only {cases} cases {many} it"),
    }
}

/// A kind that fits none of the prompt's variables is no gap.
fn generators(cases: &[Case], content: &Content, gaps: &mut Vec<Gap>) -> Vec<Counted> {
    let fits = |kind: Kind| {
        content.variables.values().any(|variable| match variable.kind {
            VariableType::String => !kind.is_structural(),
            VariableType::List | VariableType::Object => kind.is_structural(),
            _ => false,
        })
    };
    let of = |word: &str| {
        let beginning = format!("{word}-");
        let made = |case: &&Case| {
            case.tags.iter().any(|tag| tag == word) && case.id.starts_with(&beginning)
        };
        cases.iter().filter(made).count()
    };
    let counted = Kind::ALL.map(|(word, _)| Counted { name: word.into(), cases: of(word) });
    for (counted, (_, kind)) in counted.iter().zip(Kind::ALL) {
        if counted.cases == 0 && fits(kind) {
            gap(gaps, "generator", &counted.name, "no generated case is of this kind");
        }
    }
    counted.to_vec()
}
