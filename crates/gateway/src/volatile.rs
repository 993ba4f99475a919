//! What the data plane remembers between calls: the ledger of budgets and the throttle of limits.
//!
//! It belongs to the gateway and not to a snapshot, so a change of the registry or of the configuration
//! forgets nothing. It lives in memory behind these few methods; a store that replicas share would stand
//! behind the same ones. All accounts of a call are looked at under one lock, for well under a microsecond
//! each: that is what makes "all or none" true.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatemark_core::budget::AccountKey;
use gatemark_core::ledger::{Claim, Hold, Ledger, Short, Standing};
use gatemark_core::money::NanoUsd;
use gatemark_core::throttle::{Ask, Rates, Stopped, Throttle};
use gatemark_core::window::Span;
use tokio::time::Instant;

use crate::clock::micros;

/// Most accounts of budgets, and of limits. Each takes some hundred bytes.
const MOST_ACCOUNTS: usize = 100_000;

/// Most warnings remembered as given; beyond that some may be given again.
const MOST_WARNINGS: usize = 10_000;

/// A budget, the start of its window, and the level reached.
type Warning = (String, i64, u32);

pub(crate) struct Volatile {
    ledger: Mutex<Ledger>,
    throttle: Mutex<Throttle>,
    warned: Mutex<HashSet<Warning>>,
    began: Instant,
}

impl Volatile {
    pub(crate) fn new() -> Self {
        Self {
            ledger: Mutex::new(Ledger::new(MOST_ACCOUNTS)),
            throttle: Mutex::new(Throttle::new(MOST_ACCOUNTS)),
            warned: Mutex::default(),
            began: Instant::now(),
        }
    }

    /// Promises `cost` to all claims or to none.
    pub(crate) fn reserve(
        &self,
        claims: &[Claim<'_>],
        cost: NanoUsd,
        now: i64,
    ) -> Result<(Vec<Hold>, Vec<Standing>), Short> {
        lock(&self.ledger).reserve(claims, cost, now)
    }

    /// Files what a call cost in place of what was promised.
    pub(crate) fn settle(&self, holds: &[Hold], cost: NanoUsd) {
        if !holds.is_empty() {
            lock(&self.ledger).settle(holds, cost);
        }
    }

    /// Files what was spent before this process began.
    pub(crate) fn seed(&self, key: &AccountKey, span: Span, spent: NanoUsd) {
        lock(&self.ledger).seed(key, span, spent);
    }

    /// Files what was spent in an account while no budget looked after it.
    pub(crate) fn raise(&self, key: &AccountKey, span: Span, spent: NanoUsd) {
        lock(&self.ledger).raise(key, span, spent);
    }

    pub(crate) fn standing(&self, key: &AccountKey, span: Span) -> Standing {
        lock(&self.ledger).standing(key, span)
    }

    /// The accounts that `wanted` picks, with their latest windows.
    pub(crate) fn accounts(
        &self,
        wanted: impl Fn(&AccountKey, &Standing) -> bool,
    ) -> Vec<(AccountKey, Standing)> {
        let ledger = lock(&self.ledger);
        let picked = ledger.latest().filter(|(key, standing)| wanted(key, standing));
        picked.map(|(key, standing)| (key.clone(), *standing)).collect()
    }

    /// Lets a call begin under all limits or under none.
    pub(crate) fn enter(&self, asks: &[Ask<'_>], tokens: u64) -> Result<Rates, Stopped> {
        // Monotonic, unlike the calendar that budgets go by: a rate is about the time that passes.
        let now = micros(self.began.elapsed());
        lock(&self.throttle).enter(asks, tokens, now)
    }

    /// Lets a call end.
    pub(crate) fn leave(&self, accounts: &[String], taken: u64, used: u64) {
        if !accounts.is_empty() {
            lock(&self.throttle).leave(accounts.iter().map(String::as_str), taken, used);
        }
    }

    /// Whether a budget's level is reached for the first time in its window.
    pub(crate) fn is_new_warning(&self, budget: &str, start: i64, level: u32) -> bool {
        let mut warned = lock(&self.warned);
        if warned.len() >= MOST_WARNINGS {
            warned.clear();
        }
        warned.insert((budget.to_string(), start, level))
    }
}

/// How long a caller over a bound on calls at once is told to wait: nobody knows when one ends.
pub(crate) const SHORT_WAIT: Duration = Duration::from_secs(1);

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
