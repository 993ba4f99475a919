//! How many repeated requests a provider gets: a token bucket filled by its calls.
//!
//! Every call puts in a share of a token, every repetition takes one out. However long an outage lasts,
//! repetitions are at most [`START`] plus that share of the calls; without the bound every caller's retries
//! would hit a provider that is down just because it is overloaded.

use std::sync::atomic::{AtomicU64, Ordering};

/// Thousandths of a token, so that shares need no fractions.
const TOKEN: u64 = 1000;
/// Tokens at the start, so that the first calls of a quiet provider may be repeated too.
pub(crate) const START: u64 = 10;
/// Most tokens: what calls of long ago have saved up is no reason for a storm.
pub(crate) const MOST: u64 = 100;

/// The bucket.
#[derive(Debug)]
pub(crate) struct Budget {
    thousandths: AtomicU64,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { thousandths: AtomicU64::new(START * TOKEN) }
    }

    /// A call is made, which pays for `share` repetitions.
    pub(crate) fn earn(&self, share: f64) {
        let gain = thousandths(share);
        let add = |held: u64| Some(held.saturating_add(gain).min(MOST * TOKEN));
        // The closure always gives a value, so this cannot fail.
        let _ = self.thousandths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Pays for one repetition, if there is enough.
    pub(crate) fn spend(&self) -> bool {
        let take = |held: u64| held.checked_sub(TOKEN);
        self.thousandths.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    /// Whole tokens held.
    pub(crate) fn left(&self) -> u64 {
        self.thousandths.load(Ordering::Relaxed) / TOKEN
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn thousandths(share: f64) -> u64 {
    // Between 0 and 1000 after clamping; NaN becomes 0.
    (share.clamp(0.0, 1.0) * 1000.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn repetitions_are_at_most_a_share_of_the_calls(
            steps in proptest::collection::vec(any::<bool>(), 0..3000),
            share in 0.0f64..=1.0,
        ) {
            let budget = Budget::new();
            let (mut calls, mut repeated) = (0u32, 0u32);
            for is_call in steps {
                if is_call {
                    budget.earn(share);
                    calls += 1;
                } else {
                    repeated += u32::from(budget.spend());
                }
                prop_assert!(f64::from(repeated) <= START as f64 + share * f64::from(calls));
                prop_assert!(budget.left() <= MOST);
            }
        }
    }

    #[test]
    fn an_outage_with_everybody_retrying() {
        let budget = Budget::new();
        let mut repeated = 0;
        for _ in 0..10_000 {
            budget.earn(0.2);
            // Each call would like three.
            repeated += (0..3).filter(|_| budget.spend()).count();
        }
        assert_eq!(repeated, 2010);
    }
}
