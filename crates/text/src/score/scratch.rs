//! Buffers that one comparison leaves to the next.
//!
//! Short texts are scored in about a microsecond, of which allocation would be the larger part. Each
//! thread keeps one set; nothing in it outlives a comparison but capacity, so the scores stay pure functions.

use std::cell::Cell;
use std::ops::Range;

use super::TooLarge;
use super::alphabet::Alphabet;
use super::grams::Grams;
use super::intern::Interner;
use super::lcs::Lcs;
use super::levenshtein::Edits;
use super::places::{MOST, Places};
use super::words::Words;

/// The buffers.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    pub(super) interner: Interner,
    /// The symbols of the answer, then those of each reference.
    pub(super) tokens: Vec<u32>,
    /// Where in `tokens`, after the answer's, each reference lies.
    pub(super) references: Vec<Range<usize>>,
    pub(super) words: Words,
    pub(super) alphabet: Alphabet,
    pub(super) grams: Grams,
    pub(super) places: Places,
    /// By reference and order, or by order alone, the n-grams shared.
    shared: Vec<usize>,
    pub(super) lcs: Lcs,
    pub(super) edits: Edits,
}

/// Buffers over this many symbols are not kept: one large document must not hold memory for ever.
const KEPT: usize = 1 << 16;

thread_local! {
    static SPARE: Cell<Option<Box<Buffers>>> = const { Cell::new(None) };
}

/// Lends the thread's buffers.
pub(super) fn with<T>(work: impl FnOnce(&mut Buffers) -> T) -> T {
    let mut buffers = SPARE.take().unwrap_or_default();
    let result = work(&mut buffers);
    if buffers.tokens.capacity().max(buffers.words.capacity() / 8) <= KEPT {
        SPARE.set(Some(buffers));
    }
    result
}

impl Buffers {
    /// Turns the answer and its references into symbols; returns how many the answer has.
    ///
    /// `tokenise` appends the symbols of one text.
    pub(super) fn read<S: AsRef<str>>(
        &mut self,
        actual: &str,
        references: &[S],
        mut tokenise: impl FnMut(&str, &mut Interner, &mut Words, &mut Vec<u32>),
    ) -> usize {
        self.interner.clear();
        self.tokens.clear();
        self.references.clear();
        tokenise(actual, &mut self.interner, &mut self.words, &mut self.tokens);
        let own = self.tokens.len();
        for reference in references {
            let start = self.tokens.len() - own;
            tokenise(reference.as_ref(), &mut self.interner, &mut self.words, &mut self.tokens);
            self.references.push(start..self.tokens.len() - own);
        }
        self.grams.restart();
        own
    }

    /// The same with characters for symbols, those that `counts` says count.
    pub(super) fn read_characters<S: AsRef<str>>(
        &mut self,
        actual: &str,
        references: &[S],
        counts: impl Fn(char) -> bool,
    ) -> usize {
        let texts = || std::iter::once(actual).chain(references.iter().map(AsRef::as_ref));
        self.alphabet.start(texts().map(str::len).sum());
        self.tokens.clear();
        self.references.clear();
        let mut own = None;
        for text in texts() {
            let start = self.tokens.len();
            let characters = text.chars().filter(|c| counts(*c));
            self.tokens.extend(characters.map(|c| self.alphabet.number(c)));
            match own {
                None => own = Some(self.tokens.len()),
                Some(own) => self.references.push(start - own..self.tokens.len() - own),
            }
        }
        self.grams.restart();
        own.unwrap_or(0)
    }

    /// Goes to n-grams that are one longer.
    pub(super) fn longer(&mut self, own: usize) {
        let (actual, references) = self.tokens.split_at(own);
        self.grams.longer(actual, references, &self.references);
    }

    /// How many n-grams of each order up to `orders` the answer shares: with each reference, by reference
    /// and then by order, or with any of them `together`, by order.
    ///
    /// Begins anew, so [`Self::longer`] counts from 1 again.
    pub(super) fn shared(&mut self, own: usize, orders: usize, together: bool) -> &[usize] {
        self.shared.clear();
        self.grams.restart();
        if own <= MOST {
            self.by_places(own, orders, together);
        } else {
            self.by_grams(own, orders, together);
        }
        &self.shared
    }

    /// What [`Self::shared`] has counted.
    pub(super) fn counted(&self) -> &[usize] {
        &self.shared
    }

    fn by_places(&mut self, own: usize, orders: usize, together: bool) {
        let (actual, references) = self.tokens.split_at(own);
        self.places.read(actual);
        self.places.unused(orders);
        for place in &self.references {
            self.places.compare(references.get(place.clone()).unwrap_or_default());
            if !together {
                self.shared.extend(self.places.shared());
                self.places.unused(orders);
            }
        }
        if together {
            self.shared.extend(self.places.shared());
        }
    }

    fn by_grams(&mut self, own: usize, orders: usize, together: bool) {
        let rows = if together { 1 } else { self.references.len() };
        self.shared.resize(rows * orders, 0);
        for order in 0..orders {
            self.longer(own);
            if together {
                self.shared[order] = self.grams.shared_with_any(&self.references);
                // Without a match, nothing longer can match.
                if self.shared[order] == 0 {
                    break;
                }
                continue;
            }
            for (row, place) in self.references.iter().enumerate() {
                self.shared[row * orders + order] = self.grams.shared(place);
            }
        }
        self.grams.restart();
    }

    /// Length of a longest common subsequence of the answer and reference number `at`; [`Self::shared`]
    /// must have been asked before.
    ///
    /// # Errors
    /// If the lengths multiply to more than `MOST_CELLS`.
    pub(super) fn subsequence(&mut self, own: usize, at: usize) -> Result<usize, TooLarge> {
        let place = self.references.get(at).cloned().unwrap_or_default();
        let (answer, references) = self.tokens.split_at(own);
        let reference = references.get(place).unwrap_or_default();
        if own <= MOST {
            return Ok(self.places.subsequence(reference));
        }
        self.lcs.length(answer, reference, self.interner.len())
    }
}
