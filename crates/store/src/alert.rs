//! Alerts, silences, and how far the audit log was looked at for what announces itself.
//!
//! An alert is written under the revision that it was read at, in one transaction with what is told of it: of two
//! processes that look at the same series at the same time one is first, and the other's outcome is not kept. So
//! nothing is told twice and nothing is lost, wherever a process is killed.

use gatemark_core::Result;
use gatemark_core::alert::{Alert, Silence, Status};

use crate::audit::{self, Event};
use crate::outbox::{self, Outgoing};
use crate::sql::{Row, Transaction, to_document, values};
use crate::store::Store;

const ANNOUNCED: &str = "SELECT value FROM counters WHERE name = 'alert_announced'";

impl Store {
    /// Every alert that is kept, by key.
    pub async fn alerts(&self) -> Result<Vec<Alert>> {
        let sql = "SELECT document FROM alerts ORDER BY key";
        let rows = self.database().read(sql, values![]).await?;
        rows.iter().map(|row| row.document("document")).collect()
    }

    /// The alerts that are to be looked at, by key: those that are not over, and those whose end is not told yet.
    pub async fn open_alerts(&self) -> Result<Vec<Alert>> {
        let sql = "SELECT document FROM alerts WHERE looked_at = 1 ORDER BY key";
        let rows = self.database().read(sql, values![]).await?;
        rows.iter().map(|row| row.document("document")).collect()
    }

    /// How many alerts are kept, by the word of their status.
    pub async fn count_alerts(&self) -> Result<Vec<(String, u64)>> {
        let sql = "SELECT status, COUNT(*) AS number FROM alerts GROUP BY status";
        let rows = self.database().read(sql, values![]).await?;
        rows.iter().map(|row| Ok((row.text("status")?.to_string(), row.count("number")?))).collect()
    }

    /// The alert with this key.
    pub async fn alert(&self, key: &str) -> Result<Option<Alert>> {
        let sql = "SELECT document FROM alerts WHERE key = $1";
        let row = self.database().read_one(sql, values![key]).await?;
        row.map(|row| row.document("document")).transpose()
    }

    /// Stores an alert that was read at `alert.revision` (0 if there was none), with what is told of it. `false`,
    /// and nothing is stored, if somebody was faster.
    pub async fn save_alert(&self, alert: &Alert, outgoing: &[Outgoing]) -> Result<bool> {
        let transaction = self.database().begin().await?;
        let kept = keep(&transaction, alert, outgoing).await?;
        if kept {
            transaction.commit().await?;
        }
        Ok(kept)
    }

    /// The same for what a person did to it, with an entry in the audit log.
    pub async fn save_acknowledged(
        &self,
        alert: &Alert,
        outgoing: &[Outgoing],
        (actor, at): (&str, i64),
        detail: String,
    ) -> Result<bool> {
        let transaction = self.database().begin().await?;
        let kept = keep(&transaction, alert, outgoing).await?;
        if kept {
            let event = Event { at, actor, action: "alert.ack", subject: alert.key(), detail };
            audit::record(&transaction, event).await?;
            transaction.commit().await?;
        }
        Ok(kept)
    }

    /// Forgets an alert that is still as it was read.
    pub async fn drop_alert(&self, alert: &Alert) -> Result<()> {
        let transaction = self.database().begin().await?;
        let sql = "DELETE FROM alerts WHERE key = $1 AND revision = $2";
        transaction.execute(sql, values![alert.key(), alert.revision]).await?;
        transaction.commit().await
    }

    /// Forgets what was over before `before`: alerts, silences and messages.
    pub async fn forget_alerts(&self, before: i64) -> Result<()> {
        let transaction = self.database().begin().await?;
        for sql in [
            "DELETE FROM alerts WHERE status = 'resolved' AND since < $1",
            "DELETE FROM alert_silences WHERE until < $1",
            "DELETE FROM alert_outbox WHERE state <> 'waiting' AND ended_at < $1",
        ] {
            transaction.execute(sql, values![before]).await?;
        }
        transaction.commit().await
    }

