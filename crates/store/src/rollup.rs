//! What calls were like, minute by minute.
//!
//! Calls are counted in the transaction that stores them, and only those that are new, so the sums are those of the
//! calls that are stored. A batch is summed up in memory first and adds one row for each bucket that it touches;
//! nothing is read and nothing changed, so writers do not wait for one another and a call costs next to nothing.
//! Buckets of several rows mean the sum of their rows: [`Store::consolidate_rollups`] puts them together and makes
//! hours of minutes and days of hours, each bucket in a transaction of its own, as often as it likes.

use std::collections::{BTreeMap, HashMap};

use gatemark_core::rollup::{Bucket, Facts, Key, Span};
use gatemark_core::{PromptName, Result};

use crate::counter::{self, Counter};
use crate::document::{Document, Series};
use crate::sql::{Row, Transaction, Value, to_document, values};
use crate::store::Store;

/// How long a minute's part stays alone after its minute is over, in microseconds.
const SETTLING: i64 = 60_000_000;
/// How old minutes get before they become hours.
const MINUTES_KEPT: i64 = 48 * 3_600_000_000;
/// How old hours get before they become days.
const HOURS_KEPT: i64 = 35 * 86_400_000_000;
/// Buckets looked up at once.
const PAGE: u32 = 500;

/// A part of a bucket that is to be stored.
#[derive(Debug)]
pub(crate) struct Part {
    span: i64,
    at: i64,
    prompt: String,
    environment: String,
    number: u32,
    model: String,
    arm: String,
    bucket: Bucket,
}

impl Part {
    /// An empty part of the minute that begins at `at`.
    fn of_minute(at: i64, series: &Series<'_>) -> Self {
        let Series { prompt, environment, number, model, arm } = *series;
        let [prompt, environment, model, arm] = [prompt, environment, model, arm].map(String::from);
        Self { span: 0, at, prompt, environment, number, model, arm, bucket: Bucket::default() }
    }

    /// What a call that is stored gained later.
    pub(crate) fn later(document: &Document, bucket: Bucket) -> Option<Self> {
        let (at, series, _) = document.counted()?;
        Some(Self { bucket, ..Self::of_minute(at, &series) })
    }
}

/// What a batch of calls adds, before it is known which of them are new.
#[derive(Debug)]
pub(crate) struct Tally {
    parts: Vec<Part>,
    /// For each call its part and what it adds.
    facts: Vec<Option<(usize, Facts)>>,
}

impl Tally {
    pub(crate) fn of(documents: &[Document]) -> Self {
        let mut known: HashMap<(i64, Series<'_>), usize> = HashMap::new();
        let mut parts = vec![];
        let facts = documents.iter().map(|document| {
            let (at, series, facts) = document.counted()?;
            let place = *known.entry((at, series)).or_insert_with(|| {
                parts.push(Part::of_minute(at, &series));
                parts.len() - 1
            });
            Some((place, facts))
        });
        let facts = facts.collect();
        Self { parts, facts }
    }

    /// The parts, given how many rows each call was: 0 for those that were stored before.
    pub(crate) fn parts(self, new: &[usize]) -> Vec<Part> {
        let Self { mut parts, facts } = self;
        for (fact, rows) in facts.into_iter().zip(new) {
            if let Some((place, facts)) = fact
                && *rows > 0
                && let Some(part) = parts.get_mut(place)
            {
                part.bucket.add(&facts);
            }
        }
        parts.retain(|part| part.bucket != Bucket::default());
        parts
    }
}

/// Stores parts of buckets.
pub(crate) async fn enter(transaction: &Transaction, parts: Vec<Part>) -> Result<()> {
    if parts.is_empty() {
        return Ok(());
    }
    let last = counter::advance(transaction, Counter::Rollup, parts.len()).await?;
    let first = last.saturating_sub(i64::try_from(parts.len()).unwrap_or(i64::MAX));
    let mut rows: Vec<Vec<Value>> = Vec::with_capacity(parts.len());
    for (id, part) in (first.saturating_add(1)..).zip(parts) {
        let document = to_document(&part.bucket)?;
        let Part { span, at, prompt, environment, number, model, arm, .. } = part;
        rows.push(values![id, span, at, prompt, environment, number, model, arm, document]);
    }
    let sql =
        "INSERT INTO rollups (id, span, at, prompt, environment, number, model, arm, document)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    transaction.execute_many(sql, rows).await?;
    Ok(())
}

/// A stored part of a bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Rolled {
    /// When the bucket begins, in microseconds since 1970.
    pub at: i64,
    /// Which calls it counts.
    pub key: Key,
    /// Its sums.
    pub bucket: Bucket,
}

const ROLLED: &str =
    "SELECT id, at, prompt, environment, number, model, arm, document FROM rollups";

