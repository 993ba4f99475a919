//! One reading of a text (as it stands, or decoded) held against a kept text in all its orders.

use super::fold::{Symbol, class};
use super::index::{Matcher, Run};
use super::kept::{Kept, Order, Steps, is_vowel, mirrored};

/// How a run was disguised, within its lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Disguise {
    /// Not at all.
    None,
    /// Last letter first.
    Backward,
    /// Last word first.
    WordsBackward,
    /// Each word backward.
    WordBackward,
    /// Letters shifted in the alphabet, e.g. ROT13.
    Shifted,
    /// The alphabet backward.
    Mirrored,
    /// Without vowels, or with others.
    Bare,
}

impl Disguise {
    const ALL: [Self; 7] = [
        Self::None,
        Self::Backward,
        Self::WordsBackward,
        Self::WordBackward,
        Self::Shifted,
        Self::Mirrored,
        Self::Bare,
    ];

    /// In which order of the kept text its runs are.
    pub(super) fn order(self) -> Order {
        match self {
            Self::None | Self::WordBackward => Order::Forward,
            Self::Backward => Order::Backward,
            Self::WordsBackward => Order::WordsBackward,
            Self::Shifted | Self::Mirrored => Order::Steps,
            Self::Bare => Order::Bare,
        }
    }
}

/// Longest word that is read backward, in letters; what is longer is none.
const LONGEST_WORD: usize = 64;

/// The state of one reading.
#[derive(Debug, Clone)]
pub(super) struct Lane {
    matchers: Vec<(Disguise, Matcher)>,
    steps: Steps,
    word: Vec<Symbol>,
    reached: usize,
    /// Whether nothing was read since it was cut: most of what is read as an encoding is junk.
    is_cut: bool,
}

impl Lane {
    /// With all disguises.
    pub(super) fn new() -> Self {
        Self::with(&Disguise::ALL)
    }

    /// With these disguises only. A disguise that leaves symbols out makes a text wait for the symbols before
    /// the last ones, so that a reading in which ordinary text is text too has few.
    pub(super) fn with(disguises: &[Disguise]) -> Self {
        let matchers = disguises.iter().map(|disguise| (*disguise, Matcher::default())).collect();
        Self { matchers, steps: Steps::default(), word: vec![], reached: 0, is_cut: true }
    }

    /// Takes a symbol; `give` gets the runs that end by it.
    pub(super) fn feed(
        &mut self,
        kept: &Kept,
        symbol: Symbol,
        give: &mut impl FnMut(Disguise, Run),
    ) {
        self.is_cut = false;
        let Symbol { base, start, end } = symbol;
        if start > self.reached || self.word.len() >= LONGEST_WORD {
            self.end_word(kept, give);
        }
        self.reached = end;
        let step = self.steps.next(base);
        for (disguise, matcher) in &mut self.matchers {
            let c = match disguise {
                Disguise::None | Disguise::Backward | Disguise::WordsBackward => Some(class(base)),
                Disguise::Shifted => step,
                Disguise::Mirrored => step.and_then(mirrored),
                Disguise::Bare => (!is_vowel(base)).then_some(base),
                Disguise::WordBackward => None,
            };
            let Some((c, ordered)) = c.zip(kept.ordered(disguise.order())) else { continue };
            if let Some(run) = matcher.feed(&ordered.index, c, start, end) {
                give(*disguise, run);
            }
        }
        self.word.push(symbol);
    }

    /// Reads the word that is complete backward.
    fn end_word(&mut self, kept: &Kept, give: &mut impl FnMut(Disguise, Run)) {
        let backward = Disguise::WordBackward;
        let matcher = self.matchers.iter_mut().find(|(disguise, _)| *disguise == backward);
        let (Some((_, matcher)), Some(ordered)) = (matcher, kept.ordered(backward.order())) else {
            self.word.clear();
            return;
        };
        for Symbol { base, start, end } in self.word.drain(..).rev() {
            if let Some(run) = matcher.feed(&ordered.index, class(base), start, end) {
                give(backward, run);
            }
        }
    }

    /// What follows does not go on from here.
    pub(super) fn cut(&mut self, kept: &Kept, give: &mut impl FnMut(Disguise, Run)) {
        if std::mem::replace(&mut self.is_cut, true) {
            return;
        }
        self.end_word(kept, give);
        self.steps = Steps::default();
        for (disguise, matcher) in &mut self.matchers {
            if let Some(run) = matcher.cut() {
                give(*disguise, run);
            }
        }
    }

    /// The runs that go on.
    pub(super) fn runs(&self) -> impl Iterator<Item = (Disguise, Run)> {
        self.matchers.iter().filter_map(|(disguise, matcher)| Some((*disguise, matcher.run()?)))
    }

    /// The place of the first character that may yet belong to a run.
    pub(super) fn held_from(&self) -> Option<usize> {
        let word = self.word.first().map(|symbol| symbol.start);
        self.matchers.iter().filter_map(|(_, matcher)| matcher.held_from()).chain(word).min()
    }
}
