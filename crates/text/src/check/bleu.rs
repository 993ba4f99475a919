//! `bleu`: the answer's n-grams are those of the references (sacrebleu, or promptfoo's own computation).

use std::borrow::Cow;

use serde_json::json;

use super::parameters::Parameters;
use super::similarity::{Similarity, promptfoo};
use super::{Check, CheckProblem};
use crate::score;

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    if promptfoo(parameters)? {
        let measure = |actual: &str, references: &[Cow<'_, str>]| {
            let bleu = score::promptfoo::bleu(actual, references)?;
            let details = json!({
                "precisions": bleu.precisions,
                "brevity_penalty": bleu.brevity_penalty,
            });
            Ok((bleu.score, details))
        };
        return Similarity::build(parameters, "bleu (promptfoo)".into(), Box::new(measure));
    }
    let measure = |actual: &str, references: &[Cow<'_, str>]| {
        let bleu = score::bleu::sentence(actual, references)?;
        let details = json!({
            "precisions": bleu.precisions,
            "brevity_penalty": bleu.brevity_penalty,
            "length": bleu.counts.length,
            "reference_length": bleu.counts.reference_length,
        });
        Ok((bleu.score, details))
    };
    Similarity::build(parameters, "bleu".into(), Box::new(measure))
}
