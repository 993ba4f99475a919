//! Counting the n-grams that texts share, one order after the other.
//!
//! An n-gram is known by the number of the (n-1)-gram that it begins with and its last symbol, so no n-gram
//! is ever spelt out. Only n-grams of the answer get numbers: what it lacks cannot match, nor can anything
//! longer that begins with it. Each order forgets the one before, which keeps memory in proportion to the
//! texts and not to texts times orders.

use std::ops::Range;

use super::intern::{mixed, place};

/// An n-gram that the answer does not have.
const NONE: u32 = u32::MAX;
const FREE: u64 = u64::MAX;

/// The state of counting one answer against its references.
#[derive(Debug, Default)]
pub(super) struct Grams {
    table: Pairs,
    order: usize,
    /// For each position of the answer, the number of the n-gram that begins there.
    own: Vec<u32>,
    /// The same for all references, one behind the other.
    theirs: Vec<u32>,
    /// By number: how often the answer has the n-gram.
    counts: Vec<u32>,
    /// By number: how often one reference has it.
    tally: Vec<u32>,
    /// By number: how often that reference has it which has it most.
    most: Vec<u32>,
}

impl Grams {
    /// Goes back to before the first order.
    pub(super) fn restart(&mut self) {
        self.order = 0;
    }

    /// Goes to n-grams that are one longer. `references` are the places of each in `theirs`.
    pub(super) fn longer(&mut self, own: &[u32], theirs: &[u32], references: &[Range<usize>]) {
        if self.order == 0 {
            self.own.clear();
            self.own.resize(own.len(), 0);
            self.theirs.clear();
            self.theirs.resize(theirs.len(), 0);
        }
        self.order += 1;
        let back = self.order - 1;
        self.table.clear(own.len());
        self.counts.clear();
        for (prefix, last) in self.own.iter_mut().zip(own.iter().skip(back)) {
            let id = self.table.id(*prefix, *last);
            match self.counts.get_mut(id as usize) {
                Some(count) => *count += 1,
                None => self.counts.push(1),
            }
            *prefix = id;
        }
        for place in references {
            let (Some(prefixes), Some(symbols)) =
                (self.theirs.get_mut(place.clone()), theirs.get(place.clone()))
            else {
                continue;
            };
            for (prefix, last) in prefixes.iter_mut().zip(symbols.iter().skip(back)) {
                if *prefix != NONE {
                    *prefix = self.table.find(*prefix, *last);
                }
            }
        }
    }

    /// How many n-grams a sequence of `length` symbols has at this order.
    pub(super) fn total(&self, length: usize) -> usize {
        (length + 1).saturating_sub(self.order)
    }

    /// How many n-grams the answer shares with the reference at `place`, each as often as the rarer side
    /// has it.
    pub(super) fn shared(&mut self, place: &Range<usize>) -> usize {
        self.tally.clear();
        self.tally.resize(self.counts.len(), 0);
        let total = self.total(place.len());
        let ids = self.theirs.get(place.clone()).unwrap_or_default().iter().take(total);
        let mut shared = 0;
        for id in ids.filter(|id| **id != NONE) {
            let id = *id as usize;
            if self.tally[id] < self.counts[id] {
                self.tally[id] += 1;
                shared += 1;
            }
        }
        shared
    }

    /// How many of the answer's n-grams some reference has, each as often as the reference that has it most.
    pub(super) fn shared_with_any(&mut self, references: &[Range<usize>]) -> usize {
        if let [only] = references {
            return self.shared(only);
        }
        let mut most = std::mem::take(&mut self.most);
        most.clear();
        most.resize(self.counts.len(), 0);
        for place in references {
            self.shared(place);
            for (most, count) in most.iter_mut().zip(&self.tally) {
                *most = (*most).max(*count);
            }
        }
        let shared = most.iter().map(|count| *count as usize).sum();
        self.most = most;
        shared
    }
}

/// Numbers for pairs, counted from 0.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    slots: Vec<(u64, u32)>,
    next: u32,
}

impl Pairs {
    /// Forgets all pairs and makes room for `most`.
    pub(super) fn clear(&mut self, most: usize) {
        self.slots.clear();
        self.slots.resize((most * 2).next_power_of_two().max(16), (FREE, 0));
        self.next = 0;
    }

    /// How many pairs are known.
    pub(super) fn len(&self) -> usize {
        self.next as usize
    }

    fn slot(&self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = place(mixed(key)) & mask;
        while self.slots[at].0 != key && self.slots[at].0 != FREE {
            at = (at + 1) & mask;
        }
        at
    }

    /// The pair's number, a new one if it is new.
    pub(super) fn id(&mut self, prefix: u32, last: u32) -> u32 {
        let key = key(prefix, last);
        let at = self.slot(key);
        if self.slots[at].0 == FREE {
            self.slots[at] = (key, self.next);
            self.next += 1;
        }
        self.slots[at].1
    }

    /// The pair's number, [`NONE`] if it is unknown.
    pub(super) fn find(&self, prefix: u32, last: u32) -> u32 {
        let (found, id) = self.slots[self.slot(key(prefix, last))];
        if found == FREE { NONE } else { id }
    }
}

fn key(prefix: u32, last: u32) -> u64 {
    u64::from(prefix) << 32 | u64::from(last)
}
