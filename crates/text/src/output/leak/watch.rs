//! The same while an answer is being written: which places of it must not leave, and which may yet become such.
//!
//! What has left cannot be called back, so that here a passage tells as soon as it alone would be doubtful; its
//! parts are not added to those of others. When a passage goes on after an edit, what stood before the edit
//! counts although it has left.

use std::collections::{BTreeMap, VecDeque};

use super::judge::{LeakFinding, finding};
use super::kept::Kept;
use super::lane::Disguise;
use super::passage::{ANNOUNCED_WITHIN, Passage};
use super::said::Said;
use super::views::{Reading, Sighting, Views};

/// Characters that are remembered to look for an announcement: those before the longest run that is undecided.
const REMEMBERED: usize = 1024;

/// Follows an answer.
#[derive(Debug, Clone)]
pub struct LeakWatch {
    views: Views,
    said: Option<Said>,
    open: BTreeMap<(Reading, Disguise), Passage>,
    recent: VecDeque<char>,
    next: usize,
}

impl LeakWatch {
    /// For one answer. What `user` has said may be said back.
    pub fn new(user: Option<&str>) -> Self {
        Self {
            views: Views::new(),
            said: user.map(Said::new),
            open: BTreeMap::new(),
            recent: VecDeque::new(),
            next: 0,
        }
    }

    /// Takes the next character. `tell` gets each passage that gives `kept` away, again and longer as long as it
    /// goes on.
    pub fn feed(&mut self, kept: &Kept, c: char, tell: &mut impl FnMut(LeakFinding)) {
        self.recent.push_back(c);
        if self.recent.len() > REMEMBERED {
            self.recent.pop_front();
        }
        self.next += 1;
        if let Some(said) = &mut self.said {
            said.feed(c);
        }
        let mut ended = vec![];
        self.views.feed(kept, c, &mut |sighting| ended.push(sighting));
        ended.into_iter().for_each(|sighting| self.close(kept, sighting, tell));
        let running: Vec<Sighting> = self.views.runs().collect();
        for sighting in running {
            if let Some(passage) = self.passage(kept, sighting) {
                self.told(kept, &passage, tell);
            }
        }
    }

    /// The answer is over.
    pub fn end(&mut self, kept: &Kept, tell: &mut impl FnMut(LeakFinding)) {
        let mut ended = vec![];
        self.views.end(kept, &mut |sighting| ended.push(sighting));
        ended.into_iter().for_each(|sighting| self.close(kept, sighting, tell));
    }

    /// The place of the first character that may yet belong to a passage; those before it cannot.
    pub fn held_from(&self) -> usize {
        self.views.held_from()
    }

    fn close(&mut self, kept: &Kept, sighting: Sighting, tell: &mut impl FnMut(LeakFinding)) {
        if let Some(passage) = self.passage(kept, sighting) {
            self.told(kept, &passage, tell);
            self.open.insert(passage.key(), passage);
        }
    }

    /// The run with what it goes on from.
    fn passage(&self, kept: &Kept, sighting: Sighting) -> Option<Passage> {
        let said = self.said.as_ref().map(Said::recent).unwrap_or_default();
        let fresh = Passage::of(kept, sighting, &said)?;
        match self.open.get(&fresh.key()) {
            Some(before) if before.continues(&fresh) => {
                let mut joined = before.clone();
                joined.join(fresh, kept);
                Some(joined)
            }
            _ => Some(fresh),
        }
    }

    fn told(&self, kept: &Kept, passage: &Passage, tell: &mut impl FnMut(LeakFinding)) {
        let doubtful = kept.doubtful();
        if !passage.is_mark && passage.worth * 2.0 < doubtful {
            return;
        }
        let weighed = passage.weighed(kept, &self.before(passage.place.0));
        if passage.is_mark || weighed >= doubtful {
            let mut passage = passage.clone();
            passage.worth = weighed;
            tell(finding(&passage, doubtful));
        }
    }

    /// What stands before a place, as far as it is remembered.
    fn before(&self, place: usize) -> String {
        let first = self.next - self.recent.len();
        let to = place.saturating_sub(first);
        let from = to.saturating_sub(ANNOUNCED_WITHIN);
        self.recent.range(from..to.min(self.recent.len())).collect()
    }
}
