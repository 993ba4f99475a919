//! ROUGE (Lin, 2004) as Google's rouge-score 0.1.2 computes it.
//!
//! Words are runs of ASCII letters and digits, lower-cased; with stemming, those of more than three letters
//! are cut by NLTK's Porter stemmer. ROUGE-N compares n-grams, ROUGE-L a longest common subsequence of the
//! whole texts. With several references, the one with the best F counts (`score_multi`).

use super::scratch::{self, Buffers};
use super::{TooLarge, bounded, share};

/// Which ROUGE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// n-grams of so many words, 1 to 9; taken for the nearest of these otherwise.
    N(u8),
    /// Longest common subsequence.
    L,
}

/// Precision, recall and their harmonic mean, each 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Overlap {
    /// The shared part of the answer.
    pub precision: f64,
    /// The shared part of the reference.
    pub recall: f64,
    /// `2PR / (P + R)`; 0 if both are 0.
    pub f1: f64,
}

impl Overlap {
    /// From both parts.
    pub fn new(precision: f64, recall: f64) -> Self {
        let sum = precision + recall;
        let f1 = if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 };
        Self { precision, recall, f1 }
    }

    fn of(shared: usize, answer: usize, reference: usize) -> Self {
        Self::new(share(shared, answer), share(shared, reference))
    }
}

/// ROUGE of the answer against the best of its references; all 0 without references.
///
/// # Errors
/// If the texts are larger than the bounds of this module's parent.
pub fn rouge<S: AsRef<str>>(
    kind: Kind,
    stem: bool,
    actual: &str,
    references: &[S],
) -> Result<Overlap, TooLarge> {
    let [found] = several([kind], stem, actual, references)?;
    Ok(found)
}

/// Several kinds of ROUGE, whose words are looked for only once. Each kind has its own best reference.
///
/// # Errors
/// As [`rouge`].
pub fn several<const N: usize, S: AsRef<str>>(
    kinds: [Kind; N],
    stem: bool,
    actual: &str,
    references: &[S],
) -> Result<[Overlap; N], TooLarge> {
    bounded(actual, references)?;
    scratch::with(|buffers| {
        let own = buffers.read(actual, references, |text, interner, found, tokens| {
            found.each(text, stem, |bytes, word| tokens.push(interner.within(bytes, word)));
        });
        let orders = kinds.iter().map(|kind| kind.order()).max().unwrap_or(0);
        buffers.shared(own, orders, false);
        let mut best = [None; N];
        for at in 0..references.len() {
            for (best, kind) in best.iter_mut().zip(kinds) {
                let found = one(buffers, kind, own, orders, at)?;
                // The first of equals, as numpy's argmax.
                if best.is_none_or(|best: Overlap| found.f1 > best.f1) {
                    *best = Some(found);
                }
            }
        }
        Ok(best.map(Option::unwrap_or_default))
    })
}

impl Kind {
    /// The length of its n-grams; 0 if it has none.
    fn order(self) -> usize {
        match self {
            Self::N(order) => usize::from(order.clamp(1, 9)),
            Self::L => 0,
        }
    }
}

/// One kind against reference number `at`, of buffers that have counted up to `orders`.
fn one(
    buffers: &mut Buffers,
    kind: Kind,
    own: usize,
    orders: usize,
    at: usize,
) -> Result<Overlap, TooLarge> {
    let reference = buffers.references.get(at).map_or(0, ExactSizeIterator::len);
    if kind == Kind::L {
        return Ok(Overlap::of(buffers.subsequence(own, at)?, own, reference));
    }
    let back = kind.order() - 1;
    let shared = buffers.counted().get(at * orders + back).copied().unwrap_or(0);
    Ok(Overlap::of(shared, own.saturating_sub(back), reference.saturating_sub(back)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f1(kind: Kind, stem: bool, actual: &str, references: &[&str]) -> f64 {
        rouge(kind, stem, actual, references).unwrap().f1
    }

    #[test]
    fn small_texts() {
        let (answer, reference) = (
            "The quick brown dog jumps on the log.",
            "The quick brown fox jumps over the lazy dog",
        );
        let found = rouge(Kind::N(1), false, answer, &[reference]).unwrap();
        assert!((found.precision - 0.75).abs() < 1e-12);
        assert!((found.recall - 6.0 / 9.0).abs() < 1e-12);
        let found = rouge(Kind::L, false, answer, &[reference]).unwrap();
        assert!((found.precision - 5.0 / 8.0).abs() < 1e-12);
        assert_eq!(f1(Kind::N(2), false, "one", &["one"]).to_bits(), 0);
        assert_eq!(f1(Kind::N(1), false, "漢字", &["漢字"]).to_bits(), 0);
        assert_eq!(f1(Kind::L, false, "", &[""]).to_bits(), 0);
        assert_eq!(f1(Kind::L, false, "x", &[]).to_bits(), 0);
    }

    #[test]
    fn stems_make_words_equal() {
        assert_eq!(f1(Kind::N(1), false, "running", &["runs run"]).to_bits(), 0);
        assert!(f1(Kind::N(1), true, "jumping", &["jumped"]) > 0.99);
        // The Kelvin sign is a k, and a dotted capital I an i and something else.
        assert!(f1(Kind::N(1), false, "\u{212a}g \u{130}x", &["kg i x"]) > 0.99);
    }

    #[test]
    fn the_best_reference_counts() {
        let alone = f1(Kind::L, false, "a b c", &["a b c d"]);
        assert_eq!(f1(Kind::L, false, "a b c", &["x", "a b c d", "b"]).to_bits(), alone.to_bits());
    }
}
