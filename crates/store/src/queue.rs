//! The queue of calls whose answers a person looks at.
//!
//! Calls enter it in the transaction that stores their records, so that there is never one without the other,
//! and shipping a record twice leaves what was found in the meantime alone.

use gatemark_core::review::{Finding, Resolution, ReviewItem};
use gatemark_core::{Error, PromptName, Result};

use crate::audit::{self, Event};
use crate::sql::{Row, Transaction, Value, values};
use crate::store::Store;

/// A call that enters the queue.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) call: String,
    pub(crate) at: i64,
    pub(crate) prompt: String,
    pub(crate) number: u32,
    pub(crate) environment: Option<String>,
    pub(crate) reason: String,
}

/// Which calls of the queue; whatever is `None` does not narrow.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReviewFilter {
    /// Only those that someone has looked at, or only those that nobody has.
    pub resolved: Option<bool>,
    /// Of this prompt.
    pub prompt: Option<PromptName>,
    /// At most this many.
    pub limit: u32,
}

/// Puts calls into the queue, and passes over those that are in it.
pub(crate) async fn enter(transaction: &Transaction, entries: Vec<Entry>) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let rows = entries.into_iter().map(|entry| {
        let Entry { call, at, prompt, number, environment, reason } = entry;
        values![call, at, prompt, number, environment, reason]
    });
    let sql = "INSERT INTO reviews (call, at, prompt, number, environment, reason)
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (call) DO NOTHING";
    transaction.execute_many(sql, rows.collect()).await?;
    Ok(())
}

impl Store {
    /// The queue, oldest first.
    pub async fn reviews(&self, filter: &ReviewFilter) -> Result<Vec<ReviewItem>> {
        let mut conditions = vec![];
        let mut values: Vec<Value> = vec![];
        match filter.resolved {
            None => {}
            Some(true) => conditions.push("finding IS NOT NULL".to_string()),
            Some(false) => conditions.push("finding IS NULL".to_string()),
        }
        if let Some(prompt) = &filter.prompt {
            values.push(prompt.into());
            conditions.push(format!("prompt = ${}", values.len()));
        }
        values.push(filter.limit.into());
        let narrowed = match conditions.as_slice() {
            [] => String::new(),
            all => format!(" WHERE {}", all.join(" AND ")),
        };
        let sql = format!(
            "SELECT call, at, prompt, number, environment, reason, finding, note, actor, resolved_at
             FROM reviews{narrowed} ORDER BY at, call LIMIT ${}",
            values.len()
        );
        self.database().read(&sql, values).await?.iter().map(item).collect()
    }

    /// Writes down what a person found. A later finding replaces an earlier one; both are in the audit log.
    ///
    /// # Errors
    /// `NotFound` if the call is not in the queue.
    pub async fn resolve_review(&self, call: &str, resolution: &Resolution) -> Result<()> {
        let Resolution { finding, note, actor, at } = resolution;
        let transaction = self.database().begin().await?;
        let sql = "UPDATE reviews SET finding = $2, note = $3, actor = $4, resolved_at = $5
                   WHERE call = $1";
        let row = values![call, finding.word(), note.as_deref(), actor.as_str(), *at];
        if transaction.execute(sql, row).await? == 0 {
            let message = format!("call {call} is not in the review queue");
            return Err(Error::not_found(message).coded("review_not_found"));
        }
        let said = note.as_deref().map(|note| format!(": {note}")).unwrap_or_default();
        let detail = format!("{}{said}", finding.word());
        let event = Event { at: *at, actor, action: "review.resolve", subject: call, detail };
        audit::record(&transaction, event).await?;
        transaction.commit().await
    }
}

fn item(row: &Row) -> Result<ReviewItem> {
    let finding = match row.optional_text("finding")? {
        None => None,
        Some("right") => Some(Finding::Right),
        Some("wrong") => Some(Finding::Wrong),
        Some(other) => {
            return Err(Error::internal(format!("a review has the unknown finding {other:?}")));
        }
    };
    let owned = |column| Ok::<_, Error>(row.optional_text(column)?.map(String::from));
    let resolved = match finding {
        None => None,
        Some(finding) => Some(Resolution {
            finding,
            note: owned("note")?,
            actor: owned("actor")?.unwrap_or_default(),
            at: row.optional_integer("resolved_at")?.unwrap_or_default(),
        }),
    };
    Ok(ReviewItem {
        call: row.text("call")?.into(),
        at: row.integer("at")?,
        prompt: row.parsed("prompt")?,
        number: row.optional_number("number")?.unwrap_or_default(),
        environment: owned("environment")?,
        reason: row.text("reason")?.into(),
        resolved,
    })
}
