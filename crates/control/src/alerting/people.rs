//! What people do with alerts: look, take on, silence, try a channel.

use gatemark_core::alert::{Ack, Matcher, Message, Notice, NoticeKind, Silence, Status};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::signal::{Severity, Signal, SignalState};
use gatemark_gateway::clock;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{AlertView, DeliveryView, SilenceView};
use super::watched::AlertCounts;
use crate::Control;

/// Longest silence, in seconds.
const LONGEST: u64 = 30 * 24 * 3_600;
/// Longest reason or note, in bytes.
const MAX_TEXT: usize = 500;
/// How often an acknowledgement is tried that meets another change.
const TRIES: usize = 5;
/// How long what is over is kept, in microseconds.
const KEPT: i64 = 30 * 24 * 3_600 * 1_000_000;

/// A silence that somebody wants.
#[derive(Debug, Clone)]
pub struct Silencing {
    /// Which alerts.
    pub matcher: Matcher,
    /// For how long, in seconds: at least one, at most 30 days.
    pub seconds: u64,
    /// Why, in one line.
    pub reason: Option<String>,
}

/// What came of trying a channel.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Tried {
    /// The channel.
    pub channel: String,
    /// How it is told: `webhook`, `slack`, `email`, `pagerduty` or `alertmanager`.
    pub kind: String,
    /// Whether the message arrived.
    pub delivered: bool,
    /// Why not.
    pub error: Option<String>,
}

