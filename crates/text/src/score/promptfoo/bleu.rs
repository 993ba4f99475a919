//! promptfoo's `bleu`.

use crate::score::{TooLarge, bounded, scratch, share, space};

/// BLEU with what it is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Bleu {
    /// 0 to 1.
    pub score: f64,
    /// By order, as far as the answer has n-grams; without smoothing.
    pub precisions: Vec<f64>,
    /// 0 to 1.
    pub brevity_penalty: f64,
}

const ORDERS: usize = 4;
/// What an order without a match counts as.
const SMOOTHED: f64 = 1e-7;

/// BLEU-4 of lower-cased words split at white space. An order's matches are those of the one reference that
/// gives most; an order without a match counts as 1e-7; orders that the answer is too short for do not
/// count. 0 for a blank answer.
///
/// # Errors
/// If the texts are larger than the bounds of `score`.
pub fn bleu<S: AsRef<str>>(actual: &str, references: &[S]) -> Result<Bleu, TooLarge> {
    bounded(actual, references)?;
    if actual.chars().all(space::javascript) || references.is_empty() {
        return Ok(Bleu { score: 0.0, precisions: vec![], brevity_penalty: 0.0 });
    }
    Ok(scratch::with(|buffers| {
        let length = buffers.read(actual, references, |text, interner, _, tokens| {
            let text = text.to_lowercase();
            let before = tokens.len();
            let words = text.split(space::javascript).filter(|word| !word.is_empty());
            tokens.extend(words.map(|word| interner.id(word.as_bytes())));
            // JavaScript splits nothing into one empty word.
            if tokens.len() == before {
                tokens.push(interner.id(b""));
            }
        });
        let lengths = buffers.references.iter().map(std::ops::Range::len);
        let closest = lengths.min_by_key(|found| (found.abs_diff(length), *found)).unwrap_or(0);
        let mut precisions = vec![];
        for _ in 0..ORDERS.min(length) {
            buffers.longer(length);
            let total = buffers.grams.total(length);
            let shared = buffers.references.iter().map(|place| buffers.grams.shared(place));
            precisions.push(share(shared.max().unwrap_or(0), total));
        }
        let brevity_penalty =
            if length > closest { 1.0 } else { (1.0 - closest as f64 / length as f64).exp() };
        let smoothed = precisions.iter().map(|p| if *p > 0.0 { *p } else { SMOOTHED });
        let mean = smoothed.map(f64::ln).sum::<f64>() / precisions.len() as f64;
        let score = (brevity_penalty * mean.exp()).min(1.0);
        Bleu { score, precisions, brevity_penalty }
    }))
}
