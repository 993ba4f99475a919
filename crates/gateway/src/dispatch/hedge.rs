//! Asking a second time while the first request is still silent, and taking whichever answers first.
//!
//! The second goes to the next target that is ready, else to the same one, and only if the provider's
//! retry budget pays for it: a vendor that is slow because it is overloaded must not get twice the load.
//! The slower one is dropped, which closes its connection.

use std::time::Duration;

use futures_util::future::{Either, select};
use gatemark_core::error::{Error, Result};

use super::attempt::Gave;
use super::shot::Shot;
use super::target::Target;
use super::{Answered, Walk};
use crate::health::Again;
use crate::record::Pending;
use crate::reserve;

/// How a race ended.
enum Ended {
    /// The first answered; the second is dropped.
    First(Result<Gave>),
    /// The second answered; the first is dropped.
    Second(Result<Gave>),
    /// The first failed, and the second ended so.
    FirstFailed(Error, Result<Gave>),
    /// The second failed, and the first ended so.
    SecondFailed(Error, Result<Gave>),
}

/// Takes both requests by value, so that the loser is gone when this returns.
async fn race(
    first: impl Future<Output = Result<Gave>> + Unpin,
    second: impl Future<Output = Result<Gave>> + Unpin,
) -> Ended {
    match select(first, second).await {
        Either::Left((Ok(gave), _)) => Ended::First(Ok(gave)),
        Either::Right((Ok(gave), _)) => Ended::Second(Ok(gave)),
        Either::Left((Err(error), second)) => Ended::FirstFailed(error, second.await),
        Either::Right((Err(error), first)) => Ended::SecondFailed(error, first.await),
    }
}

impl Walk<'_> {
    pub(super) async fn hedged(
        &self,
        target: &Target<'_>,
        first: Shot,
        after: Duration,
        others: bool,
        record: &mut Pending,
    ) -> Result<Answered> {
        let mut flight = Box::pin(first.fly(self, target, others));
        if let Ok(result) = tokio::time::timeout(after, &mut flight).await {
            drop(flight);
            return first.land(self, target, result, record);
        }
        let Some((other, second)) = self.second(target, record) else {
            let result = flight.await;
            return first.land(self, target, result, record);
        };
        let second_target = other.as_ref().unwrap_or(target);
        let second_flight = Box::pin(second.fly(self, second_target, false));
        match race(flight, second_flight).await {
            Ended::First(result) => {
                second.abandon(second_target, record);
                first.land(self, target, result, record)
            }
            Ended::Second(result) => {
                first.abandon(target, record);
                let landed = second.land(self, second_target, result, record);
                Self::by(other, landed)
            }
            // The second one's failure is noted; what the first one says counts.
            Ended::SecondFailed(error, result) => {
                let _ = second.land(self, second_target, Err(error), record);
                first.land(self, target, result, record)
            }
            Ended::FirstFailed(error, result) => {
                let ended = first.land(self, target, Err(error), record);
                let landed = second.land(self, second_target, result, record);
                Self::by(other, landed.or(ended))
            }
        }
    }

    /// A second request, if there is a place and a budget for it; with its target if that is another.
    fn second<'a>(
        &'a self,
        target: &Target<'a>,
        record: &mut Pending,
    ) -> Option<(Option<Target<'a>>, Shot)> {
        let next = self.job.next_ready(target.index);
        let flying = Some(target.model());
        let other = next.and_then(|next| self.job.target(next, flying, record).ok());
        let asked = other.as_ref().unwrap_or(target);
        if !asked.health.provider.may(Again::Hedge) {
            return None;
        }
        if other.is_none() {
            // Both may have to be paid.
            let same = (target.resolved(), target.prepared());
            reserve::beside(self.job.snapshot, same, flying, record).ok()?;
        }
        let shot = Shot::aim(&self.job, asked, record).ok()?;
        Some((other, shot))
    }

    /// Adds how it was asked for, if by another target.
    fn by(other: Option<Target<'_>>, landed: Result<Answered>) -> Result<Answered> {
        let mut answered = landed?;
        answered.by = other.and_then(Target::into_prepared);
        Ok(answered)
    }
}
