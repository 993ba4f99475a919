//! Step 7, dispatch: ask the vendor, and again or another one while that is safe and there is time.
//!
//! Nothing is asked twice once the caller may have seen a part of the answer. Before that, `class` says by
//! the kind of the failure who is asked next, `pause` when, the provider's retry budget whether at all, and
//! its breaker whom to leave alone. A prompt's other models are used only if the gate admitted them;
//! `resolve` lists no others. `hedge` asks a second time while the first is still silent.
//!
//! With one target and nothing failing this is one lookup, one ticket and one request.

mod attempt;
mod class;
mod hedge;
mod pause;
mod shot;
mod target;

use std::time::Duration;

use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::ModelName;
use gatemark_provider::answer::{Answer, Chunk, ChunkStream};
use tokio::time::Instant;

use crate::health::{Again, Closed, Health, Ticket};
use crate::incoming::Ask;
use crate::prepare::Prepared;
use crate::record::Pending;
use crate::resolve::Resolved;
use crate::snapshot::Snapshot;

use class::Class;
use shot::Shot;
use target::Target;

/// What a vendor gave.
pub(crate) enum Got {
    /// Everything.
    Whole(Box<Answer>),
    /// The beginning, and the rest to come.
    Stream(Box<Started>),
}

/// A stream that has begun to answer.
pub(crate) struct Started {
    /// The pieces up to the first output.
    pub(crate) head: Vec<Chunk>,
    pub(crate) rest: ChunkStream,
    /// When the whole answer has to be there.
    pub(crate) deadline: Instant,
    /// Longest silence.
    pub(crate) between: Option<Duration>,
    pub(crate) ticket: Ticket,
}

/// What was got, and how it was asked for if that was not what was prepared first.
pub(crate) struct Answered {
    pub(crate) got: Got,
    pub(crate) by: Option<Box<Prepared>>,
}

/// What dispatch needs to know of a call.
#[derive(Clone, Copy)]
pub(crate) struct Job<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) health: &'a Health,
    pub(crate) resolved: &'a Resolved,
    pub(crate) prepared: &'a Prepared,
    /// What was asked, for targets that are prepared when it comes to them.
    pub(crate) ask: Option<&'a Ask>,
}

/// Why a target gave no answer.
enum Miss {
    /// No other can help, or there is no time.
    End(Error),
    /// Another may.
    Next(Error),
}

pub(crate) async fn dispatch(job: Job<'_>, record: &mut Pending) -> Result<Answered> {
    let timeout = job.timeout()?;
    let walk = Walk { job, deadline: job.prepared.since + timeout, timeout };
    let mut reported: Option<Error> = None;
    for index in 0..walk.job.targets() {
        let missed = match walk.job.target(index, None, record) {
            Ok(target) => match walk.ask(target, record).await {
                Ok(answered) => return Ok(answered),
                Err(Miss::End(error)) => return Err(error),
                Err(Miss::Next(error)) => error,
            },
            Err(error) if index == 0 => return Err(error),
            // Another model may be unable to express the request or too dear for its cap.
            Err(error) => error,
        };
        // What a vendor said tells callers more than that we did not ask.
        if reported.as_ref().is_none_or(|first| first.kind() == Kind::Unavailable) {
            reported = Some(missed);
        }
        if Instant::now() >= walk.deadline {
            break;
        }
    }
    Err(reported.unwrap_or_else(|| Error::internal("a call has no target")))
}

/// The way through a call's targets.
struct Walk<'a> {
    job: Job<'a>,
    deadline: Instant,
    /// How long the call may take in all.
    timeout: Duration,
}

impl Walk<'_> {
    /// Asks one target, as often as its class of failure allows.
    async fn ask(&self, target: Target<'_>, record: &mut Pending) -> Result<Answered, Miss> {
        let provider = target.provider;
        let keys = self.job.snapshot.keys(target.model());
        let has_key = || target.health.provider.ready_key(keys, Instant::now()).is_some();
        if self.job.is_another_ready(target.index) && !has_key() {
            return Err(Miss::Next(resting(target.model())));
        }
        target.health.provider.earn(provider);
        let mut repeated = 0;
        let mut keys_tried = 1;
        loop {
            let others = self.job.is_another_ready(target.index);
            let shot = Shot::aim(&self.job, &target, record)
                .map_err(|closed| Miss::Next(refusal(closed, target.model())))?;
            let key = shot.key;
            let error = match self.shoot(&target, shot, others, record).await {
                Ok(answered) => return Ok(answered),
                Err(error) => error,
            };
            let another_key = keys_tried < keys
                && target.health.provider.ready_key(keys, Instant::now()).is_some_and(|k| k != key);
            match class::of(&error) {
                Class::Caller => return Err(Miss::End(error)),
                Class::Key | Class::Limited if another_key => {
                    keys_tried += 1;
                    continue;
                }
                Class::Key | Class::Elsewhere => return Err(Miss::Next(error)),
                Class::Limited if others => return Err(Miss::Next(error)),
                Class::Limited | Class::Fault => {}
            }
            let wait = pause::before(repeated, error.wait());
            let in_time = Instant::now() + wait < self.deadline;
            let may = repeated < provider.retries && in_time;
            if !may || !target.health.provider.may(Again::Retry) {
                return Err(Miss::Next(error));
            }
            repeated += 1;
            tokio::time::sleep(wait).await;
            record.note_backoff(wait);
        }
    }

    /// One request, or two where the target is to be hedged.
    async fn shoot(
        &self,
        target: &Target<'_>,
        shot: Shot,
        others: bool,
        record: &mut Pending,
    ) -> Result<Answered> {
        record.begin_wait();
        let result = match self.hedge_after(target) {
            Some(after) => self.hedged(target, shot, after, others, record).await,
            None => {
                let result = shot.fly(self, target, others).await;
                shot.land(self, target, result, record)
            }
        };
        record.end_wait();
        result
    }

    /// After how long a silent target is to be asked a second time. Not where the version caps the cost of
    /// a call, which two requests could exceed.
    fn hedge_after(&self, target: &Target<'_>) -> Option<Duration> {
        let capped = self
            .job
            .resolved
            .named
            .as_ref()
            .is_some_and(|named| named.release.version.content.limits.cost_per_call.is_some());
        let wanted = self.job.resolved.hedge_after.or(target.provider.resilience.hedge_after);
        wanted.filter(|_| self.job.resolved.guard && !capped)
    }
}

/// Nothing was sent, because it would most likely have been refused and another target is ready.
fn resting(model: &ModelName) -> Error {
    let provider = model.provider();
    let message = format!("every key of provider `{provider}` was refused or limited of late");
    Error::new(Kind::Unavailable, message).coded("keys_resting")
}

/// Nothing was sent.
fn refusal(closed: Closed, model: &ModelName) -> Error {
    match closed {
        Closed::Breaker(wait) => {
            let message = format!(
                "`{model}` failed too often of late and is left alone for another {} ms",
                wait.as_millis()
            );
            Error::new(Kind::Unavailable, message).coded("breaker_open").retry_after(wait)
        }
        Closed::Full(most) => {
            let message = format!(
                "provider `{}` has {most} requests of this gateway under way, its `max_in_flight`",
                model.provider()
            );
            let error = Error::new(Kind::Unavailable, message).coded("provider_busy");
            error.retry_after(Duration::from_secs(1))
        }
    }
}
