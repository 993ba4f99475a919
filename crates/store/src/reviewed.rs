//! How the looking at calls goes: what waits, what is late, what was decided.

use gatemark_core::review::{Cause, Decision};
use gatemark_core::{Error, Result};

use crate::sql::{Row, values};
use crate::store::Store;

/// Undecided calls of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Where; empty for calls of a version that was named by its number.
    pub environment: String,
    /// How many nobody is at.
    pub open: u64,
    /// How many somebody is at.
    pub claimed: u64,
    /// When the oldest of them began, in microseconds since 1970.
    pub oldest: i64,
}

/// What became of calls that were looked at for a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reviewed {
    /// Why.
    pub cause: Cause,
    /// What was decided; `None` for those that wait.
    pub decision: Option<Decision>,
    /// How many.
    pub calls: u64,
}

impl Store {
    /// The undecided calls of each environment that has some, as they stand at `now` (microseconds since 1970).
    pub async fn reviews_waiting(&self, now: i64) -> Result<Vec<Waiting>> {
        let sql = "SELECT COALESCE(environment, '') AS place, COUNT(*) AS waiting, MIN(at) AS oldest,
                     CAST(COALESCE(SUM(CASE WHEN claimed_until > $1 THEN 1 ELSE 0 END), 0) AS bigint) AS claimed
                   FROM reviews WHERE decision IS NULL
                   GROUP BY COALESCE(environment, '') ORDER BY place";
        let rows = self.database().read(sql, values![now]).await?;
        let each = rows.iter().map(|row| {
            let (waiting, claimed) = (row.count("waiting")?, row.count("claimed")?);
            Ok(Waiting {
                environment: row.text("place")?.into(),
                open: waiting.saturating_sub(claimed),
                claimed,
                oldest: row.integer("oldest")?,
            })
        });
        each.collect()
    }

    /// How many undecided calls of an environment began before a time, and when the oldest did; both in microseconds
    /// since 1970.
    pub async fn reviews_before(
        &self,
        environment: &str,
        before: i64,
    ) -> Result<(u64, Option<i64>)> {
        let sql = "SELECT COUNT(*) AS late, MIN(at) AS oldest FROM reviews
                   WHERE decision IS NULL AND COALESCE(environment, '') = $1 AND at < $2";
        let row = self.database().read_one(sql, values![environment, before]).await?;
        let row = row.ok_or_else(|| Error::internal("a count has no row"))?;
        Ok((row.count("late")?, row.optional_integer("oldest")?))
    }

    /// What became of the calls of the queue that began at `since` (microseconds since 1970) or later, by cause.
    pub async fn reviewed(&self, since: i64) -> Result<Vec<Reviewed>> {
        let sql = "SELECT cause, decision, COUNT(*) AS calls FROM reviews WHERE at >= $1
                   GROUP BY cause, decision ORDER BY cause, decision";
        let rows = self.database().read(sql, values![since]).await?;
        let each = rows.iter().map(|row| {
            let decision = row.optional_text("decision")?;
            Ok(Reviewed {
                cause: cause(row)?,
                decision: decision.and_then(Decision::from_word),
                calls: row.count("calls")?,
            })
        });
        each.collect()
    }

    /// How many calls found no room in the queue, by environment and cause.
    pub async fn reviews_turned_away(&self) -> Result<Vec<(String, Cause, u64)>> {
        let sql =
            "SELECT environment, cause, calls FROM review_turned_away ORDER BY environment, cause";
        let rows = self.database().read(sql, vec![]).await?;
        let each = rows.iter().map(|row| {
            Ok((row.text("environment")?.to_string(), cause(row)?, row.count("calls")?))
        });
        each.collect()
    }
}

fn cause(row: &Row) -> Result<Cause> {
    let word = row.text("cause")?;
    Cause::from_word(word)
        .ok_or_else(|| Error::internal(format!("a review has the unknown cause {word:?}")))
}
