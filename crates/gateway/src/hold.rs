//! What a call has taken of budgets and limits, until it is given back or settled.

use std::sync::Arc;

use gatemark_core::id::ModelName;
use gatemark_core::ledger;
use gatemark_core::money::NanoUsd;
use gatemark_core::throttle::Rates;

use crate::volatile::Volatile;

/// What was promised for one request.
struct Promise {
    model: ModelName,
    cost: NanoUsd,
    holds: Vec<ledger::Hold>,
}

/// Taken of budgets and limits. Dropping it gives everything back, as after a call that was never made.
pub(crate) struct Hold {
    volatile: Arc<Volatile>,
    /// One for each request that may have to be paid.
    promises: Vec<Promise>,
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

    /// Budgets have promised `cost` for a request to `model`.
    pub(crate) fn promised(&mut self, model: &ModelName, cost: NanoUsd, holds: Vec<ledger::Hold>) {
        self.promises.push(Promise { model: model.clone(), cost, holds });
    }

    /// What was promised for the last request to `model`.
    pub(crate) fn promised_to(&self, model: &ModelName) -> NanoUsd {
        let last = self.promises.iter().rev().find(|promise| promise.model == *model);
        last.map_or(NanoUsd::ZERO, |promise| promise.cost)
    }

    /// The call has ended, answered by `model` if by any: what it cost and how many tokens it used. The cost
    /// falls on the budgets that are about the model that answered; the other promises are given back.
    pub(crate) fn settle(&mut self, model: Option<&ModelName>, cost: NanoUsd, tokens: u64) {
        let promises = std::mem::take(&mut self.promises);
        let is_payer = |promise: &Promise| Some(&promise.model) == model;
        let payer = promises.iter().position(is_payer).unwrap_or(0);
        for (place, promise) in promises.iter().enumerate() {
            let paid = if place == payer { cost } else { NanoUsd::ZERO };
            self.volatile.settle(&promise.holds, paid);
        }
        self.volatile.leave(&std::mem::take(&mut self.accounts), self.tokens, tokens);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.settle(None, NanoUsd::ZERO, 0);
    }
}
