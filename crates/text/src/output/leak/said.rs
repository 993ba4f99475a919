//! What the user said, which may be said back.

use super::fold::{Fold, class, fold};
use super::index::{Index, Matcher, Run};

/// Places that who looks at the end of an answer may need.
const RECENT: usize = 32;

/// Follows an answer and knows which places of it repeat the user.
#[derive(Debug, Clone)]
pub(super) struct Said {
    index: Index,
    fold: Fold,
    matcher: Matcher,
    places: Vec<(usize, usize)>,
    next: usize,
}

impl Said {
    pub(super) fn new(user: &str) -> Self {
        let symbols = fold(user).into_iter().map(|symbol| class(symbol.base)).collect();
        Self {
            index: Index::new(symbols),
            fold: Fold::default(),
            matcher: Matcher::default(),
            places: vec![],
            next: 0,
        }
    }

    /// Takes the next character of the answer.
    pub(super) fn feed(&mut self, c: char) {
        let (index, matcher) = (&self.index, &mut self.matcher);
        let mut ended: Option<Run> = None;
        self.fold.feed(c, self.next, &mut |symbol| {
            let run = matcher.feed(index, class(symbol.base), symbol.start, symbol.end);
            ended = ended.take().or(run);
        });
        self.next += 1;
        if let Some(run) = ended {
            self.keep(run);
        }
    }

    /// The places so far, in order, those of a run that goes on included.
    pub(super) fn places(&self) -> Vec<(usize, usize)> {
        let mut places = self.places.clone();
        if let Some(run) = self.matcher.run() {
            join(&mut places, run.place);
        }
        places
    }

    /// The last of them, which is enough for who looks at the end of the answer.
    pub(super) fn recent(&self) -> Vec<(usize, usize)> {
        let from = self.places.len().saturating_sub(RECENT);
        let mut places = self.places.get(from..).unwrap_or_default().to_vec();
        if let Some(run) = self.matcher.run() {
            join(&mut places, run.place);
        }
        places
    }

    fn keep(&mut self, run: Run) {
        join(&mut self.places, run.place);
    }
}

/// Punctuation between two runs belongs to them.
fn join(places: &mut Vec<(usize, usize)>, place: (usize, usize)) {
    match places.last_mut() {
        Some(last) if place.0 <= last.1 + 3 => last.1 = last.1.max(place.1),
        _ => places.push(place),
    }
}
