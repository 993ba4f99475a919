//! `similar`: the answer means much the same as a reference, by the cosine of their embeddings.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gatemark_text::check::{CheckProblem, Finding, Parameters};

use super::meaning::{Meaning, cosine};
use super::{Ahead, External, Found, Seen};
use crate::Control;
use crate::forecast::Forecast;

struct Similar(Meaning);

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn External>, CheckProblem> {
    Ok(Box::new(Similar(Meaning::read(parameters)?)))
}

impl External for Similar {
    fn observe<'a>(&'a self, seen: &'a Seen<'a>, control: &'a Control) -> BoxFuture<'a, Found> {
        async move {
            let mut texts = match self.0.references(seen) {
                Ok(references) => references,
                Err(finding) => return finding.into(),
            };
            texts.insert(0, seen.observation.answer.to_string());
            let embedded = match control.embed_priced(&self.0.model, &texts, seen.lanes).await {
                Ok(embedded) => embedded,
                Err(error) => return Finding::CannotTell(error.to_string()).into(),
            };
            let finding = match embedded.vectors.split_first() {
                Some((answer, others)) => {
                    self.0.judge("similarity", others.iter().map(|other| cosine(answer, other)))
                }
                None => Finding::CannotTell("the model gave no vector".into()),
            };
            Found { cost: embedded.cost, ..finding.into() }
        }
        .boxed()
    }

    fn describe(&self) -> String {
        format!("similar at least {} by {}", self.0.at_least, self.0.model)
    }

    fn forecast(&self, ahead: &Ahead<'_>, control: &Control) -> Option<Forecast> {
        let Meaning { model, .. } = &self.0;
        if control.is_run_here(model) {
            return None;
        }
        let references = self.0.texts(ahead.case.expected.as_ref()).ok()?;
        let count = |text: &String| gatemark_text::tokens::count(text) as u64;
        let input = references.iter().map(count).sum();
        let most_input = ahead.answer.map(|answer| answer.saturating_add(input));
        Some(Forecast { model: model.clone(), calls: 1, input, most_input, most_output: Some(0) })
    }

    fn needs_expected(&self) -> bool {
        self.0.needs_expected()
    }
}
