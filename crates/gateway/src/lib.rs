//! The data plane: one call, in steps whose names are the names of the functions.
//!
//! 1 [`admit`](Gateway::admit) · 2 `resolve` · 3 `inspect` · 4 `prepare` · 5 `reserve` (limits) · 6 `recall` ·
//! 5 `reserve` (money) · 7 `dispatch` · 8 `check` · 9 `record` · 10 `reply`. (Applications' calls recall from
//! `cache`, test runs' from what they bring.)
//!
//! The gateway reads one immutable [`Snapshot`] per call and writes one record to the local call log.
//! It holds no SQL handle and awaits no control-plane task: if the database or the control plane dies, it
//! keeps serving what it last knew. It decides; guards, validators and contracts only report.

mod admit;
mod apart;
mod began;
mod cache;
mod cascade;
mod check;
mod climb;
pub mod clock;
mod converse;
mod count;
mod dispatch;
mod division;
mod entrance;
mod facts;
mod failure;
mod fields;
mod fit;
mod health;
mod hold;
mod incoming;
mod inspect;
mod judge;
mod measure;
mod media;
mod meter;
mod nearness;
mod opening;
mod order;
mod pace;
mod prepare;
mod recall;
mod record;
mod redact;
mod release;
mod repair;
mod reply;
mod reserve;
mod resolve;
mod room;
mod said;
mod shadow;
mod shorten;
mod shots;
mod shown;
mod snapshot;
mod spent;
mod standing;
mod stopped;
mod stream;
mod surroundings;
mod tags;
mod talks;
mod unjudged;
mod volatile;
mod weigh;
mod wish;
mod written;

use std::sync::Arc;

use arc_swap::ArcSwap;
use gatemark_core::call::CallPurpose;
use gatemark_core::error::Result;
use gatemark_core::stop::Stops;
use gatemark_provider::door;
use gatemark_store::calllog::CallLog;

pub use admit::hash_key;
pub use cache::CacheStats;
pub use converse::{ConversationStats, Due};
pub use count::{Count, Counted, LongCount};
pub use division::{Division, Side};
pub use entrance::Load;
pub use facts::{CacheFacts, Facts};
pub use failure::Failure;
pub use health::{BreakerState, ModelState, ProviderState};
pub use incoming::{Incoming, PromptRef, Selector, Talking, Target};
pub use measure::Size;
pub use meter::Meter;
pub use recall::{Answers, Recall, Remembered};
pub use release::Release;
pub use reply::{Body, Reply};
pub use shadow::{SHADOW_CALLER, ShadowStats};
pub use snapshot::{Pointer, Snapshot, SnapshotParts, Unproven};
pub use standing::BudgetStanding;
pub use stream::SseStream;
pub use tags::{MOST_TAGS, tag};
pub use talks::{BEFORE, SAID};
pub use wish::{CacheWish, HEADER as CACHE_HEADER};

use cache::Recalled;
use cascade::Stairs;
use dispatch::{Answered, Got, Job};
use entrance::Entrance;
use health::Health;
use reply::Again;

/// Serves calls. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

struct Shared {
    snapshot: ArcSwap<Snapshot>,
    surroundings: surroundings::Surroundings,
    health: Health,
    entrance: Entrance,
    counting: count::Counting,
    caches: cache::Caches,
    stops: stopped::Switch,
    shadows: shadow::Shadows,
}

impl Gateway {
    /// A gateway that serves `snapshot` and records to `log`.
    pub fn new(snapshot: Snapshot, log: CallLog, meter: Arc<dyn Meter>) -> Self {
        let entrance = Entrance::new(snapshot.project().server);
        let snapshot = ArcSwap::from_pointee(snapshot);
        let surroundings = surroundings::Surroundings {
            log,
            meter,
            volatile: Arc::new(volatile::Volatile::new()),
            conversations: Arc::new(converse::Conversations::new()),
            secret: Arc::new(apart::secret()),
        };
        let health = Health::default();
        let (caches, shadows) = (cache::Caches::default(), shadow::Shadows::default());
        let counting = count::Counting::default();
        let stops = stopped::Switch::default();
        let shared =
            Shared { snapshot, surroundings, health, entrance, counting, caches, stops, shadows };
        Self { shared: Arc::new(shared) }
    }

    /// Puts another snapshot in force. Calls under way finish on the old one.
    pub fn swap(&self, snapshot: Snapshot) {
        if snapshot.project().server != self.snapshot().project().server {
            self.shared.entrance.rebound(snapshot.project().server);
        }
        self.shared.snapshot.store(Arc::new(snapshot));
    }

