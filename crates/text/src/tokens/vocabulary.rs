//! The tokens of one encoding, unpacked from its file.
//!
//! Byte-pair encoding makes every token by joining two earlier ones, and always the same two: as long as
//! nothing joins across a token's borders, the joins inside it happen as if it stood alone. So the files
//! hold those two for each token, in the order of ranks, and nothing else. That is smaller than the bytes
//! (0.73 MB against 1.05 MB, compressed alike), and the table of pairs by which pieces are merged comes for
//! free. `scripts/vocabulary` checks what this relies on.

use std::ops::Range;

use super::characters::Characters;
use super::table::{NONE, Pairs, Pieces};

/// Single bytes, the first tokens.
const SINGLES: usize = 256;

/// Tokens by number, by bytes and by pair. A token's number is its rank: lower ones are merged first.
pub(super) struct Vocabulary {
    /// Of all tokens, one after the other.
    bytes: Vec<u8>,
    /// Where each token's bytes end.
    ends: Vec<u32>,
    singles: Vec<u32>,
    pieces: Pieces,
    pairs: Pairs,
    /// The pairs of single bytes, by the bytes: every merging begins with these.
    byte_pairs: Vec<u32>,
    characters: Characters,
    /// Bytes of the longest token, by its first byte: few of the pieces in Chinese are as short.
    longest: Vec<usize>,
}

impl Vocabulary {
    /// Unpacks a file of `crates/text/data`. A damaged one gives a vocabulary that lacks tokens; it is part
    /// of the program, and a test compares all of it.
    pub(super) fn load(packed: &[u8]) -> Self {
        let plain = miniz_oxide::inflate::decompress_to_vec_zlib(packed).unwrap_or_default();
        let (singles, joined) = plain.split_at(SINGLES.min(plain.len()));
        let count = joined.len() / 6;
        let mut loaded = Self {
            bytes: Vec::with_capacity(count * 8),
            ends: Vec::with_capacity(count + SINGLES),
            singles: vec![0; SINGLES],
            pieces: Pieces::with_capacity(count + SINGLES),
            pairs: Pairs::with_capacity(count),
            byte_pairs: vec![NONE; SINGLES * SINGLES],
            characters: Characters::new(),
            longest: vec![1; SINGLES],
        };
        for (token, byte) in (0..).zip(singles) {
            loaded.bytes.push(*byte);
            if let Some(single) = loaded.singles.get_mut(usize::from(*byte)) {
                *single = token;
            }
            loaded.add(token, 0);
        }
        let planes: Vec<&[u8]> = joined.chunks_exact(count.max(1)).collect();
        if let [l0, l1, l2, r0, r1, r2] = planes[..] {
            let lefts = l0.iter().zip(l1).zip(l2).map(number);
            let rights = r0.iter().zip(r1).zip(r2).map(number);
            for (token, (left, right)) in (256..).zip(lefts.zip(rights)) {
                loaded.join(token, left, right);
            }
        }
        let Self { characters, singles, pairs, .. } = &mut loaded;
        let single = |byte: u8| singles.get(usize::from(byte)).copied().unwrap_or_default();
        characters.learn(single, |left, right| pairs.get(left, right));
        loaded
    }

    fn join(&mut self, token: u32, left: u32, right: u32) {
        let start = self.bytes.len();
        for part in [left, right] {
            self.append(self.range(part));
        }
        self.pairs.insert(left, right, token);
        let middle = start + self.range(left).len();
        if let (Some(left), Some(right)) = (self.bytes.get(start..middle), self.bytes.get(middle..))
        {
            self.characters.note(left, right, token);
        }
        if let Some([left, right]) = self.bytes.get(start..)
            && let Some(pair) =
                self.byte_pairs.get_mut(usize::from(*left) << 8 | usize::from(*right))
        {
            *pair = token;
        }
        self.add(token, start);
    }

    /// Copies earlier bytes to the end. Most parts are short, and a copy of fixed length takes a third of
    /// the time; what it copies too much is cut off again.
    fn append(&mut self, part: Range<usize>) {
        let word = self.bytes.get(part.start..).and_then(|rest| rest.first_chunk::<8>()).copied();
        match word.filter(|word| part.len() <= word.len()) {
            Some(word) => {
                let end = self.bytes.len() + part.len();
                self.bytes.extend_from_slice(&word);
                self.bytes.truncate(end);
            }
            None => self.bytes.extend_from_within(part),
        }
    }

    /// Adds the token whose bytes were just added.
    fn add(&mut self, token: u32, start: usize) {
        let end = self.bytes.len();
        let start = if end <= SINGLES { end - 1 } else { start };
        if let Some(piece) = self.bytes.get(start..) {
            self.pieces.insert(piece, token);
            if let Some(first) = piece.first()
                && let Some(longest) = self.longest.get_mut(usize::from(*first))
            {
                *longest = piece.len().max(*longest);
            }
        }
        self.ends.push(u32::try_from(end).unwrap_or(u32::MAX));
    }

    /// How many tokens there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of the longest token.
    pub(super) fn longest(&self) -> usize {
        self.longest.iter().copied().max().unwrap_or(1)
    }

    /// The bytes of a token; none if there is no such token.
    pub(super) fn token(&self, token: u32) -> &[u8] {
        self.bytes.get(self.range(token)).unwrap_or_default()
    }

    /// The token that is all of `piece`.
    #[inline]
    pub(super) fn whole(&self, piece: &[u8]) -> Option<u32> {
        let longest = self.longest.get(usize::from(*piece.first()?));
        if longest.is_none_or(|longest| piece.len() > *longest) {
            return None;
        }
        self.pieces.get(piece, |token| self.token(token) == piece)
    }

    /// The token of one byte.
    #[inline]
    pub(super) fn single(&self, byte: u8) -> u32 {
        self.singles.get(usize::from(byte)).copied().unwrap_or_default()
    }

    /// What two neighbours merge into, which is the rank of doing so too, or `NONE`.
    #[inline]
    pub(super) fn merged(&self, left: u32, right: u32) -> u32 {
        self.pairs.get(left, right)
    }

    /// What two neighbouring bytes merge into, or `NONE`.
    #[inline]
    pub(super) fn merged_bytes(&self, left: u8, right: u8) -> u32 {
        let at = usize::from(left) << 8 | usize::from(right);
        self.byte_pairs.get(at).copied().unwrap_or(NONE)
    }

    /// Adds the tokens with which merging a piece of whole characters may begin.
    pub(super) fn begin(&self, piece: &[u8], tokens: &mut Vec<u32>) {
        self.characters.begin(|byte| self.single(byte), piece, tokens);
    }

    fn range(&self, token: u32) -> Range<usize> {
        let at = token as usize;
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        let start = if at == 0 { 0 } else { end(at - 1) };
        start..end(at).max(start)
    }
}

/// Three bytes, the lowest first.
fn number(((low, middle), high): ((&u8, &u8), &u8)) -> u32 {
    u32::from_le_bytes([*low, *middle, *high, 0])
}
