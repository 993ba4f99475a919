//! Views of a text: the ways in which a model can read what a plain search does not see.
//!
//! A model reads through full-width letters, look-alikes of other scripts, invisible characters, digits in the place of
//! letters, base64. So what is looked for in a text is looked for in views of it, each of which undoes one disguise
//! and says of every byte where in the original it comes from.
//!
//! What it costs is decided by cheap looks: plain ASCII text has one view, its folded one, and pays for one pass over
//! its bytes for each kind of disguise. Other views are made only on evidence, and views that say the same as one that
//! exists are dropped. All work is in proportion to the length of the text: each level of decoding makes one text that
//! is not longer than the one before, there are at most [`Limits::depth`] levels, and views that would take more than
//! [`Limits::bytes`] together are left out (the folded view of the text itself never is).
//!
//! Modules form one line, each using only those before it: `trace`, `letters`, `invisible`, `fold`, `lexicon`, `shape`,
//! `decode`.

pub(crate) mod fold;
pub(crate) mod lexicon;

mod decode;
mod invisible;
mod letters;
mod shape;
mod trace;

use std::ops::Range;

pub use decode::Encoding;
pub use invisible::oddities;

use lexicon::Change;
use shape::Signs;
pub(crate) use trace::Traced;

/// How much is made of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How often what was decoded is looked through for encoded parts again. From 0: nothing is decoded.
    pub depth: usize,
    /// Bytes that all views together may have for each byte of the text; [`Limits::FLOOR`] are always allowed.
    pub bytes: usize,
}

impl Limits {
    /// Bytes of views that are allowed whatever the length of the text.
    pub const FLOOR: usize = 16 * 1024;
}

impl Default for Limits {
    /// Three levels, and eight bytes for each.
    fn default() -> Self {
        Self { depth: 3, bytes: 8 }
    }
}

/// What a view undoes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Case, compatibility forms, accents, look-alikes, invisible characters.
    Folded,
    /// Text in characters that are not shown, as a text of its own.
    Hidden,
    /// Encodings: the text with its encoded parts decoded.
    Decoded,
    /// Words written apart, or without spaces.
    Joined,
    /// Digits and signs in the place of letters.
    Leet,
    /// The order of letters, of the whole or of each word.
    Reversed,
    /// Shifted letters (Caesar, of which ROT13 is one) and the mirrored alphabet (Atbash).
    Ciphered,
    /// Misspelt and scrambled words.
    Respelled,
}

impl Kind {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Folded => "folded",
            Self::Hidden => "hidden",
            Self::Decoded => "decoded",
            Self::Joined => "joined",
            Self::Leet => "leet",
            Self::Reversed => "reversed",
            Self::Ciphered => "ciphered",
            Self::Respelled => "respelled",
        }
    }
}

/// A folded text in which one kind of disguise is undone, and the way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    kind: Kind,
    encodings: Vec<Encoding>,
    made: Traced,
}

impl View {
    /// What it undoes last.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Which encodings were undone on the way, each once.
    pub fn encodings(&self) -> &[Encoding] {
        &self.encodings
    }

    /// Whether it shows what somebody took pains to hide. Escapes of single characters are ordinary in code and links.
    pub fn is_disguised(&self) -> bool {
        let hides = |encoding: &Encoding| {
            use Encoding::{Entity, Escape, Percent, QuotedPrintable};
            !matches!(encoding, Percent | Entity | Escape | QuotedPrintable)
        };
        !matches!(self.kind, Kind::Folded | Kind::Decoded) || self.encodings.iter().any(hides)
    }

    /// What it says, folded: in lower case, without accents.
    pub fn text(&self) -> &str {
        &self.made.text
    }

    /// Where bytes of the view come from: the first code point in the original, and the first after them. Bytes behind
    /// its end count as its last; an empty range is a place.
    pub fn span(&self, bytes: Range<usize>) -> (usize, usize) {
        self.made.trace.span(bytes)
    }

    /// A view of this view.
    pub(crate) fn changed(&self, kind: Kind, made: Traced) -> Self {
        Self { kind, encodings: self.encodings.clone(), made }
    }

    /// The text with its way back.
    pub(crate) fn traced(&self) -> &Traced {
        &self.made
    }
}

/// All views of a text, the folded one first. There is at least one.
pub fn views(text: &str, limits: &Limits) -> Vec<View> {
    let most = text.len().saturating_mul(limits.bytes).max(Limits::FLOOR);
    let mut made = Made { views: vec![], bytes: 0, most };
    let original = Traced::of(text);
    let hidden = if text.is_ascii() { None } else { invisible::hidden(text) };
    let mut level: Vec<(Kind, Traced, Vec<Encoding>)> = vec![(Kind::Folded, original, vec![])];
    level.extend(hidden.map(|hidden| (Kind::Hidden, hidden, vec![])));
    for depth in 0..=limits.depth {
        let mut next = vec![];
        for (kind, source, encodings) in level {
            let decoded = if depth < limits.depth { decode::inner(&source) } else { None };
            if let Some(decoded) = decoded {
                let mut all: Vec<Encoding> = encodings.clone();
                all.extend(decoded.encodings.into_iter().filter(|new| !encodings.contains(new)));
                next.push((Kind::Decoded, decoded.view, all));
            }
            made.shapes(kind, &source, encodings);
        }
        level = next;
    }
    made.views
}

/// The views so far.
struct Made {
    views: Vec<View>,
    bytes: usize,
    most: usize,
}

impl Made {
    /// Folds a text, and makes the views of it for which there is evidence.
    fn shapes(&mut self, kind: Kind, source: &Traced, encodings: Vec<Encoding>) {
        let folded = fold::fold(source);
        let signs = Signs::of(&folded.text);
        let joined = shape::joined(&folded, signs);
        let leet = match &joined {
            Some(joined) => shape::leet(joined, Signs::of(&joined.text)),
            None => shape::leet(&folded, signs),
        };
        let changes = lexicon::changes(&folded.text);
        let folded = View { kind, encodings, made: folded };
        let mut shapes = vec![];
        shapes.extend(joined.map(|made| folded.changed(Kind::Joined, made)));
        shapes.extend(leet.map(|made| folded.changed(Kind::Leet, made)));
        for change in changes {
            if self.bytes > self.most {
                break;
            }
            let text = &folded.made;
            if change == Change::Backwards {
                shapes.push(folded.changed(Kind::Reversed, shape::reversed(text)));
                shapes.push(folded.changed(Kind::Reversed, shape::reversed_words(text)));
            } else {
                shapes.push(folded.changed(Kind::Ciphered, shape::deciphered(text, change)));
            }
        }
        self.add(folded);
        shapes.into_iter().for_each(|view| self.add(view));
    }

    fn add(&mut self, view: View) {
        let new = !self.views.iter().any(|other| other.made.text == view.made.text);
        let bytes = self.bytes.saturating_add(view.made.text.len());
        if self.views.is_empty() || new && bytes <= self.most {
            self.bytes = bytes;
            self.views.push(view);
        }
    }
}

#[cfg(test)]
mod tests;
