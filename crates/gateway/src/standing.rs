//! How budgets stand, for people and for metrics.

use gatemark_core::budget::AccountKey;
use gatemark_core::budget::Budget;
use gatemark_core::ledger::Standing;
use gatemark_core::window::{self, Span, Window};

use crate::Gateway;
use crate::clock::now_us;

/// One budget in one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetStanding {
    /// The budget.
    pub budget: std::sync::Arc<Budget>,
    /// Where its spending is filed, such as `key=app`.
    pub account: String,
    /// The present window and what is taken in it.
    pub standing: Standing,
}

/// Most accounts listed of one budget: those that have taken most.
const MOST_LISTED: usize = 1000;

impl Gateway {
    /// How every budget stands in its present window: one line for each, or for each account that has
    /// spent something.
    pub fn budgets(&self) -> Vec<BudgetStanding> {
        let snapshot = self.snapshot();
        let now = now_us();
        let budgets = snapshot.project().budgets.iter().filter(|b| b.window != Window::Call);
        budgets
            .flat_map(|budget| {
                let span = window::around(budget.window, &budget.zone, now);
                let accounts = self.accounts_of(budget, span);
                let line = |(key, standing): (AccountKey, Standing)| BudgetStanding {
                    budget: budget.clone(),
                    account: key.account,
                    standing,
                };
                accounts.into_iter().map(line).collect::<Vec<_>>()
            })
            .collect()
    }

    fn accounts_of(&self, budget: &Budget, span: Span) -> Vec<(AccountKey, Standing)> {
        let key = |account: String| AccountKey {
            account,
            window: budget.window,
            zone: budget.zone.name().to_string(),
        };
        let volatile = self.volatile();
        if !budget.scope.is_many() {
            let key = key(budget.scope.shown());
            let standing = volatile.standing(&key, span);
            return vec![(key, standing)];
        }
        let mut found = volatile.accounts(|known, standing| {
            known.window == budget.window
                && known.zone == budget.zone.name()
                && standing.span.end > span.start
                && budget.scope.owns(&known.account)
        });
        found.sort_by(|a, b| (b.1.taken(), &a.0).cmp(&(a.1.taken(), &b.0)));
        found.truncate(MOST_LISTED);
        found
    }

    /// Files what was spent in an account before this process began; what is known of it already stays.
    pub fn seed_budget(&self, key: &AccountKey, span: Span, spent: gatemark_core::NanoUsd) {
        self.volatile().seed(key, span, spent);
    }

    /// Files what was spent in an account while no budget looked after it, unless more is known.
    pub fn raise_budget(&self, key: &AccountKey, span: Span, spent: gatemark_core::NanoUsd) {
        self.volatile().raise(key, span, spent);
    }
}
