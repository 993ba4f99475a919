//! The task that delivers.
//!
//! Each channel has a courier of its own, so that a receiver that does not answer keeps nobody else waiting. What
//! fails is tried again after a time that doubles from a second to five minutes, with a quarter more or less so that
//! those that failed together do not come back together; after a day, or at once if the receiver says that it will
//! never take it, it is given up, which `gatemark alert deliveries` shows.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatemark_core::alert::{Alert, Channel, Message, Way};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_gateway::clock;
use gatemark_provider::notify::Undelivered;
use gatemark_store::Delivery;
use tokio::task::JoinSet;

use super::act;
use crate::Control;

const SECOND: i64 = 1_000_000;
/// Most messages taken at once, of all channels.
const PAGE: u32 = 1_000;
/// How long a deed may take.
const ACT: Duration = Duration::from_secs(30);
/// How much longer than a delivery a claim holds, in microseconds.
const SPARE: i64 = 5 * SECOND;
/// Longest wait between two attempts, in microseconds.
const LONGEST_WAIT: i64 = 300 * SECOND;
/// How old a message gets that cannot be delivered, in microseconds.
const GIVEN_UP: i64 = 24 * 3_600 * SECOND;
/// Time after which Alertmanager is told again what goes on, in microseconds.
const REFRESH: i64 = 60 * SECOND;

/// Who is under way.
#[derive(Default)]
pub struct Couriers {
    busy: Mutex<BTreeSet<String>>,
    jobs: Mutex<JoinSet<()>>,
    /// When each channel's latest messages were sent.
    sent: Mutex<HashMap<String, VecDeque<i64>>>,
    refreshed: Mutex<i64>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One courier's round, over when it is dropped, however it ended.
struct Round {
    couriers: Arc<Couriers>,
    channel: String,
}

impl Drop for Round {
    fn drop(&mut self) {
        locked(&self.couriers.busy).remove(&self.channel);
    }
}

impl Couriers {
    fn begin(self: &Arc<Self>, channel: &str) -> Option<Round> {
        let is_free = locked(&self.busy).insert(channel.to_string());
        is_free.then(|| Round { couriers: self.clone(), channel: channel.to_string() })
    }

    fn send(&self, round: impl Future<Output = ()> + Send + 'static) {
        let mut jobs = locked(&self.jobs);
        while jobs.try_join_next().is_some() {}
        jobs.spawn(round);
    }

    /// Counts a message to `channel` at `now`; or says until when it has to wait.
    fn pace(&self, channel: &str, per_minute: u32, now: i64) -> std::result::Result<(), i64> {
        let mut sent = locked(&self.sent);
        let times = sent.entry(channel.to_string()).or_default();
        let window = 60 * SECOND;
        while times.front().is_some_and(|at| now.saturating_sub(*at) >= window) {
            times.pop_front();
        }
        let most = usize::try_from(per_minute).unwrap_or(usize::MAX);
        match times.front() {
            Some(first) if times.len() >= most => Err(first.saturating_add(window)),
            _ => {
                times.push_back(now);
                Ok(())
            }
        }
    }
}

impl Control {
    /// Sends couriers to every channel for which something is due at `now`, in microseconds since 1970. Returns
    /// without waiting for them.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn deliver(&self, now: i64) -> Result<()> {
        let mut by_channel: BTreeMap<String, Vec<Delivery>> = BTreeMap::new();
        for delivery in self.store().due_messages(now, PAGE).await? {
            by_channel.entry(delivery.message.channel.clone()).or_default().push(delivery);
        }
        for (channel, due) in by_channel {
            let Some(round) = self.couriers().begin(&channel) else { continue };
            let control = self.clone();
            self.couriers().send(async move {
                if let Err(error) = control.carry(&round.channel, due).await {
                    tracing::error!(channel = round.channel, %error, "messages wait for the store");
                }
            });
        }
        self.refresh_alertmanagers(now).await
    }

    /// Delivers what is due for a channel, until something fails.
    async fn carry(&self, channel: &str, due: Vec<Delivery>) -> Result<()> {
        let settings = self.project().alerts.channels.get(channel).cloned();
        let patience = settings.as_ref().map_or(ACT, |settings| settings.timeout);
        for delivery in due {
            let now = clock::now_us();
            if let Some(settings) = &settings
                && let Err(until) = self.couriers().pace(channel, settings.per_minute, now)
            {
                self.store().postpone_message(&delivery.message.id, until).await?;
                continue;
            }
            let micros = i64::try_from(patience.as_micros()).unwrap_or(i64::MAX);
            let until = now.saturating_add(micros).saturating_add(SPARE);
            let Some(message) = self.store().claim_message(&delivery, until).await? else {
                continue;
            };
            let outcome = tokio::time::timeout(patience, self.submit(&message)).await;
            let late = |_| Err(passing(format!("no answer within {} s", patience.as_secs_f32())));
            let outcome = outcome.unwrap_or_else(late);
            let attempts = delivery.attempts.saturating_add(1);
            if !self.file_outcome(&message, attempts, outcome).await? {
                break;
            }
        }
        Ok(())
    }

