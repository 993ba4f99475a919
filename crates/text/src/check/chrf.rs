//! `chrf`: the answer's character n-grams are those of a reference; with `word_order: 2`, chrF++.

use std::borrow::Cow;

use serde_json::json;

use super::parameters::Parameters;
use super::similarity::Similarity;
use super::{Check, CheckProblem};
use crate::score;

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let most = score::chrf::MOST_WORDS;
    let word_order = match parameters.get("word_order") {
        None => 0,
        Some(written) => {
            let order = written.as_u64().and_then(|order| u8::try_from(order).ok());
            order.filter(|order| *order <= most).ok_or_else(|| {
                let wanted = format!("a whole number from 0 to {most}");
                parameters.wrong("word_order", &wanted, written)
            })?
        }
    };
    let name = format!("chrf{}", "+".repeat(word_order.into()));
    let measure = move |actual: &str, references: &[Cow<'_, str>]| {
        let found = score::chrf::chrf(word_order, actual, references)?;
        let details = json!({ "precision": found.precision, "recall": found.recall });
        Ok((found.score, details))
    };
    Similarity::build(parameters, name, Box::new(measure))
}
