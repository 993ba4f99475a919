//! How calls enter the queue of those that people look at, and which find no room.
//!
//! They enter in the transaction that stores their records, so that there is never one without the other, and each
//! once. The queue is bounded: nobody will ever look at more than some thousands of calls, and an outage that serves
//! nothing but fallbacks must not drown what a guard found. So where more wait than there is room for, those go that
//! are least pressing, of these the newest, and never one that somebody has taken or is to look at. How many went is
//! counted.

use std::collections::BTreeSet;

use gatemark_core::Result;
use gatemark_core::review::Cause;

use crate::sql::{Transaction, to_document, values};

/// Most calls of an environment that wait to be looked at.
pub(crate) const MOST_WAITING: u32 = 10_000;

/// A call that enters the queue.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) call: String,
    pub(crate) at: i64,
    pub(crate) prompt: String,
    pub(crate) number: u32,
    pub(crate) environment: Option<String>,
    /// At least one.
    pub(crate) reasons: Vec<String>,
}

/// Puts calls into the queue, passes over those that are in it, and keeps it to `most` that wait in each environment.
pub(crate) async fn enter(transaction: &Transaction, entries: Vec<Entry>, most: u32) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut rows = Vec::with_capacity(entries.len());
    let mut places = BTreeSet::new();
    for entry in entries {
        let Entry { call, at, prompt, number, environment, reasons } = entry;
        let cause = Cause::most_pressing(&reasons);
        let several = (reasons.len() > 1).then(|| to_document(&reasons)).transpose()?;
        let first = reasons.into_iter().next().unwrap_or_default();
        places.insert(environment.clone().unwrap_or_default());
        let (word, level) = (cause.word(), cause.priority().level());
        rows.push(values![call, at, prompt, number, environment, first, several, word, level]);
    }
    let sql = "INSERT INTO reviews (call, at, prompt, number, environment, reason, reasons, cause, priority)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (call) DO NOTHING";
    transaction.execute_many(sql, rows).await?;
    for place in places {
        make_room(transaction, &place, most).await?;
    }
    Ok(())
}

async fn make_room(transaction: &Transaction, environment: &str, most: u32) -> Result<()> {
    let sql = "SELECT COUNT(*) AS waiting FROM reviews
               WHERE decision IS NULL AND COALESCE(environment, '') = $1";
    let row = transaction.query_one(sql, values![environment]).await?;
    let waiting = row.map(|row| row.integer("waiting")).transpose()?.unwrap_or_default();
    let over = waiting.saturating_sub(i64::from(most));
    if over <= 0 {
        return Ok(());
    }
    let sql = "SELECT call, cause FROM reviews
               WHERE decision IS NULL AND COALESCE(environment, '') = $1
                 AND claimed_by IS NULL AND assignee IS NULL
               ORDER BY priority, at DESC, call DESC LIMIT $2";
    let rows = transaction.query(sql, values![environment, over]).await?;
    let (mut calls, mut counts) = (vec![], vec![]);
    for row in &rows {
        calls.push(values![row.text("call")?]);
        counts.push(values![environment, row.text("cause")?]);
    }
    transaction.execute_many("DELETE FROM reviews WHERE call = $1", calls).await?;
    let sql = "INSERT INTO review_turned_away (environment, cause, calls) VALUES ($1, $2, 1)
               ON CONFLICT (environment, cause) DO UPDATE SET calls = review_turned_away.calls + 1";
    transaction.execute_many(sql, counts).await?;
    tracing::warn!(environment, calls = rows.len(), "the review queue is full");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use crate::store::Store;

    fn entry(call: &str, at: i64, reasons: &[&str]) -> Entry {
        Entry {
            call: call.into(),
            at,
            prompt: "a/b".into(),
            number: 1,
            environment: Some("production".into()),
            reasons: reasons.iter().map(ToString::to_string).collect(),
        }
    }

    async fn entered(store: &Store, entries: Vec<Entry>, most: u32) {
        let transaction = store.database().begin().await.unwrap();
        enter(&transaction, entries, most).await.unwrap();
        transaction.commit().await.unwrap();
    }

    async fn waiting(store: &Store) -> Vec<String> {
        let sql = "SELECT call FROM reviews ORDER BY call";
        let rows = store.database().read(sql, vec![]).await.unwrap();
        rows.iter().map(|row| row.text("call").unwrap().to_string()).collect()
    }

    #[tokio::test]
    async fn the_least_pressing_and_newest_find_no_room() {
        let scratch = Scratch::new();
        let store = Store::open(&scratch.path().join("q.db")).await.unwrap();
        let entries = vec![
            entry("a", 1, &["sample"]),
            entry("b", 2, &["sample"]),
            entry("c", 3, &["fallback: timeout"]),
            entry("d", 4, &["sample", "guard: x"]),
        ];
        entered(&store, entries, 3).await;
        assert_eq!(waiting(&store).await, ["a", "c", "d"]);
        entered(&store, vec![entry("e", 5, &["sample"])], 3).await;
        assert_eq!(
            waiting(&store).await,
            ["a", "c", "d"],
            "what is no more pressing waits in vain"
        );
        entered(&store, vec![entry("f", 6, &["guard: y"])], 3).await;
        assert_eq!(waiting(&store).await, ["c", "d", "f"]);
        // Other environments have room of their own.
        let elsewhere = Entry { environment: None, ..entry("g", 7, &["sample"]) };
        entered(&store, vec![elsewhere], 3).await;
        assert_eq!(waiting(&store).await, ["c", "d", "f", "g"]);
        let sql = "SELECT environment, cause, calls FROM review_turned_away";
        let rows = store.database().read(sql, vec![]).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].text("cause").unwrap(), rows[0].integer("calls").unwrap()),
            ("sample", 3)
        );
    }

    #[tokio::test]
    async fn what_somebody_has_taken_stays() {
        let scratch = Scratch::new();
        let store = Store::open(&scratch.path().join("q.db")).await.unwrap();
        entered(&store, vec![entry("a", 9, &["sample"]), entry("b", 1, &["sample"])], 9).await;
        let transaction = store.database().begin().await.unwrap();
        let sql = "UPDATE reviews SET claimed_by = 'ann', claimed_until = 5 WHERE call = 'a'";
        transaction.execute(sql, vec![]).await.unwrap();
        transaction.commit().await.unwrap();
        entered(&store, vec![entry("c", 2, &["sample"])], 1).await;
        assert_eq!(waiting(&store).await, ["a"]);
    }
}