impl Store {
    /// The buckets of a prompt's calls (or of plain calls) that begin at `since` or later and before `until`, in
    /// the order of time. Parts of one bucket may come apart: add them.
    pub async fn rolled(
        &self,
        prompt: Option<&PromptName>,
        since: i64,
        until: i64,
    ) -> Result<Vec<Rolled>> {
        let sql = format!("{ROLLED} WHERE prompt = $1 AND at >= $2 AND at < $3 ORDER BY at, id");
        let prompt = prompt.map_or("", PromptName::as_str);
        let rows = self.database().read(&sql, values![prompt, since, until]).await?;
        rows.iter().map(rolled).collect()
    }

    /// The prompts that have buckets since then; `None` stands for plain calls.
    pub async fn rolled_prompts(&self, since: i64) -> Result<Vec<Option<PromptName>>> {
        let sql = "SELECT DISTINCT prompt FROM rollups WHERE at >= $1 ORDER BY prompt";
        let rows = self.database().read(sql, values![since]).await?;
        rows.iter().map(|row| absent(row, "prompt")).collect()
    }

    /// Puts together the parts of minutes that are over, and makes hours of minutes that are two days old and days
    /// of hours that are five weeks old. Returns the number of buckets that were touched. What it has not done it
    /// does the next time.
    pub async fn consolidate_rollups(&self, now: i64) -> Result<usize> {
        let mut touched = 0;
        for (from, to, before) in [
            (0, Span::Minute, Span::Minute.begin(now.saturating_sub(SETTLING))),
            (
                Span::Minute.seconds(),
                Span::Hour,
                Span::Hour.begin(now.saturating_sub(MINUTES_KEPT)),
            ),
            (Span::Hour.seconds(), Span::Day, Span::Day.begin(now.saturating_sub(HOURS_KEPT))),
        ] {
            while let Some(begins) = self.unmerged(from, to, before).await? {
                for at in begins {
                    merge(self, (from, to), at).await?;
                    touched += 1;
                }
            }
        }
        Ok(touched)
    }

    /// The buckets of length `to` that rows of length `from` belong to, the oldest first; `None` if there is none.
    async fn unmerged(&self, from: i64, to: Span, before: i64) -> Result<Option<Vec<i64>>> {
        let sql =
            "SELECT DISTINCT at FROM rollups WHERE span = $1 AND at < $2 ORDER BY at LIMIT $3";
        let rows = self.database().read(sql, values![from, before, PAGE]).await?;
        let mut begins = vec![];
        for row in &rows {
            begins.push(to.begin(row.integer("at")?));
        }
        begins.dedup();
        Ok((!begins.is_empty()).then_some(begins))
    }
}

/// Puts the rows of the bucket that begins at `at` together, by series.
async fn merge(store: &Store, (from, to): (i64, Span), at: i64) -> Result<()> {
    let transaction = store.database().begin().await?;
    let place = "WHERE span IN ($1, $2) AND at >= $3 AND at < $4";
    let bounds = || values![from, to.seconds(), at, at.saturating_add(to.micros())];
    let rows = transaction.query(&format!("{ROLLED} {place}"), bounds()).await?;
    let mut parts: BTreeMap<Series<'_>, Part> = BTreeMap::new();
    let mut newest = 0;
    for row in &rows {
        newest = newest.max(row.integer("id")?);
        let series = Series {
            prompt: row.text("prompt")?,
            environment: row.text("environment")?,
            number: row.number("number")?,
            model: row.text("model")?,
            arm: row.text("arm")?,
        };
        let part = parts
            .entry(series)
            .or_insert_with(|| Part { span: to.seconds(), ..Part::of_minute(at, &series) });
        part.bucket.merge(&row.document("document")?);
    }
    // Where writers are concurrent, what came after the rows that were read stays.
    let sql = format!("DELETE FROM rollups {place} AND id <= $5");
    let mut values = bounds();
    values.push(newest.into());
    transaction.execute(&sql, values).await?;
    enter(&transaction, parts.into_values().collect()).await?;
    transaction.commit().await
}

fn rolled(row: &Row) -> Result<Rolled> {
    let number = row.number("number")?;
    let key = Key {
        prompt: absent(row, "prompt")?,
        environment: absent(row, "environment")?,
        number: (number > 0).then_some(number),
        model: row.parsed("model")?,
        arm: row.text("arm")?.into(),
    };
    Ok(Rolled { at: row.integer("at")?, key, bucket: row.document("document")? })
}

/// A name, or nothing where the text is empty.
fn absent<T>(row: &Row, column: &str) -> Result<Option<T>>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    if row.text(column)?.is_empty() { Ok(None) } else { row.parsed(column).map(Some) }
}
