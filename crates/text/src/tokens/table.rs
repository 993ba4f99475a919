//! The two questions that counting asks of a vocabulary, as hash tables with open addressing.
//!
//! The entries are fixed when the program is built, so nobody can make long probe sequences by choosing a
//! text; that is why the hash needs no secret and can be a multiplication.

/// Bits of a token's number, at most.
const BITS: u32 = 18;
/// More tokens than any vocabulary has.
const TOKENS: u32 = 1 << BITS;
/// The answer that there is no such token. Greater than every rank.
pub(super) const NONE: u32 = u32::MAX;

/// Odd, and its bits look random: the fractional part of the golden ratio.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
const OTHER_SPREAD: u64 = 0xD6E8_FEB8_6659_FD93;

/// At most half full, so that a question with the answer "no" ends after one or two entries.
fn bits_for(entries: usize) -> u32 {
    (entries * 2).next_power_of_two().trailing_zeros()
}

/// Which token two neighbouring tokens merge into.
pub(super) struct Pairs {
    /// Left, right and merged, `BITS` bits each; `VACANT` if there is none.
    entries: Vec<u64>,
    shift: u32,
    /// By token, whether it is the left one of any pair (1), and the right one (2). Most are neither, which
    /// this tells without a miss of the processor's cache.
    sides: Vec<u8>,
}

const VACANT: u64 = u64::MAX;

impl Pairs {
    pub(super) fn with_capacity(pairs: usize) -> Self {
        let bits = bits_for(pairs);
        Self { entries: vec![VACANT; 1 << bits], shift: 64 - bits, sides: vec![0; 1 << BITS] }
    }

    /// Adds a pair that is not there yet.
    pub(super) fn insert(&mut self, left: u32, right: u32, merged: u32) {
        if merged >= TOKENS {
            return;
        }
        let key = Self::key(left, right);
        for slot in probe(key.wrapping_mul(SPREAD), self.shift) {
            match self.entries.get_mut(slot) {
                Some(entry) if *entry == VACANT => {
                    *entry = key << BITS | u64::from(merged);
                    for (token, side) in [(left, 1), (right, 2)] {
                        if let Some(sides) = self.sides.get_mut(token as usize) {
                            *sides |= side;
                        }
                    }
                    return;
                }
                Some(_) => {}
                None => return,
            }
        }
    }

    /// The merged token, which is its rank too, or `NONE`.
    #[inline]
    pub(super) fn get(&self, left: u32, right: u32) -> u32 {
        let sides = |token: u32| self.sides.get(token as usize).copied().unwrap_or_default();
        if sides(left) & 1 == 0 || sides(right) & 2 == 0 {
            return NONE;
        }
        let key = Self::key(left, right);
        for slot in probe(key.wrapping_mul(SPREAD), self.shift) {
            let entry = self.entries.get(slot).copied().unwrap_or(VACANT);
            if entry >> BITS == key {
                return low(entry & u64::from(TOKENS - 1));
            }
            if entry == VACANT {
                break;
            }
        }
        NONE
    }

    fn key(left: u32, right: u32) -> u64 {
        u64::from(left) << BITS | u64::from(right)
    }
}

/// Which token has exactly these bytes. The bytes themselves are the owner's.
pub(super) struct Pieces {
    /// A tag from the hash above the token's number; `NONE` if vacant.
    entries: Vec<u32>,
    shift: u32,
}

impl Pieces {
    pub(super) fn with_capacity(pieces: usize) -> Self {
        let bits = bits_for(pieces);
        Self { entries: vec![NONE; 1 << bits], shift: 64 - bits }
    }

    /// Adds a piece that is not there yet.
    pub(super) fn insert(&mut self, piece: &[u8], token: u32) {
        let hash = hash(piece);
        for slot in probe(hash, self.shift) {
            match self.entries.get_mut(slot) {
                Some(entry) if *entry == NONE => {
                    *entry = tag(hash) | token;
                    return;
                }
                Some(_) => {}
                None => return,
            }
        }
    }

