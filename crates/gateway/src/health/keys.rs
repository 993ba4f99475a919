//! Which of a provider's keys is used next.
//!
//! One key is used until it fails; then it rests for a time and the next one takes over. When all rest, the
//! one that may be used soonest is: a provider with a single key is never locked out by its own rest.

use std::time::Duration;

use tokio::time::Instant;

/// How long a key rests that the vendor refused (401, 402, 403): somebody has to mend or pay something.
pub(crate) const REFUSED: Duration = Duration::from_secs(300);
/// How long a key rests that is over its rate, if the vendor does not say.
pub(crate) const LIMITED: Duration = Duration::from_secs(5);
/// Longest rest for a rate, whatever the vendor says: a limit by the day may be raised meanwhile.
const LONGEST: Duration = Duration::from_secs(60);

/// When each key may be used again; empty as long as none has failed.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    rest: Vec<Option<Instant>>,
}

impl Keys {
    /// The first of `count` keys that does not rest, or the one that may be used soonest.
    pub(crate) fn choose(&self, count: usize, now: Instant) -> usize {
        (0..count.max(1)).min_by_key(|key| self.until(*key, now)).unwrap_or_default()
    }

    /// The first key that does not rest.
    pub(crate) fn ready(&self, count: usize, now: Instant) -> Option<usize> {
        (0..count.max(1)).find(|key| self.until(*key, now).is_none())
    }

    /// Lets a key rest.
    pub(crate) fn rest(&mut self, key: usize, wait: Duration, now: Instant) {
        if self.rest.len() <= key {
            self.rest.resize(key + 1, None);
        }
        if let Some(rest) = self.rest.get_mut(key) {
            *rest = (*rest).max(Some(now + wait));
        }
    }

    /// A key over its rate rests for as long as the vendor says.
    pub(crate) fn limited(&mut self, key: usize, asked: Option<Duration>, now: Instant) {
        self.rest(key, asked.unwrap_or(LIMITED).min(LONGEST), now);
    }

    /// The key works.
    pub(crate) fn works(&mut self, key: usize) {
        if let Some(rest) = self.rest.get_mut(key) {
            *rest = None;
        }
    }

    /// How many rest.
    pub(crate) fn resting(&self, now: Instant) -> usize {
        (0..self.rest.len()).filter(|key| self.until(*key, now).is_some()).count()
    }

    /// Until when a key rests; `None`, which is before all times, if it does not.
    fn until(&self, key: usize, now: Instant) -> Option<Instant> {
        self.rest.get(key).copied().flatten().filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_take_turns_when_they_fail_and_come_back() {
        let now = Instant::now();
        let mut keys = Keys::default();
        assert_eq!((keys.choose(2, now), keys.ready(2, now)), (0, Some(0)));
        keys.rest(0, REFUSED, now);
        assert_eq!(keys.choose(2, now), 1);
        keys.limited(1, Some(Duration::from_secs(2)), now);
        assert_eq!(keys.ready(2, now), None);
        assert_eq!((keys.choose(2, now), keys.choose(1, now)), (1, 0), "the soonest of them");
        assert_eq!(keys.resting(now), 2);
        assert_eq!(keys.ready(2, now + Duration::from_secs(3)), Some(1));
        keys.works(0);
        assert_eq!(keys.choose(2, now), 0);
        keys.limited(0, Some(Duration::from_secs(86_400)), now);
        assert_eq!(keys.ready(1, now + Duration::from_secs(61)), Some(0));
    }
}
