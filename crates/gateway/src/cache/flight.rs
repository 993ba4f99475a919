//! One question at a time: whoever asks what is being asked already waits for that answer.
//!
//! The first to come leads: it asks the vendor. The others follow, each as long as its own deadline lets it.
//! When the leader has an answer that may be shared, all followers get it. When it has one that may not,
//! they all go on alone, at once: waiting for one another would only make a queue. When it fails or its
//! caller goes away, one follower takes its place and the rest wait on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use gatemark_core::id::Digest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::kept::Kept;

/// An answer that followers may have.
#[derive(Debug, Clone)]
pub(crate) struct Landed {
    pub(crate) kept: Arc<Kept>,
    /// How like the request was that it was given to first, if it was another.
    pub(crate) similarity: Option<f32>,
}

/// Questions under way by their key.
#[derive(Clone, Default)]
pub(crate) struct Flights {
    under_way: Arc<Mutex<HashMap<Digest, Seats>>>,
}

struct Seats {
    flight: Arc<Flight>,
    following: usize,
}

struct Flight {
    /// One permit, held by the leader; closed when the answer is there.
    turn: Arc<Semaphore>,
    landed: OnceLock<Option<Landed>>,
}

pub(crate) enum Entered {
    Lead(Lead),
    Follow(Follow),
}

/// How waiting ended.
pub(crate) enum Waited {
    /// There is an answer.
    Landed(Landed),
    /// There is one, but not to be shared.
    Alone,
    /// The leader is gone; this one leads now.
    Lead(Lead),
    /// The deadline has passed.
    Late,
}

impl Flights {
    /// Joins the question `key`, or begins it.
    pub(crate) fn enter(&self, key: Digest) -> Entered {
        let mut under_way = self.lock();
        let seats = under_way.entry(key).or_insert_with(|| {
            let turn = Arc::new(Semaphore::new(1));
            Seats { flight: Arc::new(Flight { turn, landed: OnceLock::new() }), following: 0 }
        });
        let flight = seats.flight.clone();
        match flight.turn.clone().try_acquire_owned() {
            Ok(permit) => {
                Entered::Lead(Lead { flights: self.clone(), key, flight, permit: Some(permit) })
            }
            Err(_) => {
                seats.following += 1;
                Entered::Follow(Follow { flights: self.clone(), key, flight })
            }
        }
    }

    /// How many questions are under way.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Seats>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a question that nobody asks any more off the list.
    fn tidy(under_way: &mut HashMap<Digest, Seats>, key: &Digest) {
        let idle =
            |seats: &Seats| seats.following == 0 && seats.flight.turn.available_permits() > 0;
        if under_way.get(key).is_some_and(idle) {
            under_way.remove(key);
        }
    }
}

/// The duty to bring an answer. Dropped without one, it passes to a follower.
pub(crate) struct Lead {
    flights: Flights,
    key: Digest,
    flight: Arc<Flight>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Lead {
    /// Ends the question with an answer for all, or with none to share.
    pub(crate) fn land(mut self, landed: Option<Landed>) {
        let mut under_way = self.flights.lock();
        // It cannot be set yet: only a leader does, once.
        self.flight.landed.set(landed).ok();
        under_way.remove(&self.key);
        if let Some(permit) = self.permit.take() {
            permit.forget();
        }
        self.flight.turn.close();
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            let mut under_way = self.flights.lock();
            drop(permit);
            Flights::tidy(&mut under_way, &self.key);
        }
    }
}

/// A place among those who wait.
pub(crate) struct Follow {
    flights: Flights,
    key: Digest,
    flight: Arc<Flight>,
}

