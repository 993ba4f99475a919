//! A cap on what work that is done in parts spends as a whole.

use std::sync::{Mutex, PoisonError};

use gatemark_core::money::NanoUsd;

/// What may be spent, and what is.
#[derive(Debug)]
pub(crate) struct Purse {
    cap: Option<NanoUsd>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    spent: NanoUsd,
    dearest: NanoUsd,
    under_way: i64,
}

impl Purse {
    /// `expected` is what one part of the work may cost, as far as is known before any has.
    pub(crate) fn up_to(cap: Option<NanoUsd>, expected: NanoUsd) -> Self {
        let state = State { dearest: expected, ..State::default() };
        Self { cap, state: Mutex::new(state) }
    }

    /// What an earlier go at the same has paid.
    pub(crate) fn count(&self, paid: NanoUsd) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.spent += paid;
    }

    /// Whether one more part may begin. Parts under way are taken to cost what the dearest one did, so that
    /// many at once do not overshoot the cap by many.
    pub(crate) fn admit(&self) -> bool {
        let Some(cap) = self.cap else { return true };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let promised = state.dearest.0.saturating_mul(state.under_way + 1);
        let fits = state.spent.0.saturating_add(promised) <= cap.0 && state.spent < cap;
        state.under_way += i64::from(fits);
        fits
    }

    /// A part that was admitted has ended, and cost this.
    pub(crate) fn settle(&self, paid: NanoUsd) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.spent += paid;
        state.dearest = state.dearest.max(paid);
        state.under_way -= 1;
    }

    pub(crate) fn spent(&self) -> NanoUsd {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_under_way_count_against_the_cap() {
        let purse = Purse::up_to(Some(NanoUsd(100)), NanoUsd(40));
        assert!(purse.admit());
        assert!(purse.admit());
        assert!(!purse.admit(), "two under way and a third may cost 120");
        purse.settle(NanoUsd(40));
        purse.settle(NanoUsd(0));
        assert!(purse.admit());
        assert!(!purse.admit(), "40 spent, 40 under way, 40 more would pass 100");
        purse.settle(NanoUsd(40));
        assert!(!purse.admit());
        assert_eq!(purse.spent(), NanoUsd(80));
        assert!(Purse::up_to(None, NanoUsd::ZERO).admit());
    }
}
