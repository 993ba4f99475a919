//! Checks: assertions on one answer.
//!
//! A check is built once from what its author wrote, with every mistake reported then, and observes many
//! answers. It answers one of three things; "cannot tell" becomes an error verdict, because a gate that
//! takes missing evidence for a pass is no gate. A new metric is a file here and a line in `METRICS`.

mod affix;
mod bleu;
mod bounds;
mod chrf;
mod contains;
mod cost;
mod equals;
mod found;
mod frame;
mod javascript;
mod json;
mod keywords;
mod label;
mod latency;
mod leak;
mod length;
mod levenshtein;
mod number;
mod one_of;
mod parameters;
mod pii;
mod references;
mod refusal;
mod regex;
mod rouge;
mod secrets;
mod similarity;
mod sql;
mod subject;
mod tokens;
mod tool_call;
mod typed;
mod wanted;
mod xml;

use gatemark_core::NanoUsd;
use gatemark_core::diagnostic::did_you_mean;
use gatemark_core::model::Usage;
use gatemark_core::report::{CheckResult, Labelled};
use gatemark_core::suite::CheckSpec;
use serde_json::{Map, Value};

pub use frame::Frame;
pub use parameters::Parameters;

/// What a check may look at.
#[derive(Debug, Clone, Copy)]
pub struct Observation<'a> {
    /// The model's whole answer.
    pub answer: &'a str,
    /// The wanted answer, if the case has one.
    pub expected: Option<&'a Value>,
    /// The version's output schema, if it has one.
    pub schema: Option<&'a Value>,
    /// From the call's start to its end, in microseconds.
    pub latency_us: u64,
    /// What the call cost; `None` if the model's price is unknown.
    pub cost: Option<NanoUsd>,
    /// The tools that the model wants called: the `tool_calls` array of chat completions, as JSON.
    pub tool_calls: Option<&'a str>,
    /// Tokens, as the vendor counted them, if it did.
    pub usage: Usage,
    /// The case's values for the prompt's variables.
    pub variables: &'a Map<String, Value>,
    /// The rendered system messages, one after the other; empty if there are none.
    pub system: &'a str,
}

