//! The one place that reads the wall clock on the data plane; everything else takes time as an argument.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time of day.
#[allow(clippy::disallowed_methods)]
pub fn now() -> SystemTime {
    SystemTime::now()
}

/// Microseconds since 1970; 0 before it.
pub fn now_us() -> i64 {
    let since = now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// A duration as whole microseconds, saturating.
pub fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
