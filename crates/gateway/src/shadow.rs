//! Copies of live calls for a candidate whose answers nobody sees.
//!
//! A copy is sent when the answer to its call is complete, from a place of its own among a bounded number: it
//! never makes a caller wait. When all places are taken the copy is dropped and counted. It is reserved in
//! budgets under a name that no key can have, without the call's tags, so what it costs is nobody's but the
//! prompt's; its record says what it is a copy of.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gatemark_core::assign::Split;
use gatemark_core::call::CallPurpose;
use serde_json::{Map, Value};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinSet;

use crate::began::Began;
use crate::division::{self, Side};
use crate::incoming::{Ask, Talking};
use crate::record::Pending;
use crate::resolve::{Named, Resolved};
use crate::surroundings::Circumstances;
use crate::{Done, Gateway, reply, steps};

/// Whom copies are reserved and recorded for; keys' names hold no space.
pub const SHADOW_CALLER: &str = "gatemark shadow";

/// Most copies that wait or are under way.
const PLACES: usize = 64;

/// What became of copies since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ShadowStats {
    /// Waiting or under way.
    pub under_way: usize,
    /// Sent.
    pub sent: u64,
    /// Dropped, because too many were under way.
    pub dropped: u64,
}

pub(crate) struct Shadows {
    places: Arc<Semaphore>,
    tasks: Mutex<JoinSet<()>>,
    sent: AtomicU64,
    dropped: AtomicU64,
}

impl Default for Shadows {
    fn default() -> Self {
        let places = Arc::new(Semaphore::new(PLACES));
        let (sent, dropped) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { places, tasks: Mutex::default(), sent, dropped }
    }
}

impl Shadows {
    /// Holds a copy's task; there are never more than places, so those that have ended are let go of here.
    fn begin(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(ended) = tasks.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(%error, "a copy for a candidate broke off");
            }
        }
        tasks.spawn(task);
    }

    pub(crate) fn stats(&self) -> ShadowStats {
        ShadowStats {
            under_way: PLACES - self.places.available_permits().min(PLACES),
            sent: self.sent.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
        }
    }
}

/// A copy of a call.
struct Copy {
    side: Arc<Side>,
    split: Arc<Split>,
    variables: Map<String, Value>,
    ask: Ask,
    /// How its call was resolved.
    resolved: Resolved,
    of: String,
}

impl Gateway {
    /// What became of copies for candidates since the start.
    pub fn shadows(&self) -> ShadowStats {
        self.shared.shadows.stats()
    }

    /// Has a copy of the call sent when its answer is complete, if its division says so.
    ///
    /// A turn of a conversation has no copy: the candidate would have to read what another has answered before.
    pub(crate) fn shadow(
        &self,
        resolved: &Resolved,
        (ask, talking): (&Ask, &Option<Talking>),
        record: &mut Pending,
    ) {
        let Some(assigned) = resolved.assigned.as_ref().filter(|_| talking.is_none()) else {
            return;
        };
        let (Some(side), Some(split)) = (&assigned.shadow, &resolved.split) else { return };
        let Some(named) = &resolved.named else { return };
        let shadows = &self.shared.shadows;
        let Ok(place) = shadows.places.clone().try_acquire_owned() else {
            shadows.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let copy = Copy {
            side: side.clone(),
            split: split.clone(),
            variables: named.variables.clone(),
            ask: Ask { stream: false, usage_wanted: false, ..ask.clone() },
            resolved: resolved.clone(),
            of: record.id().to_string(),
        };
        let (ended, end) = oneshot::channel();
        record.tell_end(ended);
        shadows.begin(copy.send(self.clone(), end, place));
    }
}

impl Copy {
    async fn send(
        self,
        gateway: Gateway,
        end: oneshot::Receiver<()>,
        _place: OwnedSemaphorePermit,
    ) {
        // The sender is dropped when the call has ended, however it did.
        let _ = end.await;
        let Self { side, split, variables, ask, resolved, of } = self;
        let snapshot = gateway.snapshot();
        let Some(model) = side.release.variants.first().map(|variant| variant.model.clone()) else {
            return;
        };
        let resolved = Resolved {
            price: snapshot.project().price(&model),
            model,
            others: side.fallbacks.clone(),
            named: Some(Named { release: side.release.clone(), variables }),
            assigned: Some(Arc::new(division::copied(&split, &of))),
            split: None,
            ..resolved
        };
        // Nothing is asked for what is stopped, also if its call came before the stop.
        if gateway.shared.stops.about(&resolved, CallPurpose::Shadow).is_some() {
            return;
        }
        gateway.shared.shadows.sent.fetch_add(1, Ordering::Relaxed);
        let circumstances = Circumstances {
            began: Began::now(),
            caller: SHADOW_CALLER,
            tags: Default::default(),
            purpose: CallPurpose::Shadow,
            stream: false,
            place: None,
        };
        let surroundings = gateway.shared.surroundings.clone();
        let mut record = Pending::begin(surroundings, &resolved, circumstances);
        record.draw(snapshot.project());
        let asked = (ask.dialect, Default::default(), false);
        let stops = gateway.stops();
        let around = (&*snapshot, gateway.health(), &*stops);
        match steps(around, &resolved, None, (ask, None), &mut record).await {
            Ok(Done::Checked(checked, _)) => {
                // Records it; the answer is for nobody.
                drop(reply::reply(&resolved, checked, None, record, asked));
            }
            Ok(Done::Kept(_)) => record.finish(),
            Err(error) => {
                record.fail(&error);
                record.finish();
            }
        }
    }
}
