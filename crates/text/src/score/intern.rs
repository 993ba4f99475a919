//! Tokens as small numbers, so that everything after tokenising compares integers.

use std::ops::Range;

/// Gives equal byte strings equal numbers, counted from 0.
#[derive(Debug, Default)]
pub(super) struct Interner {
    entries: Vec<Entry>,
    /// One more than an entry's number; 0 is free. The length is a power of two.
    slots: Vec<u32>,
    /// The bytes of tokens that do not fit into [`Entry::head`].
    long: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// The first eight bytes, padded with zeros. With `length` that is the whole of most words.
    head: u64,
    hash: u64,
    length: usize,
    /// Where the token lies in `long`.
    start: usize,
}

const SHORT: usize = 8;
const FEWEST_SLOTS: usize = 128;

impl Interner {
    /// Forgets all tokens.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.long.clear();
        self.slots.clear();
        self.slots.resize(FEWEST_SLOTS, 0);
    }

    /// How many tokens are known.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The token's number.
    pub(super) fn id(&mut self, token: &[u8]) -> u32 {
        self.number(token, head(token))
    }

    /// The number of the token at `place` of `bytes`: as [`Self::id`], but faster, because what follows a
    /// short token can be read and masked out.
    pub(super) fn within(&mut self, bytes: &[u8], place: Range<usize>) -> u32 {
        let begun = bytes.get(place.start..).unwrap_or_default();
        let token = bytes.get(place).unwrap_or_default();
        let unwanted = SHORT - token.len().min(SHORT);
        match begun.first_chunk() {
            Some(eight) if unwanted < SHORT => {
                self.number(token, u64::from_le_bytes(*eight) & (u64::MAX >> (unwanted * 8)))
            }
            _ => self.id(token),
        }
    }

    fn number(&mut self, token: &[u8], head: u64) -> u32 {
        if self.slots.len() < self.entries.len() * 2 + 2 {
            self.grow();
        }
        let hash = hash(head, token);
        let mask = self.slots.len() - 1;
        let mut at = place(hash) & mask;
        loop {
            let number = self.slots[at];
            let Some(index) = number.checked_sub(1) else { break };
            if self.is(index, head, token) {
                return index;
            }
            at = (at + 1) & mask;
        }
        // `LARGEST` keeps the count far below 2^32.
        let id = u32::try_from(self.entries.len()).unwrap_or(u32::MAX - 1);
        self.slots[at] = id + 1;
        let start = self.long.len();
        if token.len() > SHORT {
            self.long.extend_from_slice(token);
        }
        self.entries.push(Entry { head, hash, length: token.len(), start });
        id
    }

    fn is(&self, index: u32, head: u64, token: &[u8]) -> bool {
        let Some(entry) = self.entries.get(index as usize) else { return false };
        entry.head == head
            && entry.length == token.len()
            && (token.len() <= SHORT || self.long[entry.start..].starts_with(token))
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(FEWEST_SLOTS);
        self.slots.clear();
        self.slots.resize(size, 0);
        for (index, entry) in self.entries.iter().enumerate() {
            let mut at = place(entry.hash) & (size - 1);
            while self.slots[at] != 0 {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = u32::try_from(index).unwrap_or(u32::MAX - 1) + 1;
        }
    }
}

/// The first eight bytes as a number, padded with zeros.
fn head(token: &[u8]) -> u64 {
    if let Some(first) = token.first_chunk() {
        return u64::from_le_bytes(*first);
    }
    // Two reads that may overlap are faster than a loop, and where they overlap they agree.
    if let (Some(first), Some(last)) = (token.first_chunk(), token.last_chunk()) {
        let shift = (token.len() - 4) * 8;
        return u64::from(u32::from_le_bytes(*first))
            | u64::from(u32::from_le_bytes(*last)) << shift;
    }
    token.iter().rev().fold(0, |head, byte| head << 8 | u64::from(*byte))
}

fn hash(head: u64, token: &[u8]) -> u64 {
    let start = mixed(head ^ (token.len() as u64) << 56);
    let Some(rest) = token.get(SHORT..) else { return start };
    rest.chunks(SHORT).fold(start, |hash, chunk| mixed(hash ^ self::head(chunk)))
}

/// Spreads a number over the upper half of the bits (the multiplier is one of `SplitMix64`'s).
pub(super) fn mixed(number: u64) -> u64 {
    (number ^ (number >> 32)).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// A hash as a table's index, before it is masked: its upper half.
pub(super) fn place(hash: u64) -> usize {
    usize::try_from(hash >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn equal_tokens_and_only_those_share_a_number(
            tokens in proptest::collection::vec("[ab\0]{0,11}|[a-f]{14,17}", 0..400)
        ) {
            let mut interner = Interner::default();
            for _ in 0..2 {
                interner.clear();
                let mut known: HashMap<&str, u32> = HashMap::new();
                for token in &tokens {
                    let next = u32::try_from(known.len()).unwrap();
                    let wanted = *known.entry(token).or_insert(next);
                    prop_assert_eq!(interner.id(token.as_bytes()), wanted);
                    let around = format!("x{token}ab\0c");
                    let place = 1..token.len() + 1;
                    prop_assert_eq!(interner.within(around.as_bytes(), place), wanted);
                }
            }
        }
    }
}
