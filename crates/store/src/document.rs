//! A call as it is kept: the JSON of its record, and the columns that it is searched by.
//!
//! The call log holds the same JSON, so shipping passes it on as it is and reads only the columns out of it.

use std::collections::BTreeMap;

use gatemark_core::assign::Mark;
use gatemark_core::call::{CallPurpose, CallRecord, Outcome};
use gatemark_core::conversation::Talk;
use gatemark_core::guard::Verdict;
use gatemark_core::model::Usage;
use gatemark_core::review::read_reasons;
use gatemark_core::rollup::{Facts, Span};
use gatemark_core::{NanoUsd, Result};
use serde::Deserialize;
use serde::de::{Error as _, IgnoredAny};

use crate::evaluation;
use crate::observation;
use crate::queue::Entry;
use crate::sql::{Value, to_document, values};

/// A call's record, ready to be inserted.
#[derive(Debug)]
pub(crate) struct Document {
    text: String,
    columns: Columns,
}

#[derive(Debug, Deserialize)]
struct Columns {
    id: String,
    at: i64,
    purpose: CallPurpose,
    caller: String,
    prompt: Option<String>,
    number: Option<u32>,
    environment: Option<String>,
    arm: String,
    model: String,
    outcome: Outcome,
    cost: NanoUsd,
    #[serde(default)]
    saved: NanoUsd,
    usage: Usage,
    priced: bool,
    latency_us: u64,
    vendor_us: u64,
    first_token_us: Option<u64>,
    #[serde(default)]
    cached: bool,
    #[serde(default)]
    repaired: Option<bool>,
    attempts: Vec<Tried>,
    #[serde(default)]
    cascade: Option<Climbed>,
    #[serde(default)]
    split: Option<Mark>,
    #[serde(default, deserialize_with = "read_reasons")]
    review: Vec<String>,
    #[serde(default)]
    evaluate: bool,
    #[serde(default)]
    guard: Option<Guarded>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    talk: Option<Box<Talk>>,
}

/// What guards made of it.
#[derive(Debug, Deserialize)]
struct Guarded {
    verdict: Verdict,
}

/// A try at a vendor.
#[derive(Debug, Deserialize)]
struct Tried {
    #[serde(default)]
    judge: bool,
}

/// A way through a cascade, by its number of steps.
#[derive(Debug, Deserialize)]
struct Climbed {
    #[serde(default)]
    why: Vec<IgnoredAny>,
}

impl Columns {
    /// What [`CallRecord::is_retried`] says, of what is read of a record here.
    fn is_retried(&self) -> bool {
        let answering = self.attempts.iter().filter(|attempt| !attempt.judge).count();
        let steps = 1 + self.cascade.as_ref().map_or(0, |climb| climb.why.len());
        answering > steps || self.repaired.is_some()
    }
}

/// What the calls of a bucket have in common, in stored words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Series<'a> {
    pub(crate) prompt: &'a str,
    pub(crate) environment: &'a str,
    pub(crate) number: u32,
    pub(crate) model: &'a str,
    pub(crate) arm: &'a str,
}

impl Document {
    /// Reads the JSON of a record.
    pub(crate) fn read(json: &[u8]) -> serde_json::Result<Self> {
        let text = std::str::from_utf8(json).map_err(serde_json::Error::custom)?;
        let columns: Columns = serde_json::from_str(text)?;
        let text = match columns.talk {
            None => text.to_string(),
            Some(_) => without_talk(serde_json::from_str(text)?)?,
        };
        Ok(Self { columns, text })
    }

    /// Writes a record's JSON.
    pub(crate) fn of(record: &CallRecord) -> Result<Self> {
        let columns = Columns {
            id: record.id.clone(),
            at: record.at,
            purpose: record.purpose,
            caller: record.caller.clone(),
            prompt: record.prompt.as_ref().map(ToString::to_string),
            number: record.number,
            environment: record.environment.as_ref().map(ToString::to_string),
            arm: record.arm.clone(),
            model: record.model.to_string(),
            outcome: record.outcome,
            cost: record.cost,
            saved: record.saved,
            usage: record.usage,
            priced: record.priced,
            latency_us: record.latency_us,
            vendor_us: record.vendor_us,
            first_token_us: record.first_token_us,
            cached: record.cached,
            repaired: record.repaired,
            attempts: record
                .attempts
                .iter()
                .map(|attempt| Tried { judge: attempt.judge })
                .collect(),
            cascade: record
                .cascade
                .as_ref()
                .map(|climb| Climbed { why: climb.why.iter().map(|_| IgnoredAny).collect() }),
            split: record.split.clone(),
            review: record.review.clone(),
            evaluate: record.evaluate,
            guard: record.guard.as_ref().map(|guard| Guarded { verdict: guard.verdict }),
            tags: record.tags.clone(),
            talk: record.talk.clone(),
        };
        let text = match record.talk {
            None => to_document(record)?,
            Some(_) => to_document(&CallRecord { talk: None, ..record.clone() })?,
        };
        Ok(Self { text, columns })
    }

