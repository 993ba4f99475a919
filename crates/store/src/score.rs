//! Judgements on calls. One transaction keeps a judgement, adds it to the bucket that the call counts in, and tells
//! the rollout that the call took part in.

use gatemark_core::call::CallRecord;
use gatemark_core::rollup::{Bucket, ScoreSums};
use gatemark_core::score::{Score, ScoreSource, ScoreValue};
use gatemark_core::{Error, Result};

use crate::document::Document;
use crate::observation;
use crate::rollup::{self, Part};
use crate::sql::{Row, Transaction, Value, values};
use crate::store::Store;

/// What became of a judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scored {
    /// It is the author's first of that name on the call.
    New,
    /// It takes the place of another one.
    Changed,
    /// It was there.
    Same,
}

impl Scored {
    /// The word in answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Same => "same",
        }
    }
}

impl Store {
    /// Keeps judgements, all or none. What a rollout's guardrails have seen stays seen: for them the first judgement
    /// of a name on a call counts.
    ///
    /// # Errors
    /// `NotFound` if a call is not stored or is not that of `caller`; `Invalid` if one cannot be kept.
    pub async fn score(&self, scores: &[Score], caller: Option<&str>) -> Result<Vec<Scored>> {
        let transaction = self.database().begin().await?;
        let mut became = vec![];
        for score in scores {
            score.check()?;
            became.push(keep(&transaction, score, caller).await?);
        }
        transaction.commit().await?;
        Ok(became)
    }

    /// The judgements on a call, oldest first.
    pub async fn scores(&self, call: &str) -> Result<Vec<Score>> {
        let sql = "SELECT call, name, source, author, at, value, category, comment FROM scores
                   WHERE call = $1 ORDER BY at, name, source, author";
        let rows = self.database().read(sql, values![call]).await?;
        rows.iter().map(score).collect()
    }
}

/// Keeps one judgement, which has been checked, in the transaction of what it follows from.
pub(crate) async fn keep(
    transaction: &Transaction,
    score: &Score,
    caller: Option<&str>,
) -> Result<Scored> {
    let sql = "SELECT document FROM calls WHERE id = $1";
    let row = transaction.query_one(sql, values![score.call.as_str()]).await?;
    let record: Option<CallRecord> = row.map(|row| row.document("document")).transpose()?;
    let record = record.filter(|record| caller.is_none_or(|caller| record.caller == caller));
    let Some(record) = record else {
        let message = format!("there is no call {:?}", score.call);
        return Err(Error::not_found(message).coded("call_not_found"));
    };
    let before = before(transaction, score).await?;
    if before.as_ref().is_some_and(|before| {
        before.value.number() == score.value.number()
            && before.comment == score.comment
            && (score.value.number().is_some() || before.value == score.value)
    }) {
        return Ok(Scored::Same);
    }
    insert(transaction, score).await?;
    let mut bucket = Bucket::default();
    for sums in sums(before.as_ref()).map(ScoreSums::negative).into_iter().chain(sums(Some(score)))
    {
        bucket.add_score(&score.name, sums);
    }
    if bucket != Bucket::default()
        && let Some(part) = Part::later(&Document::of(&record)?, bucket)
    {
        rollup::enter(transaction, vec![part]).await?;
    }
    let observed = score.value.number();
    let observed =
        observed.and_then(|value| observation::Entry::score(&record, &score.name, value));
    if let Some(entry) = observed {
        observation::enter(transaction, vec![entry]).await?;
    }
    Ok(if before.is_some() { Scored::Changed } else { Scored::New })
}

fn sums(score: Option<&Score>) -> Option<ScoreSums> {
    score.and_then(|score| score.value.number()).and_then(ScoreSums::of)
}

async fn before(transaction: &Transaction, new: &Score) -> Result<Option<Score>> {
    let sql = "SELECT call, name, source, author, at, value, category, comment FROM scores
               WHERE call = $1 AND name = $2 AND source = $3 AND author = $4";
    let place =
        values![new.call.as_str(), new.name.as_str(), new.source.word(), new.author.as_str()];
    transaction.query_one(sql, place).await?.as_ref().map(score).transpose()
}

async fn insert(transaction: &Transaction, score: &Score) -> Result<()> {
    let (value, category) = match &score.value {
        ScoreValue::Category(word) => (Value::Null, Some(word.as_str())),
        other => (other.number().map_or(Value::Null, Value::Real), None),
    };
    let sql = "INSERT INTO scores (call, name, source, author, at, value, category, comment)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
               ON CONFLICT (call, name, source, author) DO UPDATE SET at = excluded.at,
                 value = excluded.value, category = excluded.category, comment = excluded.comment";
    let mut row = values![
        score.call.as_str(),
        score.name.as_str(),
        score.source.word(),
        score.author.as_str(),
        score.at,
    ];
    row.push(value);
    row.extend(values![category, score.comment.as_deref()]);
    transaction.execute(sql, row).await?;
    Ok(())
}

fn score(row: &Row) -> Result<Score> {
    let category = row.optional_text("category")?.map(String::from).map(ScoreValue::Category);
    let value = match category {
        Some(category) => category,
        None => ScoreValue::Number(row.real("value")?),
    };
    let source = row.text("source")?;
    let source = ScoreSource::from_word(source)
        .ok_or_else(|| Error::internal(format!("a score has the unknown source {source:?}")))?;
    Ok(Score {
        call: row.text("call")?.into(),
        name: row.text("name")?.into(),
        value,
        comment: row.optional_text("comment")?.map(String::from),
        source,
        author: row.text("author")?.into(),
        at: row.integer("at")?,
    })
}