    /// Writes down what became of a message. Whether it was delivered.
    async fn file_outcome(
        &self,
        message: &Message,
        attempts: u32,
        outcome: std::result::Result<(), Undelivered>,
    ) -> Result<bool> {
        let (now, id, channel) = (clock::now_us(), &message.id, &message.channel);
        let Err(failure) = outcome else {
            self.store().message_sent(id, now).await?;
            tracing::info!(channel, id, attempts, "an alert was delivered");
            return Ok(true);
        };
        let error = failure.message;
        let give_up = failure.lasting || now.saturating_sub(message.at) >= GIVEN_UP;
        let due = (!give_up).then(|| now.saturating_add(wait(id, attempts)));
        self.store().message_failed(id, &error, due, now).await?;
        if give_up {
            tracing::error!(
                channel,
                id,
                attempts,
                error,
                "an alert could not be delivered and is given up"
            );
        } else {
            tracing::warn!(
                channel,
                id,
                attempts,
                error,
                "an alert was not delivered and is tried again"
            );
        }
        Ok(false)
    }

    async fn submit(&self, message: &Message) -> std::result::Result<(), Undelivered> {
        if act::is_act(&message.channel) {
            for notice in &message.notices {
                self.act(notice).await.map_err(|error| undone(&error))?;
            }
            return Ok(());
        }
        let Some(sender) = self.senders().get(&message.channel) else {
            let message = format!("there is no channel {} any more", message.channel);
            return Err(Undelivered { message, lasting: true });
        };
        sender.send(message, clock::now_us()).await
    }

    /// Tells every Alertmanager what goes on, as it takes what it is not told again for over.
    async fn refresh_alertmanagers(&self, now: i64) -> Result<()> {
        let alerting = &self.project().alerts;
        let is_one = |channel: &&Channel| matches!(channel.way, Way::Alertmanager { .. });
        let channels: Vec<&Channel> = alerting.channels.values().filter(is_one).collect();
        if channels.is_empty() || now.saturating_sub(*locked(&self.couriers().refreshed)) < REFRESH
        {
            return Ok(());
        }
        *locked(&self.couriers().refreshed) = now;
        let alerts = self.store().open_alerts().await?;
        let told = |alert: &&Alert| alert.status.is_active() && alert.told.is_some();
        for channel in channels {
            let goes_there = |alert: &&Alert| {
                alerting.routes(&alert.signal).iter().any(|route| route.to.contains(&channel.name))
            };
            let notices = alerts.iter().filter(told).filter(goes_there);
            let notices: Vec<_> = notices.map(|alert| alert.standing(now)).collect();
            let (name, id) = (channel.name.clone(), uuid::Uuid::now_v7().to_string());
            if notices.is_empty() {
                continue;
            }
            let message = Message { id, channel: name, group: String::new(), at: now, notices };
            let (control, timeout) = (self.clone(), channel.timeout);
            self.couriers().send(async move {
                let sent = tokio::time::timeout(timeout, control.submit(&message)).await;
                if !matches!(sent, Ok(Ok(()))) {
                    tracing::warn!(
                        channel = message.channel,
                        "Alertmanager was not told what goes on"
                    );
                }
            });
        }
        Ok(())
    }
}

fn passing(message: String) -> Undelivered {
    Undelivered { message, lasting: false }
}

/// Why a deed is not done. What is refused stays refused: a person has to look. A conflict does not: somebody else
/// moved the same pointer or rollout at that moment, and the next attempt sees what it is then.
fn undone(error: &Error) -> Undelivered {
    let lasting =
        matches!(error.kind(), Kind::Invalid | Kind::NotFound | Kind::Refused | Kind::Forbidden);
    Undelivered { message: error.to_string(), lasting }
}

/// How long a message waits after its `attempts`th failure, in microseconds.
fn wait(id: &str, attempts: u32) -> i64 {
    let doubled = SECOND << attempts.saturating_sub(1).min(10);
    let base = doubled.min(LONGEST_WAIT);
    // From 75 % to 125 %, by the message's own id.
    let mixed =
        id.bytes().chain(attempts.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let percent = i64::try_from((mixed >> 32) % 51).unwrap_or(25) + 75;
    base.saturating_mul(percent) / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes() {
        let of = |attempts| wait("018f", attempts);
        for attempts in 1..40 {
            let base = (SECOND << (attempts - 1).min(20)).min(LONGEST_WAIT);
            assert!((base * 3 / 4..=base * 5 / 4).contains(&of(attempts)), "{attempts}");
        }
        assert_ne!(wait("a", 5), wait("b", 5));
        assert_eq!(wait("a", 5), wait("a", 5));
    }

    #[test]
    fn a_deed_that_meets_another_is_tried_again() {
        let lasting = |kind| undone(&Error::new(kind, "no")).lasting;
        assert!(!lasting(Kind::Conflict) && !lasting(Kind::Unavailable));
        assert!(lasting(Kind::Refused) && lasting(Kind::NotFound));
    }

    #[test]
    fn a_channel_has_a_pace() {
        let couriers = Couriers::default();
        assert_eq!(couriers.pace("x", 2, 0), Ok(()));
        assert_eq!(couriers.pace("x", 2, 5), Ok(()));
        assert_eq!(couriers.pace("x", 2, 9), Err(60 * SECOND));
        assert_eq!(couriers.pace("y", 2, 9), Ok(()));
        assert_eq!(couriers.pace("x", 2, 60 * SECOND), Ok(()));
        assert_eq!(couriers.pace("x", 2, 60 * SECOND + 1), Err(60 * SECOND + 5));
    }
}