    /// The snapshot in force.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshot.load_full()
    }

    /// Takes one call through all steps.
    pub async fn call(&self, incoming: Incoming) -> Result<Reply, Failure> {
        // Test runs are bounded by their own settings.
        let place = match incoming.purpose {
            CallPurpose::Serve => Some(self.shared.entrance.enter().await?),
            CallPurpose::Test | CallPurpose::Shadow | CallPurpose::Evaluate => None,
        };
        let snapshot = self.snapshot();
        let health = &self.shared.health;
        let began = began::Began::now();
        let tags = tags::with_metadata(incoming.tags, &incoming.fields, snapshot.project());
        let spoken = (incoming.dialect, incoming.fields.as_slice());
        let named = (incoming.unit.as_deref(), incoming.talking.as_ref());
        let asker = division::Asker::new(&began.id, &tags, named, spoken);
        let resolved = resolve::resolve(&snapshot, health, incoming.target, Some(&asker))?;
        let resolved = resolve::Resolved { brought: incoming.guard, ..resolved };
        let mut record = record::Pending::begin(
            self.shared.surroundings.clone(),
            &resolved,
            surroundings::Circumstances {
                began,
                caller: &incoming.caller.name,
                tags,
                purpose: incoming.purpose,
                stream: incoming.stream,
                place,
            },
        );
        record.draw(snapshot.project());
        let call = record.id().to_string();
        let dialect = incoming.dialect;
        let asked = door::repeated(dialect, &incoming.fields);
        let usage_wanted = incoming.usage_wanted;
        let asking = cache::Asking {
            caller: &incoming.caller.name,
            dialect,
            wish: incoming.cache,
            added: incoming.messages.as_deref(),
            converses: incoming.talking.is_some(),
        };
        // A test asks the model: its repeats must not be one answer.
        let is_served = incoming.purpose == CallPurpose::Serve;
        let plan = is_served.then(|| cache::plan(&snapshot, &resolved, &asking)).flatten();
        let ask = incoming::Ask {
            dialect,
            stream: incoming.stream,
            usage_wanted: incoming.usage_wanted,
            messages: incoming.messages,
            fields: incoming.fields,
            headers: incoming.headers,
            past: None,
            near: None,
        };
        let talking = incoming.talking;
        let recall = plan.as_ref().map(|plan| (&self.shared.caches, plan));
        let stop = self.shared.stops.about(&resolved, incoming.purpose);
        let refused = match &stop {
            Some(_) => None,
            None => {
                let around = (&*snapshot, &resolved);
                inspect::inspect(around, &ask, &mut record).await.transpose()
            }
        };
        if stop.is_none() && refused.is_none() {
            self.shadow(&resolved, (&ask, &talking), &mut record);
        }
        let done = match (stop, refused) {
            (_, Some(refused)) => {
                refused.and_then(|why| check::blocked(&resolved, &why, ask.stream, &mut record))
            }
            (Some(stop), None) => {
                // What was kept is no answer to a question whose past is not looked up.
                let recall = recall.filter(|_| talking.is_none());
                stopped::answer(&stop, (&snapshot, &resolved), recall, ask, &mut record).await
            }
            // Boxed, or the whole of it is moved whenever the future of a door is.
            (None, None) => {
                let stops = self.stops();
                let around = (&*snapshot, health, &*stops);
                let steps = steps(around, &resolved, recall, (ask, talking), &mut record);
                Box::pin(steps).await
            }
        };
        match done {
            Ok(Done::Checked(got, keeper)) => {
                Ok(reply::reply(&resolved, got, keeper, record, (dialect, asked, usage_wanted)))
            }
            Ok(Done::Kept(kept)) => Ok(reply::again(&resolved, *kept, record, (dialect, asked))),
            Err(error) => {
                record.fail(&error);
                let (rates, stopped) = (record.rates(), record.stopped());
                let guard = record.record().guard.clone();
                record.finish();
                Err(Failure { error, call: Some(call), rates, stopped, guard })
            }
        }
    }
}

/// What a call comes to.
enum Done {
    /// An answer given now, for the cache to keep if one is about the call.
    Checked(check::Checked, Option<Box<cache::Keeper>>),
    /// One that was given before.
    Kept(Box<Again>),
}

