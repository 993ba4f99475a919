//! Characters as small numbers, counted from 0 in the order of first appearance.

use super::grams::Pairs;

const ASCII: usize = 128;

/// The numbers given so far.
#[derive(Debug, Default)]
pub(super) struct Alphabet {
    /// One more than the number of each ASCII character that has one: most text needs no hashing.
    known: Vec<u32>,
    all: Pairs,
}

impl Alphabet {
    /// Forgets all numbers and makes room for texts of `most` characters.
    pub(super) fn start(&mut self, most: usize) {
        self.known.clear();
        self.known.resize(ASCII, 0);
        self.all.clear(most);
    }

    /// How many characters have a number.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The number of a character.
    pub(super) fn number(&mut self, c: char) -> u32 {
        self.symbol(u32::from(c))
    }

    /// The number of a code point.
    pub(super) fn symbol(&mut self, symbol: u32) -> u32 {
        let Some(known) = self.known.get_mut(symbol as usize) else {
            return self.all.id(0, symbol);
        };
        if *known == 0 {
            *known = self.all.id(0, symbol) + 1;
        }
        *known - 1
    }
}
