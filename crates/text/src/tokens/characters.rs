//! Merging may begin with whole characters instead of their bytes, wherever that changes nothing.
//!
//! Chinese and Japanese pieces are clauses, three bytes a character, and most merges only put characters
//! together again. Those within a character need not be done one by one unless something outside takes one
//! of its parts away first. Only a token can do that whose two parts meet at the border of two characters
//! and one of which holds a piece of a character only, and there are few (255 of the 199,998 of
//! `o200k_base`). So the lowest rank of such tokens is kept for each border, by the byte before it and the
//! first two behind it. Where all of a character's own merges have lower ranks than both its borders, they
//! happen as if it stood alone. Then they may as well be done first: a merge that uses what they make has a
//! higher rank than they have, so none comes earlier than it would have.

use super::table::NONE;

/// Code points of two and three bytes. The few beyond are left as bytes.
const CODE_POINTS: usize = 1 << 16;
/// The byte before a border: the last of a longer character, six bits of which are its own, or any in ASCII.
const BEFORE: usize = 64 + 1;
/// What follows: the first two of three bytes, four and six bits of which are their own, or another first.
const AFTER: usize = (1 << 10) + (1 << 8);

/// The tokens of a character that stands alone; the second is `NONE` if there is one only. Both are `NONE`
/// for a character that begins as bytes.
#[derive(Clone, Copy)]
struct Alone(u32, u32);

impl Alone {
    /// The highest rank among the merges that make these. A token of one byte has a lower number than any
    /// that was merged, and a merged one's number is its rank.
    #[inline]
    fn rank(self) -> u32 {
        if self.1 == NONE { self.0 } else { self.0.max(self.1) }
    }
}

/// What characters begin as.
pub(super) struct Characters {
    /// By code point.
    alone: Vec<Alone>,
    /// By border, the lowest rank that takes a part of a character across it, or `NONE`.
    borders: Vec<u32>,
}

impl Characters {
    /// Nothing is known of any character, so all begin as bytes.
    pub(super) fn new() -> Self {
        let alone = vec![Alone(NONE, NONE); CODE_POINTS];
        Self { alone, borders: vec![NONE; BEFORE * AFTER] }
    }

    /// Notes a token by its two parts.
    pub(super) fn note(&mut self, left: &[u8], right: &[u8], rank: u32) {
        let (Some(before), Some(after)) = (left.last(), right.first()) else { return };
        let cuts = left.iter().all(|byte| continues(*byte)) || right.len() < length(*after);
        if continues(*after) || !cuts {
            return;
        }
        let first = border(*before, *after, right.get(1).copied().unwrap_or_default());
        // Whatever the second byte is, the first one alone is taken.
        let slots = if right.len() == 1 && length(*after) == 3 { 64 } else { 1 };
        for lowest in self.borders.iter_mut().skip(first).take(slots) {
            *lowest = rank.min(*lowest);
        }
    }

    /// Learns the tokens of each character by asking what two tokens merge into.
    pub(super) fn learn(&mut self, single: impl Fn(u8) -> u32, merged: impl Fn(u32, u32) -> u32) {
        let low = |code: u32| single(u8::try_from(code & 63 | 128).unwrap_or_default());
        let lead = |bits: u32| single(u8::try_from(bits).unwrap_or_default());
        for (code, alone) in (0u32..).zip(&mut self.alone).skip(128) {
            let last = low(code);
            if code < 1 << 11 {
                *alone = Alone(merged(lead(code >> 6 | 0xC0), last), NONE);
                continue;
            }
            let (first, second) = (lead(code >> 12 | 0xE0), low(code >> 6));
            let (left, right) = (merged(first, second), merged(second, last));
            *alone = match left.min(right) {
                NONE => continue,
                pair if pair == left => whole_or(left, last, merged(left, last)),
                _ => whole_or(first, right, merged(first, right)),
            };
        }
    }

    /// Adds what `piece`, which must be whole characters, begins as.
    pub(super) fn begin(&self, single: impl Fn(u8) -> u32, piece: &[u8], tokens: &mut Vec<u32>) {
        let mut rest = piece;
        let mut before = NONE;
        while let Some(first) = rest.first() {
            let (character, following) = rest.split_at(length(*first).min(rest.len()));
            let after = self.border(character, following);
            let alone = self.alone(character);
            let rank = alone.rank();
            if before > rank && after > rank {
                tokens.push(alone.0);
                if alone.1 != NONE {
                    tokens.push(alone.1);
                }
            } else {
                tokens.extend(character.iter().map(|byte| single(*byte)));
            }
            (before, rest) = (after, following);
        }
    }

