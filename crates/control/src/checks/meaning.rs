//! What the checks of meaning share: their bound, their model, and the texts to compare with.

use gatemark_core::id::ModelName;
use gatemark_text::check::{CheckProblem, Finding, Parameters};
use serde_json::Value;

use super::Seen;

/// Bound, model and references of a check.
pub(super) struct Meaning {
    pub(super) at_least: f64,
    pub(super) model: ModelName,
    /// The texts to compare with; empty if they are the case's `expected`.
    values: Vec<String>,
}

impl Meaning {
    pub(super) fn read(parameters: &Parameters<'_>) -> Result<Self, CheckProblem> {
        let written = parameters.required("at_least")?;
        let at_least = written.as_f64().filter(|bound| (0.0..=1.0).contains(bound));
        let at_least = at_least
            .ok_or_else(|| parameters.wrong("at_least", "a number from 0 to 1", written))?;
        let written = parameters.required("model")?;
        let model = written.as_str().and_then(|name| name.parse().ok()).ok_or_else(|| {
            parameters
                .wrong("model", "the name of an embedding model", written)
                .hint("write `local/all-MiniLM-L6-v2`, after the provider in gatemark.yaml")
        })?;
        let mut values = vec![];
        for name in ["value", "values"] {
            if let Some(written) = parameters.get(name) {
                let texts = texts(written).filter(|texts| !texts.is_empty());
                values.extend(
                    texts.ok_or_else(|| {
                        parameters.wrong(name, "a text or a list of texts", written)
                    })?,
                );
            }
        }
        Ok(Self { at_least, model, values })
    }

    pub(super) fn needs_expected(&self) -> bool {
        self.values.is_empty()
    }

    /// The texts to compare the answer with; at least one.
    pub(super) fn references(&self, seen: &Seen<'_>) -> Result<Vec<String>, Finding> {
        self.texts(seen.observation.expected)
    }

    /// The same with a case's `expected`.
    pub(super) fn texts(&self, expected: Option<&Value>) -> Result<Vec<String>, Finding> {
        if !self.values.is_empty() {
            return Ok(self.values.clone());
        }
        let lacking = |why: &str| Finding::CannotTell(format!("the case's `expected` {why}"));
        match expected {
            None => Err(lacking("is missing")),
            Some(Value::Array(list)) if list.is_empty() => Err(lacking("is an empty list")),
            Some(expected) => Ok(texts(expected).unwrap_or_else(|| vec![expected.to_string()])),
        }
    }

    /// The finding for the best of several scores.
    pub(super) fn judge(&self, what: &str, scores: impl Iterator<Item = f64>) -> Finding {
        let best = scores.fold(f64::NAN, f64::max);
        if !best.is_finite() {
            return Finding::CannotTell(format!("the {what} is not a number"));
        }
        let score = best.clamp(0.0, 1.0);
        let detail = format!("expected a {what} of at least {}, found {score:.4}", self.at_least);
        Finding::Scored { score, holds: score >= self.at_least, detail }
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(list) => {
            list.iter().map(|item| item.as_str().map(str::to_string)).collect::<Option<_>>()
        }
        _ => None,
    }
}

/// The cosine of the angle between two vectors, -1 to 1: a·b / (|a|·|b|); 0 if one of them is all zeros.
pub(super) fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let product = |a: &[f32], b: &[f32]| -> f64 {
        a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
    };
    let lengths = (product(a, a) * product(b, b)).sqrt();
    if lengths == 0.0 { 0.0 } else { product(a, b) / lengths }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosines() {
        assert_eq!(cosine(&[1.0, 0.0], &[0.0, 2.0]), 0.0);
        assert_eq!(cosine(&[3.0, 4.0], &[6.0, 8.0]), 1.0);
        assert_eq!(cosine(&[1.0, 0.0], &[-2.0, 0.0]), -1.0);
        assert_eq!(cosine(&[0.0, 0.0], &[1.0, 1.0]), 0.0);
    }
}
