//! Runs that belong together, and what they give away.

use super::index::Run;
use super::kept::Kept;
use super::lane::Disguise;
use super::views::{Reading, Sighting};
use super::words::announces;

/// How many letters may stand between two runs of one passage, in either text.
const BETWEEN: usize = 24;

/// What each letter that stands between two runs takes from their worth: words of a topic recur in any order.
const BETWEEN_COSTS: f64 = 0.5;

/// Letters of uncommon words that any passage may have: names and terms are used in answers.
const FREE: f64 = 12.0;

/// What a passage within the sentence of the part is worth, and how much of it at that.
const PART_WORTH: f64 = 0.35;
const PART_MOST: f64 = 45.0;

/// What a passage is worth more if it is announced, and how far before it that is looked for, in characters.
const ANNOUNCED_WORTH: f64 = 1.4;
pub(super) const ANNOUNCED_WITHIN: usize = 100;

/// The share of a run that is the user's own from which nothing of it counts.
const OWN: f64 = 0.8;

/// Runs that follow each other closely in both texts: an edit here and there does not hide a passage.
#[derive(Debug, Clone)]
pub(super) struct Passage {
    sighting: Sighting,
    last: Run,
    /// The first letter of the kept text, and the last.
    pub(super) letters: (usize, usize),
    /// In letters of uncommon words.
    pub(super) worth: f64,
    /// The first character of the answer, and the first one after it.
    pub(super) place: (usize, usize),
    /// Whether it has most of a planted mark.
    pub(super) is_mark: bool,
}

impl Passage {
    /// A run by itself, unless it is what the user `said`, given by places in the answer.
    pub(super) fn of(kept: &Kept, sighting: Sighting, said: &[(usize, usize)]) -> Option<Self> {
        let run = sighting.run;
        let ordered = kept.ordered(sighting.disguise.order())?;
        let letters = ordered.letters(run.kept);
        let is_mark = kept.is_mark(ordered, run.kept, letters);
        let own = share(run.place, said);
        if own >= OWN && !is_mark {
            return None;
        }
        let worth = ordered.worth(run.kept) * (1.0 - own);
        Some(Self { sighting, last: run, letters, worth, place: run.place, is_mark })
    }

    /// What passages of one kind have in common: only they can be joined.
    pub(super) fn key(&self) -> (Reading, Disguise) {
        (self.sighting.reading, self.sighting.disguise)
    }

    /// Whether `next`, of the same kind, follows closely in both texts.
    pub(super) fn continues(&self, next: &Self) -> bool {
        let (last, next) = (self.last, next.last);
        let in_kept = next.kept.1 > last.kept.1 && next.kept.0 <= last.kept.1 + BETWEEN;
        in_kept && next.seen.0 <= last.seen.1 + BETWEEN
    }

    /// Takes in what follows. Symbols that the next run has in common with the last count once.
    pub(super) fn join(&mut self, next: Self, kept: &Kept) {
        let run = next.last;
        let twice = self.last.seen.1.saturating_sub(run.seen.0).min(run.len());
        let ordered = kept.ordered(self.sighting.disguise.order());
        let counted =
            ordered.map_or(0.0, |ordered| ordered.worth((run.kept.0, run.kept.0 + twice)));
        let between = run.kept.0.saturating_sub(self.last.kept.1);
        let between = between.max(run.seen.0.saturating_sub(self.last.seen.1));
        let cost = BETWEEN_COSTS * f64::from(u32::try_from(between).unwrap_or(u32::MAX));
        self.worth = (self.worth + (next.worth - counted).max(0.0) - cost).max(0.0);
        self.last = run;
        self.letters = (self.letters.0.min(next.letters.0), self.letters.1.max(next.letters.1));
        self.place = (self.place.0.min(next.place.0), self.place.1.max(next.place.1));
        self.is_mark |= next.is_mark;
    }

    /// What it is worth behind the text `before`: less within the sentence that gives the model its part, and
    /// more if it is announced.
    pub(super) fn weighed(&self, kept: &Kept, before: &str) -> f64 {
        let worth = (self.worth - FREE.min(kept.worth() / 4.0)).max(0.0);
        if announces(before) {
            return worth * ANNOUNCED_WORTH;
        }
        if kept.is_part(self.letters) { of_part(worth) } else { worth }
    }

    /// `canary`, or how it was written.
    pub(super) fn rule(&self) -> &'static str {
        if self.is_mark { "canary" } else { self.sighting.rule() }
    }
}

/// What a passage within the sentence of the part is worth.
fn of_part(worth: f64) -> f64 {
    let beyond = (worth - PART_MOST).max(0.0);
    (PART_WORTH * worth.min(PART_MOST) + 1.5 * beyond).min(worth)
}

/// The share of a place that is in `others`, which are in order.
#[allow(clippy::cast_precision_loss)]
fn share((start, end): (usize, usize), others: &[(usize, usize)]) -> f64 {
    let from = others.partition_point(|other| other.1 <= start);
    let common: usize = others
        .iter()
        .skip(from)
        .take_while(|other| other.0 < end)
        .map(|other| other.1.min(end) - other.0.max(start))
        .sum();
    if end > start { common as f64 / (end - start) as f64 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_place() {
        let others = [(0, 4), (6, 8), (20, 30)];
        for (place, wanted) in [((2, 8), 4.0 / 6.0), ((8, 20), 0.0), ((22, 24), 1.0), ((5, 5), 0.0)]
        {
            assert!((share(place, &others) - wanted).abs() < 1e-9, "{place:?}");
        }
    }

    #[test]
    fn the_part_is_worth_little_until_it_is_long() {
        assert!((of_part(40.0) - 14.0).abs() < 1e-9);
        assert!(of_part(45.0) < of_part(46.0) && (of_part(1000.0) - 1000.0).abs() < 1e-9);
    }
}
