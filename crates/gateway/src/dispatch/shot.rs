//! One request in flight: its place, its key, its entry in the record, and what its end means for each.

use gatemark_core::error::{Error, Kind, Result};
use tokio::time::Instant;

use super::attempt::{self, Bounds, Gave, Spent};
use super::class::{self, Class};
use super::target::Target;
use super::{Answered, Got, Job, Started, Walk};
use crate::health::{Closed, Ticket};
use crate::record::Pending;

/// A request in flight.
pub(super) struct Shot {
    ticket: Ticket,
    /// Which of the provider's keys it uses.
    pub(super) key: usize,
    /// Its place among the record's attempts.
    entry: usize,
    spent: Spent,
}

impl Shot {
    /// Takes a place and a key.
    pub(super) fn aim(
        job: &Job<'_>,
        target: &Target<'_>,
        record: &mut Pending,
    ) -> Result<Self, Closed> {
        let ticket = target.health.enter(target.provider, job.resolved.guard)?;
        let keys = job.snapshot.keys(target.model());
        let key = target.health.provider.key(keys, Instant::now());
        let entry = record.begin_attempt(target.model());
        Ok(Self { ticket, key, entry, spent: Spent::default() })
    }

    /// Sends the request and waits for its answer or first output. `others` says whether another target
    /// could take over.
    pub(super) async fn fly(
        &self,
        walk: &Walk<'_>,
        target: &Target<'_>,
        others: bool,
    ) -> Result<Gave> {
        let connection = walk.job.snapshot.connection(target.model(), self.key);
        let vendor = connection
            .ok_or_else(|| Error::internal(format!("no connection for {}", target.model())))?;
        let request = &target.prepared().request;
        let bounds = walk.bounds(target, request.stream, others);
        attempt::attempt(vendor.as_ref(), request, bounds, &self.spent).await
    }

    /// Draws the consequences of how it ended.
    pub(super) fn land(
        mut self,
        walk: &Walk<'_>,
        target: &Target<'_>,
        result: Result<Gave>,
        record: &mut Pending,
    ) -> Result<Answered> {
        record.end_attempt(self.entry, result.as_ref().err());
        let gave = match result {
            Ok(gave) => gave,
            Err(error) => {
                self.learn(target, &error);
                self.settle(target, record);
                return Err(error);
            }
        };
        self.ticket.answered();
        if walk.job.snapshot.keys(target.model()) > 1 || target.index > 0 {
            target.health.provider.key_works(self.key);
        }
        record.answers(target.model(), target.price().cloned());
        let got = match gave {
            Gave::Whole(answer) => Got::Whole(answer),
            Gave::Stream(head, rest) => Got::Stream(Box::new(Started {
                head,
                rest,
                deadline: walk.deadline,
                between: target.provider.resilience.timeouts.between_tokens,
                ticket: self.ticket,
            })),
        };
        Ok(Answered { got, by: None })
    }

    /// Gives it up in favour of another.
    pub(super) fn abandon(self, target: &Target<'_>, record: &mut Pending) {
        record.end_attempt(self.entry, Some(&Error::new(Kind::Cancelled, "another was faster")));
        self.settle(target, record);
    }

    /// What breaker and keys make of a failure. A caller's mistake is a sign of health.
    fn learn(&mut self, target: &Target<'_>, error: &Error) {
        let provider = &target.health.provider;
        let now = Instant::now();
        match class::of(error) {
            Class::Caller if error.vendor().is_some() => self.ticket.answered(),
            Class::Caller => {}
            Class::Key => {
                provider.key_refused(self.key, now);
                self.ticket.failed();
            }
            Class::Limited => provider.key_limited(self.key, error.wait(), now),
            Class::Fault | Class::Elsewhere => self.ticket.failed(),
        }
    }

    /// What an attempt without an answer is known to have used is paid for all the same.
    fn settle(&self, target: &Target<'_>, record: &mut Pending) {
        if let Some(usage) = self.spent.take() {
            record.note_spent(usage, target.price().map(|price| &**price));
        }
    }
}

impl Walk<'_> {
    /// Until when an attempt may take. With another target to turn to and no deadline of its own, it gets
    /// half of what is left, so that a stall does not eat the other's time.
    fn bounds(&self, target: &Target<'_>, stream: bool, others: bool) -> Bounds {
        let now = Instant::now();
        let mut bounds = Bounds { until: self.deadline, within: self.timeout, what: "answer" };
        let timeouts = &target.provider.resilience.timeouts;
        let half = others.then(|| self.deadline.saturating_duration_since(now) / 2);
        if let Some(within) = timeouts.attempt.or(half)
            && now + within < bounds.until
        {
            bounds = Bounds { until: now + within, within, what: "answer" };
        }
        if let Some(within) = timeouts.first_token.filter(|_| stream)
            && now + within < bounds.until
        {
            bounds = Bounds { until: now + within, within, what: "first output" };
        }
        bounds
    }
}
