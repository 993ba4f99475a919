//! Buffers that one comparison leaves to the next.
//!
//! Short texts are scored in two or three microseconds, of which allocation would be the larger part. Each
//! thread keeps one set; nothing in it outlives a comparison but capacity, so the scores stay pure functions.

use std::cell::Cell;
use std::ops::Range;

use super::grams::Grams;
use super::intern::Interner;
use super::lcs::Lcs;
use super::levenshtein::Edits;

/// The buffers.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    pub(super) interner: Interner,
    /// The symbols of the answer, then those of each reference.
    pub(super) tokens: Vec<u32>,
    /// Where in `tokens`, after the answer's, each reference lies.
    pub(super) references: Vec<Range<usize>>,
    pub(super) text: Vec<u8>,
    pub(super) grams: Grams,
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
    if buffers.tokens.capacity().max(buffers.text.capacity() / 8) <= KEPT {
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
        mut tokenise: impl FnMut(&str, &mut Interner, &mut Vec<u8>, &mut Vec<u32>),
    ) -> usize {
        self.interner.clear();
        self.tokens.clear();
        self.references.clear();
        tokenise(actual, &mut self.interner, &mut self.text, &mut self.tokens);
        let own = self.tokens.len();
        for reference in references {
            let start = self.tokens.len() - own;
            tokenise(reference.as_ref(), &mut self.interner, &mut self.text, &mut self.tokens);
            self.references.push(start..self.tokens.len() - own);
        }
        self.grams.start(own, self.tokens.len() - own);
        own
    }

    /// Goes to n-grams that are one longer.
    pub(super) fn longer(&mut self, own: usize) {
        let (actual, references) = self.tokens.split_at(own);
        self.grams.longer(actual, references, &self.references);
    }
}