impl<'a> Observation<'a> {
    /// An answer of which nothing else is known, as `gatemark score` and unit tests have it.
    pub fn of(answer: &'a str, nothing: &'a Map<String, Value>) -> Self {
        Self {
            answer,
            expected: None,
            schema: None,
            latency_us: 0,
            cost: None,
            tool_calls: None,
            usage: Usage::default(),
            variables: nothing,
            system: "",
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// It holds.
    Holds,
    /// It does not: `expected ..., found ...`.
    Fails(String),
    /// The answer has nothing at the place that is to be judged; never counts as holding, with `not` either.
    Nothing {
        /// `expected ..., found ...`.
        why: String,
        /// 0 for checks that score.
        score: Option<f64>,
        /// For checks that read a class.
        label: Option<Labelled>,
    },
    /// The case or the version lacks what the check needs; never counts as holding.
    CannotTell(String),
    /// It measured, and holds if the score reached its bound.
    Scored {
        /// 0 to 1, larger is better.
        score: f64,
        /// Whether the score reached the check's bound.
        holds: bool,
        /// `expected ..., found ...`; shown when it does not hold.
        detail: String,
    },
    /// It read a class from the answer, and holds if that is the wanted one.
    Labelled(Labelled),
    /// The evidence contradicts itself, e.g. a judge's votes are split; never counts as holding.
    Unclear(String),
}

impl Finding {
    /// Nothing to judge, from a check that neither scores nor reads a class.
    pub(crate) fn nothing(why: String) -> Self {
        Self::Nothing { why, score: None, label: None }
    }
}

/// An assertion.
pub trait Check: Send + Sync {
    /// Looks at one answer.
    fn observe(&self, seen: &Observation<'_>) -> Finding;

    /// As [`Check::observe`], with what the score is made of as a JSON object; null if there is nothing.
    fn explain(&self, seen: &Observation<'_>) -> (Finding, Value) {
        (self.observe(seen), Value::Null)
    }

    /// The check in short, e.g. `contains "refund"`.
    fn describe(&self) -> String;

    /// Whether it compares with the case's `expected`.
    fn needs_expected(&self) -> bool {
        false
    }
}

/// What is wrong with a check as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckProblem {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl CheckProblem {
    /// A problem without a hint.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// The same with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Several problems as one, so that an author sees all of them at once; `None` if there are none.
    pub fn all(problems: Vec<Self>) -> Option<Self> {
        let joined = |parts: Vec<String>| {
            let mut different: Vec<String> = Vec::new();
            for part in parts {
                if !different.contains(&part) {
                    different.push(part);
                }
            }
            different.join("; ")
        };
        let hints: Vec<_> = problems.iter().filter_map(|problem| problem.hint.clone()).collect();
        let hint = (!hints.is_empty()).then(|| joined(hints));
        let messages: Vec<_> = problems.into_iter().map(|problem| problem.message).collect();
        (!messages.is_empty()).then(|| Self { message: joined(messages), hint })
    }
}

impl std::fmt::Display for CheckProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

impl std::error::Error for CheckProblem {}

type Build = fn(&Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem>;

/// Metric, the parameter that a bare value stands for, all its parameters, how to build it.
const METRICS: &[(&str, &str, &[&str], Build)] = &[
    ("equals", "value", &["value", "trim", "ignore_case", "at"], equals::build),
    ("contains", "values", &["value", "values", "ignore_case", "at"], contains::build),
    ("contains_any", "values", &["value", "values", "ignore_case", "at"], contains::build_any),
    (
        "starts_with",
        "values",
        &["value", "values", "trim", "ignore_case", "at"],
        affix::build_start,
    ),
    ("ends_with", "values", &["value", "values", "trim", "ignore_case", "at"], affix::build_end),
    ("one_of", "values", &["value", "values", "trim", "ignore_case", "at"], one_of::build),
    ("keywords", "values", &["value", "values", "at_least", "ignore_case", "at"], keywords::build),
    ("label", "labels", &["labels", "trim", "ignore_case", "at"], label::build),
    ("number", "value", &["value", "tolerance", "relative", "min", "max", "at"], number::build),
    ("length", "max", &["min", "max", "unit", "at"], length::build),
    ("tokens", "max", &["min", "max", "source"], tokens::build),
    ("regex", "pattern", &["pattern", "at"], regex::build),
    ("json", "schema", &["schema", "draft", "formats", "at"], json::build),
    ("xml", "root", &["root", "paths", "at"], xml::build),
    ("sql", "dialect", &["dialect", "only_select", "tables", "at"], sql::build),
    (
        "tool_call",
        "name",
        &["name", "arguments", "schema", "calls", "order", "count"],
        tool_call::build,
    ),
    ("javascript", "value", &["value", "at_least", "parse"], javascript::build),
    ("pii", "types", &["types", "allow"], pii::build),
    ("secrets", "allow", &["allow"], secrets::build),
    ("leak", "max_words", &["max_words", "max_share"], leak::build),
    ("refusal", "", &[], refusal::build),
    ("latency", "max_ms", &["max_ms"], latency::build),
    ("cost", "max_usd", &["max_usd"], cost::build),
    ("levenshtein", "max", &["max", "at_least", "value", "values"], levenshtein::build),
    ("bleu", "at_least", &["at_least", "value", "values", "flavour"], bleu::build),
    (
        "rouge",
        "at_least",
        &["at_least", "type", "stem", "measure", "value", "values", "flavour"],
        rouge::build,
    ),
    ("chrf", "at_least", &["at_least", "word_order", "value", "values"], chrf::build),
];

/// The names of all metrics.
pub fn metrics() -> impl Iterator<Item = &'static str> {
    METRICS.iter().map(|(name, ..)| *name)
}

/// The names of a metric's parameters; `None` if there is no such metric.
pub fn parameters(metric: &str) -> Option<&'static [&'static str]> {
    METRICS.iter().find(|(name, ..)| *name == metric).map(|(_, _, known, _)| *known)
}

/// Builds the check that `spec` asks for. Unknown metrics and parameters, and values of a wrong type, are
/// problems.
pub fn build(spec: &CheckSpec) -> Result<BuiltCheck, CheckProblem> {
    let name = spec.metric.as_str();
    let Some((name, main, known, build)) = METRICS.iter().find(|metric| metric.0 == name) else {
        let hint = match did_you_mean(name, metrics()) {
            Some(close) => format!("did you mean `{close}`?"),
            None => format!("known metrics: {}", metrics().collect::<Vec<_>>().join(", ")),
        };
        return Err(CheckProblem::new(format!("`{name}` is not a metric")).hint(hint));
    };
    let parameters = Parameters::read(name, main, known, &spec.parameters)?;
    Ok(BuiltCheck { frame: Frame::of(spec)?, check: build(&parameters)? })
}

/// A check, ready to observe, with its negation.
pub struct BuiltCheck {
    frame: Frame,
    check: Box<dyn Check>,
}

impl BuiltCheck {
    /// Looks at one answer. `not` turns pass and fail and the score round and leaves an error an error.
    pub fn evaluate(&self, seen: &Observation<'_>) -> CheckResult {
        self.frame.conclude(&self.check.describe(), seen.answer, self.check.observe(seen))
    }

    /// As [`BuiltCheck::evaluate`], with what the score is made of as a JSON object; null if there is nothing.
    pub fn explain(&self, seen: &Observation<'_>) -> (CheckResult, Value) {
        let (finding, details) = self.check.explain(seen);
        (self.frame.conclude(&self.check.describe(), seen.answer, finding), details)
    }

    /// The check in short, e.g. `not contains "sorry"`.
    pub fn describe(&self) -> String {
        self.frame.describe(&self.check.describe())
    }

    /// Whether every case that it applies to must have `expected`.
    pub fn needs_expected(&self) -> bool {
        self.check.needs_expected()
    }
}

impl std::fmt::Debug for BuiltCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("BuiltCheck").field(&self.describe()).finish()
    }
}

#[cfg(test)]
mod tests;
