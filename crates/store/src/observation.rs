//! What calls that take part in a split showed, numbered in the order in which it was stored.
//!
//! A controller reads from the number that it read last. So that none appears behind it, numbers are taken from
//! a counter whose row stays locked until the transaction commits: on an engine with concurrent writers, too,
//! whoever has the lower number is visible first.

use gatemark_core::assign::{Mark, STABLE, WHOLE};
use gatemark_core::call::CallRecord;
use gatemark_core::rollout::{Counted, Earlier, Observation, Seen};
use gatemark_core::{Error, Result};

use crate::counter::{self, Counter};
use crate::sql::{Row, Transaction, Value, to_document, values};
use crate::store::Store;

/// An observation that is to be stored.
#[derive(Debug)]
pub(crate) struct Entry {
    call: String,
    mark: Mark,
    candidate: bool,
    arm: String,
    unit: Option<String>,
    at: i64,
    seen: Seen,
}

impl Entry {
    /// What a call's record shows by itself, if the call took part in a split and ended.
    pub(crate) fn of(record: &CallRecord) -> Option<Self> {
        Self::seeing(record, Seen::of(record)?)
    }

    /// A judgement on a call, if the call took part in a split.
    pub(crate) fn score(record: &CallRecord, name: &str, value: f64) -> Option<Self> {
        Self::seeing(record, Seen::Score { name: name.to_string(), value })
    }

    fn seeing(record: &CallRecord, seen: Seen) -> Option<Self> {
        let mark = record.split.clone()?;
        Some(Self {
            call: record.id.clone(),
            candidate: record.arm != STABLE || mark.share >= WHOLE,
            arm: record.arm.clone(),
            mark,
            unit: record.unit.clone(),
            at: record.at,
            seen,
        })
    }
}

/// Stores observations, and passes over those that are there. Returns how many are new.
pub(crate) async fn enter(transaction: &Transaction, entries: Vec<Entry>) -> Result<usize> {
    let mut rows: Vec<Vec<Value>> = vec![];
    let last = counter::advance(transaction, Counter::Observation, entries.len()).await?;
    let first = last.saturating_sub(i64::try_from(entries.len()).unwrap_or(i64::MAX));
    for (seq, entry) in (first.saturating_add(1)..).zip(entries) {
        let Entry { call, mark, candidate, arm, unit, at, seen } = entry;
        rows.push(values![
            seq,
            mark.id,
            mark.epoch,
            call,
            seen.name(),
            i64::from(candidate),
            unit,
            u32::from(mark.share),
            at,
            to_document(&seen)?,
            arm,
        ]);
    }
    let sql = "INSERT INTO observations
               (seq, split, epoch, call, name, candidate, unit, share, at, document, arm)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (call, name) DO NOTHING";
    if rows.is_empty() { Ok(0) } else { transaction.execute_many(sql, rows).await }
}

/// Units that count from now on, as rows of [`count`].
pub(crate) fn counted_rows((split, epoch): (&str, u32), counted: &[Counted]) -> Vec<Vec<Value>> {
    let row = |one: &Counted| {
        let (unit, name) = (one.unit.as_str(), one.name.as_str());
        values![split, epoch, unit, name, u32::from(one.share), i64::from(one.candidate)]
    };
    counted.iter().map(row).collect()
}

/// Stores which units count from now on.
pub(crate) async fn count(transaction: &Transaction, rows: Vec<Vec<Value>>) -> Result<()> {
    let sql = "INSERT INTO counted_units (split, epoch, unit, name, share, candidate)
               VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (split, epoch, unit, name)
               DO UPDATE SET share = excluded.share, candidate = excluded.candidate";
    if !rows.is_empty() {
        transaction.execute_many(sql, rows).await?;
    }
    Ok(())
}

impl Store {
    /// The observations of a split behind the number `after`, at most `limit`, in order, each with how its unit
    /// counted before.
    pub async fn observations(
        &self,
        split: &str,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Observation>> {
        let sql = "SELECT o.seq, o.epoch, o.candidate, o.arm, o.unit, o.share, o.at, o.document,
                          u.share AS earlier_share, u.candidate AS earlier_candidate
                   FROM observations o LEFT JOIN counted_units u
                     ON u.split = o.split AND u.epoch = o.epoch AND u.unit = o.unit AND u.name = o.name
                   WHERE o.split = $1 AND o.seq > $2 ORDER BY o.seq LIMIT $3";
        let rows = self.database().read(sql, values![split, after, limit]).await?;
        rows.iter().map(observation).collect()
    }

    /// Stores a judgement on a call, for the guardrails and experiments that look at scores of that name.
    /// `false` if the call took part in none, or has such a score already.
    ///
    /// # Errors
    /// `Invalid` if the value is no number or the name is that of no score.
    pub async fn observe_score(&self, call: &str, name: &str, value: f64) -> Result<bool> {
        if !value.is_finite() || name.is_empty() || name == "call" {
            let message = format!("a score needs a name and a number, not {name:?} and {value}");
            return Err(Error::invalid(message).at("value"));
        }
        let sql = "SELECT document FROM calls WHERE id = $1";
        let Some(row) = self.database().read_one(sql, values![call]).await? else {
            return Ok(false);
        };
        let record: CallRecord = row.document("document")?;
        let Some(entry) = Entry::score(&record, name, value) else { return Ok(false) };
        let transaction = self.database().begin().await?;
        let new = enter(&transaction, vec![entry]).await?;
        transaction.commit().await?;
        Ok(new > 0)
    }
}

pub(crate) fn observation(row: &Row) -> Result<Observation> {
    let share = |column: &str| -> Result<Option<u16>> {
        let number = row.optional_number(column)?;
        Ok(number.map(|number| u16::try_from(number).unwrap_or(WHOLE)))
    };
    let earlier = match (share("earlier_share")?, row.optional_integer("earlier_candidate")?) {
        (Some(share), Some(candidate)) => Some(Earlier { share, candidate: candidate != 0 }),
        _ => None,
    };
    Ok(Observation {
        seq: row.integer("seq")?,
        epoch: row.number("epoch")?,
        candidate: row.integer("candidate")? != 0,
        arm: row.optional_text("arm")?.map(String::from),
        unit: row.optional_text("unit")?.map(String::from),
        earlier,
        share: share("share")?.unwrap_or_default(),
        at: row.integer("at")?,
        seen: row.document("document")?,
    })
}