/// Steps 4 to 8. An error here is the call's end; a vendor's failure that the version has a static
/// fallback for is not.
async fn steps(
    (snapshot, health, stops): (&Snapshot, &Health, &Stops),
    resolved: &resolve::Resolved,
    recall: Option<(&cache::Caches, &cache::Plan)>,
    (mut ask, talking): (incoming::Ask, Option<Talking>),
    record: &mut record::Pending,
) -> Result<Done> {
    let past = record.sit(resolved, talking)?;
    let masked = redact::masked(resolved, &mut ask, past.as_ref(), record)?;
    let resolved = masked.as_ref().unwrap_or(resolved);
    let near = nearness::query(snapshot, resolved, record).await?;
    let mut stairs = Stairs::of(snapshot, resolved);
    // A test asks what it tests, also if that is stopped.
    if record.record().purpose != CallPurpose::Test {
        stairs = stairs.map(|stairs| stairs.knowing(stops, resolved));
    }
    let streams = ask.stream && stairs.is_some();
    let ask = incoming::Ask { stream: ask.stream && !streams, past, near, ..ask };
    // Kept only where another target may have to be prepared from it.
    let kept = (resolved.others.is_some() || stairs.is_some()).then(|| ask.clone());
    let prepared = prepare::prepare(snapshot, resolved, ask, record)?;
    record.note_definitions(&prepared.request.fields);
    record.note_dropped(&prepared.dropped);
    reserve::enter(snapshot, resolved, &prepared, record)?;
    let question = match recall {
        None => None,
        Some((caches, plan)) => {
            match caches.recall(snapshot, resolved, plan, &prepared, record).await? {
                Recalled::Found(found) => {
                    return Ok(Done::Kept(Again::of(found, &prepared, streams, record)));
                }
                Recalled::Ask(question) => question.map(|question| (caches, plan, question)),
            }
        }
    };
    reserve::reserve(snapshot, resolved, &prepared, record)?;
    let mut keeper = None;
    if let Some((caches, plan, question)) = question {
        let of = (snapshot, resolved);
        match caches.recall_alike(question, of, plan, &prepared, record).await {
            Recalled::Found(found) => {
                return Ok(Done::Kept(Again::of(found, &prepared, streams, record)));
            }
            Recalled::Ask(found) => keeper = Some(found),
        }
    }
    let ask = kept.as_ref();
    let job = Job { snapshot, health, resolved, prepared: &prepared, ask };
    let mut answered = answer(job, record).await?;
    if let (Some(stairs), Some(ask)) = (&mut stairs, ask) {
        answered = climb::climb(stairs, (job, ask), answered, record).await?;
    }
    let (prepared, got) = match answered {
        Ok(Answered { got, by: Some(by) }) => (*by, Ok(got)),
        Ok(Answered { got, by: None }) => (prepared, Ok(got)),
        Err(error) => (prepared, Err(error)),
    };
    // Others may have been prepared that did not answer.
    record.note_dropped(&prepared.dropped);
    let checked = match check::check(resolved, prepared, got, record).await? {
        check::Judged::Final(checked) => checked,
        check::Judged::Unfit(unfit) => mend(snapshot, health, resolved, *unfit, record).await?,
    };
    Ok(Done::Checked(if streams { checked.streamed() } else { checked }, keeper))
}

/// The repair in step 8: the model that answered is asked once more, with what is wrong, if that is wanted and
/// there is time and money.
async fn mend(
    snapshot: &Snapshot,
    health: &Health,
    resolved: &resolve::Resolved,
    unfit: check::Unfit,
    record: &mut record::Pending,
) -> Result<check::Checked> {
    let Some(again) = repair::again(snapshot, resolved, &unfit, record) else {
        return check::unrepaired(resolved, unfit, record);
    };
    let repair::Again { resolved: same, prepared, time, recalled } = &again;
    let job = Job { snapshot, health, resolved: same, prepared, ask: None };
    let got = match tokio::time::timeout(*time, answer(job, record)).await {
        Ok(answered) => answered?.map(|answered| answered.got),
        Err(_) => Err(repair::late(record)),
    };
    record.asked_again(*recalled, got.is_ok());
    check::repaired(resolved, unfit, &again.prepared, got, record)
}

/// Steps 6 and 7: an answer from an earlier run, or what asking the vendor gave. The outer error is of our
/// own store, and must not be told as the vendor's.
async fn answer(job: Job<'_>, record: &mut record::Pending) -> Result<Result<Answered>> {
    let Job { snapshot, resolved, prepared, .. } = job;
    let Some(recall) = &resolved.recall else {
        return Ok(dispatch::dispatch(job, record).await);
    };
    let provider = snapshot.project().providers.get(resolved.model.provider());
    let provider = provider.map(gatemark_core::model::Provider::identity).unwrap_or_default();
    let key = recall::key(&resolved.model, &provider, &prepared.request, recall.repeat)?;
    if let Some((answer, latency_us)) = recall::recall(recall, &key).await? {
        record.answers(&resolved.model, resolved.price.clone());
        record.note_recalled(latency_us);
        return Ok(Ok(Answered { got: Got::Whole(Box::new(answer)), by: None }));
    }
    let before = record.record().vendor_us;
    let got = match dispatch::dispatch(job, record).await {
        Ok(got) => got,
        Err(error) => return Ok(Err(error)),
    };
    // Its own, also behind a lower step or an answer that is repaired.
    let latency_us = record.record().vendor_us.saturating_sub(before);
    let kept = match &got.got {
        Got::Whole(answer) => Some(Remembered::of(answer, latency_us)),
        Got::Stream(..) => None,
    };
    if let Some(kept) = kept {
        recall.answers.put(&key, &kept).await?;
    }
    Ok(Ok(got))
}