    /// The id of the last audit entry that was looked at for what announces itself; -1 before the first look.
    pub async fn announced(&self) -> Result<i64> {
        let row = self.database().read_one(ANNOUNCED, values![]).await?;
        row.map_or(Ok(-1), |row| row.integer("value"))
    }

    /// Notes that the audit log was looked at from behind entry `from` to entry `to`, with what is told of it.
    /// `false`, and nothing is stored, if somebody was faster.
    pub async fn announce(&self, from: i64, to: i64, outgoing: &[Outgoing]) -> Result<bool> {
        let transaction = self.database().begin().await?;
        let sql = "UPDATE counters SET value = $2 WHERE name = 'alert_announced' AND value = $1";
        if transaction.execute(sql, values![from, to]).await? == 0 {
            return Ok(false);
        }
        for one in outgoing {
            outbox::put(&transaction, one).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// The silences that are not over at `now`, by their end.
    pub async fn silences(&self, now: i64) -> Result<Vec<Silence>> {
        let sql = "SELECT document FROM alert_silences WHERE until > $1 ORDER BY until, id";
        let rows = self.database().read(sql, values![now]).await?;
        rows.iter().map(|row| row.document("document")).collect()
    }

    /// Begins a silence, with its audit entry.
    pub async fn begin_silence(&self, silence: &Silence, detail: String) -> Result<()> {
        let transaction = self.database().begin().await?;
        let sql = "INSERT INTO alert_silences (id, until, document) VALUES ($1, $2, $3)";
        let row = values![silence.id.as_str(), silence.until, to_document(silence)?];
        transaction.execute(sql, row).await?;
        let Silence { at, actor, id, .. } = silence;
        let event = Event { at: *at, actor, action: "alert.silence", subject: id, detail };
        audit::record(&transaction, event).await?;
        transaction.commit().await
    }

    /// Ends a silence that is in force at `now`, with its audit entry; `None` if there is no such.
    pub async fn end_silence(&self, id: &str, actor: &str, now: i64) -> Result<Option<Silence>> {
        let transaction = self.database().begin().await?;
        let sql = "SELECT document FROM alert_silences WHERE id = $1 AND until > $2";
        let row: Option<Row> = transaction.query_one(sql, values![id, now]).await?;
        let Some(row) = row else { return Ok(None) };
        let silence = Silence { until: now, ..row.document("document")? };
        let sql = "UPDATE alert_silences SET until = $2, document = $3 WHERE id = $1";
        transaction.execute(sql, values![id, now, to_document(&silence)?]).await?;
        let (action, subject, detail) = ("alert.unsilence", id, silence.matcher.shown());
        audit::record(&transaction, Event { at: now, actor, action, subject, detail }).await?;
        transaction.commit().await?;
        Ok(Some(silence))
    }
}

async fn keep(transaction: &Transaction, alert: &Alert, outgoing: &[Outgoing]) -> Result<bool> {
    let next = alert.revision + 1;
    let stored = Alert { revision: next, ..alert.clone() };
    let (status, document) = (alert.status.word(), to_document(&stored)?);
    let looked_at = i64::from(alert.status != Status::Resolved || alert.told.is_some());
    let changed = if alert.revision == 0 {
        let sql = "INSERT INTO alerts (key, revision, status, since, looked_at, document)
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (key) DO NOTHING";
        let row = values![alert.key(), next, status, alert.since, looked_at, document];
        transaction.execute(sql, row).await?
    } else {
        let sql = "UPDATE alerts SET revision = $3, status = $4, since = $5, looked_at = $6,
                   document = $7
                   WHERE key = $1 AND revision = $2";
        let (key, read, since) = (alert.key(), alert.revision, alert.since);
        let row = values![key, read, next, status, since, looked_at, document];
        transaction.execute(sql, row).await?
    };
    if changed == 0 {
        return Ok(false);
    }
    for one in outgoing {
        outbox::put(transaction, one).await?;
    }
    Ok(true)
}
