//! The append-only log of who changed what. Entries are written inside the transaction of the change that
//! they describe, so there is never one without the other; nothing updates or deletes them.
//!
//! Each is bound to the one before ([`gatemark_core::audit`]). Ids are given by a row that is locked while an
//! entry is written, so writers at once make one chain. Entries from before there was a chain are bound once,
//! when this program first opens their database; how many those were is kept, because what happened to them
//! earlier is not to be seen.

use gatemark_core::audit::{AuditEntry, Head, genesis, link};
use gatemark_core::{Digest, Error, Result};

use crate::counter::{Counter, next};
use crate::sql::{Database, Row, Transaction, values};
use crate::store::Store;

/// Entries bound at once.
const PAGE: u32 = 1_000;

/// What is written down about a change.
pub(crate) struct Event<'a> {
    pub(crate) at: i64,
    pub(crate) actor: &'a str,
    pub(crate) action: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) detail: String,
}

/// Writes one entry.
pub(crate) async fn record(transaction: &Transaction, event: Event<'_>) -> Result<()> {
    let id = next(transaction, Counter::Audit).await?;
    let previous = hash_of(transaction, id - 1).await?;
    let Event { at, actor, action, subject, detail } = event;
    let (actor, action, subject) = (actor.to_string(), action.to_string(), subject.to_string());
    let entry = AuditEntry { id, at, actor, action, subject, detail, hash: None };
    let hash = link(&previous, &entry);
    let sql = "INSERT INTO audit_entries (id, at, actor, action, subject, detail, hash)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let AuditEntry { actor, action, subject, detail, .. } = entry;
    transaction.execute(sql, values![id, at, actor, action, subject, detail, &hash]).await?;
    Ok(())
}

/// The hash of entry `id`. Where it is not there the chain goes on from its beginning, and verifying tells:
/// an audit log that somebody has damaged must not keep anybody from working.
async fn hash_of(transaction: &Transaction, id: i64) -> Result<Digest> {
    let sql = "SELECT hash FROM audit_entries WHERE id = $1";
    let row = transaction.query_one(sql, values![id]).await?;
    let text = row.as_ref().map(|row| row.optional_text("hash")).transpose()?.flatten();
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or_else(genesis))
}

const SEALED: &str = "SELECT value FROM counters WHERE name = 'audit_sealed'";

/// Binds the entries from before there was a chain, once in a database's life.
pub(crate) async fn seal(database: &Database) -> Result<()> {
    if sealed(database.read_one(SEALED, values![]).await?)? >= 0 {
        return Ok(());
    }
    let transaction = database.begin().await?;
    if sealed(transaction.query_one(SEALED, values![]).await?)? >= 0 {
        return Ok(());
    }
    let (mut previous, mut after, mut count) = (genesis(), 0_i64, 0_i64);
    loop {
        let sql = format!("{ENTRY} WHERE id > $1 ORDER BY id LIMIT $2");
        let rows = transaction.query(&sql, values![after, PAGE]).await?;
        if rows.is_empty() {
            break;
        }
        let mut hashes = vec![];
        for row in &rows {
            let entry = entry(row)?;
            previous = link(&previous, &entry);
            (after, count) = (entry.id, count + 1);
            hashes.push(values![entry.id, &previous]);
        }
        let sql = "UPDATE audit_entries SET hash = $2 WHERE id = $1";
        transaction.execute_many(sql, hashes).await?;
    }
    let sql = "UPDATE counters SET value = $1 WHERE name = 'audit_sealed'";
    transaction.execute(sql, values![count]).await?;
    transaction.commit().await
}

fn sealed(row: Option<Row>) -> Result<i64> {
    let missing =
        || Error::internal("the counter `audit_sealed` is missing: the database is damaged");
    row.ok_or_else(missing)?.integer("value")
}

const ENTRY: &str = "SELECT id, at, actor, action, subject, detail, hash FROM audit_entries";

impl Store {
    /// The newest `limit` entries, newest first.
    pub async fn audit(&self, limit: u32) -> Result<Vec<AuditEntry>> {
        let sql = format!("{ENTRY} ORDER BY id DESC LIMIT $1");
        self.database().read(&sql, values![limit]).await?.iter().map(entry).collect()
    }

    /// Up to `limit` entries in the order of their ids, from the first whose id is more than `after`.
    pub async fn audit_after(&self, after: i64, limit: u32) -> Result<Vec<AuditEntry>> {
        let sql = format!("{ENTRY} WHERE id > $1 ORDER BY id LIMIT $2");
        self.database().read(&sql, values![after, limit]).await?.iter().map(entry).collect()
    }

