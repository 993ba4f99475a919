//! Records of calls: written in batches by the call log's shipper, searched by people.

use gatemark_core::call::{CallPurpose, CallRecord, Outcome};
use gatemark_core::{EnvironmentName, ModelName, NanoUsd, PromptName, Result};

use crate::conversation;
use crate::document::{Document, purpose_word};
use crate::evaluation;
use crate::observation;
use crate::queue;
use crate::rollup;
use crate::sql::Value;
use crate::store::Store;

/// How many calls are listed when a filter does not say.
const DEFAULT_LIMIT: u32 = 100;

/// Which calls; whatever is `None` does not narrow.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallFilter {
    /// Of this prompt.
    pub prompt: Option<PromptName>,
    /// In this environment.
    pub environment: Option<EnvironmentName>,
    /// Of the version with this number.
    pub number: Option<u32>,
    /// Answered by this model.
    pub model: Option<ModelName>,
    /// That ended so.
    pub outcome: Option<Outcome>,
    /// Made for this purpose.
    pub purpose: Option<CallPurpose>,
    /// Begun at this time or later, in microseconds since 1970.
    pub since: Option<i64>,
    /// Begun before this time, in microseconds since 1970.
    pub until: Option<i64>,
    /// With this id.
    pub id: Option<String>,
    /// Most calls to list; 0 for 100. Totals ignore it.
    pub limit: u32,
}

/// Sums over calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallTotals {
    /// How many.
    pub calls: u64,
    /// Of these, without an answer.
    pub errors: u64,
    /// What they cost together.
    pub cost: NanoUsd,
    /// What answers given again would have cost.
    pub saved: NanoUsd,
    /// Tokens read.
    pub input_tokens: u64,
    /// Of these, from vendors' prompt caches.
    pub cached_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
}

impl Store {
    /// Stores records in one transaction, and passes over those whose id is stored already. Returns the
    /// number of new ones.
    pub async fn insert_calls(&self, records: &[CallRecord]) -> Result<usize> {
        let documents = records.iter().map(Document::of).collect::<Result<Vec<_>>>()?;
        self.insert_documents(documents).await
    }

    /// The same for records in the form in which they are kept.
    pub(crate) async fn insert_documents(&self, mut documents: Vec<Document>) -> Result<usize> {
        if documents.is_empty() {
            return Ok(0);
        }
        let reviews: Vec<_> = documents.iter().map(Document::review).collect();
        let observations: Vec<_> = documents.iter().map(Document::observation).collect();
        let tally = rollup::Tally::of(&documents);
        let evaluations = documents.iter().filter_map(Document::evaluation).collect();
        let talks = documents.iter_mut().filter_map(Document::take_talk).collect();
        let rows = documents.into_iter().map(Document::into_row).collect();
        let sql = "INSERT INTO calls (id, at, purpose, caller, prompt, number, environment, arm,
                   model, outcome, cost, saved, input_tokens, cached_tokens, output_tokens, latency_us,
                   document, tags)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
                   ON CONFLICT (id) DO NOTHING";
        let transaction = self.database().begin().await?;
        let new = transaction.execute_each(sql, rows).await?;
        rollup::enter(&transaction, tally.parts(&new)).await?;
        // What was turned away once is not asked again when its record comes again.
        let reviews = reviews.into_iter().zip(&new).filter(|(_, rows)| **rows > 0);
        let reviews = reviews.filter_map(|(entry, _)| entry).collect();
        queue::enter(&transaction, reviews, queue::MOST_WAITING).await?;
        evaluation::enter(&transaction, evaluations).await?;
        // Of calls that were stored before, what they showed may be counted and forgotten already.
        let observations = observations.into_iter().zip(&new).filter(|(_, rows)| **rows > 0);
        let observations: Vec<_> = observations.filter_map(|(shown, _)| shown).collect();
        if !observations.is_empty() {
            observation::enter(&transaction, observations).await?;
        }
        conversation::enter(&transaction, talks).await?;
        transaction.commit().await?;
        Ok(new.into_iter().sum())
    }

    /// The calls that `filter` lets through, newest first.
    pub async fn calls(&self, filter: &CallFilter) -> Result<Vec<CallRecord>> {
        let (conditions, mut values) = conditions(filter);
        let limit = if filter.limit == 0 { DEFAULT_LIMIT } else { filter.limit };
        values.push(limit.into());
        let position = values.len();
        let sql = format!(
            "SELECT document FROM calls{conditions} ORDER BY at DESC, id DESC LIMIT ${position}"
        );
        let rows = self.database().read(&sql, values).await?;
        let mut records = Vec::with_capacity(rows.len());
        for row in &rows {
            match row.document("document") {
                Ok(record) => records.push(record),
                // One record of a form that we do not know must not hide the others.
                Err(error) => {
                    tracing::error!(%error, "a call's record cannot be read and is left out")
                }
            }
        }
        Ok(records)
    }

    /// Sums over all calls that `filter` lets through, whatever its limit.
    pub async fn call_totals(&self, filter: &CallFilter) -> Result<CallTotals> {
        let (conditions, values) = conditions(filter);
        // The casts are for engines whose sums of integers are decimals.
        let sql = format!(
            "SELECT COUNT(*) AS calls,
                CAST(COALESCE(SUM(CASE WHEN outcome = 'error' THEN 1 ELSE 0 END), 0) AS bigint) AS errors,
                CAST(COALESCE(SUM(cost), 0) AS bigint) AS cost,
                CAST(COALESCE(SUM(saved), 0) AS bigint) AS saved,
                CAST(COALESCE(SUM(input_tokens), 0) AS bigint) AS input_tokens,
                CAST(COALESCE(SUM(cached_tokens), 0) AS bigint) AS cached_tokens,
                CAST(COALESCE(SUM(output_tokens), 0) AS bigint) AS output_tokens
             FROM calls{conditions}"
        );
        let Some(row) = self.database().read_one(&sql, values).await? else {
            return Ok(CallTotals::default());
        };
        Ok(CallTotals {
            calls: row.count("calls")?,
            errors: row.count("errors")?,
            cost: NanoUsd(row.integer("cost")?),
            saved: NanoUsd(row.integer("saved")?),
            input_tokens: row.count("input_tokens")?,
            cached_tokens: row.count("cached_tokens")?,
            output_tokens: row.count("output_tokens")?,
        })
    }
}

/// The `WHERE` part for a filter. Only what is asked for appears, so that an index can serve it.
fn conditions(filter: &CallFilter) -> (String, Vec<Value>) {
    let asked: [(&str, Value); 9] = [
        ("prompt =", filter.prompt.as_ref().into()),
        ("environment =", filter.environment.as_ref().into()),
        ("number =", filter.number.into()),
        ("model =", filter.model.as_ref().into()),
        ("outcome =", filter.outcome.map(Outcome::word).into()),
        ("purpose =", filter.purpose.map(purpose_word).into()),
        ("at >=", filter.since.into()),
        ("at <", filter.until.into()),
        ("id =", filter.id.as_deref().into()),
    ];
    let mut sql = String::new();
    let mut values = Vec::new();
    for (condition, value) in asked {
        if value == Value::Null {
            continue;
        }
        values.push(value);
        let join = if sql.is_empty() { " WHERE" } else { " AND" };
        sql.push_str(&format!("{join} {condition} ${}", values.len()));
    }
    (sql, values)
}
