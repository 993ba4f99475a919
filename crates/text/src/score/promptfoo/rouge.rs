//! promptfoo's `rouge-n`, which is ROUGE-1.

use super::treebank;
use crate::score::rouge::Overlap;
use crate::score::{TooLarge, bounded, scratch, share};

/// F of shared words, in lower case and split as the Penn Treebank does; the best of the references.
///
/// # Errors
/// If the texts are larger than the bounds of `score`.
pub fn rouge_1<S: AsRef<str>>(actual: &str, references: &[S]) -> Result<Overlap, TooLarge> {
    bounded(actual, references)?;
    Ok(scratch::with(|buffers| {
        let own = buffers.read(actual, references, |text, interner, _, tokens| {
            treebank::tokens(&text.to_lowercase(), |word| {
                tokens.push(interner.id(word.as_bytes()))
            });
        });
        buffers.longer(own);
        let mut best: Option<Overlap> = None;
        for place in &buffers.references {
            let shared = buffers.grams.shared(place);
            let found = Overlap::new(share(shared, own), share(shared, place.len()));
            if best.is_none_or(|best| found.f1 > best.f1) {
                best = Some(found);
            }
        }
        best.unwrap_or_default()
    }))
}
