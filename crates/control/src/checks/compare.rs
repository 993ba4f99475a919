//! `compare`: a model's preference between the answer and another one, each vote in both orders.
//!
//! The score is (wins + ties/2) / votes, where only a winner in both orders wins; 0.5 is "as good as".

use futures_util::future::BoxFuture;
use gatemark_core::error::Result;
use gatemark_core::id::PromptName;
use gatemark_text::check::{CheckProblem, Finding, Parameters};
use serde_json::Value;

use super::panel::{self, Panel};
use super::{Ahead, External, Found, Names, Seen, Sources};
use crate::Control;
use crate::forecast::Forecast;
use crate::judge::{Judges, Pair};

pub(super) const PARAMETERS: &[&str] =
    &["prompt", "criteria", "rubric", "against", "at_least", "votes", "min_agreement", "model"];

/// What the answer is compared with.
enum Against {
    /// The case's `expected`.
    Expected,
    /// A fixed text.
    Text(String),
}

struct Compared {
    panel: Panel,
    against: Against,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn External>, CheckProblem> {
    let against = against(parameters)?;
    Ok(Box::new(Compared { panel: Panel::read(parameters, 0.5)?, against }))
}

fn against(parameters: &Parameters<'_>) -> Result<Against, CheckProblem> {
    let given = match parameters.get("against") {
        None => return Ok(Against::Expected),
        Some(Value::String(word)) if word == "expected" => return Ok(Against::Expected),
        Some(given) => given,
    };
    let text = given.as_object().filter(|fields| fields.len() == 1);
    match text.and_then(|fields| fields.get("value")) {
        Some(Value::String(text)) => Ok(Against::Text(text.clone())),
        Some(other) => Ok(Against::Text(other.to_string())),
        None => Err(parameters.wrong("against", "`expected` or {value: …}", given)),
    }
}

impl Compared {
    /// The other answer, or why there is none.
    fn other(&self, expected: Option<&Value>) -> Result<String, String> {
        match (&self.against, expected) {
            (Against::Text(text), _) => Ok(text.clone()),
            (Against::Expected, Some(Value::String(text))) => Ok(text.clone()),
            (Against::Expected, Some(value)) => Ok(value.to_string()),
            (Against::Expected, None) => {
                Err("the case has no `expected` to compare with".to_string())
            }
        }
    }
}

impl External for Compared {
    fn observe<'a>(&'a self, seen: &'a Seen<'a>, control: &'a Control) -> BoxFuture<'a, Found> {
        Box::pin(async move {
            let judge = match self.panel.judge(true, &Judges::default(), control).await {
                Ok(judge) => judge,
                Err(error) => return Finding::CannotTell(error.to_string()).into(),
            };
            let other = match self.other(seen.observation.expected) {
                Ok(other) => other,
                Err(why) => return Finding::CannotTell(why).into(),
            };
            let pair = Pair { subject: self.panel.subject(seen), other: &other };
            let judged = control.judge_pair(judge, self.panel.rule, &pair, seen.turn()).await;
            panel::found(judged.verdict, judged.score, judged.note, judged.cost)
        })
    }

    fn describe(&self) -> String {
        let against = match self.against {
            Against::Expected => "expected",
            Against::Text(_) => "a fixed answer",
        };
        format!("compare with {against} {}", self.panel.describe())
    }

    fn needs_expected(&self) -> bool {
        matches!(self.against, Against::Expected)
    }

    fn identify<'a>(&'a self, _: &'a PromptName, control: &'a Control) -> Names<'a> {
        Box::pin(self.panel.identify(control))
    }

    fn sources(&self, sources: &mut Sources) {
        self.panel.sources(sources);
    }

    fn forecast(&self, ahead: &Ahead<'_>, _: &Control) -> Option<Forecast> {
        let (judge, subject) = self.panel.ahead(ahead)?;
        let other = self.other(ahead.case.expected.as_ref()).ok()?;
        let pair = Pair { subject, other: &other };
        judge.forecast_pair(self.panel.rule.votes, &pair, ahead.answer)
    }

    fn prepare<'a>(
        &'a self,
        judges: &'a Judges,
        control: &'a Control,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.panel.judge(true, judges, control).await.map(|_| ()) })
    }
}
