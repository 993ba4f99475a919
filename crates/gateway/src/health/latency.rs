//! How fast a model answers at present: a moving average that jumps up and sinks slowly ("peak EWMA", as
//! linkerd's and Finagle's balancers use it). A slow answer is believed at once, because waiting for an
//! average to notice costs every caller in between; with no news the figure fades, so that a model that was
//! slow once is tried again.

use std::time::Duration;

use tokio::time::Instant;

/// Time in which the weight of the past falls to 1/e.
const FADE: f64 = 10.0;

/// The average.
#[derive(Debug, Default)]
pub(crate) struct Latency {
    seconds: f64,
    at: Option<Instant>,
}

impl Latency {
    /// Takes in one answer.
    pub(crate) fn note(&mut self, took: Duration, now: Instant) {
        let took = took.as_secs_f64();
        let weight = self.weight(now);
        self.seconds =
            if took > self.seconds { took } else { self.seconds * weight + took * (1.0 - weight) };
        self.at = Some(now);
    }

    /// The expected seconds; 0 if nothing is known, so that the unknown is tried.
    pub(crate) fn expected(&self, now: Instant) -> f64 {
        self.seconds * self.weight(now)
    }

    fn weight(&self, now: Instant) -> f64 {
        let age = self.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        (-age.as_secs_f64() / FADE).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_up_and_sinks_slowly() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut latency = Latency::default();
        assert_eq!(latency.expected(start), 0.0);
        latency.note(Duration::from_millis(100), start);
        latency.note(Duration::from_secs(2), after(1));
        assert_eq!(latency.expected(after(1)), 2.0, "a peak counts in full");
        latency.note(Duration::from_millis(100), after(2));
        let soon = latency.expected(after(2));
        assert!(soon > 1.7 && soon < 2.0, "{soon}");
        assert!(latency.expected(after(60)) < 0.01, "no news fade it");
    }
}
