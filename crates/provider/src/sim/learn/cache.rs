//! Keeps what was learnt from a prompt, so that only its first call pays for the learning.
//!
//! Bounded both in entries and in bytes; what was not asked for longest goes first. Calls that need the
//! same new prompt at the same time wait for one of them to learn it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Most prompts kept.
const MOST_ENTRIES: usize = 64;
/// Most bytes kept, over all prompts.
const MOST_BYTES: usize = 128 << 20;

/// A bounded map from a prompt's hash to what was learnt from it.
pub(super) struct Cache<T> {
    slots: Mutex<Slots<T>>,
}

struct Slots<T> {
    clock: u64,
    all: HashMap<u64, Slot<T>>,
}

struct Slot<T> {
    used: u64,
    bytes: usize,
    value: Arc<OnceLock<Arc<T>>>,
}

impl<T> Cache<T> {
    /// An empty cache.
    pub(super) fn new() -> Self {
        Self { slots: Mutex::new(Slots { clock: 0, all: HashMap::new() }) }
    }

    /// The value under `key`, made by `make` (which tells its size in bytes) if there is none.
    pub(super) fn get(&self, key: u64, make: impl FnOnce() -> (T, usize)) -> Arc<T> {
        let value = {
            let mut slots = self.lock();
            slots.clock += 1;
            let used = slots.clock;
            let new = || Slot { used, bytes: 0, value: Arc::new(OnceLock::new()) };
            let slot = slots.all.entry(key).or_insert_with(new);
            slot.used = used;
            slot.value.clone()
        };
        let mut size = None;
        let made = value.get_or_init(|| {
            let (made, bytes) = make();
            size = Some(bytes);
            Arc::new(made)
        });
        if let Some(bytes) = size {
            self.admit(key, bytes);
        }
        made.clone()
    }

    fn admit(&self, key: u64, bytes: usize) {
        let mut slots = self.lock();
        if let Some(slot) = slots.all.get_mut(&key) {
            slot.bytes = bytes;
        }
        while slots.all.len() > MOST_ENTRIES
            || slots.all.len() > 1
                && slots.all.values().map(|slot| slot.bytes).sum::<usize>() > MOST_BYTES
        {
            let oldest = slots.all.iter().min_by_key(|(_, slot)| slot.used).map(|(key, _)| *key);
            let Some(oldest) = oldest else { break };
            slots.all.remove(&oldest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Slots<T>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_each_value_once() {
        let cache = Cache::new();
        assert_eq!(*cache.get(1, || (10, 1)), 10);
        assert_eq!(*cache.get(1, || (20, 1)), 10);
    }

    #[test]
    fn stays_within_its_bounds() {
        let cache = Cache::new();
        for key in 0..500 {
            cache.get(0, || (0, 1));
            cache.get(key, || (key, 1));
        }
        assert_eq!(cache.lock().all.len(), MOST_ENTRIES);
        assert_eq!(*cache.get(0, || (9, 1)), 0, "what is in use stays");
        for key in 1000..1010 {
            cache.get(key, || (key, MOST_BYTES / 2));
        }
        assert!(cache.lock().all.len() <= 2);
    }
}
