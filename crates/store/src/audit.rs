//! The append-only log of who changed what. Entries are written inside the transaction of the change that
//! they describe, so there is never one without the other; nothing updates or deletes them.

use gatemark_core::Result;
use gatemark_core::audit::AuditEntry;

use crate::counter::{Counter, next};
use crate::sql::{Row, Transaction, values};
use crate::store::Store;

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
    let sql = "INSERT INTO audit_entries (id, at, actor, action, subject, detail)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let Event { at, actor, action, subject, detail } = event;
    transaction.execute(sql, values![id, at, actor, action, subject, detail]).await?;
    Ok(())
}

impl Store {
    /// The newest `limit` entries, newest first.
    pub async fn audit(&self, limit: u32) -> Result<Vec<AuditEntry>> {
        let sql = "SELECT id, at, actor, action, subject, detail FROM audit_entries
                   ORDER BY id DESC LIMIT $1";
        self.database().read(sql, values![limit]).await?.iter().map(entry).collect()
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
    })
}
