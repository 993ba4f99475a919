//! Numbers that only grow: the registry's revision, the ids of audit entries, deployments, observations and parts of
//! rollups, and changes of conversations.
//!
//! They are rows rather than an engine's own sequences because the row is at the same time a lock: a
//! transaction that changes the registry bumps `revision` before it looks at anything, so on an engine
//! with concurrent writers two such transactions run one after the other, as they do on SQLite anyway.

use gatemark_core::{Error, Result};

use crate::sql::{Transaction, values};
use crate::store::Store;

/// Which number.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Counter {
    Revision,
    Audit,
    Deployment,
    Conversation,
    Observation,
    Rollup,
}

impl Counter {
    fn name(self) -> &'static str {
        match self {
            Self::Revision => "revision",
            Self::Audit => "audit",
            Self::Deployment => "deployment",
            Self::Conversation => "conversation",
            Self::Observation => "observation",
            Self::Rollup => "rollup",
        }
    }
}

/// Raises a counter inside a transaction and returns its new value.
pub(crate) async fn next(transaction: &Transaction, counter: Counter) -> Result<i64> {
    advance(transaction, counter, 1).await
}

/// Raises a counter by `by` inside a transaction and returns its new value.
pub(crate) async fn advance(transaction: &Transaction, counter: Counter, by: usize) -> Result<i64> {
    let sql = "UPDATE counters SET value = value + $2 WHERE name = $1 RETURNING value";
    let by = i64::try_from(by).unwrap_or(i64::MAX);
    let rows = transaction.query(sql, values![counter.name(), by]).await?;
    match rows.first() {
        Some(row) => row.integer("value"),
        None => Err(missing(counter)),
    }
}

/// Starts a transaction that changes the registry. Other processes see the new revision when it commits;
/// if it turns out that nothing changes, dropping the transaction takes the bump back.
pub(crate) async fn begin_change(store: &Store) -> Result<Transaction> {
    let transaction = store.database().begin().await?;
    next(&transaction, Counter::Revision).await?;
    Ok(transaction)
}

impl Store {
    /// A number that grows with every change of the registry (push, approval, deployment, keys), by
    /// whichever process. Reads one row, so it may be polled several times a second.
    pub async fn revision(&self) -> Result<i64> {
        let sql = "SELECT value FROM counters WHERE name = $1";
        let name = Counter::Revision.name();
        let row = self.database().read_one(sql, values![name]).await?;
        row.ok_or_else(|| missing(Counter::Revision))?.integer("value")
    }
}

fn missing(counter: Counter) -> Error {
    Error::internal(format!("the counter `{}` is missing: the database is damaged", counter.name()))
}
