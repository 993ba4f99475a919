//! Merging a short piece, as nearly all are: looking through all its pairs for each merge is faster than
//! keeping them ordered.
//!
//! Positions are masked where they index, which costs less than a check and cannot fail.

use super::table::NONE;
use super::vocabulary::Vocabulary;

/// Longest piece, in bytes. Beyond it the queue is faster.
pub(super) const SHORT: usize = 96;
/// A power of two, so that a masked position is inside without a check.
const ROOM: usize = 128;
const MASK: usize = ROOM - 1;
const POSITION_BITS: u32 = ROOM.trailing_zeros();
/// No pair that merges. Greater than every key, as ranks have 18 bits.
const NO_KEY: i32 = i32::MAX;

/// Room for one piece, used again for the next. By the position of a part's first byte.
///
/// A pair's key is its rank above its position, so that the least key is the leftmost of the lowest rank,
/// and one pass finds it. Tokens stay where their first byte is; those that were merged away have no key.
pub(super) struct Short {
    token: [u32; ROOM],
    /// Of the pair of this part and the next. Signed, because every processor compares many of those at once.
    key: [i32; ROOM],
    next: [u8; ROOM],
    previous: [u8; ROOM],
}

impl Default for Short {
    fn default() -> Self {
        Self { token: [0; ROOM], key: [NO_KEY; ROOM], next: [0; ROOM], previous: [0; ROOM] }
    }
}

impl Short {
    /// Adds the tokens of `piece`, which must not be longer than `SHORT`.
    pub(super) fn merge(&mut self, vocabulary: &Vocabulary, piece: &[u8], tokens: &mut Vec<u32>) {
        let length = piece.len().min(SHORT);
        self.begin(vocabulary, piece, length);
        self.run(vocabulary, length, tokens);
    }

    /// Merges `tokens`, which must not be more than `SHORT`.
    pub(super) fn merge_tokens(&mut self, vocabulary: &Vocabulary, tokens: &mut Vec<u32>) {
        let length = tokens.len().min(SHORT);
        let neighbours = tokens.iter().zip(tokens.iter().skip(1).map(Some).chain([None]));
        for ((at, (token, following)), number) in neighbours.take(length).enumerate().zip(0u8..) {
            let rank = following.map_or(NONE, |following| vocabulary.merged(*token, *following));
            self.put(at, number, *token, rank);
        }
        tokens.clear();
        self.run(vocabulary, length, tokens);
    }

    fn run(&mut self, vocabulary: &Vocabulary, length: usize, tokens: &mut Vec<u32>) {
        while let Some((merged, at)) = self.least(length) {
            let gone = usize::from(self.next[at]) & MASK;
            let next = usize::from(self.next[gone]) & MASK;
            let previous = usize::from(self.previous[at]) & MASK;
            self.token[at] = merged;
            self.next[at] = self.next[gone];
            self.previous[next] = self.previous[gone];
            self.key[gone] = NO_KEY;
            let rank = |right| vocabulary.merged(merged, right);
            self.key[at] = if next < length { key(rank(self.token[next]), at) } else { NO_KEY };
            if at > 0 {
                self.key[previous] = key(vocabulary.merged(self.token[previous], merged), previous);
            }
        }
        let mut at = 0;
        while at < length {
            tokens.push(self.token[at & MASK]);
            at = usize::from(self.next[at & MASK]);
        }
    }

    fn begin(&mut self, vocabulary: &Vocabulary, piece: &[u8], length: usize) {
        let neighbours = piece.iter().zip(piece.iter().skip(1).map(Some).chain([None]));
        for ((at, (byte, following)), number) in neighbours.take(length).enumerate().zip(0u8..) {
            let rank =
                following.map_or(NONE, |following| vocabulary.merged_bytes(*byte, *following));
            self.put(at, number, vocabulary.single(*byte), rank);
        }
    }

    #[inline]
    fn put(&mut self, at: usize, number: u8, token: u32, rank: u32) {
        let at = at & MASK;
        self.token[at] = token;
        self.next[at] = number + 1;
        self.previous[(at + 1) & MASK] = number;
        self.key[at] = key(rank, at);
    }

    /// The token of the next merge and where its left part is.
    #[inline]
    fn least(&self, length: usize) -> Option<(u32, usize)> {
        let keys = self.key.get(..length).unwrap_or_default();
        let least = keys.iter().copied().min().filter(|least| *least != NO_KEY)?.cast_unsigned();
        Some((least >> POSITION_BITS, least as usize & MASK))
    }
}

#[inline]
fn key(rank: u32, position: usize) -> i32 {
    let position = u32::try_from(position).unwrap_or_default();
    if rank == NONE { NO_KEY } else { (rank << POSITION_BITS | position).cast_signed() }
}
