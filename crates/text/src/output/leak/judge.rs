//! What the passages of a whole answer give away together.
//!
//! A passage is worth its letters, those of common words half; and much less as long as it stays within the
//! sentence that gives the model its part, unless the answer announces it (`passage`). The most telling passage
//! counts whole and each other one half, since a text may be told in pieces. With `w` for the sum and `t` for
//! the amount that is doubtful (24 letters, or half of a text that is shorter), the score is `1 − 2^(−w/t)`: 0.5
//! where there is doubt, 0.8 at some fifty-six letters. Most of a planted mark is certain.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use gatemark_core::guard::Verdict;
use serde::Serialize;

use super::kept::Kept;
use super::passage::{ANNOUNCED_WITHIN, Passage};
use super::said::Said;
use super::views::{Sighting, Views};

/// The score at which there is doubt.
pub const FLAG: f64 = 0.5;

/// The score at which there is little.
pub const BLOCK: f64 = 0.8;

/// Letters of uncommon words that are doubtful, and the least for short texts.
const DOUBTFUL: f64 = 14.0;
const LEAST_DOUBTFUL: f64 = 6.0;

/// Passages that are held against each other; as many tell enough.
const MOST_DISTINCT: usize = 64;

/// One passage of the answer that gives something away, or a planted mark.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeakFinding {
    /// `canary`, `system-text`, or `system-text-` and how it was written, e.g. `system-text-base64`.
    pub rule: &'static str,
    /// From 0 (nothing) to 1 (certain), for this passage alone.
    pub score: f64,
    /// The first character, in code points from 0.
    pub start: usize,
    /// The first character after it.
    pub end: usize,
}

/// What is thought of an answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// What [`FLAG`] and [`BLOCK`] make of the score.
    pub verdict: Verdict,
    /// From 0 to 1.
    pub score: f64,
    /// By their start. Passages that tell little are left out.
    pub findings: Vec<LeakFinding>,
}

impl Kept {
    /// How much of this text `answer` gives away. What `user` has said, if given, may be said back.
    ///
    /// Takes time in proportion to the texts.
    pub fn judge(&self, answer: &str, user: Option<&str>) -> Judged {
        let chars: Vec<char> = answer.chars().collect();
        let said = user.map(|user| {
            let mut said = Said::new(user);
            chars.iter().for_each(|c| said.feed(*c));
            said.places()
        });
        let mut passages = self.passages(&chars, &said.unwrap_or_default());
        for passage in &mut passages {
            let from = passage.place.0.saturating_sub(ANNOUNCED_WITHIN);
            let before = chars.get(from..passage.place.0).unwrap_or_default();
            passage.worth = passage.weighed(self, &before.iter().collect::<String>());
        }
        let distinct = distinct(passages);
        let doubtful = self.doubtful();
        let part = |(rank, passage): (usize, &Passage)| {
            if rank == 0 { passage.worth } else { passage.worth / 2.0 }
        };
        let sum: f64 = distinct.iter().enumerate().map(part).sum();
        let certain = distinct.iter().any(|passage| passage.is_mark);
        let score = if certain { 1.0 } else { score(sum, doubtful) };
        let tells = |passage: &&Passage| passage.is_mark || passage.worth * 2.0 >= doubtful;
        let mut findings: Vec<LeakFinding> =
            distinct.iter().filter(tells).map(|passage| finding(passage, doubtful)).collect();
        findings.sort_by_key(|finding| (finding.start, finding.end));
        Judged { verdict: verdict(score), score, findings }
    }

    /// How much is doubtful, in letters of uncommon words.
    pub(super) fn doubtful(&self) -> f64 {
        (self.worth() / 4.0).clamp(LEAST_DOUBTFUL, DOUBTFUL)
    }

    fn passages(&self, chars: &[char], said: &[(usize, usize)]) -> Vec<Passage> {
        let mut open: BTreeMap<_, Passage> = BTreeMap::new();
        let mut closed = vec![];
        let mut take = |sighting: Sighting| {
            let Some(fresh) = Passage::of(self, sighting, said) else { return };
            match open.get_mut(&fresh.key()) {
                Some(passage) if passage.continues(&fresh) => passage.join(fresh, self),
                _ => closed.extend(open.insert(fresh.key(), fresh)),
            }
        };
        let mut views = Views::new();
        for c in chars {
            views.feed(self, *c, &mut take);
        }
        views.end(self, &mut take);
        closed.extend(open.into_values());
        closed
    }
}

fn verdict(score: f64) -> Verdict {
    match score {
        BLOCK.. => Verdict::Block,
        FLAG.. => Verdict::Flag,
        _ => Verdict::Allow,
    }
}

/// What so much is to be thought of, where so much is doubtful.
pub(super) fn score(worth: f64, doubtful: f64) -> f64 {
    1.0 - (-worth / doubtful).exp2()
}

pub(super) fn finding(passage: &Passage, doubtful: f64) -> LeakFinding {
    let score = if passage.is_mark { 1.0 } else { score(passage.worth, doubtful) };
    LeakFinding { rule: passage.rule(), score, start: passage.place.0, end: passage.place.1 }
}

/// The most telling passages of which no two are about the same place or the same letters: one passage may be
/// seen in several readings, and be said twice.
fn distinct(mut passages: Vec<Passage>) -> Vec<Passage> {
    passages.sort_by(|a, b| {
        let (a, b) = ((a.is_mark, a.worth), (b.is_mark, b.worth));
        b.partial_cmp(&a).unwrap_or(Ordering::Equal)
    });
    let common = |a: (usize, usize), b: (usize, usize)| a.1.min(b.1).saturating_sub(a.0.max(b.0));
    let letters = |passage: &Passage| (passage.letters.0, passage.letters.1 + 1);
    let mut distinct: Vec<Passage> = vec![];
    for passage in passages {
        let (place, about) = (passage.place, letters(&passage));
        let is_new = distinct.iter().all(|known| {
            common(known.place, place) * 2 < place.1 - place.0
                && common(letters(known), about) * 2 < about.1 - about.0
        });
        if is_new {
            distinct.push(passage);
        }
        if distinct.len() >= MOST_DISTINCT {
            break;
        }
    }
    distinct
}
