//! Where a test may end the process: around the writes of a rollout, and between what a controller does.
//!
//! That `kill -9` loses and doubles nothing can only be shown by dying at each of these places. Programs that are
//! shipped have no such places: without debug assertions [`at`] does nothing.

use std::sync::OnceLock;

type Witness = Box<dyn Fn(&str) + Send + Sync>;

static WITNESS: OnceLock<Witness> = OnceLock::new();

/// Has `witness` called at every place that is reached, from now on and in this process; the first one stays.
pub fn witness(witness: impl Fn(&str) + Send + Sync + 'static) {
    // A second one would be a test's mistake, which shows in the test.
    drop(WITNESS.set(Box::new(witness)));
}

/// A place, reached.
#[inline]
pub fn at(place: &str) {
    if cfg!(debug_assertions)
        && let Some(witness) = WITNESS.get()
    {
        witness(place);
    }
}
