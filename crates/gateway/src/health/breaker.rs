//! The circuit breaker of one provider × model, as a state machine that is told the time.
//!
//! Closed, it counts results in a sliding window of ten slots and opens when enough of them failed or were
//! slow. Open, it lets nothing through for a time. Then it is half-open: a bounded number of probes go
//! through, and it closes when that many have done well, or opens again at the first that has not. A result
//! counts only in the period in which its call was let through: answers to calls sent before an opening
//! say nothing about the time after it.

use std::time::Duration;

use gatemark_core::resilience::BreakerSettings;
use tokio::time::Instant;

/// Slots of the window.
const SLOTS: usize = 10;

/// The right to ask, to be reported back or given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pass {
    period: u64,
}

/// How a call went, as far as the vendor is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It answered after this time, also if what it said was that the request is wrong.
    Answered(Duration),
    /// It failed.
    Failed,
    /// Nothing is known: the call was abandoned.
    Unknown,
}

/// What a breaker does with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// All go through.
    Closed,
    /// A few go through to see whether the model has recovered.
    HalfOpen,
    /// None go through.
    Open,
}

impl BreakerState {
    /// The word in APIs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed,
    Open { until: Instant },
    HalfOpen { out: u32, well: u32 },
}

/// Results of one slot of the window.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    number: u64,
    calls: u32,
    failed: u32,
    slow: u32,
}

/// Results in the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) calls: u32,
    pub(crate) failed: u32,
    pub(crate) slow: u32,
}

/// The breaker.
#[derive(Debug)]
pub(crate) struct Breaker {
    born: Instant,
    state: State,
    /// Counts changes of state.
    period: u64,
    opened: u64,
    slots: [Slot; SLOTS],
}

impl Breaker {
    pub(crate) fn new(now: Instant) -> Self {
        let slots = [Slot::default(); SLOTS];
        Self { born: now, state: State::Closed, period: 0, opened: 0, slots }
    }

    /// A pass, or how long there will be none.
    pub(crate) fn admit(
        &mut self,
        settings: &BreakerSettings,
        now: Instant,
    ) -> Result<Pass, Duration> {
        if let State::Open { until } = self.state {
            if now < until {
                return Err(until - now);
            }
            self.change(State::HalfOpen { out: 0, well: 0 });
        }
        if let State::HalfOpen { out, .. } = &mut self.state {
            if *out >= settings.probes {
                return Err(PROBING);
            }
            *out += 1;
        }
        Ok(Pass { period: self.period })
    }

    /// Whether [`Breaker::admit`] would give a pass.
    pub(crate) fn would_admit(&self, settings: &BreakerSettings, now: Instant) -> bool {
        match self.state {
            State::Closed => true,
            State::Open { until } => now >= until,
            State::HalfOpen { out, .. } => out < settings.probes,
        }
    }

    /// Takes note of how the call behind `pass` went. Each pass is reported once.
    pub(crate) fn report(
        &mut self,
        settings: &BreakerSettings,
        pass: Pass,
        verdict: Verdict,
        now: Instant,
    ) {
        if pass.period != self.period {
            return;
        }
        let slow = |took| settings.slow_after.is_some_and(|bound| took >= bound);
        let (failed, slow) = match verdict {
            Verdict::Answered(took) => (false, slow(took)),
            Verdict::Failed => (true, false),
            Verdict::Unknown => return self.give_back(),
        };
        match &mut self.state {
            State::Closed => {
                self.count(settings, failed, slow, now);
                if self.is_bad(settings, now) {
                    self.open(settings, now);
                }
            }
            State::HalfOpen { .. } if failed || slow => self.open(settings, now),
            State::HalfOpen { out, well } => {
                *out = out.saturating_sub(1);
                *well += 1;
                if *well >= settings.probes {
                    self.slots = [Slot::default(); SLOTS];
                    self.change(State::Closed);
                }
            }
            // An opening ends the period, so no pass of this one is out.
            State::Open { .. } => {}
        }
    }

    /// Takes note that what `pass` was reported to have begun well broke off later.
    pub(crate) fn broke(&mut self, settings: &BreakerSettings, pass: Pass, now: Instant) {
        if pass.period != self.period {
            return;
        }
        match self.state {
            State::Closed => {
                self.count(settings, true, false, now);
                if self.is_bad(settings, now) {
                    self.open(settings, now);
                }
            }
            State::HalfOpen { .. } => self.open(settings, now),
            State::Open { .. } => {}
        }
    }

    pub(crate) fn state(&self, now: Instant) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed,
            State::Open { until } if now < until => BreakerState::Open,
            State::Open { .. } | State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// How often it has opened.
    pub(crate) fn opened(&self) -> u64 {
        self.opened
    }

    /// What the window holds.
    pub(crate) fn counts(&self, settings: &BreakerSettings, now: Instant) -> Counts {
        let number = self.slot_number(settings, now);
        let first = (number + 1).saturating_sub(SLOTS as u64);
        let recent = self.slots.iter().filter(|slot| (first..=number).contains(&slot.number));
        recent.fold(Counts::default(), |sum, slot| Counts {
            calls: sum.calls + slot.calls,
            failed: sum.failed + slot.failed,
            slow: sum.slow + slot.slow,
        })
    }

    fn give_back(&mut self) {
        if let State::HalfOpen { out, .. } = &mut self.state {
            *out = out.saturating_sub(1);
        }
    }

    fn is_bad(&self, settings: &BreakerSettings, now: Instant) -> bool {
        let counts = self.counts(settings, now);
        let reaches = |part: u32, rate: f64| f64::from(part) >= rate * f64::from(counts.calls);
        counts.calls >= settings.min_samples.max(1)
            && (reaches(counts.failed, settings.failure_rate)
                || (settings.slow_after.is_some() && reaches(counts.slow, settings.slow_rate)))
    }

    fn open(&mut self, settings: &BreakerSettings, now: Instant) {
        self.opened += 1;
        self.slots = [Slot::default(); SLOTS];
        self.change(State::Open { until: now + settings.open_for });
    }

    fn change(&mut self, state: State) {
        self.period += 1;
        self.state = state;
    }

    fn count(&mut self, settings: &BreakerSettings, failed: bool, slow: bool, now: Instant) {
        let number = self.slot_number(settings, now);
        let index = usize::try_from(number % SLOTS as u64).unwrap_or_default();
        if let Some(slot) = self.slots.get_mut(index) {
            if slot.number != number {
                *slot = Slot { number, ..Slot::default() };
            }
            slot.calls = slot.calls.saturating_add(1);
            slot.failed += u32::from(failed);
            slot.slow += u32::from(slow);
        }
    }

    fn slot_number(&self, settings: &BreakerSettings, now: Instant) -> u64 {
        let width = (settings.window.as_micros() / SLOTS as u128).max(1);
        let since = now.saturating_duration_since(self.born).as_micros();
        u64::try_from(since / width).unwrap_or(u64::MAX)
    }
}

/// How soon a probe may have settled the matter.
const PROBING: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
