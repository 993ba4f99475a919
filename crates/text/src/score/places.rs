//! Short answers by bits: where each symbol stands, in at most four machine words.
//!
//! With bit i set where an n-gram of the answer ends, the n-grams that end at the next symbol of a reference
//! are the same bits one place on, where that symbol stands too. So all orders are counted in one walk over
//! the reference, without hashing an n-gram (as Baeza-Yates and Gonnet's shift-and finds strings). What is
//! longer than [`MOST`] symbols goes to [`super::grams`] and [`super::lcs`], whose time does not grow with
//! the length of the answer times that of the reference.

/// Machine words of a row.
pub(super) const WORDS: usize = 4;
/// Most symbols of an answer.
pub(super) const MOST: usize = 64 * WORDS;

pub(super) type Row<const W: usize> = [u64; W];

/// The places of each symbol in the answer.
#[derive(Debug, Default)]
pub(super) struct Places {
    rows: Vec<Row<WORDS>>,
    length: usize,
    /// By order, the places of the answer that the reference has used up.
    used: Vec<Row<WORDS>>,
}

impl Places {
    /// Looks at an answer of at most [`MOST`] symbols, which are numbered from 0 as they first occur.
    pub(super) fn read(&mut self, answer: &[u32]) {
        self.length = answer.len();
        self.rows.clear();
        for (at, symbol) in answer.iter().enumerate() {
            let symbol = *symbol as usize;
            if symbol >= self.rows.len() {
                self.rows.resize(symbol + 1, [0; WORDS]);
            }
            self.rows[symbol][at / 64] |= 1 << (at % 64);
        }
    }

    /// Forgets which n-grams up to `orders` are used up.
    pub(super) fn unused(&mut self, orders: usize) {
        self.used.clear();
        self.used.resize(orders, [0; WORDS]);
    }

    /// By order, how many n-grams are used up.
    pub(super) fn shared(&self) -> impl Iterator<Item = usize> {
        self.used.iter().map(|row| row.iter().map(|word| word.count_ones() as usize).sum())
    }

    /// Uses up the n-grams that `reference` has, each as often as the rarer side has it.
    ///
    /// Of equal n-grams those that end first go first, so after several references just those places are
    /// used that the reference needs which has the n-gram most.
    pub(super) fn compare(&mut self, reference: &[u32]) {
        match (self.length.div_ceil(64), self.used.len()) {
            (0 | 1, 1) => self.walk::<1, 1>(reference),
            (0 | 1, 2) => self.walk::<1, 2>(reference),
            (0 | 1, 0..=4) => self.walk::<1, 4>(reference),
            (0 | 1, _) => self.walk::<1, ORDERS>(reference),
            (2, 0..=6) => self.walk::<2, 6>(reference),
            (2, _) => self.walk::<2, ORDERS>(reference),
            (_, 0..=6) => self.walk::<WORDS, 6>(reference),
            _ => self.walk::<WORDS, ORDERS>(reference),
        }
    }

    fn walk<const W: usize, const N: usize>(&mut self, reference: &[u32]) {
        let mut used = [[0; W]; N];
        let mut ends = [[0; W]; N];
        for symbol in reference {
            let row: Row<W> = self.row(*symbol);
            for order in (1..N).rev() {
                ends[order] = and(shifted(ends[order - 1]), row);
                take(&mut used[order], ends[order]);
            }
            ends[0] = row;
            take(&mut used[0], row);
        }
        for (all, used) in self.used.iter_mut().zip(used) {
            for (all, used) in all.iter_mut().zip(used) {
                *all |= used;
            }
        }
    }

    /// Length of a longest common subsequence, as [`super::lcs`] does it.
    pub(super) fn subsequence(&self, reference: &[u32]) -> usize {
        match self.length.div_ceil(64) {
            0 | 1 => self.columns::<1>(reference),
            2 => self.columns::<2>(reference),
            _ => self.columns::<WORDS>(reference),
        }
    }

    fn columns<const W: usize>(&self, reference: &[u32]) -> usize {
        let mut column = [u64::MAX; W];
        for symbol in reference {
            let row: Row<W> = self.row(*symbol);
            let mut carry = false;
            for (cell, mask) in column.iter_mut().zip(row) {
                let matched = *cell & mask;
                let (sum, over) = cell.overflowing_add(matched);
                let (sum, more) = sum.overflowing_add(u64::from(carry));
                carry = over || more;
                *cell = sum | (*cell & !mask);
            }
        }
        column.iter().map(|cell| cell.count_zeros() as usize).sum()
    }

    /// The first words of a symbol's row; nothing but zeros for one that the answer lacks.
    pub(super) fn row<const W: usize>(&self, symbol: u32) -> Row<W> {
        let row = self.rows.get(symbol as usize).and_then(|row| row.first_chunk());
        row.copied().unwrap_or([0; W])
    }
}

/// The longest n-grams that are counted.
const ORDERS: usize = 9;

fn and<const W: usize>(a: Row<W>, b: Row<W>) -> Row<W> {
    std::array::from_fn(|word| a[word] & b[word])
}

/// Each bit one place on.
fn shifted<const W: usize>(row: Row<W>) -> Row<W> {
    let mut carry = 0;
    row.map(|word| {
        let moved = word << 1 | carry;
        carry = word >> 63;
        moved
    })
}

/// Uses up the first of the places that is still free, if there is one.
fn take<const W: usize>(used: &mut Row<W>, places: Row<W>) {
    let mut wanted = u64::MAX;
    for (used, places) in used.iter_mut().zip(places) {
        let free = places & !*used;
        *used |= free & free.wrapping_neg() & wanted;
        wanted &= u64::from(free != 0).wrapping_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::scratch::Buffers;
    use proptest::prelude::*;

    fn symbols(longest: usize) -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            proptest::collection::vec(0u8..3, 0..longest),
            proptest::collection::vec(0u8..30, 0..longest),
        ]
    }

    proptest! {
        #[test]
        fn equals_what_long_texts_get(
            answer in symbols(MOST + 1),
            references in proptest::collection::vec(symbols(300), 1..4),
            orders in 1usize..=ORDERS,
        ) {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            let references: Vec<String> = references.iter().map(|bytes| text(bytes)).collect();
            let mut buffers = Buffers::default();
            let own = buffers.read(&text(&answer), &references, |text, interner, _, tokens| {
                tokens.extend(text.bytes().map(|byte| interner.id(&[byte])));
            });
            let found = [false, true].map(|together| buffers.shared(own, orders, together).to_vec());
            for order in 1..=orders {
                buffers.longer(own);
                let each: Vec<usize> =
                    buffers.references.iter().map(|place| buffers.grams.shared(place)).collect();
                let by_bits: Vec<usize> =
                    found[0].iter().copied().skip(order - 1).step_by(orders).collect();
                prop_assert_eq!(by_bits, each);
                prop_assert_eq!(found[1][order - 1], buffers.grams.shared_with_any(&buffers.references));
            }
            let (answer, reference) = buffers.tokens.split_at(own);
            let wanted = buffers.lcs.length(answer, reference, buffers.interner.len()).unwrap();
            prop_assert_eq!(buffers.places.subsequence(reference), wanted);
        }
    }
}