    /// The entry of the queue for a call whose answer a person looks at.
    pub(crate) fn review(&self) -> Option<Entry> {
        let columns = &self.columns;
        if columns.review.is_empty() {
            return None;
        }
        Some(Entry {
            reasons: columns.review.clone(),
            prompt: columns.prompt.clone()?,
            number: columns.number?,
            call: columns.id.clone(),
            at: columns.at,
            environment: columns.environment.clone(),
        })
    }

    /// The entry of the queue for a call whose answer is judged.
    pub(crate) fn evaluation(&self) -> Option<evaluation::Entry> {
        let columns = &self.columns;
        let prompt = columns.prompt.as_ref().filter(|_| columns.evaluate)?;
        Some(evaluation::Entry {
            call: columns.id.clone(),
            at: columns.at,
            environment: columns.environment.clone()?,
            stratum: prompt.clone(),
        })
    }

    /// What the call showed to the split that it took part in. Few calls do, so only theirs are read whole.
    pub(crate) fn observation(&self) -> Option<observation::Entry> {
        self.columns.split.as_ref()?;
        let record: CallRecord = serde_json::from_str(&self.text).ok()?;
        observation::Entry::of(&record)
    }

    /// The bucket that the call counts in, by when it begins and what its calls share, and what it adds to that;
    /// `None` for calls that no application made.
    pub(crate) fn counted(&self) -> Option<(i64, Series<'_>, Facts)> {
        let columns = &self.columns;
        if columns.purpose != CallPurpose::Serve {
            return None;
        }
        let series = Series {
            prompt: columns.prompt.as_deref().unwrap_or_default(),
            environment: columns.environment.as_deref().unwrap_or_default(),
            number: columns.number.unwrap_or_default(),
            model: &columns.model,
            arm: &columns.arm,
        };
        let facts = Facts {
            outcome: columns.outcome,
            retried: columns.is_retried(),
            repaired: columns.repaired == Some(true),
            cached: columns.cached,
            priced: columns.priced,
            usage: columns.usage,
            cost: columns.cost,
            saved: columns.saved,
            latency_us: columns.latency_us,
            vendor_us: columns.vendor_us,
            first_token_us: columns.first_token_us,
            guard: columns.guard.as_ref().map(|guard| guard.verdict),
        };
        Some((Span::Minute.begin(columns.at), series, facts))
    }

    /// What a conversation gained by the call: its texts are filed there and not with the record.
    pub(crate) fn take_talk(&mut self) -> Option<Talk> {
        self.columns.talk.take().map(|talk| *talk)
    }

    /// The values of the `calls` table's columns, in the order of its `INSERT`.
    pub(crate) fn into_row(self) -> Vec<Value> {
        let Self { text, columns } = self;
        let mut row = values![
            columns.id,
            columns.at,
            purpose_word(columns.purpose),
            columns.caller,
            columns.prompt,
            columns.number,
            columns.environment,
            columns.arm,
            columns.model,
            columns.outcome.word(),
            columns.cost,
            columns.saved,
        ];
        let usage = columns.usage;
        let counts = [usage.input, usage.cached_input, usage.output, columns.latency_us];
        row.extend(counts.map(Value::count));
        row.push(text.into());
        let tags = (!columns.tags.is_empty()).then(|| serde_json::to_string(&columns.tags).ok());
        row.push(tags.flatten().into());
        row
    }
}

fn without_talk(record: CallRecord) -> serde_json::Result<String> {
    serde_json::to_string(&CallRecord { talk: None, ..record })
}

/// The word that is stored for a purpose.
pub(crate) fn purpose_word(purpose: CallPurpose) -> &'static str {
    purpose.word()
}
