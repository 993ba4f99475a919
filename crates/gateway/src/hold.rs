//! What a call has taken of budgets and limits, until it is given back or settled.

use std::sync::Arc;

use gatemark_core::ledger;
use gatemark_core::money::NanoUsd;
use gatemark_core::throttle::Rates;

use crate::volatile::Volatile;

/// Taken of budgets and limits. Dropping it gives everything back, as after a call that was never made.
pub(crate) struct Hold {
    volatile: Arc<Volatile>,
    promises: Vec<ledger::Hold>,
    accounts: Vec<String>,
    tokens: u64,
    /// What is left of the rates that the call met.
    pub(crate) rates: Rates,
    /// Budgets that reached a level, as `name 83%`.
    pub(crate) warnings: Vec<String>,
}

impl Hold {
    pub(crate) fn new(volatile: Arc<Volatile>) -> Self {
        Self {
            volatile,
            promises: vec![],
            accounts: vec![],
            tokens: 0,
            rates: Rates::default(),
            warnings: vec![],
        }
    }

    pub(crate) fn volatile(&self) -> &Volatile {
        &self.volatile
    }

    /// The call has entered the limits' `accounts` for `tokens`.
    pub(crate) fn entered(&mut self, accounts: Vec<String>, tokens: u64, rates: Rates) {
        self.accounts = accounts;
        self.tokens = tokens;
        self.rates = rates;
    }

    /// Budgets have promised.
    pub(crate) fn promised(&mut self, promises: Vec<ledger::Hold>) {
        self.promises = promises;
    }

    /// The call has ended: what it cost and how many tokens it used.
    pub(crate) fn settle(&mut self, cost: NanoUsd, tokens: u64) {
        self.volatile.settle(&std::mem::take(&mut self.promises), cost);
        self.volatile.leave(&std::mem::take(&mut self.accounts), self.tokens, tokens);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.settle(NanoUsd::ZERO, 0);
    }
}
