//! Levenshtein distance: the fewest insertions, deletions and replacements of one character.
//!
//! Characters are code points, as in Python; a letter with a combining mark counts as two. Bit-parallel
//! after Myers (1999) in Hyyrö's form (2003): 64 cells of the table at a time, memory in proportion to the
//! texts.

use super::alphabet::Alphabet;
use super::lcs::trimmed;
use super::masks::Masks;
use super::places::{MOST, Places, WORDS};
use super::{TooLarge, bounded, bounded_table, scratch, share};

/// How far two texts are apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levenshtein {
    /// Edits, 0 to the length of the longer text.
    pub distance: usize,
    /// Code points of the longer text.
    pub longest: usize,
}

impl Levenshtein {
    /// `1 - distance / longest`: 1 for equal texts (two empty ones too), 0 if nothing could be kept.
    pub fn score(&self) -> f64 {
        1.0 - share(self.distance, self.longest)
    }
}

/// Distance of the two texts, in time that grows with the product of what is left of them without a common
/// beginning and end.
///
/// # Errors
/// If the texts are larger than the bounds of this module's parent.
pub fn levenshtein(actual: &str, reference: &str) -> Result<Levenshtein, TooLarge> {
    bounded(actual, &[reference])?;
    scratch::with(|buffers| {
        buffers.tokens.clear();
        buffers.tokens.extend(actual.chars().map(u32::from));
        let middle = buffers.tokens.len();
        buffers.tokens.extend(reference.chars().map(u32::from));
        let (a, b) = buffers.tokens.split_at_mut(middle);
        let longest = a.len().max(b.len());
        let distance = buffers.edits.distance(a, b)?;
        Ok(Levenshtein { distance, longest })
    })
}

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Edits {
    alphabet: Alphabet,
    masks: Masks,
    places: Places,
    /// Per word, where the value grows and where it shrinks from one row to the next.
    column: Vec<(u64, u64)>,
}

impl Edits {
    /// Renames the symbols of both in place, to have them dense.
    fn distance(&mut self, a: &mut [u32], b: &mut [u32]) -> Result<usize, TooLarge> {
        self.alphabet.start(a.len() + b.len());
        for symbol in a.iter_mut().chain(b.iter_mut()) {
            *symbol = self.alphabet.symbol(*symbol);
        }
        let (_, a, b) = trimmed(a, b);
        bounded_table(a.len(), b.len())?;
        let (long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
        if short.is_empty() {
            return Ok(long.len());
        }
        Ok(self.walk(long, short))
    }

    fn walk(&mut self, long: &[u32], short: &[u32]) -> usize {
        let words = long.len().div_ceil(64);
        self.column.clear();
        self.column.resize(words, (u64::MAX, 0));
        let mut bottom = Bottom { bit: 1 << ((long.len() - 1) % 64), value: long.len() };
        if long.len() <= MOST {
            self.places.read(long);
            for symbol in short {
                let row = self.places.row::<WORDS>(*symbol);
                bottom.follow(step(&mut self.column, &row));
            }
            return bottom.value;
        }
        self.masks.read(long, self.alphabet.len());
        let nowhere = vec![0; words];
        for symbol in short {
            let row = self.masks.row(*symbol).unwrap_or(&nowhere);
            bottom.follow(step(&mut self.column, row));
        }
        bottom.value
    }
}

/// The value in the last row of the table.
struct Bottom {
    bit: u64,
    value: usize,
}

impl Bottom {
    /// Goes to the next column; `last` says in bits which rows of it grow and which shrink.
    fn follow(&mut self, last: (u64, u64)) {
        self.value += usize::from(last.0 & self.bit != 0);
        self.value -= usize::from(last.1 & self.bit != 0);
    }
}

/// Goes to the next column, where the symbol stands as `row` says; returns where the last word of it is
/// larger and where it is smaller than the column before.
fn step(column: &mut [(u64, u64)], row: &[u64]) -> (u64, u64) {
    // The row above the table counts up by one per column.
    let (mut up, mut down) = (1, 0);
    let mut last = (0, 0);
    for ((plus, minus), mask) in column.iter_mut().zip(row) {
        let same = mask | down;
        let diagonal = ((same & *plus).wrapping_add(*plus) ^ *plus) | same | *minus;
        let growing = *minus | !(diagonal | *plus);
        let shrinking = diagonal & *plus;
        last = (growing, shrinking);
        let shifted = (growing << 1 | up, shrinking << 1 | down);
        (up, down) = (growing >> 63, shrinking >> 63);
        *plus = shifted.1 | !(diagonal | shifted.0);
        *minus = shifted.0 & diagonal;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_table(a: &str, b: &str) -> usize {
        let b: Vec<char> = b.chars().collect();
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.chars().enumerate() {
            let mut diagonal = row[0];
            row[0] = i + 1;
            for (j, y) in b.iter().enumerate() {
                let above = row[j + 1];
                row[j + 1] = (diagonal + usize::from(x != *y)).min(above + 1).min(row[j] + 1);
                diagonal = above;
            }
        }
        row[b.len()]
    }

    proptest! {
        #[test]
        fn equals_the_textbook(a in "[abcé漢]{0,20}|[a-e]{0,300}", b in "[abcé漢]{0,20}|[a-f]{0,300}") {
            let found = levenshtein(&a, &b).unwrap();
            prop_assert_eq!(found.distance, by_table(&a, &b));
            prop_assert!((0.0..=1.0).contains(&found.score()));
        }
    }

    #[test]
    fn code_points_are_counted() {
        let found = |a, b| levenshtein(a, b).unwrap().distance;
        assert_eq!(found("kitten", "sitting"), 3);
        assert_eq!(found("", ""), 0);
        assert_eq!(found("e\u{301}", "é"), 2);
        assert_eq!(found("👨‍👩‍👧", ""), 5);
        assert!((levenshtein("", "").unwrap().score() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_would_take_minutes_is_refused() {
        let (a, b) = ("a".repeat(1 << 20), "b".repeat(1 << 20));
        assert_eq!(levenshtein(&a, &b), Err(TooLarge::Cells(1 << 40)));
        let huge = "a".repeat(super::super::LARGEST);
        assert!(matches!(levenshtein(&huge, "b"), Err(TooLarge::Bytes(_))));
    }

    #[test]
    fn equal_ends_cost_nothing() {
        let ends = "a long common part ".repeat(50_000);
        let found = levenshtein(&format!("{ends}x{ends}"), &format!("{ends}yz{ends}")).unwrap();
        assert_eq!(found.distance, 2);
    }
}