    /// The newest entry's id and hash.
    pub async fn audit_head(&self) -> Result<Head> {
        let newest = self.audit(1).await?;
        let Some(newest) = newest.first() else { return Ok(Head { id: 0, hash: genesis() }) };
        Ok(Head { id: newest.id, hash: newest.hash.unwrap_or_else(genesis) })
    }

    /// How many ids were given out, and how many of these entries were written before there was a chain.
    pub async fn audit_counts(&self) -> Result<(i64, i64)> {
        let sql = "SELECT value FROM counters WHERE name = 'audit'";
        let row = self.database().read_one(sql, values![]).await?;
        let missing = || Error::internal("the counter `audit` is missing: the database is damaged");
        let last = row.ok_or_else(missing)?.integer("value")?;
        Ok((last, sealed(self.database().read_one(SEALED, values![]).await?)?))
    }
}

fn entry(row: &Row) -> Result<AuditEntry> {
    Ok(AuditEntry {
        id: row.integer("id")?,
        at: row.integer("at")?,
        actor: row.text("actor")?.into(),
        action: row.text("action")?.into(),
        subject: row.text("subject")?.into(),
        detail: row.text("detail")?.into(),
        // What is no hash at all is not ours, which verifying says.
        hash: row.optional_text("hash")?.and_then(|text| text.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counter::begin_change;
    use crate::scratch::Scratch;
    use gatemark_core::audit::Verifier;

    async fn write(store: &Store, count: i64) {
        for at in 0..count {
            let transaction = begin_change(store).await.unwrap();
            let (actor, action, subject) = ("ann", "push", "a/b");
            let event = Event { at, actor, action, subject, detail: "x".into() };
            record(&transaction, event).await.unwrap();
            transaction.commit().await.unwrap();
        }
    }

    /// The number of sound entries.
    async fn verified(store: &Store) -> i64 {
        let (last, _) = store.audit_counts().await.unwrap();
        let mut verifier = Verifier::new(last, None);
        for entry in store.audit_after(i64::MIN, 10_000).await.unwrap() {
            verifier.add(&entry).unwrap();
        }
        verifier.end(last).unwrap().id
    }

    async fn run(store: &Store, sql: &str) {
        let transaction = store.database().begin().await.unwrap();
        transaction.batch(sql).await.unwrap();
        transaction.commit().await.unwrap();
    }

    #[tokio::test]
    async fn entries_from_before_the_chain_are_bound_once() {
        let scratch = Scratch::new();
        let path = scratch.path().join("a.db");
        let store = Store::open(&path).await.unwrap();
        let count = i64::from(PAGE) + 5;
        write(&store, count).await;
        let before = store.audit_head().await.unwrap();
        // As a database of an older program is after its migration.
        run(&store, "UPDATE audit_entries SET hash = NULL").await;
        run(&store, "UPDATE counters SET value = -1 WHERE name = 'audit_sealed'").await;
        store.close().await;
        let (one, other) = tokio::join!(Store::open(&path), Store::open(&path));
        let (store, other) = (one.unwrap(), other.unwrap());
        assert_eq!(store.audit_counts().await.unwrap(), (count, count));
        assert_eq!(store.audit_head().await.unwrap(), before);
        write(&other, 1).await;
        assert_eq!(verified(&store).await, count + 1);
        // What loses its hash later is not bound again.
        run(&store, "UPDATE audit_entries SET hash = NULL WHERE id = 7").await;
        store.close().await;
        let store = Store::open(&path).await.unwrap();
        let entries = store.audit_after(6, 1).await.unwrap();
        assert_eq!((entries[0].id, entries[0].hash), (7, None));
    }

    #[tokio::test]
    async fn writers_at_once_make_one_chain() {
        let scratch = Scratch::new();
        let path = scratch.path().join("a.db");
        let (one, other) = (Store::open(&path).await.unwrap(), Store::open(&path).await.unwrap());
        tokio::join!(write(&one, 25), write(&other, 25), write(&one, 25));
        assert_eq!(verified(&other).await, 75);
    }

    #[tokio::test]
    async fn a_damaged_log_keeps_nobody_from_working() {
        let scratch = Scratch::new();
        let store = Store::open(&scratch.path().join("a.db")).await.unwrap();
        write(&store, 2).await;
        run(&store, "UPDATE audit_entries SET hash = 'none' WHERE id = 2").await;
        write(&store, 1).await;
        assert_eq!(store.audit(9).await.unwrap().len(), 3);
    }
}
