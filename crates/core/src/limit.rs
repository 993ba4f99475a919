//! Limits: how fast calls may come, and how many at once.

use crate::scope::{Scope, Subject};

/// The largest rate that a limit may have, per minute: what keeps the buckets' arithmetic in 64 bits.
pub const MOST_PER_MINUTE: u64 = 100_000_000_000;

/// Bounds on the calls of a scope; at least one of them is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Which calls.
    pub scope: Scope,
    /// Calls in a minute, from 1.
    pub requests_per_minute: Option<u64>,
    /// Tokens read and written in a minute, from 1.
    pub tokens_per_minute: Option<u64>,
    /// Calls under way at once, from 1.
    pub concurrency: Option<u64>,
}

impl Limit {
    /// Where a call is counted; `None` if the limit is not about it. Unlike money, rates of a limit for
    /// each value and of one for that value are counted apart: they are different buckets.
    pub fn account(&self, call: &Subject<'_>) -> Option<String> {
        let account = self.scope.account(call)?;
        Some(if self.scope.is_many() {
            format!("{account} of {}", self.scope.shown())
        } else {
            account
        })
    }
}
