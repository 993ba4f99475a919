//! `judge`: a model's score or verdict on the answer, by criteria, from several votes.
//!
//! After G-Eval (Liu et al. 2023, arXiv 2303.16634): the judge states its reason and gives a score on a
//! small scale, and the mean of several samples is taken. The score is (raw − least) / (most − least).

use futures_util::future::BoxFuture;
use gatemark_core::error::Result;
use gatemark_core::id::PromptName;
use gatemark_text::check::{CheckProblem, Finding, Parameters};

use super::panel::{self, Panel};
use super::{Ahead, External, Found, Names, Seen, Sources};
use crate::Control;
use crate::forecast::Forecast;
use crate::judge::Judges;

pub(super) const PARAMETERS: &[&str] =
    &["prompt", "criteria", "rubric", "at_least", "votes", "min_agreement", "model"];

struct Judged(Panel);

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn External>, CheckProblem> {
    Ok(Box::new(Judged(Panel::read(parameters, 0.75)?)))
}

impl External for Judged {
    fn observe<'a>(&'a self, seen: &'a Seen<'a>, control: &'a Control) -> BoxFuture<'a, Found> {
        Box::pin(async move {
            let judge = match self.0.judge(false, &Judges::default(), control).await {
                Ok(judge) => judge,
                Err(error) => return Finding::CannotTell(error.to_string()).into(),
            };
            let subject = self.0.subject(seen);
            let judgement = control.judge_answer(judge, self.0.rule, &subject, seen.turn()).await;
            panel::found(judgement.verdict, judgement.score, judgement.note, judgement.cost)
        })
    }

    fn describe(&self) -> String {
        format!("judge {}", self.0.describe())
    }

    fn identify<'a>(&'a self, _: &'a PromptName, control: &'a Control) -> Names<'a> {
        Box::pin(self.0.identify(control))
    }

    fn sources(&self, sources: &mut Sources) {
        self.0.sources(sources);
    }

    fn forecast(&self, ahead: &Ahead<'_>, _: &Control) -> Option<Forecast> {
        let (judge, subject) = self.0.ahead(ahead)?;
        judge.forecast(self.0.rule.votes, &subject, ahead.answer)
    }

    fn prepare<'a>(
        &'a self,
        judges: &'a Judges,
        control: &'a Control,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.0.judge(false, judges, control).await.map(|_| ()) })
    }
}
