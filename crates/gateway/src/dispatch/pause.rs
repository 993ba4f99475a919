//! How long to wait before the same target is asked again.

use std::time::Duration;

const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The wait before repetition number `tries`, from 0: what the vendor asked for, else up to a ceiling that
/// doubles each time, drawn evenly from all of it ("full jitter"), so that callers who failed together do
/// not come back together.
pub(crate) fn before(tries: u32, asked: Option<Duration>) -> Duration {
    asked.unwrap_or_else(|| {
        let ceiling = FIRST_WAIT.saturating_mul(1 << tries.min(10)).min(LONGEST_WAIT);
        ceiling.mul_f64(fastrand::f64())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        for tries in 0..40 {
            assert!(before(tries, None) <= LONGEST_WAIT);
        }
        assert!(before(0, None) <= FIRST_WAIT);
        assert_eq!(before(0, Some(Duration::from_secs(9))), Duration::from_secs(9));
    }
}
