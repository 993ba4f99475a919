//! How patient, how persistent and how careful the gateway is with one provider; the numbers that a
//! project may change. What is done with them is in `gateway`; why they are what they are, in
//! `docs/resilience.md`.

use std::time::Duration;

/// Deadlines within the call's own, which is [`crate::model::Provider::timeout`] or the version's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Longest wait for one attempt: its whole answer, or the first output of a streamed one.
    pub attempt: Option<Duration>,
    /// Longest wait for the first output of a streamed answer, from sending the request.
    pub first_token: Option<Duration>,
    /// Longest silence in a stream after its first output.
    pub between_tokens: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { attempt: None, first_token: None, between_tokens: Some(Duration::from_secs(30)) }
    }
}

/// When a model is left alone for a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerSettings {
    /// How far back calls count.
    pub window: Duration,
    /// Fewest calls in the window by which it is judged; at least 1.
    pub min_samples: u32,
    /// Share of failures at which it opens, above 0 and up to 1.
    pub failure_rate: f64,
    /// From what duration a call counts as slow; `None` if none does.
    pub slow_after: Option<Duration>,
    /// Share of slow calls at which it opens, above 0 and up to 1.
    pub slow_rate: f64,
    /// How long it stays open before probes are let through.
    pub open_for: Duration,
    /// Probes that are let through at once, and that must all do well for it to close; at least 1.
    pub probes: u32,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            window: Duration::from_secs(30),
            min_samples: 20,
            failure_rate: 0.5,
            slow_after: None,
            slow_rate: 0.9,
            open_for: Duration::from_secs(10),
            probes: 3,
        }
    }
}

/// Everything about a provider that decides how failures are met.
#[derive(Debug, Clone, PartialEq)]
pub struct Resilience {
    /// Deadlines.
    pub timeouts: Timeouts,
    /// Most repeated or hedged requests as a share of its recent calls, 0 to 1.
    pub retry_share: f64,
    /// When its models are left alone; `None` for never.
    pub breaker: Option<BreakerSettings>,
    /// After how long without output a second request is sent; `None` for never.
    pub hedge_after: Option<Duration>,
    /// Most requests to it at once, if bounded.
    pub max_in_flight: Option<u32>,
    /// Environment variables with further keys, in the order in which they are tried.
    pub more_keys: Vec<String>,
}

impl Default for Resilience {
    fn default() -> Self {
        Self {
            timeouts: Timeouts::default(),
            retry_share: 0.2,
            breaker: Some(BreakerSettings::default()),
            hedge_after: None,
            max_in_flight: None,
            more_keys: vec![],
        }
    }
}

/// How much one process takes on before it says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerBounds {
    /// Most calls at once.
    pub max_in_flight: u32,
    /// Most calls that wait for a place.
    pub max_queue: u32,
    /// Longest wait for a place.
    pub queue_wait: Duration,
    /// Longest wait for a caller to read on, before its connection is closed and its call ended.
    pub write_timeout: Duration,
    /// How the process ends.
    pub drain: Drain,
}

/// How a process ends that was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drain {
    /// How long it goes on as before but for saying that it is not ready, so that load balancers look elsewhere.
    pub delay: Duration,
    /// How long calls under way may take after that.
    pub timeout: Duration,
}

impl Default for Drain {
    fn default() -> Self {
        Self { delay: Duration::ZERO, timeout: Duration::from_secs(10) }
    }
}

impl Default for ServerBounds {
    fn default() -> Self {
        Self {
            max_in_flight: 2048,
            max_queue: 2048,
            queue_wait: Duration::from_millis(500),
            write_timeout: Duration::from_secs(30),
            drain: Drain::default(),
        }
    }
}