impl Follow {
    /// Waits for the answer until `deadline`.
    pub(crate) async fn wait(self, deadline: Instant) -> Waited {
        let turn = self.flight.turn.clone();
        match timeout_at(deadline, turn.acquire_owned()).await {
            Err(_) => Waited::Late,
            Ok(Ok(permit)) => Waited::Lead(Lead {
                flights: self.flights.clone(),
                key: self.key,
                flight: self.flight.clone(),
                permit: Some(permit),
            }),
            Ok(Err(_)) => match self.flight.landed.get() {
                Some(Some(landed)) => Waited::Landed(landed.clone()),
                _ => Waited::Alone,
            },
        }
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        let mut under_way = self.flights.lock();
        // After the end another question may stand under the same key.
        let own =
            under_way.get_mut(&self.key).filter(|seats| Arc::ptr_eq(&seats.flight, &self.flight));
        let Some(seats) = own else { return };
        seats.following = seats.following.saturating_sub(1);
        Flights::tidy(&mut under_way, &self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::super::kept::tests::kept;
    use super::*;
    use futures_util::future::join_all;
    use futures_util::stream::FuturesUnordered;
    use futures_util::{FutureExt, StreamExt};
    use std::time::Duration;

    fn lead(flights: &Flights) -> Lead {
        match flights.enter(Digest::of(b"k")) {
            Entered::Lead(lead) => lead,
            Entered::Follow(_) => panic!("somebody leads already"),
        }
    }

    fn follow(flights: &Flights) -> Follow {
        match flights.enter(Digest::of(b"k")) {
            Entered::Follow(follow) => follow,
            Entered::Lead(_) => panic!("nobody leads"),
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    fn landed() -> Option<Landed> {
        Some(Landed { kept: Arc::new(kept("answer")), similarity: None })
    }

    #[tokio::test]
    async fn all_followers_get_the_leaders_answer() {
        let flights = Flights::default();
        let lead = lead(&flights);
        let waiting = join_all((0..5).map(|_| follow(&flights).wait(soon())));
        let (waited, ()) = tokio::join!(waiting, async { lead.land(landed()) });
        for waited in waited {
            let Waited::Landed(landed) = waited else { panic!("no answer") };
            assert_eq!(landed.kept.text(), "answer");
        }
        assert_eq!(flights.len(), 0);
    }

    #[tokio::test]
    async fn one_follower_takes_over_and_the_rest_wait_on() {
        let flights = Flights::default();
        let first = lead(&flights);
        let mut waiting: FuturesUnordered<_> =
            (0..3).map(|_| follow(&flights).wait(soon())).collect();
        assert!(waiting.next().now_or_never().is_none());
        drop(first);
        let Some(Waited::Lead(second)) = waiting.next().await else { panic!("nobody took over") };
        assert!(waiting.next().now_or_never().is_none(), "two lead");
        second.land(landed());
        while let Some(waited) = waiting.next().await {
            assert!(matches!(waited, Waited::Landed(_)));
        }
        assert_eq!(flights.len(), 0);
    }

    #[tokio::test]
    async fn an_answer_not_to_be_shared_lets_all_go_at_once() {
        let flights = Flights::default();
        let lead = lead(&flights);
        let followers: Vec<_> = (0..3).map(|_| follow(&flights)).collect();
        lead.land(None);
        for follower in followers {
            assert!(matches!(follower.wait(soon()).await, Waited::Alone));
        }
    }

    #[tokio::test]
    async fn a_follower_leaves_at_its_own_deadline() {
        let flights = Flights::default();
        let lead = lead(&flights);
        assert!(matches!(follow(&flights).wait(Instant::now()).await, Waited::Late));
        drop(lead);
        assert_eq!(flights.len(), 0);
    }

    #[tokio::test]
    async fn nothing_is_left_behind_when_all_go_away() {
        let flights = Flights::default();
        let first = lead(&flights);
        let second = follow(&flights);
        drop(first);
        assert_eq!(flights.len(), 1, "somebody still wants it");
        drop(second);
        assert_eq!(flights.len(), 0);
        lead(&flights).land(None);
        assert_eq!(flights.len(), 0);
    }
}
