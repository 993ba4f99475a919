//! Budgets: what was spent before this process began, and how budgets stand.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use gatemark_core::Result;
use gatemark_core::budget::AccountKey;
use gatemark_core::budget::Budget;
use gatemark_core::model::Project;
use gatemark_core::money::NanoUsd;
use gatemark_core::scope::Subject;
use gatemark_core::window::{self, Span, Window};
use gatemark_gateway::{BudgetStanding, Gateway, clock};
use gatemark_store::Store;
use gatemark_store::spend::Spend;
use serde::Serialize;

use crate::Control;

/// What the records say was spent in every account of `budgets` in its present window.
async fn spent(
    store: &Store,
    gateway: &Gateway,
    budgets: impl Iterator<Item = &Arc<Budget>>,
) -> Result<Vec<(AccountKey, Span, NanoUsd)>> {
    let budgets: Vec<_> = budgets.filter(|budget| budget.window != Window::Call).collect();
    if budgets.is_empty() {
        return Ok(vec![]);
    }
    // A segment that cannot be read must not keep a server from starting; what it holds is not known.
    if let Err(error) = gatemark_store::calllog::ship(gateway.log(), store).await {
        tracing::error!(%error, "budgets begin without calls that could not be read");
    }
    let now = clock::now_us();
    let mut rows: HashMap<i64, Vec<Spend>> = HashMap::new();
    let mut found = vec![];
    for budget in budgets {
        let span = window::around(budget.window, &budget.zone, now);
        let rows = match rows.entry(span.start) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(store.spend(span.start).await?),
        };
        found.extend(by_account(budget, rows).into_iter().map(|(key, amount)| (key, span, amount)));
    }
    Ok(found)
}

fn by_account(budget: &Budget, rows: &[Spend]) -> BTreeMap<AccountKey, NanoUsd> {
    let mut accounts: BTreeMap<AccountKey, NanoUsd> = BTreeMap::new();
    for row in rows {
        let subject = Subject {
            key: &row.caller,
            prompt: row.prompt.as_ref(),
            environment: row.environment.as_ref(),
            model: &row.model,
            tags: &row.tags,
        };
        if let Some(key) = budget.account(&subject) {
            *accounts.entry(key).or_default() += row.cost;
        }
    }
    accounts
}

/// How a budget stands in one account.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct BudgetState {
    /// Its name.
    pub name: String,
    /// Which calls: `all`, or `field=value` joined by `;`, with `*` for each value.
    pub scope: String,
    /// The account: the scope with values in place of `*`.
    pub account: String,
    /// `day`, `week`, `month` or `total`.
    pub window: &'static str,
    /// Whose calendar.
    pub time_zone: String,
    /// The window's first moment, in microseconds since 1970; `null` for `total`.
    pub starts_at: Option<i64>,
    /// The first moment after it, in microseconds since 1970; `null` for `total`.
    pub ends_at: Option<i64>,
    /// The amount, in nano-dollars.
    pub amount: i64,
    /// What calls have cost, in nano-dollars.
    pub spent: i64,
    /// What calls under way may cost, in nano-dollars.
    pub reserved: i64,
    /// What is left, in nano-dollars; below zero if a call cost more than was reserved for it.
    pub left: i64,
    /// `stop` or `warn`.
    pub on_exceed: &'static str,
}

impl From<&BudgetStanding> for BudgetState {
    fn from(line: &BudgetStanding) -> Self {
        let (budget, standing) = (&line.budget, &line.standing);
        let Span { start, end } = standing.span;
        Self {
            name: budget.name.clone(),
            scope: budget.scope.shown(),
            account: line.account.clone(),
            window: budget.window.word(),
            time_zone: budget.zone.name().to_string(),
            starts_at: (start != i64::MIN).then_some(start),
            ends_at: (end != i64::MAX).then_some(end),
            amount: budget.amount.0,
            spent: standing.spent.0,
            reserved: standing.reserved.0,
            left: budget.amount.0.saturating_sub(standing.taken().0),
            on_exceed: budget.on_exceed.word(),
        }
    }
}

impl Control {
    /// Begins the ledger with what the store says was spent in every present window: before a server
    /// answers its first call, and before budgets are shown. Spending is looked up by scope and window, so it
    /// is found whatever the budgets were called when it was spent.
    ///
    /// Records that a process which died had not shipped are shipped first. Windows have no end here: what
    /// was recorded by a clock that ran ahead counts too.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn begin_budgets(&self) -> Result<()> {
        let budgets = self.project().budgets.iter();
        for (key, span, amount) in spent(self.store(), self.gateway(), budgets).await? {
            self.gateway().seed_budget(&key, span, amount);
        }
        Ok(())
    }

    /// The same for budgets that were not in force `before`, when a changed configuration is about to be.
    /// What was spent meanwhile in an account that was in force earlier counts too. Not counted is what
    /// calls cost that are under way at this moment.
    pub(crate) async fn begin_new_budgets(&self, before: &Project, next: &Project) -> Result<()> {
        let filed = |budget: &Budget| (budget.scope.clone(), budget.window, budget.zone.clone());
        let is_new = |budget: &&Arc<Budget>| {
            !before.budgets.iter().any(|known| filed(known) == filed(budget))
        };
        let budgets = next.budgets.iter().filter(is_new);
        for (key, span, amount) in spent(self.store(), self.gateway(), budgets).await? {
            self.gateway().raise_budget(&key, span, amount);
        }
        Ok(())
    }

    /// How every budget stands: as this process knows it, which serves if it is a server. Another process
    /// knows what has been spent, and not what is promised to calls under way.
    pub fn budgets(&self) -> Vec<BudgetState> {
        self.gateway().budgets().iter().map(BudgetState::from).collect()
    }
}