impl Control {
    /// Alerts that are not over, the most severe first; or all that are kept.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn alerts(&self, all: bool) -> Result<Vec<AlertView>> {
        let store = self.store();
        let mut alerts = if all { store.alerts().await? } else { store.open_alerts().await? };
        alerts.retain(|alert| all || alert.status != Status::Resolved);
        alerts.sort_by_key(|alert| {
            let quiet = !alert.status.is_active();
            (quiet, std::cmp::Reverse(alert.signal.severity), alert.since)
        });
        Ok(alerts.iter().map(AlertView::from).collect())
    }

    /// Notes that `actor` has taken an alert on, which is told; there are no more reminders until it is over.
    ///
    /// # Errors
    /// `NotFound` without such an alert, `Conflict` if it is not active.
    pub async fn acknowledge_alert(
        &self,
        key: &str,
        actor: &str,
        note: Option<String>,
    ) -> Result<AlertView> {
        let note = line(note, "note")?;
        for _ in 0..TRIES {
            let found = self.store().alert(key).await?;
            let mut alert = found.ok_or_else(|| {
                let message = format!("there is no alert {key:?}: see `gatemark alerts`");
                Error::not_found(message).coded("alert_not_found")
            })?;
            let now = clock::now_us();
            let ack = Ack { actor: actor.to_string(), at: now, note: note.clone() };
            let notice = alert.acknowledge(ack)?;
            // Whoever was not told that it fires has nothing to be told.
            let outgoing = if alert.told.is_some() { self.outgoing(&notice) } else { vec![] };
            let detail = note.clone().unwrap_or_default();
            if self.store().save_acknowledged(&alert, &outgoing, (actor, now), detail).await? {
                return Ok(AlertView::from(&alert));
            }
        }
        let message = "the alert kept changing: look at it and try again";
        Err(Error::new(Kind::Conflict, message).coded("alert_changed"))
    }

    /// Begins a silence.
    ///
    /// # Errors
    /// `Invalid` if it is too long or says too much.
    pub async fn silence_alerts(&self, wanted: Silencing, actor: &str) -> Result<SilenceView> {
        if !(1..=LONGEST).contains(&wanted.seconds) {
            let message = "a silence lasts from a second to 30 days";
            return Err(Error::invalid(message).at("for"));
        }
        let now = clock::now_us();
        let micros = i64::try_from(wanted.seconds).unwrap_or(0).saturating_mul(1_000_000);
        let silence = Silence {
            id: uuid::Uuid::now_v7().to_string(),
            matcher: wanted.matcher,
            until: now.saturating_add(micros),
            reason: line(wanted.reason, "reason")?,
            actor: actor.to_string(),
            at: now,
        };
        let why = silence.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
        let detail = format!("{} for {} s{why}", silence.matcher.shown(), wanted.seconds);
        self.store().begin_silence(&silence, detail).await?;
        Ok(SilenceView::from(&silence))
    }

    /// Ends a silence.
    ///
    /// # Errors
    /// `NotFound` if there is none of that id in force.
    pub async fn end_silence(&self, id: &str, actor: &str) -> Result<SilenceView> {
        let ended = self.store().end_silence(id, actor, clock::now_us()).await?;
        ended.as_ref().map(SilenceView::from).ok_or_else(|| {
            let message = format!("there is no silence {id:?}: see `gatemark alert silences`");
            Error::not_found(message).coded("silence_not_found")
        })
    }

    /// The silences in force, by their end.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn silences(&self) -> Result<Vec<SilenceView>> {
        let found = self.store().silences(clock::now_us()).await?;
        Ok(found.iter().map(SilenceView::from).collect())
    }

    /// Messages, newest first: those in `state` (`waiting`, `sent`, `dead`), or all.
    ///
    /// # Errors
    /// `Invalid` for another word.
    pub async fn deliveries(&self, state: Option<&str>, limit: u32) -> Result<Vec<DeliveryView>> {
        if let Some(word) = state.filter(|word| !["waiting", "sent", "dead"].contains(word)) {
            let message = format!("`state` is {word:?}: write waiting, sent or dead");
            return Err(Error::invalid(message).at("state"));
        }
        let found = self.store().deliveries(state, limit).await?;
        Ok(found.iter().map(DeliveryView::from).collect())
    }

    /// How many alerts and undelivered messages there were when this process last looked. Asks no database.
    pub fn alert_counts(&self) -> AlertCounts {
        self.in_process().counts()
    }

    /// Has what was given up tried again: one message, or all. How many.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn retry_deliveries(&self, id: Option<&str>) -> Result<usize> {
        self.store().revive_messages(id, clock::now_us()).await
    }

    /// Sends a message to a channel at once, and nowhere else.
    ///
    /// # Errors
    /// `NotFound` without such a channel. That it does not arrive is none.
    pub async fn try_channel(&self, name: &str, actor: &str) -> Result<Tried> {
        let alerting = &self.project().alerts;
        let (Some(channel), Some(sender)) = (alerting.channels.get(name), self.senders().get(name))
        else {
            let known: Vec<&str> = alerting.channels.keys().map(String::as_str).collect();
            let known =
                if known.is_empty() { "there are none".to_string() } else { known.join(", ") };
            let message = format!("there is no channel {name:?} in gatemark.yaml: {known}");
            return Err(Error::not_found(message).coded("channel_not_found"));
        };
        let now = clock::now_us();
        let message = trial(name, actor, now);
        let sent = tokio::time::timeout(channel.timeout, sender.send(&message, now)).await;
        let error = match sent {
            Ok(Ok(())) => None,
            Ok(Err(failure)) => Some(failure.message),
            Err(_) => Some(format!("no answer within {} s", channel.timeout.as_secs_f32())),
        };
        let kind = channel.way.word().to_string();
        Ok(Tried { channel: name.to_string(), kind, delivered: error.is_none(), error })
    }

    /// Forgets alerts, silences and messages that were over long before `now`.
    pub(crate) async fn forget_alerts(&self, now: i64) -> Result<()> {
        self.store().forget_alerts(now.saturating_sub(KEPT)).await
    }
}

fn trial(channel: &str, actor: &str, now: i64) -> Message {
    let id = uuid::Uuid::now_v7().to_string();
    let signal = Signal {
        key: format!("test/{id}"),
        rule: "test".to_string(),
        prompt: None,
        environment: None,
        state: SignalState::Breach,
        severity: Severity::Info,
        value: None,
        threshold: None,
        unit: String::new(),
        window: String::new(),
        since: now,
        summary: format!("{actor} tries the channel {channel}: nothing is wrong"),
        context: Default::default(),
    };
    let kind = NoticeKind::Test;
    let notice = Notice { kind, signal, episode: 0, since: now, at: now, actor: None, act: None };
    Message {
        id,
        channel: channel.to_string(),
        group: String::new(),
        at: now,
        notices: vec![notice],
    }
}

/// A text of one line, or nothing.
fn line(text: Option<String>, what: &str) -> Result<Option<String>> {
    let text = text.filter(|text| !text.trim().is_empty());
    let is_bad = |text: &String| text.len() > MAX_TEXT || text.contains(char::is_control);
    if text.as_ref().is_some_and(is_bad) {
        let message = format!("`{what}` is one line of at most {MAX_TEXT} bytes");
        return Err(Error::invalid(message).at(what));
    }
    Ok(text)
}
