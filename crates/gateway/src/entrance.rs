//! How many calls are taken on at once, and what becomes of those beyond.
//!
//! A process that takes on everything answers nobody in time once it is saturated. Beyond the bound a call
//! waits a moment for a place; when the queue is full or the wait too long it is refused at once with
//! `Retry-After`, while those under way go on undisturbed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::resilience::ServerBounds;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The entrance.
pub(crate) struct Entrance {
    bounds: ArcSwap<ServerBounds>,
    places: Arc<Semaphore>,
    waiting: AtomicU32,
    shed: AtomicU64,
    /// Places that are taken away when calls under way leave them.
    owed: Arc<AtomicUsize>,
}

/// A call's place; free again when dropped.
pub(crate) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    owed: Arc<AtomicUsize>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let less = |owed: usize| owed.checked_sub(1);
        let is_owed = self.owed.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).is_ok();
        if let Some(permit) = self.permit.take().filter(|_| is_owed) {
            permit.forget();
        }
    }
}

/// How busy the process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Calls under way.
    pub in_flight: usize,
    /// Calls that wait for a place.
    pub waiting: u32,
    /// Calls refused since the start, because there was no place.
    pub shed: u64,
}

/// Counts one waiting call, also if its caller goes away meanwhile.
struct Waiting<'a>(&'a AtomicU32);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Entrance {
    pub(crate) fn new(bounds: ServerBounds) -> Self {
        let places = Arc::new(Semaphore::new(most(&bounds)));
        let bounds = ArcSwap::from_pointee(bounds);
        Self {
            bounds,
            places,
            waiting: AtomicU32::new(0),
            shed: AtomicU64::new(0),
            owed: Arc::default(),
        }
    }

    /// A place, at once or after a wait.
    ///
    /// # Errors
    /// `Unavailable` with the code `overloaded`.
    pub(crate) async fn enter(&self) -> Result<Place> {
        if let Ok(permit) = self.places.clone().try_acquire_owned() {
            return Ok(self.place(permit));
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        let bounds = self.bounds.load_full();
        if before >= bounds.max_queue {
            return Err(self.refuse());
        }
        let permit = self.places.clone().acquire_owned();
        match tokio::time::timeout(bounds.queue_wait, permit).await {
            Ok(Ok(permit)) => Ok(self.place(permit)),
            // The semaphore is never closed, so this is a wait that was too long.
            Ok(Err(_)) | Err(_) => Err(self.refuse()),
        }
    }

    /// Sets other bounds. Where there were more places, calls under way keep theirs, and new ones wait until
    /// enough of those have ended.
    pub(crate) fn rebound(&self, next: ServerBounds) {
        let before = self.bounds.swap(Arc::new(next));
        let (had, has) = (most(&before), most(&next));
        if has >= had {
            let paid = self.pay(has - had);
            self.places.add_permits(has - had - paid);
        } else {
            let free = self.places.forget_permits(had - has);
            self.owed.fetch_add(had - has - free, Ordering::AcqRel);
        }
    }

    /// Cancels up to `most` places that are to be taken away. Returns how many.
    fn pay(&self, most: usize) -> usize {
        let less = |owed: usize| Some(owed - owed.min(most));
        let before = self.owed.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
        before.unwrap_or_default().min(most)
    }

    fn place(&self, permit: OwnedSemaphorePermit) -> Place {
        Place { permit: Some(permit), owed: self.owed.clone() }
    }

    pub(crate) fn load(&self) -> Load {
        Load {
            in_flight: most(&self.bounds.load()).saturating_sub(self.places.available_permits()),
            waiting: self.waiting.load(Ordering::Relaxed),
            shed: self.shed.load(Ordering::Relaxed),
        }
    }

    fn refuse(&self) -> Error {
        self.shed.fetch_add(1, Ordering::Relaxed);
        let message = format!(
            "the gateway has {} calls under way, the most that it takes on (`server.max_in_flight`)",
            self.bounds.load().max_in_flight
        );
        let error = Error::new(Kind::Unavailable, message).coded("overloaded");
        error.retry_after(Duration::from_secs(1))
    }
}

fn most(bounds: &ServerBounds) -> usize {
    usize::try_from(bounds.max_in_flight).unwrap_or(Semaphore::MAX_PERMITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn beyond_the_bound_calls_wait_and_beyond_the_queue_they_are_refused() {
        let bounds = ServerBounds { max_in_flight: 2, max_queue: 1, ..ServerBounds::default() };
        let entrance = Arc::new(Entrance::new(bounds));
        let (one, _two) = (entrance.enter().await.unwrap(), entrance.enter().await.unwrap());
        let mut queued = tokio::task::JoinSet::new();
        queued.spawn({
            let entrance = entrance.clone();
            async move { entrance.enter().await }
        });
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert_eq!(entrance.load(), Load { in_flight: 2, waiting: 1, shed: 0 });
        let refused = entrance.enter().await.err().unwrap();
        assert_eq!((refused.kind(), refused.code()), (Kind::Unavailable, "overloaded"));
        assert_eq!(refused.wait(), Some(Duration::from_secs(1)));
        drop(one);
        let place = queued.join_next().await.unwrap().unwrap().unwrap();
        assert_eq!(entrance.load(), Load { in_flight: 2, waiting: 0, shed: 1 });
        let began = tokio::time::Instant::now();
        assert!(entrance.enter().await.is_err());
        assert_eq!(began.elapsed(), Duration::from_millis(500));
        drop(place);
        assert!(entrance.enter().await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn other_bounds_leave_calls_under_way_alone() {
        let bounds =
            |most| ServerBounds { max_in_flight: most, max_queue: 9, ..ServerBounds::default() };
        let entrance = Entrance::new(bounds(3));
        let (one, two) = (entrance.enter().await.unwrap(), entrance.enter().await.unwrap());
        entrance.rebound(bounds(1));
        assert!(entrance.enter().await.is_err());
        drop(one);
        assert!(entrance.enter().await.is_err(), "there is one place, and it is taken");
        drop(two);
        let alone = entrance.enter().await.unwrap();
        assert!(entrance.enter().await.is_err());
        entrance.rebound(bounds(2));
        let _beside = entrance.enter().await.unwrap();
        assert_eq!(entrance.load().in_flight, 2);
        drop(alone);
    }
}
