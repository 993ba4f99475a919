//! Byte-pair encoding of one piece: of all neighbours that merge into a token, those with the lowest rank
//! are merged, the leftmost first, until none are left.

use super::merge_short::{SHORT, Short};
use super::queue::Queue;
use super::table::NONE;
use super::vocabulary::Vocabulary;

/// No position.
const NOWHERE: usize = usize::MAX;

/// Room for merging, used again for the next piece.
#[derive(Default)]
pub(super) struct Merger {
    tokens: Vec<u32>,
    short: Short,
    long: Long,
}

impl Merger {
    /// The tokens of `piece`.
    pub(super) fn merge(&mut self, vocabulary: &Vocabulary, piece: &[u8]) -> &[u32] {
        self.tokens.clear();
        let ascii = piece.is_ascii();
        if ascii && piece.len() <= SHORT {
            self.short.merge(vocabulary, piece, &mut self.tokens);
            return &self.tokens;
        }
        if ascii {
            self.tokens.extend(piece.iter().map(|byte| vocabulary.single(*byte)));
        } else {
            vocabulary.begin(piece, &mut self.tokens);
        }
        if self.tokens.len() <= SHORT {
            self.short.merge_tokens(vocabulary, &mut self.tokens);
        } else {
            self.long.merge(vocabulary, &mut self.tokens);
        }
        &self.tokens
    }
}

#[cfg(test)]
impl Merger {
    /// The tokens of any bytes, one merge after the other from the single bytes on.
    pub(super) fn merge_bytes(&mut self, vocabulary: &Vocabulary, piece: &[u8]) -> &[u32] {
        self.tokens.clear();
        self.tokens.extend(piece.iter().map(|byte| vocabulary.single(*byte)));
        self.long.merge(vocabulary, &mut self.tokens);
        &self.tokens
    }
}

/// A list of tokens with links to the neighbours, and a queue of the pairs that may merge.
#[derive(Default)]
struct Long {
    links: Vec<Link>,
    queue: Queue,
    /// Where pairs of the lowest rank are.
    group: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Link {
    token: u32,
    /// Of merging with the next; tells whether the queue's word of it still holds.
    rank: u32,
    next: usize,
    previous: usize,
}

impl Long {
    fn merge(&mut self, vocabulary: &Vocabulary, tokens: &mut Vec<u32>) {
        let ranks = tokens.iter().zip(tokens.iter().skip(1));
        let ranks = ranks.map(|(left, right)| vocabulary.merged(*left, *right)).chain([NONE]);
        self.links.clear();
        self.links.extend(tokens.iter().zip(ranks).enumerate().map(|(at, (token, rank))| Link {
            token: *token,
            rank,
            next: if at + 1 < tokens.len() { at + 1 } else { NOWHERE },
            previous: at.checked_sub(1).unwrap_or(NOWHERE),
        }));
        self.queue.clear();
        for (at, link) in self.links.iter().enumerate().filter(|(_, link)| link.rank != NONE) {
            self.queue.push(link.rank, at);
        }
        let mut group = std::mem::take(&mut self.group);
        while let Some(rank) = self.queue.take_lowest(&mut group) {
            for at in &group {
                // An earlier merge may have taken one of the two away.
                if self.links.get(*at).is_some_and(|link| link.rank == rank) {
                    self.join(vocabulary, *at);
                }
            }
        }
        self.group = group;
        tokens.clear();
        let mut at = 0;
        while let Some(link) = self.links.get(at) {
            tokens.push(link.token);
            at = link.next;
        }
    }

    /// Puts the merged token at `at` and takes the next one out of the list.
    fn join(&mut self, vocabulary: &Vocabulary, at: usize) {
        let Some(Link { rank: merged, next, previous, .. }) = self.links.get(at).copied() else {
            return;
        };
        let Some(gone) = self.links.get_mut(next) else { return };
        gone.rank = NONE;
        let next = gone.next;
        if let Some(after) = self.links.get_mut(next) {
            after.previous = at;
        }
        if let Some(link) = self.links.get_mut(at) {
            (link.token, link.next) = (merged, next);
        }
        self.rank(vocabulary, at);
        self.rank(vocabulary, previous);
    }

    /// Looks up the pair at `at` and queues it.
    fn rank(&mut self, vocabulary: &Vocabulary, at: usize) {
        let Some(Link { token, next, .. }) = self.links.get(at).copied() else { return };
        let right = self.links.get(next).map(|right| right.token);
        let rank = right.map_or(NONE, |right| vocabulary.merged(token, right));
        if let Some(link) = self.links.get_mut(at) {
            link.rank = rank;
        }
        if rank != NONE {
            self.queue.push(rank, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bytes and what they merge into: words that share parts, and ties.
    fn vocabulary() -> Vocabulary {
        let pairs = [(97, 97), (97, 98), (256, 256), (257, 97), (98, 256), (258, 98), (260, 257)];
        let mut plain: Vec<u8> = (0..=255).collect();
        for side in [0, 1] {
            for shift in [0, 8, 16] {
                let number = |pair: &(u32, u32)| if side == 0 { pair.0 } else { pair.1 };
                plain.extend(pairs.iter().map(|pair| (number(pair) >> shift & 255) as u8));
            }
        }
        Vocabulary::load(&miniz_oxide::deflate::compress_to_vec_zlib(&plain, 1))
    }

    proptest! {
        /// The queue gives what looking through all pairs gives.
        #[test]
        fn long_pieces_merge_as_short_ones(piece in "[abc]{2,96}") {
            let vocabulary = vocabulary();
            let mut long = piece.bytes().map(|byte| vocabulary.single(byte)).collect();
            Long::default().merge(&vocabulary, &mut long);
            let mut short = vec![];
            Short::default().merge(&vocabulary, piece.as_bytes(), &mut short);
            prop_assert_eq!(long, short);
        }
    }

    #[test]
    fn the_leftmost_of_equals_goes_first() {
        let vocabulary = vocabulary();
        let mut merger = Merger::default();
        assert_eq!(merger.merge(&vocabulary, b"aaa"), [256, 97]);
        assert_eq!(merger.merge(&vocabulary, b"aab"), [256, 98]);
        assert_eq!(merger.merge(&vocabulary, b"aaaa"), [258]);
        assert_eq!(merger.merge(&vocabulary, &[b'a'; 150]).len(), 38);
    }
}
