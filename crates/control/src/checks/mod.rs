//! Every check of a suite, also those that are more than a function of the answer: they ask a model,
//! measure meaning or run code.
//!
//! The pure ones live in `gatemark_text::check`. The ones here wait for something, may cost money, and
//! fail closed: whatever they cannot find out is an error and never a pass. A new one is a file here and
//! a line in `METRICS`.

mod bertscore;
mod code;
mod compare;
mod identity;
mod judge;
mod meaning;
mod panel;
mod script;
mod select_best;
mod similar;

pub use identity::Sources;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use gatemark_core::call::CallPurpose;
use gatemark_core::diagnostic::did_you_mean;
use gatemark_core::error::Result;
use gatemark_core::id::PromptName;
use gatemark_core::money::NanoUsd;
use gatemark_core::report::CheckResult;
use gatemark_core::suite::{Case, CheckSpec};
use gatemark_gateway::Answers;
use gatemark_text::check::{
    self, BuiltCheck, CheckProblem, Finding, Frame, Observation, Parameters,
};

use crate::Control;
use crate::forecast::Forecast;
use crate::judge::{Judges, Turn};
use crate::lanes::Lanes;
use crate::rival::Setting;

/// What a check here may look at.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The answer and what is known of it.
    pub observation: Observation<'a>,
    /// The case.
    pub case: &'a Case,
    /// Which time the case is asked, from 1.
    pub repeat: u32,
    /// Models' answers of earlier runs, if they may be used.
    pub answers: Option<&'a Arc<dyn Answers>>,
    /// Where in a run it was given, if in one.
    pub setting: Option<Setting<'a>>,
    /// Where calls that a check makes wait for their turn.
    pub lanes: &'a Lanes,
    /// What calls that a check makes are for.
    pub purpose: CallPurpose,
}

impl<'a> Seen<'a> {
    /// Which turn of a judge this is.
    fn turn(&self) -> Turn<'a> {
        let Self { repeat, answers, lanes, purpose, .. } = *self;
        Turn { repeat, answers, lanes, purpose }
    }
}

/// What a check here found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The finding.
    pub finding: Finding,
    /// What finding it out cost, if it cost anything.
    pub cost: Option<NanoUsd>,
    /// What there is to say even if it holds, e.g. a judge's reason.
    pub note: Option<String>,
}

impl From<Finding> for Found {
    fn from(finding: Finding) -> Self {
        Self { finding, cost: None, note: None }
    }
}

/// What is known of an answer before there is one.
#[derive(Clone, Copy)]
pub struct Ahead<'a> {
    /// The case that is to be asked.
    pub case: &'a Case,
    /// The prompt's system messages.
    pub system: &'a str,
    /// Most tokens of the answer; `None` if that is not bounded.
    pub answer: Option<u64>,
}

/// A check that waits for something.
pub trait External: Send + Sync {
    /// Looks at one answer.
    fn observe<'a>(&'a self, seen: &'a Seen<'a>, control: &'a Control) -> BoxFuture<'a, Found>;

    /// The check in short.
    fn describe(&self) -> String;

    /// Whether it compares with the case's `expected`.
    fn needs_expected(&self) -> bool {
        false
    }

    /// Who judges, by names that are other ones when they would judge otherwise: a judge's version and
    /// model, a program's content. Needs nobody's key and asks nobody.
    /// `prompt` is the one whose answers are judged.
    fn identify<'a>(&'a self, prompt: &'a PromptName, control: &'a Control) -> Names<'a> {
        let _ = (prompt, control);
        Box::pin(std::future::ready(vec![]))
    }

    /// Adds what files of a project its judgement comes from.
    fn sources(&self, sources: &mut Sources) {
        let _ = sources;
    }

    /// The calls that looking at one answer takes and that cost money. Asked after `prepare`.
    fn forecast(&self, ahead: &Ahead<'_>, control: &Control) -> Option<Forecast> {
        let _ = (ahead, control);
        None
    }

    /// Finds what it needs before a run begins, so that a run is refused for its author's mistakes and
    /// not failed case by case. Judges are taken from `judges`, where the run learns who judged.
    ///
    /// # Errors
    /// What is wrong with what the check names.
    fn prepare<'a>(
        &'a self,
        judges: &'a Judges,
        control: &'a Control,
    ) -> BoxFuture<'a, Result<()>> {
        let _ = (judges, control);
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Names, as they come.
pub type Names<'a> = BoxFuture<'a, Vec<String>>;

