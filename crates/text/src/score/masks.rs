//! Where each symbol stands in a sequence, as bits: what bit-parallel algorithms read 64 cells at a time.
//!
//! A table with a row per symbol would take memory with the product of length and alphabet. Here only
//! symbols that occur often have a row of their own (at most 64 can); the row of a rare one is put together
//! when it is asked for, in no more steps than the row has words.

/// The places of each symbol in one sequence.
#[derive(Debug, Default)]
pub(super) struct Masks {
    words: usize,
    /// By symbol, where its places begin in `places`; one more at the end.
    starts: Vec<usize>,
    places: Vec<usize>,
    /// By symbol, one more than the number of its own row; 0 if it has none.
    row_of: Vec<usize>,
    rows: Vec<u64>,
    /// The row that was put together last, and for which symbol.
    passing: Vec<u64>,
    passing_for: Option<usize>,
}

impl Masks {
    /// Looks at `sequence`, whose symbols are below `symbols`.
    pub(super) fn read(&mut self, sequence: &[u32], symbols: usize) {
        self.words = sequence.len().div_ceil(64);
        self.sort(sequence, symbols);
        self.passing.clear();
        self.passing.resize(self.words, 0);
        self.passing_for = None;
        self.rows.clear();
        self.row_of.clear();
        self.row_of.resize(symbols, 0);
        for symbol in 0..symbols {
            let places = self.starts[symbol]..self.starts[symbol + 1];
            if places.is_empty() || places.len() < self.words {
                continue;
            }
            let begin = self.rows.len();
            self.rows.resize(begin + self.words, 0);
            for place in &self.places[places] {
                self.rows[begin + place / 64] |= 1 << (place % 64);
            }
            self.row_of[symbol] = begin / self.words + 1;
        }
    }

    /// Lists the places by symbol (a counting sort).
    fn sort(&mut self, sequence: &[u32], symbols: usize) {
        self.starts.clear();
        self.starts.resize(symbols + 1, 0);
        for symbol in sequence {
            self.starts[*symbol as usize] += 1;
        }
        let mut end = 0;
        for start in &mut self.starts {
            end += *start;
            *start = end;
        }
        self.places.clear();
        self.places.resize(sequence.len(), 0);
        for (place, symbol) in sequence.iter().enumerate().rev() {
            let start = &mut self.starts[*symbol as usize];
            *start -= 1;
            self.places[*start] = place;
        }
    }

    /// How many words a row has.
    pub(super) fn words(&self) -> usize {
        self.words
    }

    /// Bit i of the row is set if the symbol stands at place i. `None` if it stands nowhere.
    pub(super) fn row(&mut self, symbol: u32) -> Option<&[u64]> {
        let symbol = symbol as usize;
        let places = *self.starts.get(symbol)?..*self.starts.get(symbol + 1)?;
        if places.is_empty() {
            return None;
        }
        if let Some(row) = self.row_of[symbol].checked_sub(1) {
            return self.rows.get(row * self.words..(row + 1) * self.words);
        }
        if self.passing_for != Some(symbol) {
            if let Some(last) = self.passing_for.replace(symbol) {
                for place in &self.places[self.starts[last]..self.starts[last + 1]] {
                    self.passing[place / 64] = 0;
                }
            }
            for place in &self.places[places] {
                self.passing[place / 64] |= 1 << (place % 64);
            }
        }
        Some(&self.passing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_bit_is_set_where_the_symbol_stands(
            sequence in proptest::collection::vec(0u32..40, 0..700),
            asked in proptest::collection::vec(0u32..45, 0..60),
        ) {
            let mut masks = Masks::default();
            for _ in 0..2 {
                masks.read(&sequence, 40);
                for symbol in &asked {
                    let mut wanted = vec![0u64; sequence.len().div_ceil(64)];
                    for place in (0..sequence.len()).filter(|at| sequence[*at] == *symbol) {
                        wanted[place / 64] |= 1 << (place % 64);
                    }
                    let wanted = sequence.contains(symbol).then_some(wanted);
                    prop_assert_eq!(masks.row(*symbol), wanted.as_deref());
                }
            }
        }
    }
}
