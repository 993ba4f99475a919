//! chrF (Popović, 2015) and chrF++ (2017) as sacrebleu 2.6 computes them.
//!
//! F-score of character n-grams up to six (white space taken out) and, for chrF++, word n-grams up to two,
//! with punctuation at a word's end or beginning split off. Precision and recall are averaged over the
//! orders that both sides have, then combined with recall weighing twice (beta 2). With several references,
//! the best score counts.

use super::scratch::{self, Buffers};
use super::{TooLarge, bounded, share, space};

/// The longest character n-grams that count.
const CHARACTERS: usize = 6;
/// Recall weighs beta times as much as precision; this is beta squared.
const FACTOR: f64 = 4.0;
/// Most word n-grams that may be asked for.
pub const MOST_WORDS: u8 = 4;

/// chrF with what it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Chrf {
    /// 0 to 1: sacrebleu's score divided by 100.
    pub score: f64,
    /// Mean over the orders, 0 to 1.
    pub precision: f64,
    /// Mean over the orders, 0 to 1.
    pub recall: f64,
}

/// chrF of the answer against the best of its references: `word_order` 0 for chrF, 2 for chrF++. 0 without
/// references.
///
/// # Errors
/// If the texts are larger than the bounds of this module's parent.
pub fn chrf<S: AsRef<str>>(
    word_order: u8,
    actual: &str,
    references: &[S],
) -> Result<Chrf, TooLarge> {
    bounded(actual, references)?;
    let mut sums = vec![Sum::default(); references.len()];
    scratch::with(|buffers| {
        let own = buffers.read_characters(actual, references, |c| !space::python(c));
        add(&mut sums, CHARACTERS, own, buffers);
        if word_order > 0 {
            let own = buffers.read(actual, references, |text, interner, _, symbols| {
                words(text, |word| symbols.push(interner.id(word.as_bytes())));
            });
            add(&mut sums, word_order.min(MOST_WORDS).into(), own, buffers);
        }
    });
    let scores = sums.iter().map(Sum::score);
    let best = scores.reduce(|best, next| if next.score > best.score { next } else { best });
    Ok(best.unwrap_or_default())
}

/// Precisions and recalls against one reference.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    precision: f64,
    recall: f64,
    orders: u32,
}

impl Sum {
    fn score(&self) -> Chrf {
        let orders = f64::from(self.orders.max(1));
        let (precision, recall) = (self.precision / orders, self.recall / orders);
        let weighed = FACTOR * precision + recall;
        let score = if weighed > 0.0 { (1.0 + FACTOR) * precision * recall / weighed } else { 0.0 };
        Chrf { score: score.min(1.0), precision, recall }
    }
}

/// Adds what n-grams up to `orders` give.
fn add(sums: &mut [Sum], orders: usize, own: usize, buffers: &mut Buffers) {
    buffers.shared(own, orders, false);
    let rows = buffers.counted().chunks(orders);
    for ((sum, place), row) in sums.iter_mut().zip(&buffers.references).zip(rows) {
        for (order, shared) in row.iter().enumerate() {
            let (total, wanted) = (own.saturating_sub(order), place.len().saturating_sub(order));
            if total > 0 && wanted > 0 {
                sum.precision += share(*shared, total);
                sum.recall += share(*shared, wanted);
                sum.orders += 1;
            }
        }
    }
}

/// Words, with one punctuation mark split off at the end, or else at the beginning.
fn words(text: &str, mut word: impl FnMut(&str)) {
    for whole in text.split(space::python).filter(|whole| !whole.is_empty()) {
        let (first, last) = (whole.chars().next(), whole.chars().next_back());
        let one = first.is_some_and(|c| c.len_utf8() == whole.len());
        let is_mark = |c: Option<char>| c.is_some_and(|c| c.is_ascii_punctuation());
        let cut = match (one, is_mark(last), is_mark(first)) {
            (true, ..) | (_, false, false) => None,
            (_, true, _) => Some(whole.len() - 1),
            (_, _, true) => Some(1),
        };
        match cut.and_then(|cut| whole.split_at_checked(cut)) {
            Some((head, tail)) => {
                word(head);
                word(tail);
            }
            None => word(whole),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_texts() {
        let score = |a: &str, b: &str| chrf(0, a, &[b]).unwrap().score;
        assert!((score("a b\nc", "abc") - 1.0).abs() < 1e-12);
        assert_eq!(score("", "abc").to_bits(), 0);
        assert_eq!(score("abc", "").to_bits(), 0);
        // One order counts, because the answer has one character: P 1, R 1/2.
        assert!((score("a", "ab") - 5.0 * 0.5 / 4.5).abs() < 1e-12);
        assert_eq!(chrf::<&str>(0, "x", &[]).unwrap(), Chrf::default());
    }

    #[test]
    fn words_count_in_chrf_plus_plus() {
        let score = |order: u8| chrf(order, "the cat", &["thecat"]).unwrap().score;
        assert!((score(0) - 1.0).abs() < 1e-12);
        assert!(score(2) < 1.0);
        let mut found = vec![];
        words("(hi) \"a . b! ..", |word| found.push(word.to_string()));
        assert_eq!(found, ["(hi", ")", "\"", "a", ".", "b", "!", ".", "."]);
    }
}
