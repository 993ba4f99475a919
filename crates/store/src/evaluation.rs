//! Calls that are judged after they were answered, in a queue.
//!
//! They enter in the transaction that stores their records. Whoever judges one takes it for a time; if it does not
//! come back with the result, somebody else may, a few times. What a day's judging cost is a sum over the queue, so
//! it is the same whoever asks, and over restarts.
//!
//! Who has the next turn depends on prompts, and within one on nothing but chance. Were the arm with the fewest
//! preferred, the arms of a rollout would not be judged in the proportion in which units were assigned to them, and
//! guardrails on scores reckon with that proportion. Were the oldest preferred, a day's amount would go to calls of
//! the same few hours, day after day.

use gatemark_core::call::CallRecord;
use gatemark_core::{Error, NanoUsd, Result};

use crate::sql::{Transaction, values};
use crate::store::Store;

/// How often a call is begun to be judged.
const MOST_TRIES: i64 = 3;

/// A call that enters the queue.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) call: String,
    pub(crate) at: i64,
    pub(crate) environment: String,
    pub(crate) stratum: String,
}

/// Puts calls into the queue, and passes over those that are or were in it.
pub(crate) async fn enter(transaction: &Transaction, entries: Vec<Entry>) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let rows = entries.into_iter().map(|entry| {
        let Entry { call, at, environment, stratum } = entry;
        values![call, at, environment, stratum, 0_i64, 0_i64]
    });
    let sql = "INSERT INTO evaluations (call, at, environment, stratum, tries, cost)
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (call) DO NOTHING";
    transaction.execute_many(sql, rows.collect()).await?;
    Ok(())
}

impl Store {
    /// Whether a call of `environment` waits that is not taken, or was before `lost`. Takes no lock.
    pub async fn has_evaluation(&self, environment: &str, lost: i64) -> Result<bool> {
        let sql = "SELECT call FROM evaluations WHERE environment = $1 AND done_at IS NULL
                   AND (taken_at IS NULL OR taken_at < $2) LIMIT 1";
        Ok(self.database().read_one(sql, values![environment, lost]).await?.is_some())
    }

    /// Takes a call of `environment` that waits to be judged, of the prompt of which the fewest were judged since
    /// `day`, and of these any, by the last digits of its id, which are random. Calls taken before `lost` count as
    /// waiting again. Times are in microseconds since 1970.
    pub async fn take_evaluation(
        &self,
        environment: &str,
        (now, day, lost): (i64, i64, i64),
    ) -> Result<Option<CallRecord>> {
        let transaction = self.database().begin().await?;
        let sql = "SELECT c.document FROM evaluations w
                   JOIN calls c ON c.id = w.call
                   LEFT JOIN (SELECT stratum, COUNT(*) AS judged FROM evaluations
                              WHERE environment = $1 AND done_at >= $2 GROUP BY stratum) d
                     ON d.stratum = w.stratum
                   WHERE w.environment = $1 AND w.done_at IS NULL
                     AND (w.taken_at IS NULL OR w.taken_at < $3) AND w.tries < $4
                   ORDER BY COALESCE(d.judged, 0), substr(w.call, 25), w.at, w.call LIMIT 1";
        let row = transaction.query_one(sql, values![environment, day, lost, MOST_TRIES]).await?;
        let Some(row) = row else { return Ok(None) };
        let record: CallRecord = row.document("document")?;
        let sql = "UPDATE evaluations SET taken_at = $2, tries = tries + 1 WHERE call = $1";
        transaction.execute(sql, values![record.id.as_str(), now]).await?;
        transaction.commit().await?;
        Ok(Some(record))
    }

    /// Puts a call back that was taken and not judged, as if that had not been tried: at once, or, if `later`, once it
    /// counts as lost.
    pub async fn put_back_evaluation(&self, call: &str, later: bool) -> Result<()> {
        let sql = "UPDATE evaluations SET tries = tries - 1,
                     taken_at = CASE WHEN $2 = 1 THEN taken_at ELSE NULL END
                   WHERE call = $1 AND done_at IS NULL";
        let transaction = self.database().begin().await?;
        transaction.execute(sql, values![call, i64::from(later)]).await?;
        transaction.commit().await
    }

    /// Ends a call's judging: it cost so much, and was given up if there is a reason.
    pub async fn end_evaluation(
        &self,
        call: &str,
        now: i64,
        cost: NanoUsd,
        reason: Option<&str>,
    ) -> Result<()> {
        let sql =
            "UPDATE evaluations SET done_at = $2, cost = cost + $3, reason = $4 WHERE call = $1";
        let transaction = self.database().begin().await?;
        transaction.execute(sql, values![call, now, cost, reason]).await?;
        transaction.commit().await
    }

    /// What judging calls of `environment` cost since `day`.
    pub async fn evaluation_cost(&self, environment: &str, day: i64) -> Result<NanoUsd> {
        let sql = "SELECT CAST(COALESCE(SUM(cost), 0) AS bigint) AS cost FROM evaluations
                   WHERE environment = $1 AND done_at >= $2";
        let row = self.database().read_one(sql, values![environment, day]).await?;
        let row = row.ok_or_else(|| Error::internal("a sum has no row"))?;
        Ok(NanoUsd(row.integer("cost")?))
    }

    /// How many calls wait to be judged, how many were judged since `day`, and how many of those were given up.
    pub async fn evaluation_counts(&self, environment: &str, day: i64) -> Result<(u64, u64, u64)> {
        let sql = "SELECT
                CAST(COALESCE(SUM(CASE WHEN done_at IS NULL THEN 1 ELSE 0 END), 0) AS bigint) AS waiting,
                CAST(COALESCE(SUM(CASE WHEN done_at >= $2 THEN 1 ELSE 0 END), 0) AS bigint) AS done,
                CAST(COALESCE(SUM(CASE WHEN done_at >= $2 AND reason IS NOT NULL THEN 1 ELSE 0 END), 0)
                  AS bigint) AS given_up
             FROM evaluations WHERE environment = $1";
        let row = self.database().read_one(sql, values![environment, day]).await?;
        let row = row.ok_or_else(|| Error::internal("a sum has no row"))?;
        Ok((row.count("waiting")?, row.count("done")?, row.count("given_up")?))
    }

    /// Gives up calls that began before `old` or were begun to be judged too often, and forgets those that were done
    /// with before `gone`.
    pub async fn tidy_evaluations(&self, now: i64, old: i64, gone: i64, lost: i64) -> Result<()> {
        let transaction = self.database().begin().await?;
        let sql = "UPDATE evaluations SET done_at = $1, reason = 'too old'
                   WHERE done_at IS NULL AND at < $2";
        transaction.execute(sql, values![now, old]).await?;
        let sql = "UPDATE evaluations SET done_at = $1, reason = 'broke off too often'
                   WHERE done_at IS NULL AND tries >= $2 AND taken_at < $3";
        transaction.execute(sql, values![now, MOST_TRIES, lost]).await?;
        let sql = "DELETE FROM evaluations WHERE done_at < $1";
        transaction.execute(sql, values![gone]).await?;
        transaction.commit().await
    }
}