    #[inline]
    fn border(&self, character: &[u8], following: &[u8]) -> u32 {
        let (Some(before), Some(after)) = (character.last(), following.first()) else {
            return NONE;
        };
        let second = following.get(1).copied().unwrap_or_default();
        self.borders.get(border(*before, *after, second)).copied().unwrap_or_default()
    }

    /// What the table has for these bytes, none of which are ASCII in a longer character.
    #[inline]
    fn alone(&self, character: &[u8]) -> Alone {
        let low = |byte: u8| usize::from(byte & 63);
        let code = match *character {
            [first, last] => usize::from(first & 31) << 6 | low(last),
            [first, second, last] => usize::from(first & 15) << 12 | low(second) << 6 | low(last),
            _ => 0,
        };
        self.alone.get(code).copied().unwrap_or(Alone(NONE, NONE))
    }
}

fn whole_or(left: u32, right: u32, whole: u32) -> Alone {
    if whole == NONE { Alone(left, right) } else { Alone(whole, NONE) }
}

/// Whether a byte is inside a character, and not its first.
#[inline]
fn continues(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

/// How many bytes a character has that begins with this one.
#[inline]
fn length(first: u8) -> usize {
    match first {
        ..0xC0 => 1,
        0xC0..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    }
}

/// Where the rank of a border is kept.
#[inline]
fn border(before: u8, after: u8, second: u8) -> usize {
    let before = if before < 128 { 64 } else { usize::from(before & 63) };
    let after = match after {
        0xE0..0xF0 => usize::from(after & 15) << 6 | usize::from(second & 63),
        _ => (1 << 10) + usize::from(after),
    };
    before * AFTER + after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn single(byte: u8) -> u32 {
        u32::from(byte)
    }

    /// 北 is E5 8C 97, 京 is E4 BA AC. The first two bytes of each merge, then the third.
    fn merged(left: u32, right: u32) -> u32 {
        match (left, right) {
            (0xE5, 0x8C) => 300,
            (0xE4, 0xBA) => 301,
            (300, 0x97) => 400,
            (301, 0xAC) => 401,
            _ => NONE,
        }
    }

    fn begin(noted: &[(&[u8], &[u8], u32)], text: &str) -> Vec<u32> {
        let mut characters = Characters::new();
        characters.learn(single, merged);
        for (left, right, rank) in noted {
            characters.note(left, right, *rank);
        }
        let mut tokens = vec![];
        characters.begin(single, text.as_bytes(), &mut tokens);
        tokens
    }

    #[test]
    fn characters_begin_as_their_tokens() {
        assert_eq!(begin(&[], "北京"), [400, 401]);
        assert_eq!(begin(&[], "a北"), [0x61, 400]);
        // No merges inside, and four bytes.
        assert_eq!(begin(&[], "中"), [0xE4, 0xB8, 0xAD]);
        assert_eq!(begin(&[], "😀京").last(), Some(&401));
        // Two tokens.
        assert_eq!(begin(&[], "匆"), [300, 0x86]);
    }

    #[test]
    fn characters_that_a_token_may_cut_begin_as_bytes() {
        let (left, right) = ([0xE5, 0x8C, 0x97], [0xE4, 0xBA, 0xAC]);
        // Before both are complete, after 北 is, after both are.
        assert_eq!(begin(&[(b"\x97", b"\xE4", 399)], "北京"), [left, right].concat());
        assert_eq!(begin(&[(b"\x97", b"\xE4", 401)], "北京"), [&[400], &right[..]].concat());
        assert_eq!(begin(&[(b"\x97", b"\xE4", 402)], "北京"), [400, 401]);
        // By the right part's first two bytes, or its whole character.
        assert_eq!(begin(&[(b"\x97", b"\xE4\xBA", 399)], "北京"), [left, right].concat());
        assert_eq!(begin(&[(b"\x97", "京".as_bytes(), 399)], "北京"), [left, right].concat());
        // Of the right character only, which stands behind anything in ASCII.
        assert_eq!(begin(&[(b" ", b"\xE4", 399)], " 京"), [&[0x20], &right[..]].concat());
        // At another border, at one inside a character, and of whole characters.
        assert_eq!(begin(&[(b"\x96", b"\xE4", 300)], "北京"), [400, 401]);
        assert_eq!(begin(&[(b"\x8C", b"\x97", 300)], "北京"), [400, 401]);
        assert_eq!(begin(&[("北".as_bytes(), "京".as_bytes(), 300)], "北京"), [400, 401]);
    }
}