type Build = fn(&Parameters<'_>) -> Result<Box<dyn External>, CheckProblem>;

/// Metric, the parameter that a bare value stands for, all its parameters, how to build it.
const METRICS: &[(&str, &str, &[&str], Build)] = &[
    ("code", "language", code::PARAMETERS, code::build),
    ("script", "command", script::PARAMETERS, script::build),
    ("similar", "at_least", &["at_least", "model", "value", "values"], similar::build),
    (
        "bertscore",
        "at_least",
        &["at_least", "measure", "model", "value", "values"],
        bertscore::build,
    ),
    ("judge", "prompt", judge::PARAMETERS, judge::build),
    ("compare", "prompt", compare::PARAMETERS, compare::build),
    ("select_best", "prompt", select_best::PARAMETERS, select_best::build),
];

/// Whether `metric` is one that waits for something.
pub fn waits(metric: &str) -> bool {
    METRICS.iter().any(|known| known.0 == metric)
}

/// A check ready to be applied.
pub enum Assertion {
    /// A function of the answer.
    Pure(BuiltCheck),
    /// One that waits for something.
    External(Frame, Box<dyn External>),
}

/// Builds the check that `spec` asks for.
///
/// # Errors
/// Unknown metrics and parameters, and values of a wrong type.
pub fn build(spec: &CheckSpec) -> Result<Assertion, CheckProblem> {
    let name = spec.metric.as_str();
    if let Some((name, main, known, build)) = METRICS.iter().find(|metric| metric.0 == name) {
        let parameters = Parameters::read(name, main, known, &spec.parameters)?;
        return Ok(Assertion::External(Frame::of(spec)?, build(&parameters)?));
    }
    if check::metrics().any(|known| known == name) {
        return check::build(spec).map(Assertion::Pure);
    }
    let known = || check::metrics().chain(METRICS.iter().map(|metric| metric.0));
    let hint = match did_you_mean(name, known()) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("known metrics: {}", known().collect::<Vec<_>>().join(", ")),
    };
    Err(CheckProblem::new(format!("`{name}` is not a metric")).hint(hint))
}

impl Assertion {
    /// Looks at one answer.
    pub async fn evaluate(&self, seen: &Seen<'_>, control: &Control) -> CheckResult {
        match self {
            Self::Pure(check) => check.evaluate(&seen.observation),
            Self::External(frame, check) => {
                let Found { finding, cost, note } = check.observe(seen, control).await;
                let answer = seen.observation.answer;
                let result = frame.conclude(&check.describe(), answer, finding);
                CheckResult { cost, detail: result.detail.clone().or(note), ..result }
            }
        }
    }

    /// Finds what it needs before a run begins; see [`External::prepare`].
    ///
    /// # Errors
    /// What is wrong with what the check names.
    pub async fn prepare(&self, judges: &Judges, control: &Control) -> Result<()> {
        match self {
            Self::Pure(_) => Ok(()),
            Self::External(_, check) => check.prepare(judges, control).await,
        }
    }

    /// The calls that looking at one answer takes; see [`External::forecast`].
    pub fn forecast(&self, ahead: &Ahead<'_>, control: &Control) -> Option<Forecast> {
        match self {
            Self::Pure(_) => None,
            Self::External(_, check) => check.forecast(ahead, control),
        }
    }

    /// The check in short, e.g. `not contains "sorry"`.
    pub fn describe(&self) -> String {
        match self {
            Self::Pure(check) => check.describe(),
            Self::External(frame, check) => frame.describe(&check.describe()),
        }
    }

    /// Whether every case that it applies to must have `expected`.
    pub fn needs_expected(&self) -> bool {
        match self {
            Self::Pure(check) => check.needs_expected(),
            Self::External(_, check) => check.needs_expected(),
        }
    }
}
