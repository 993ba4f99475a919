//! The data plane: one call, in steps whose names are the names of the functions.
//!
//! 1 [`admit`](Gateway::admit) · 2 `resolve` · 4 `prepare` · 5 `reserve` · 6 `recall` · 7 `dispatch` ·
//! 8 `check` · 9 `record` · 10 `reply`. (Step 3, `inspect`, has no code yet; test runs alone recall.)
//!
//! The gateway reads one immutable [`Snapshot`] per call and writes one record to the local call log.
//! It holds no SQL handle and awaits no control-plane task: if the database or the control plane dies, it
//! keeps serving what it last knew. It decides; guards, validators and contracts only report.

mod admit;
mod check;
pub mod clock;
mod count;
mod dispatch;
mod facts;
mod fields;
mod hold;
mod incoming;
mod measure;
mod meter;
mod pace;
mod prepare;
mod recall;
mod record;
mod release;
mod reply;
mod reserve;
mod resolve;
mod snapshot;
mod standing;
mod stream;
mod tags;
mod volatile;
mod weigh;

use std::sync::Arc;

use arc_swap::ArcSwap;
use gatemark_core::error::{Error, Result};
use gatemark_core::throttle::Rates;
use gatemark_store::calllog::CallLog;

pub use admit::hash_key;
pub use count::Counted;
pub use facts::Facts;
pub use incoming::{Incoming, PromptRef, Selector, Target};
pub use measure::Size;
pub use meter::Meter;
pub use recall::{Answers, Recall, Remembered};
pub use release::Release;
pub use reply::{Body, Reply};
pub use snapshot::{Pointer, Snapshot, SnapshotParts};
pub use standing::BudgetStanding;
pub use stream::SseStream;
pub use tags::{MOST_TAGS, tag};

/// Serves calls. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

struct Shared {
    snapshot: ArcSwap<Snapshot>,
    surroundings: record::Surroundings,
}

/// Why a call was not answered, with the id under which it was recorded, if it got that far.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong.
    pub error: Error,
    /// The call's id.
    pub call: Option<String>,
    /// What is left of the rates that the call met.
    pub rates: Rates,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, call: None, rates: Rates::default() }
    }
}

impl Gateway {
    /// A gateway that serves `snapshot` and records to `log`.
    pub fn new(snapshot: Snapshot, log: CallLog, meter: Arc<dyn Meter>) -> Self {
        let snapshot = ArcSwap::from_pointee(snapshot);
        let surroundings =
            record::Surroundings { log, meter, volatile: Arc::new(volatile::Volatile::new()) };
        Self { shared: Arc::new(Shared { snapshot, surroundings }) }
    }

    /// Puts another snapshot in force. Calls under way finish on the old one.
    pub fn swap(&self, snapshot: Snapshot) {
        self.shared.snapshot.store(Arc::new(snapshot));
    }

    /// The snapshot in force.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot.load_full()
    }

    /// The call log.
    pub fn log(&self) -> &CallLog {
        &self.shared.surroundings.log
    }

    pub(crate) fn volatile(&self) -> &volatile::Volatile {
        &self.shared.surroundings.volatile
    }

    /// Takes one call through all steps.
    pub async fn call(&self, incoming: Incoming) -> Result<Reply, Failure> {
        let snapshot = self.snapshot();
        let resolved = resolve::resolve(&snapshot, incoming.target)?;
        let tags = tags::with_metadata(incoming.tags, &incoming.fields, snapshot.project());
        let mut record = record::Pending::begin(
            self.shared.surroundings.clone(),
            &resolved,
            record::Circumstances {
                caller: &incoming.caller.name,
                tags,
                purpose: incoming.purpose,
                stream: incoming.stream,
            },
        );
        let call = record.id().to_string();
        let dialect = incoming.dialect;
        let ask = incoming::Ask {
            dialect,
            stream: incoming.stream,
            usage_wanted: incoming.usage_wanted,
            messages: incoming.messages,
            fields: incoming.fields,
            headers: incoming.headers,
        };
        match steps(&snapshot, &resolved, ask, &mut record).await {
            Ok(got) => Ok(reply::reply(&resolved, got, record, dialect)),
            Err(error) => {
                record.fail(&error);
                let rates = record.rates();
                record.finish();
                Err(Failure { error, call: Some(call), rates })
            }
        }
    }
}

/// Steps 4 to 8. An error here is the call's end; a vendor's failure that the version has a static
/// fallback for is not.
async fn steps(
    snapshot: &Snapshot,
    resolved: &resolve::Resolved,
    ask: incoming::Ask,
    record: &mut record::Pending,
) -> Result<check::Checked> {
    let prepared = prepare::prepare(snapshot, resolved, ask, record)?;
    record.note_definitions(&prepared.request.fields);
    reserve::reserve(snapshot, resolved, &prepared, record)?;
    let got = answer(snapshot, resolved, &prepared, record).await?;
    check::check(resolved, prepared, got, record)
}

/// Steps 6 and 7: an answer from an earlier run, or what asking the vendor gave. The outer error is of our
/// own store, and must not be told as the vendor's.
async fn answer(
    snapshot: &Snapshot,
    resolved: &resolve::Resolved,
    prepared: &prepare::Prepared,
    record: &mut record::Pending,
) -> Result<Result<dispatch::Got>> {
    let Some(recall) = &resolved.recall else {
        return Ok(dispatch::dispatch(snapshot, resolved, prepared, record).await);
    };
    let provider = snapshot.project().providers.get(resolved.model.provider());
    let provider = provider.map(gatemark_core::model::Provider::identity).unwrap_or_default();
    let key = recall::key(&resolved.model, &provider, &prepared.request, recall.repeat)?;
    if let Some((answer, latency_us)) = recall::recall(recall, &key).await? {
        record.note_recalled(latency_us);
        return Ok(Ok(dispatch::Got::Whole(Box::new(answer))));
    }
    let got = match dispatch::dispatch(snapshot, resolved, prepared, record).await {
        Ok(got) => got,
        Err(error) => return Ok(Err(error)),
    };
    let latency_us = record.record().vendor_us;
    let kept = match &got {
        dispatch::Got::Whole(answer) => Some(Remembered::of(answer, latency_us)),
        dispatch::Got::Stream(..) => None,
    };
    if let Some(kept) = kept {
        recall.answers.put(&key, &kept).await?;
    }
    Ok(Ok(got))
}
