//! How much of one text, e.g. the system text, comes back in another.
//!
//! Compared are words in lower case without punctuation and spacing, so that reformatting does not hide a
//! leak; a character of a script without spaces counts as a word. Two measures:
//! - longest: words in the longest run of the one text that is also in the other (a suffix automaton over
//!   words: time in proportion to both);
//! - share: of the one text's words, those in runs of at least six that are also in the other, so that a
//!   text told in pieces is noticed.
//!
//! A translated or paraphrased leak is not seen.

use std::collections::{HashMap, HashSet};

/// Words in a row that do not recur by chance.
const RUN: usize = 6;

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlap {
    /// Words of the one text.
    pub words: usize,
    /// Words in the longest common run.
    pub longest: usize,
    /// Where that run is in the other text, in code points: start and end.
    pub place: (usize, usize),
    /// Share of the one text's words that lie in common runs of at least six words (or of the whole text,
    /// if that is shorter), 0 to 1.
    pub share: f64,
}

/// Compares `kept`, which should not come back, with `answer`.
#[allow(clippy::cast_precision_loss)]
pub fn overlap(kept: &str, answer: &str) -> Overlap {
    let mut ids = HashMap::new();
    let kept: Vec<u32> = words(kept).into_iter().map(|word| id(&mut ids, word.text)).collect();
    let answer = words(answer);
    let places: Vec<(usize, usize)> = answer.iter().map(|word| (word.start, word.end)).collect();
    let answer: Vec<u32> = answer.into_iter().map(|word| id(&mut ids, word.text)).collect();
    let (longest, last) = Automaton::of(&kept).longest(&answer);
    let place = |at: usize| places.get(at).copied().unwrap_or_default();
    let start = place((last + 1).saturating_sub(longest)).0;
    let covered = covered(&kept, &answer);
    Overlap {
        words: kept.len(),
        longest,
        place: if longest == 0 { (0, 0) } else { (start, place(last).1) },
        share: if kept.is_empty() { 0.0 } else { covered as f64 / kept.len() as f64 },
    }
}

struct Word {
    text: String,
    start: usize,
    end: usize,
}

/// Scripts that put no spaces between words, by block.
fn stands_alone(c: char) -> bool {
    matches!(u32::from(c),
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff)
}

fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = vec![];
    let mut open = false;
    for (at, c) in text.chars().enumerate() {
        // An apostrophe is inside of a word, and typed in several ways.
        if matches!(c, '\'' | '’' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
        {
            continue;
        }
        if !c.is_alphanumeric() {
            open = false;
            continue;
        }
        let lower = c.to_lowercase();
        match words.last_mut() {
            Some(word) if open && !stands_alone(c) => {
                word.text.extend(lower);
                word.end = at + 1;
            }
            _ => words.push(Word { text: lower.collect(), start: at, end: at + 1 }),
        }
        open = !stands_alone(c);
    }
    words
}

fn id(ids: &mut HashMap<String, u32>, word: String) -> u32 {
    let next = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    *ids.entry(word).or_insert(next)
}

fn covered(kept: &[u32], answer: &[u32]) -> usize {
    let run = RUN.min(kept.len());
    if run == 0 {
        return 0;
    }
    let there: HashSet<&[u32]> = answer.windows(run).collect();
    let (mut covered, mut reached) = (0, 0);
    for (start, window) in kept.windows(run).enumerate() {
        if there.contains(window) {
            covered += start + run - reached.max(start);
            reached = start + run;
        }
    }
    covered
}

/// A suffix automaton (Blumer et al. 1985): every run of the text is a path from state 0.
struct Automaton {
    states: Vec<State>,
}

#[derive(Clone, Default)]
struct State {
    length: usize,
    link: Option<usize>,
    next: HashMap<u32, usize>,
}

impl Automaton {
    fn of(text: &[u32]) -> Self {
        let mut automaton = Self { states: vec![State::default()] };
        let mut last = 0;
        for word in text {
            last = automaton.extend(last, *word);
        }
        automaton
    }

    fn step(&self, state: usize, word: u32) -> Option<usize> {
        self.states.get(state)?.next.get(&word).copied()
    }

    fn link(&self, state: usize) -> Option<usize> {
        self.states.get(state)?.link
    }

    fn length(&self, state: usize) -> usize {
        self.states.get(state).map_or(0, |state| state.length)
    }

    fn set(&mut self, state: usize, change: impl FnOnce(&mut State)) {
        if let Some(state) = self.states.get_mut(state) {
            change(state);
        }
    }

    fn extend(&mut self, last: usize, word: u32) -> usize {
        let new = self.states.len();
        self.states.push(State { length: self.length(last) + 1, ..State::default() });
        let mut from = Some(last);
        while let Some(state) = from.filter(|state| self.step(*state, word).is_none()) {
            self.set(state, |state| {
                state.next.insert(word, new);
            });
            from = self.link(state);
        }
        let link = from.and_then(|from| Some((from, self.step(from, word)?)));
        let link = link.map_or(0, |(from, to)| self.split(from, to, word));
        self.set(new, |state| state.link = Some(link));
        new
    }

    /// The state of the run that `from` and `word` make, apart from longer runs that share `to`.
    fn split(&mut self, from: usize, to: usize, word: u32) -> usize {
        let length = self.length(from) + 1;
        if self.length(to) == length {
            return to;
        }
        let copy = self.states.len();
        let state = self.states.get(to).cloned().unwrap_or_default();
        self.states.push(State { length, ..state });
        self.set(to, |state| state.link = Some(copy));
        let mut from = Some(from);
        while let Some(state) = from.filter(|state| self.step(*state, word) == Some(to)) {
            self.set(state, |state| {
                state.next.insert(word, copy);
            });
            from = self.link(state);
        }
        copy
    }

    /// Words in the longest run that is also in `text`, and the index in `text` of its last word.
    fn longest(&self, text: &[u32]) -> (usize, usize) {
        let (mut state, mut length, mut best) = (0, 0, (0, 0));
        for (at, word) in text.iter().enumerate() {
            while self.step(state, *word).is_none()
                && let Some(link) = self.link(state)
            {
                state = link;
                length = self.length(state);
            }
            if let Some(next) = self.step(state, *word) {
                state = next;
                length += 1;
            }
            if length > best.0 {
                best = (length, at);
            }
        }
        best
    }
}

#[cfg(test)]
mod tests;
