//! Whether every answered call is recorded, once, at its exact price.

use std::collections::HashSet;

use serde::Serialize;

use crate::payload;
use crate::project::Recorded;

/// What was answered and what is in the store.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Parity {
    /// Answers that callers got.
    pub(crate) answered: u64,
    /// Completions that the vendor gave.
    pub(crate) vendor: u64,
    /// Recorded calls.
    pub(crate) rows: usize,
    /// Of these, with the outcome `ok`.
    pub(crate) ok: usize,
    /// Ids among them.
    pub(crate) distinct: usize,
    /// Their cost in nano-dollars.
    pub(crate) cost: i64,
    /// What it should be.
    pub(crate) expected_cost: i64,
    /// Whether all of this agrees.
    pub(crate) exact: bool,
}

impl Parity {
    /// Compares.
    pub(crate) fn of(answered: u64, vendor: u64, rows: &[Recorded]) -> Self {
        let ids: HashSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let ok = rows.iter().filter(|row| row.outcome == "ok").count();
        let cost = rows.iter().map(|row| row.cost).sum();
        let count = i64::try_from(answered).unwrap_or(i64::MAX);
        let expected_cost = count.saturating_mul(payload::COST);
        let same = |number: usize| u64::try_from(number) == Ok(answered);
        let rows_agree = same(rows.len()) && same(ok) && same(ids.len());
        let exact = rows_agree && vendor == answered && cost == expected_cost;
        let (rows, distinct) = (rows.len(), ids.len());
        Self { answered, vendor, rows, ok, distinct, cost, expected_cost, exact }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, cost: i64) -> Recorded {
        Recorded { id: id.into(), outcome: "ok".into(), cost }
    }

    #[test]
    fn one_row_for_each_answer_at_its_price() {
        let good = [row("a", payload::COST), row("b", payload::COST)];
        assert!(Parity::of(2, 2, &good).exact);
        assert!(!Parity::of(3, 3, &good).exact);
        assert!(!Parity::of(2, 3, &good).exact);
        assert!(!Parity::of(2, 2, &[row("a", payload::COST), row("a", payload::COST)]).exact);
        assert!(!Parity::of(1, 1, &[row("a", payload::COST - 1)]).exact);
    }
}
