//! `latency`: the call took at most so long.

use super::parameters::Parameters;
use super::{Check, CheckProblem, Finding, Observation};

struct Latency {
    max_ms: u64,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let written = parameters.required("max_ms")?;
    let max_ms = written.as_u64().filter(|ms| *ms > 0);
    let max_ms = max_ms.ok_or_else(|| {
        parameters.wrong("max_ms", "a whole number of milliseconds above 0", written)
    })?;
    Ok(Box::new(Latency { max_ms }))
}

impl Check for Latency {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        if seen.latency_us <= self.max_ms.saturating_mul(1000) {
            return Finding::Holds;
        }
        // Rounded up, so that a call just over the bound is not shown as being at it.
        let found = seen.latency_us.div_ceil(1000);
        Finding::Fails(format!("expected at most {} ms, found {found} ms", self.max_ms))
    }

    fn describe(&self) -> String {
        format!("latency at most {} ms", self.max_ms)
    }
}
