//! Calls that were stopped: what they get instead of an answer that a vendor is asked for.
//!
//! The stops in force are beside the snapshot and not in it, because they must come into force while no
//! snapshot can be built. A call meets the stop when it begins; one that is under way, a stream most of all,
//! finishes: to break it off would cost what it costs already and give its caller half an answer.
//!
//! Test runs are stopped by nothing but a stop of everything. What is to replace a stopped version has to be
//! tested, and a test run serves nobody.

use std::sync::Arc;

use arc_swap::ArcSwap;
use gatemark_core::call::CallPurpose;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::stop::{StopOrder, StopScope, StopServe, Stops};

use crate::cache::{Caches, Plan};
use crate::cascade::Stairs;
use crate::incoming::Ask;
use crate::prepare;
use crate::record::{Pending, STOPPED};
use crate::reply::Again;
use crate::resolve::Resolved;
use crate::snapshot::Snapshot;
use crate::{Done, Gateway, check};

/// The stops in force.
#[derive(Default)]
pub(crate) struct Switch(ArcSwap<Stops>);

impl Switch {
    /// The stop that a call meets.
    pub(crate) fn about(&self, resolved: &Resolved, purpose: CallPurpose) -> Option<StopOrder> {
        let stops = self.0.load();
        let prompt = resolved.named.as_ref().map(|named| &named.release.version.prompt);
        let stop = match purpose {
            CallPurpose::Serve | CallPurpose::Shadow | CallPurpose::Evaluate => {
                stops.about(prompt, resolved.environment.as_ref())
            }
            CallPurpose::Test => stops.of(&StopScope::All),
        };
        stop.cloned()
    }
}

impl Gateway {
    /// Puts these stops in force, and no others. Calls under way finish.
    pub fn set_stops(&self, stops: Stops) {
        self.shared.stops.0.store(Arc::new(stops));
    }

    /// Whether anything may be asked of vendors.
    ///
    /// # Errors
    /// `Unavailable` with the code `stopped` while everything is stopped.
    pub fn may_ask(&self) -> Result<()> {
        self.stops().of(&StopScope::All).map_or(Ok(()), |stop| Err(refusal(stop)))
    }

    /// The stops in force, and orders to resume.
    pub fn stops(&self) -> Arc<Stops> {
        self.shared.stops.0.load_full()
    }
}

/// What a call gets that met `stop`.
///
/// # Errors
/// `Unavailable` with the code `stopped` if there is nothing to give, or nothing is to be given.
pub(crate) async fn answer(
    stop: &StopOrder,
    (snapshot, resolved): (&Snapshot, &Resolved),
    recall: Option<(&Caches, &Plan)>,
    ask: Ask,
    record: &mut Pending,
) -> Result<Done> {
    record.note_stopped(stop.scope.to_string());
    let stream = ask.stream;
    let found = match stop.serve {
        StopServe::Error => None,
        StopServe::Fallback => match check::stopped(resolved, stream, record) {
            Some(checked) => Some(Done::Checked(checked, None)),
            None => kept((snapshot, resolved), recall, ask, record).await,
        },
        StopServe::Cached => match kept((snapshot, resolved), recall, ask, record).await {
            Some(done) => Some(done),
            None => check::stopped(resolved, stream, record).map(|done| Done::Checked(done, None)),
        },
    };
    found.ok_or_else(|| refusal(stop))
}

/// The answer that a cache still has. A request that cannot be prepared has none.
async fn kept(
    (snapshot, resolved): (&Snapshot, &Resolved),
    recall: Option<(&Caches, &Plan)>,
    ask: Ask,
    record: &mut Pending,
) -> Option<Done> {
    let (caches, plan) = recall?;
    // As in the steps: a cascade's answer is asked for and kept whole.
    let streams = ask.stream && Stairs::of(snapshot, resolved).is_some();
    let ask = Ask { stream: ask.stream && !streams, ..ask };
    let prepared = prepare::prepare(snapshot, resolved, ask, record).ok()?;
    let found = caches.last(snapshot, resolved, plan, &prepared).await?;
    Some(Done::Kept(Again::of(found, &prepared, streams, record)))
}

fn refusal(stop: &StopOrder) -> Error {
    let reason = stop.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let message = match &stop.scope {
        StopScope::All => format!("all calls are stopped{reason}"),
        StopScope::Environment(name) => format!("calls in {name} are stopped{reason}"),
        StopScope::Service(name) => format!("calls of the service `{name}` are stopped{reason}"),
        StopScope::Prompt(name) => format!("calls of the prompt `{name}` are stopped{reason}"),
    };
    Error::new(Kind::Unavailable, message).coded(STOPPED)
}
