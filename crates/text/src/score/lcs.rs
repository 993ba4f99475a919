//! The length of a longest common subsequence.
//!
//! Bit-parallel after Hyyrö, "Bit-parallel LCS-length computation revisited" (2004): a column of the table
//! is one bit per row (0 where the value grows), and a step to the next column is one addition.

use super::masks::Masks;
use super::{TooLarge, bounded_table};

/// Buffers.
#[derive(Debug, Default)]
pub(super) struct Lcs {
    masks: Masks,
    column: Vec<u64>,
}

impl Lcs {
    /// Length of a longest common subsequence of two sequences whose symbols are below `symbols`.
    ///
    /// # Errors
    /// If the lengths multiply to more than `MOST_CELLS`.
    pub(super) fn length(
        &mut self,
        a: &[u32],
        b: &[u32],
        symbols: usize,
    ) -> Result<usize, TooLarge> {
        let (trimmed, a, b) = trimmed(a, b);
        if a.is_empty() || b.is_empty() {
            return Ok(trimmed);
        }
        bounded_table(a.len(), b.len())?;
        let (long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
        self.masks.read(long, symbols);
        self.column.clear();
        self.column.resize(self.masks.words(), u64::MAX);
        for symbol in short {
            // A symbol that the other lacks leaves the column as it is.
            let Some(row) = self.masks.row(*symbol) else { continue };
            let mut carry = false;
            for (cell, mask) in self.column.iter_mut().zip(row) {
                let matched = *cell & mask;
                let (sum, over) = cell.overflowing_add(matched);
                let (sum, more) = sum.overflowing_add(u64::from(carry));
                carry = over || more;
                *cell = sum | (*cell & !mask);
            }
        }
        // Bits beyond the sequence never match, so they stay 1.
        Ok(trimmed + self.column.iter().map(|cell| cell.count_zeros() as usize).sum::<usize>())
    }
}

/// The lengths of a common beginning and end together, and what lies between.
pub(super) fn trimmed<'s>(a: &'s [u32], b: &'s [u32]) -> (usize, &'s [u32], &'s [u32]) {
    let head = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[head..], &b[head..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    (head + tail, &a[..a.len() - tail], &b[..b.len() - tail])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_table(a: &[u32], b: &[u32]) -> usize {
        let mut row = vec![0; b.len() + 1];
        for x in a {
            let mut diagonal = 0;
            for (j, y) in b.iter().enumerate() {
                let above = row[j + 1];
                row[j + 1] = if x == y { diagonal + 1 } else { above.max(row[j]) };
                diagonal = above;
            }
        }
        row[b.len()]
    }

    proptest! {
        #[test]
        fn equals_the_textbook(
            a in proptest::collection::vec(0u32..6, 0..300),
            b in proptest::collection::vec(0u32..9, 0..300),
        ) {
            prop_assert_eq!(Lcs::default().length(&a, &b, 9).unwrap(), by_table(&a, &b));
        }
    }

    #[test]
    fn what_would_take_minutes_is_refused() {
        let (a, b) = (vec![0; 400_000], vec![1; 400_000]);
        assert_eq!(Lcs::default().length(&a, &b, 2), Err(TooLarge::Cells(160_000_000_000)));
    }
}
