//! One request under way, as the memory of health sees it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use gatemark_core::model::Provider;
use gatemark_core::resilience::BreakerSettings;
use tokio::time::Instant;

use super::ModelHealth;
use super::breaker::{Pass, Verdict};

/// Why a request is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The breaker is open for about this long.
    Breaker(Duration),
    /// The provider has this many requests under way, which is the most that it may.
    Full(u32),
}

/// A place among the requests under way, and the duty to say how this one went. Dropped without a word, it
/// counts as abandoned.
pub(crate) struct Ticket {
    model: Arc<ModelHealth>,
    breaker: Option<(BreakerSettings, Pass)>,
    sent: Instant,
    reported: bool,
}

impl ModelHealth {
    /// Takes a place, if the breaker and the provider's bound allow. Without `guard` nothing is asked and
    /// nothing remembered: test runs have a brake of their own and must not close a model to applications.
    pub(crate) fn enter(
        self: &Arc<Self>,
        provider: &Provider,
        guard: bool,
    ) -> Result<Ticket, Closed> {
        let now = Instant::now();
        let most = provider.resilience.max_in_flight.filter(|_| guard);
        let before = self.provider.in_flight.fetch_add(1, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let mut ticket = Ticket { model: self.clone(), breaker: None, sent: now, reported: true };
        if let Some(most) = most.filter(|most| before >= *most) {
            self.provider.counters.shed.fetch_add(1, Ordering::Relaxed);
            return Err(Closed::Full(most));
        }
        if let Some(settings) = provider.resilience.breaker.filter(|_| guard) {
            let pass = self.memory().breaker.admit(&settings, now).map_err(Closed::Breaker)?;
            ticket.breaker = Some((settings, pass));
        }
        ticket.reported = !guard;
        Ok(ticket)
    }
}

impl Ticket {
    /// The vendor answered, or began to.
    pub(crate) fn answered(&mut self) {
        self.report(Verdict::Answered(self.sent.elapsed()));
    }

    /// The vendor failed.
    pub(crate) fn failed(&mut self) {
        self.report(Verdict::Failed);
    }

    /// What had begun well broke off.
    pub(crate) fn broke(&mut self) {
        if let Some((settings, pass)) = &self.breaker {
            self.model.memory().breaker.broke(settings, *pass, Instant::now());
        }
    }

    fn report(&mut self, verdict: Verdict) {
        if std::mem::replace(&mut self.reported, true) {
            return;
        }
        let now = Instant::now();
        let mut memory = self.model.memory();
        if let Verdict::Answered(took) = verdict {
            memory.latency.note(took, now);
        }
        if let Some((settings, pass)) = &self.breaker {
            memory.breaker.report(settings, *pass, verdict, now);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.report(Verdict::Unknown);
        self.model.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.model.provider.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
