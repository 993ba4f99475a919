//! `select_best`: of the answer and the one that the serving version gave to the same case, a judge picks
//! the better; only the winner passes.
//!
//! A suite sees one version's answer at a time, so the other candidate is what serves, as its newest
//! report on this suite recorded it. Several candidates at once meet in `gatemark compare`.

use futures_util::future::BoxFuture;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_text::check::{CheckProblem, Finding, Parameters};

use super::panel::{self, Panel};
use super::{Ahead, External, Found, Names, Seen, Sources};
use crate::Control;
use crate::forecast::Forecast;
use crate::judge::{Judges, Pair};
use crate::rival::Rival;

pub(super) const PARAMETERS: &[&str] =
    &["prompt", "criteria", "rubric", "environment", "at_least", "votes", "min_agreement", "model"];

struct SelectBest {
    panel: Panel,
    /// Where the rival serves; the project's default environment if not said.
    environment: Option<EnvironmentName>,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn External>, CheckProblem> {
    let environment = match parameters.get("environment") {
        None => None,
        Some(given) => {
            let parsed = given.as_str().and_then(|name| name.parse().ok());
            let wrong = || parameters.wrong("environment", "an environment's name", given);
            Some(parsed.ok_or_else(wrong)?)
        }
    };
    Ok(Box::new(SelectBest { panel: Panel::read(parameters, 0.5)?, environment }))
}

impl SelectBest {
    fn environment<'a>(&'a self, control: &'a Control) -> &'a EnvironmentName {
        self.environment.as_ref().unwrap_or(&control.project().default_environment)
    }

    /// Neither is better: with the least score that a tie reaches, it passes.
    fn tie(&self, why: &str) -> Found {
        let holds = 0.5 >= self.panel.rule.at_least;
        let note = format!("score 0.500 (at least {}): {why}", self.panel.rule.at_least);
        let finding = Finding::Scored { score: 0.5, holds, detail: note.clone() };
        Found { finding, cost: None, note: Some(note) }
    }
}

impl External for SelectBest {
    fn observe<'a>(&'a self, seen: &'a Seen<'a>, control: &'a Control) -> BoxFuture<'a, Found> {
        Box::pin(async move {
            let Some(setting) = &seen.setting else {
                let why = "there is no other answer to select from outside of a test run";
                return Finding::CannotTell(why.to_string()).into();
            };
            let judge = match self.panel.judge(true, &Judges::default(), control).await {
                Ok(judge) => judge,
                Err(error) => return Finding::CannotTell(error.to_string()).into(),
            };
            let other = match control.rival(setting, self.environment(control)).await {
                Ok(Rival::Answer(other)) => other,
                Ok(Rival::Itself) => return self.tie("it is the version that serves"),
                Ok(Rival::None(why)) => return Finding::CannotTell(why).into(),
                Err(error) => return Finding::CannotTell(error.to_string()).into(),
            };
            if other == seen.observation.answer {
                return self.tie("the version that serves answers the same");
            }
            let pair = Pair { subject: self.panel.subject(seen), other: &other };
            let judged = control.judge_pair(judge, self.panel.rule, &pair, seen.turn()).await;
            panel::found(judged.verdict, judged.score, judged.note, judged.cost)
        })
    }

    fn describe(&self) -> String {
        format!("select best against what serves {}", self.panel.describe())
    }

    fn identify<'a>(&'a self, prompt: &'a PromptName, control: &'a Control) -> Names<'a> {
        Box::pin(async move {
            let mut names = self.panel.identify(control).await;
            names.push(control.rival_name(prompt, self.environment(control)).await);
            names
        })
    }

    fn sources(&self, sources: &mut Sources) {
        self.panel.sources(sources);
    }

    /// As if both answers were as long as this version's may be.
    fn forecast(&self, ahead: &Ahead<'_>, _: &Control) -> Option<Forecast> {
        let (judge, subject) = self.panel.ahead(ahead)?;
        let both = ahead.answer.map(|answer| answer.saturating_mul(2));
        judge.forecast_pair(self.panel.rule.votes, &Pair { subject, other: "" }, both)
    }

    fn prepare<'a>(
        &'a self,
        judges: &'a Judges,
        control: &'a Control,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let environment = self.environment(control);
            if !control.project().environments.contains_key(environment) {
                let why = format!("`select_best`: there is no environment `{environment}`");
                return Err(Error::invalid(why).coded("environment_not_found"));
            }
            self.panel.judge(true, judges, control).await?;
            if let Some(prompt) = judges.of_answers() {
                judges.note(control.rival_name(prompt, environment).await).await;
            }
            Ok(())
        })
    }
}