    /// The token for which `is` holds among those with the hash of `piece`.
    #[inline]
    pub(super) fn get(&self, piece: &[u8], is: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = hash(piece);
        let tag = tag(hash);
        for slot in probe(hash, self.shift) {
            let entry = self.entries.get(slot).copied().unwrap_or(NONE);
            if entry == NONE {
                return None;
            }
            let token = entry & (TOKENS - 1);
            if entry & !(TOKENS - 1) == tag && is(token) {
                return Some(token);
            }
        }
        None
    }
}

/// The slots for a hash in the order of probing: its highest bits, and from there on upwards.
#[inline]
fn probe(hash: u64, shift: u32) -> impl Iterator<Item = usize> {
    let slots = 1usize << (64 - shift);
    let first = usize::try_from(hash >> shift).unwrap_or_default();
    (first..first + slots).map(move |slot| slot & (slots - 1))
}

/// Bits that the slot does not depend on. Never all ones together with a token, so never `NONE`.
#[inline]
fn tag(hash: u64) -> u32 {
    (low(hash & u64::from(u32::MAX)) & !(TOKENS - 1)) & (u32::MAX >> 1)
}

/// A number that is known to fit.
#[inline]
fn low(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(NONE)
}

/// The first and the last bytes, which overlap in short pieces, and all between in long ones.
#[inline]
fn hash(piece: &[u8]) -> u64 {
    let length = piece.len() as u64;
    if let (Some(first), Some(last)) = (piece.first_chunk::<8>(), piece.last_chunk::<8>()) {
        let mut hash = length;
        if piece.len() > 16 {
            for chunk in piece.chunks_exact(8) {
                let word = chunk.first_chunk::<8>().copied().unwrap_or_default();
                hash = mix(hash ^ u64::from_le_bytes(word), SPREAD);
            }
        }
        return mix(hash ^ u64::from_le_bytes(*first), u64::from_le_bytes(*last) ^ OTHER_SPREAD);
    }
    let (first, last) = match (piece.first_chunk::<4>(), piece.last_chunk::<4>()) {
        (Some(first), Some(last)) => (u32::from_le_bytes(*first), u32::from_le_bytes(*last)),
        _ => {
            let byte = |at: usize| u32::from(piece.get(at).copied().unwrap_or_default());
            (byte(0) | byte(piece.len() / 2) << 8, byte(piece.len().saturating_sub(1)))
        }
    };
    mix(u64::from(first) ^ (length << 32), u64::from(last) ^ OTHER_SPREAD)
}

/// Both halves of a product of 128 bits.
#[inline]
fn mix(a: u64, b: u64) -> u64 {
    let (low, high) = (a ^ SPREAD).carrying_mul(b, 0);
    low ^ high
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_tables_find_all_and_nothing_else() {
        let mut pairs = Pairs::with_capacity(3);
        let mut pieces = Pieces::with_capacity(3);
        let bytes: Vec<Vec<u8>> = (1..4u8).map(|n| vec![n; 9 * usize::from(n)]).collect();
        for (token, piece) in (0..).zip(&bytes) {
            pairs.insert(token, 7, token + 10);
            pieces.insert(piece, token);
        }
        for (token, piece) in (0..).zip(&bytes) {
            assert_eq!(pairs.get(token, 7), token + 10);
            assert_eq!(pairs.get(7, token), NONE);
            assert_eq!(pieces.get(piece, |found| found == token), Some(token));
            assert_eq!(pieces.get(&piece[1..], |found| bytes[found as usize] == piece[1..]), None);
        }
    }

    /// Zeros must not be taken for missing bytes.
    #[test]
    fn the_hash_depends_on_the_length() {
        let hashes: std::collections::BTreeSet<u64> =
            (0..130).map(|length| hash(&vec![0; length])).collect();
        assert_eq!(hashes.len(), 130);
    }
}
