//! What a call has taken of budgets and limits, until it is given back or settled.

use std::sync::Arc;

use gatemark_core::id::ModelName;
use gatemark_core::ledger;
use gatemark_core::money::NanoUsd;
use gatemark_core::throttle::Rates;

use crate::volatile::Volatile;

/// Taken of budgets and limits. Dropping it gives everything back, as after a call that was never made.
pub(crate) struct Hold {
    volatile: Arc<Volatile>,
    /// For each request that may have to be paid, by the model that it goes to.
    promises: Vec<(ModelName, Vec<ledger::Hold>)>,
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

    /// Budgets have promised what a request to `model` may cost.
    pub(crate) fn promised(&mut self, model: &ModelName, promises: Vec<ledger::Hold>) {
        self.promises.push((model.clone(), promises));
    }

    /// The call has ended, answered by `model` if by any: what it cost and how many tokens it used. The cost
    /// falls on the budgets that are about the model that answered; the other promises are given back.
    pub(crate) fn settle(&mut self, model: Option<&ModelName>, cost: NanoUsd, tokens: u64) {
        let promises = std::mem::take(&mut self.promises);
        let payer = promises.iter().position(|(asked, _)| Some(asked) == model).unwrap_or(0);
        for (place, (_, promised)) in promises.iter().enumerate() {
            let paid = if place == payer { cost } else { NanoUsd::ZERO };
            self.volatile.settle(promised, paid);
        }
        self.volatile.leave(&std::mem::take(&mut self.accounts), self.tokens, tokens);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.settle(None, NanoUsd::ZERO, 0);
    }
}
