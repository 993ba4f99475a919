//! What is to be told, until it was.
//!
//! A message is written in the transaction of what it tells, so neither is there without the other. Whoever delivers
//! claims it first, for as long as a delivery may take: two processes do not send it at the same time, and one that
//! is killed leaves it to the next. It may arrive twice for that, with the same id each time.

use gatemark_core::Result;
use gatemark_core::alert::{Message, Notice};

use crate::sql::{Row, Transaction, to_document, values};
use crate::store::Store;

/// A notice on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The id that its message gets if it begins one.
    pub id: String,
    /// A channel's name.
    pub channel: String,
    /// What it has in common with others that may share its message.
    pub group: String,
    /// When the message is due if it begins one, in microseconds since 1970.
    pub due: i64,
    /// What is told.
    pub notice: Notice,
}

/// A message and what has become of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The message.
    pub message: Message,
    /// `waiting`, `sent` or `dead`.
    pub state: String,
    /// When it is tried next, in microseconds since 1970.
    pub due: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was delivered or given up, in microseconds since 1970.
    pub ended_at: Option<i64>,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

const DELIVERY: &str =
    "SELECT id, state, due, attempts, ended_at, error, document FROM alert_outbox";

/// Puts a notice into a message of its group that nobody has tried to deliver, or begins one.
pub(crate) async fn put(transaction: &Transaction, outgoing: &Outgoing) -> Result<()> {
    let Outgoing { id, channel, group, due, notice } = outgoing;
    let sql = "SELECT id, document FROM alert_outbox WHERE channel = $1 AND grouping = $2
               AND state = 'waiting' AND attempts = 0 AND due > $3 ORDER BY at LIMIT 1";
    let row = values![channel.as_str(), group.as_str(), notice.at];
    if let Some(row) = transaction.query_one(sql, row).await? {
        let mut message: Message = row.document("document")?;
        message.notices.push(notice.clone());
        let sql = "UPDATE alert_outbox SET document = $2 WHERE id = $1";
        transaction.execute(sql, values![row.text("id")?, to_document(&message)?]).await?;
        return Ok(());
    }
    let message = Message {
        id: id.clone(),
        channel: channel.clone(),
        group: group.clone(),
        at: notice.at,
        notices: vec![notice.clone()],
    };
    let sql = "INSERT INTO alert_outbox (id, channel, grouping, state, due, attempts, at, document)
               VALUES ($1, $2, $3, 'waiting', $4, 0, $5, $6)";
    let (id, channel, group) = (id.as_str(), channel.as_str(), group.as_str());
    let row = values![id, channel, group, *due, notice.at, to_document(&message)?];
    transaction.execute(sql, row).await?;
    Ok(())
}

impl Store {
    /// Up to `limit` messages that are due at `now`, the longest due first.
    pub async fn due_messages(&self, now: i64, limit: u32) -> Result<Vec<Delivery>> {
        let sql =
            format!("{DELIVERY} WHERE state = 'waiting' AND due <= $1 ORDER BY due, id LIMIT $2");
        self.database().read(&sql, values![now, limit]).await?.iter().map(delivery).collect()
    }

    /// Takes a message to deliver it until `until`; `None` if somebody else has. It is as it is now, and stays so.
    pub async fn claim_message(&self, read: &Delivery, until: i64) -> Result<Option<Message>> {
        let transaction = self.database().begin().await?;
        let sql = "UPDATE alert_outbox SET attempts = attempts + 1, due = $3
                   WHERE id = $1 AND attempts = $2 AND state = 'waiting' RETURNING document";
        let row = values![read.message.id.as_str(), read.attempts, until];
        let Some(row) = transaction.query_one(sql, row).await? else { return Ok(None) };
        let message = row.document("document")?;
        transaction.commit().await?;
        Ok(Some(message))
    }

    /// Lets a message wait until `due`, without counting an attempt.
    pub async fn postpone_message(&self, id: &str, due: i64) -> Result<()> {
        let sql = "UPDATE alert_outbox SET due = $2 WHERE id = $1 AND state = 'waiting'";
        self.change(sql, values![id, due]).await
    }

    /// Notes that a message was delivered.
    pub async fn message_sent(&self, id: &str, now: i64) -> Result<()> {
        let sql =
            "UPDATE alert_outbox SET state = 'sent', ended_at = $2, error = NULL WHERE id = $1";
        self.change(sql, values![id, now]).await
    }

    /// Notes that a message was not delivered, and when it is tried again; never if `due` is `None`.
    pub async fn message_failed(
        &self,
        id: &str,
        error: &str,
        due: Option<i64>,
        now: i64,
    ) -> Result<()> {
        match due {
            Some(due) => {
                let sql = "UPDATE alert_outbox SET due = $2, error = $3
                           WHERE id = $1 AND state = 'waiting'";
                self.change(sql, values![id, due, error]).await
            }
            None => {
                let sql = "UPDATE alert_outbox SET state = 'dead', ended_at = $2, error = $3
                           WHERE id = $1 AND state = 'waiting'";
                self.change(sql, values![id, now, error]).await
            }
        }
    }

    /// Has messages that were given up tried again: one, or all. How many.
    pub async fn revive_messages(&self, id: Option<&str>, now: i64) -> Result<usize> {
        let transaction = self.database().begin().await?;
        let sql =
            "UPDATE alert_outbox SET state = 'waiting', attempts = 0, due = $2, ended_at = NULL
                   WHERE state = 'dead' AND ($1 IS NULL OR id = $1)";
        let count = transaction.execute(sql, values![id, now]).await?;
        transaction.commit().await?;
        Ok(count)
    }

    /// Messages, newest first: those in `state`, or all.
    pub async fn deliveries(&self, state: Option<&str>, limit: u32) -> Result<Vec<Delivery>> {
        let sql = format!(
            "{DELIVERY} WHERE ($1 IS NULL OR state = $1) ORDER BY at DESC, id DESC LIMIT $2"
        );
        self.database().read(&sql, values![state, limit]).await?.iter().map(delivery).collect()
    }

    /// How many messages wait and how many were given up.
    pub async fn undelivered(&self) -> Result<(u64, u64)> {
        let sql = "SELECT COUNT(CASE WHEN state = 'waiting' THEN 1 END) AS waiting,
                   COUNT(CASE WHEN state = 'dead' THEN 1 END) AS dead FROM alert_outbox";
        let row = self.database().read_one(sql, values![]).await?;
        row.map_or(Ok((0, 0)), |row| Ok((row.count("waiting")?, row.count("dead")?)))
    }

    async fn change(&self, sql: &str, values: Vec<crate::sql::Value>) -> Result<()> {
        let transaction = self.database().begin().await?;
        transaction.execute(sql, values).await?;
        transaction.commit().await
    }
}

fn delivery(row: &Row) -> Result<Delivery> {
    Ok(Delivery {
        message: row.document("document")?,
        state: row.text("state")?.to_string(),
        due: row.integer("due")?,
        attempts: row.number("attempts")?,
        ended_at: row.optional_integer("ended_at")?,
        error: row.optional_text("error")?.map(str::to_string),
    })
}
