//! `bertscore`: the answer's tokens have close counterparts among those of a reference, in context.
//!
//! BERTScore (Zhang et al., 2020) without inverse document frequencies and without rescaling: precision
//! is the mean, over the answer's tokens, of the largest cosine with any token of the reference; recall
//! the same the other way round; F1 their harmonic mean. As in the package `bert-score`, the marks of a
//! text's ends may be somebody's counterpart but do not count themselves, and a text without tokens
//! scores 0.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gatemark_provider::TokenVectors;
use gatemark_text::check::{CheckProblem, Finding, Parameters};
use serde_json::Value;

use super::meaning::Meaning;
use super::{External, Found, Seen};
use crate::Control;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Measure {
    F1,
    Precision,
    Recall,
}

impl Measure {
    /// Of the first text with each other.
    fn scores(self, tokens: Vec<TokenVectors>) -> Vec<f64> {
        let units: Vec<Units> = tokens.into_iter().map(Units::from).collect();
        let Some((answer, others)) = units.split_first() else { return vec![] };
        let pick = |score: Score| match self {
            Self::F1 => score.f1,
            Self::Precision => score.precision,
            Self::Recall => score.recall,
        };
        others.iter().map(|other| pick(Score::of(answer, other))).collect()
    }
}

struct BertScore {
    meaning: Meaning,
    measure: Measure,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn External>, CheckProblem> {
    let measure = match parameters.get("measure") {
        None => Measure::F1,
        Some(written) => match written {
            Value::String(word) if word == "f1" => Measure::F1,
            Value::String(word) if word == "precision" => Measure::Precision,
            Value::String(word) if word == "recall" => Measure::Recall,
            _ => return Err(parameters.wrong("measure", "f1, precision or recall", written)),
        },
    };
    Ok(Box::new(BertScore { meaning: Meaning::read(parameters)?, measure }))
}

impl External for BertScore {
    fn observe<'a>(&'a self, seen: &'a Seen<'a>, control: &'a Control) -> BoxFuture<'a, Found> {
        async move {
            let mut texts = match self.meaning.references(seen) {
                Ok(references) => references,
                Err(finding) => return finding.into(),
            };
            texts.insert(0, seen.observation.answer.to_string());
            let tokens = match control.embed_tokens(&self.meaning.model, &texts, seen.lanes).await {
                Ok(tokens) => tokens,
                Err(error) => return Finding::CannotTell(error.to_string()).into(),
            };
            let measure = self.measure;
            // Every token with every other takes long enough to hold up whatever else this thread serves.
            match tokio::task::spawn_blocking(move || measure.scores(tokens)).await {
                Ok(scores) if scores.is_empty() => {
                    Finding::CannotTell("the model gave no vectors".into()).into()
                }
                Ok(scores) => self.meaning.judge(self.word(), scores.into_iter()).into(),
                Err(_) => Finding::CannotTell("the comparison broke off".into()).into(),
            }
        }
        .boxed()
    }

    fn describe(&self) -> String {
        let Meaning { at_least, model, .. } = &self.meaning;
        format!("{} at least {at_least} by {model}", self.word())
    }

    fn needs_expected(&self) -> bool {
        self.meaning.needs_expected()
    }
}

impl BertScore {
    fn word(&self) -> &'static str {
        match self.measure {
            Measure::F1 => "BERTScore F1",
            Measure::Precision => "BERTScore precision",
            Measure::Recall => "BERTScore recall",
        }
    }
}

/// What two texts have in common.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Score {
    precision: f64,
    recall: f64,
    f1: f64,
}

impl Score {
    fn of(answer: &Units, reference: &Units) -> Self {
        let (Some(precision), Some(recall)) =
            (matched(answer, reference), matched(reference, answer))
        else {
            return Self::default();
        };
        let sum = precision + recall;
        let f1 = if sum == 0.0 { 0.0 } else { 2.0 * precision * recall / sum };
        Self { precision, recall, f1 }
    }
}

/// Token vectors of length 1 (or of zeros), so that the product of two is the cosine of their angle.
struct Units {
    vectors: Vec<Vec<f64>>,
    counts: Vec<bool>,
}

impl From<TokenVectors> for Units {
    fn from(tokens: TokenVectors) -> Self {
        let unit = |vector: Vec<f32>| {
            let vector: Vec<f64> = vector.into_iter().map(f64::from).collect();
            let length = product(&vector, &vector).sqrt();
            if length == 0.0 { vector } else { vector.into_iter().map(|x| x / length).collect() }
        };
        Self { vectors: tokens.vectors.into_iter().map(unit).collect(), counts: tokens.counts }
    }
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The mean, over the tokens of `one` that count, of the largest cosine with a token of `other`; `None`
/// if there is none to take it over.
fn matched(one: &Units, other: &Units) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0_u32);
    for (vector, _) in one.vectors.iter().zip(&one.counts).filter(|(_, counts)| **counts) {
        let cosines = other.vectors.iter().map(|candidate| product(vector, candidate));
        sum += cosines.fold(f64::NEG_INFINITY, f64::max);
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests;
