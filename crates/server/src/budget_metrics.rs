//! Budgets as metrics, set when they are asked for.

use std::sync::atomic::AtomicU64;

use gatemark_core::NanoUsd;
use gatemark_gateway::BudgetStanding;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BudgetLabels {
    budget: String,
}

type Dollars = Family<BudgetLabels, Gauge<f64, AtomicU64>>;

/// One series for each budget of the configuration. A budget with an account for each value shows the
/// account that has taken most: callers choose the values, and must not make series.
#[derive(Default)]
pub(crate) struct BudgetMetrics {
    spent: Dollars,
    reserved: Dollars,
    limit: Dollars,
    refused: Family<BudgetLabels, Counter>,
}

impl BudgetMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let mut gauge = |name: &str, help: &str, family: &Dollars| {
            registry.register(name, help, family.clone());
        };
        gauge("budget_spent_usd", "Spent in the present window", &self.spent);
        gauge("budget_reserved_usd", "Promised to calls under way", &self.reserved);
        gauge("budget_limit_usd", "The budget's amount", &self.limit);
        registry.register(
            "budget_refusals",
            "Calls without room in a budget",
            self.refused.clone(),
        );
    }

    pub(crate) fn refused(&self, budget: &str) {
        self.refused.get_or_create(&BudgetLabels { budget: budget.to_string() }).inc();
    }

    /// Shows the present; `standings` have the fullest account of each budget first.
    pub(crate) fn show(&self, standings: &[BudgetStanding]) {
        let mut shown = std::collections::BTreeSet::new();
        for line in standings.iter().filter(|line| shown.insert(line.budget.name.clone())) {
            let labels = BudgetLabels { budget: line.budget.name.clone() };
            let set = |family: &Dollars, amount: NanoUsd| {
                family.get_or_create(&labels).set(amount.as_usd());
            };
            set(&self.spent, line.standing.spent);
            set(&self.reserved, line.standing.reserved);
            set(&self.limit, line.budget.amount);
        }
    }
}
