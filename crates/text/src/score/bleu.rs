//! BLEU (Papineni et al., 2002) as sacrebleu 2.6 computes it.
//!
//! Tokenizer 13a, up to four words, counts clipped by the reference that has an n-gram most, brevity penalty
//! against the reference that is closest in length (the shorter of two that are), and the smoothing that
//! sacrebleu calls `exp`: the k-th order without a match counts as 1/2^k matches.

use super::{TooLarge, bounded, mteval, scratch, share};

/// The longest n-grams that count.
pub const ORDERS: usize = 4;

/// What BLEU is computed from; sums over sentences are those of the corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// By order, n-grams of the answer that a reference has, clipped.
    pub matches: [usize; ORDERS],
    /// By order, n-grams of the answer.
    pub totals: [usize; ORDERS],
    /// Tokens of the answer.
    pub length: usize,
    /// Tokens of the closest reference.
    pub reference_length: usize,
}

/// BLEU with what it is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bleu {
    /// 0 to 1: sacrebleu's score divided by 100.
    pub score: f64,
    /// By order, smoothed, 0 to 1.
    pub precisions: [f64; ORDERS],
    /// 0 to 1; 1 if the answer is not shorter than the reference.
    pub brevity_penalty: f64,
    /// What it was computed from.
    pub counts: Counts,
}

/// BLEU of one answer, sacrebleu's `sentence_bleu`: orders that the answer is too short for do not count.
/// 0 without references.
///
/// # Errors
/// If the texts are larger than the bounds of this module's parent.
pub fn sentence<S: AsRef<str>>(actual: &str, references: &[S]) -> Result<Bleu, TooLarge> {
    Ok(count(actual, references)?.bleu(true))
}

/// BLEU of many answers, sacrebleu's `corpus_bleu`: counts are added up before they are divided, so it is
/// not the mean of sentences.
#[derive(Debug, Clone, Copy, Default)]
pub struct Corpus {
    counts: Counts,
}

impl Corpus {
    /// Adds one answer with its references, of which there may be another number each time.
    ///
    /// # Errors
    /// As [`sentence`]; then nothing is added.
    pub fn add<S: AsRef<str>>(&mut self, actual: &str, references: &[S]) -> Result<(), TooLarge> {
        let counts = count(actual, references)?;
        let sum = &mut self.counts;
        for order in 0..ORDERS {
            sum.matches[order] += counts.matches[order];
            sum.totals[order] += counts.totals[order];
        }
        sum.length += counts.length;
        sum.reference_length += counts.reference_length;
        Ok(())
    }

    /// The score of everything added so far. 0 if all answers together are shorter than four tokens.
    pub fn bleu(&self) -> Bleu {
        self.counts.bleu(false)
    }
}

/// Counts one answer against its references.
fn count<S: AsRef<str>>(actual: &str, references: &[S]) -> Result<Counts, TooLarge> {
    bounded(actual, references)?;
    Ok(scratch::with(|buffers| {
        let length = buffers.read(actual, references, |text, interner, found, tokens| {
            mteval::tokens(text, &mut found.runs, |line, token| {
                tokens.push(interner.within(line.as_bytes(), token));
            });
        });
        let lengths = buffers.references.iter().map(std::ops::Range::len);
        let closest = lengths.min_by_key(|found| (found.abs_diff(length), *found));
        let mut counts =
            Counts { length, reference_length: closest.unwrap_or(0), ..Counts::default() };
        counts.matches.copy_from_slice(buffers.shared(length, ORDERS, true));
        for (order, total) in counts.totals.iter_mut().enumerate() {
            *total = length.saturating_sub(order);
        }
        counts
    }))
}

impl Counts {
    /// `effective`: orders without n-grams are left out of the mean; otherwise they make it 0.
    fn bleu(&self, effective: bool) -> Bleu {
        let (length, wanted) = (self.length as f64, self.reference_length as f64);
        let brevity_penalty = match self.length {
            0 if self.reference_length > 0 => 0.0,
            _ if length < wanted => (1.0 - wanted / length).exp(),
            _ => 1.0,
        };
        let mut precisions = [0.0; ORDERS];
        let nothing = Bleu { score: 0.0, precisions, brevity_penalty, counts: *self };
        if self.matches == [0; ORDERS] {
            return nothing;
        }
        let (mut halved, mut orders, mut logarithms) = (1.0, 0_u32, 0.0);
        for (order, precision) in precisions.iter_mut().enumerate() {
            if self.totals[order] == 0 {
                break;
            }
            *precision = share(self.matches[order], self.totals[order]);
            if self.matches[order] == 0 {
                halved *= 0.5;
                *precision = halved / self.totals[order] as f64;
            }
            logarithms += precision.ln();
            orders += 1;
        }
        if !effective && precisions.contains(&0.0) {
            return Bleu { precisions, ..nothing };
        }
        let score = brevity_penalty * (logarithms / f64::from(orders)).exp();
        Bleu { score: score.min(1.0), precisions, ..nothing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(actual: &str, references: &[&str]) -> f64 {
        sentence(actual, references).unwrap().score
    }

    #[test]
    fn the_ends_of_the_range() {
        assert!(
            (score("The cat sat on the mat.", &["The cat sat on the mat."]) - 1.0).abs() < 1e-12
        );
        assert!((score("word", &["word"]) - 1.0).abs() < 1e-12);
        assert_eq!(score("a b c", &["x y z"]).to_bits(), 0);
        assert_eq!(score("", &["x"]).to_bits(), 0);
        assert_eq!(score("x", &[""]).to_bits(), 0);
        assert_eq!(score("x", &[]).to_bits(), 0);
    }

    #[test]
    fn what_it_is_made_of() {
        let found = sentence("the the the cat", &["the cat", "the the dog ran away"]).unwrap();
        assert_eq!(found.counts.matches, [3, 2, 0, 0]);
        assert_eq!(found.counts.totals, [4, 3, 2, 1]);
        assert_eq!(found.counts.reference_length, 5);
        assert!((found.precisions[2] - 0.25).abs() < 1e-12);
        assert!((found.precisions[3] - 0.25).abs() < 1e-12);
        assert!((found.brevity_penalty - (-0.25_f64).exp()).abs() < 1e-12);
    }

    #[test]
    fn a_corpus_is_not_a_mean() {
        let mut corpus = Corpus::default();
        corpus.add("a b c d e", &["a b c d e"]).unwrap();
        corpus.add("x", &["y"]).unwrap();
        let found = corpus.bleu();
        assert_eq!(found.counts.totals, [6, 4, 3, 2]);
        assert!((found.precisions[0] - 5.0 / 6.0).abs() < 1e-12);
        let mut short = Corpus::default();
        short.add("a b c", &["a b c"]).unwrap();
        assert_eq!(short.bleu().score.to_bits(), 0);
    }
}
