//! Alerts, silences and messages, as commands and the HTTP API show them.

use std::collections::BTreeMap;

use gatemark_core::alert::{Alert, Matcher, Silence};
use gatemark_store::Delivery;
use serde::Serialize;
use utoipa::ToSchema;

/// An alert.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AlertView {
    /// What it is known by.
    pub key: String,
    /// Its rule.
    pub rule: String,
    /// `pending`, `firing`, `no_data` or `resolved`.
    pub status: &'static str,
    /// `info`, `warning` or `critical`.
    pub severity: &'static str,
    /// `service/name`.
    pub prompt: Option<String>,
    /// The environment.
    pub environment: Option<String>,
    /// One sentence.
    pub summary: String,
    /// Since when it has this status, in microseconds since 1970.
    pub since: i64,
    /// What was measured.
    pub value: Option<f64>,
    /// What it was held against.
    pub threshold: Option<f64>,
    /// In what the two are measured.
    pub unit: String,
    /// What else is known, such as `change`: what came shortly before it.
    pub context: BTreeMap<String, String>,
    /// How often it has become active.
    pub episode: u32,
    /// Who has taken it on.
    pub acknowledged_by: Option<String>,
    /// Why it is not told, if it is to be told and is not.
    pub quiet: Option<String>,
}

impl From<&Alert> for AlertView {
    fn from(alert: &Alert) -> Self {
        let signal = &alert.signal;
        Self {
            key: signal.key.clone(),
            rule: signal.rule.clone(),
            status: alert.status.word(),
            severity: signal.severity.word(),
            prompt: signal.prompt.as_ref().map(ToString::to_string),
            environment: signal.environment.as_ref().map(ToString::to_string),
            summary: signal.summary.clone(),
            since: alert.since,
            value: signal.value,
            threshold: signal.threshold,
            unit: signal.unit.clone(),
            context: signal.context.clone(),
            episode: alert.episode,
            acknowledged_by: alert.acked.as_ref().map(|ack| ack.actor.clone()),
            quiet: alert.quiet.clone(),
        }
    }
}

/// Which alerts are meant.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MatcherView {
    /// The key, or its beginning and a star.
    pub key: Option<String>,
    /// The rule, or its beginning and a star.
    pub rule: Option<String>,
    /// The prompt, or `service/*`.
    pub prompt: Option<String>,
    /// The environment.
    pub environment: Option<String>,
    /// The least severity.
    pub severity: Option<&'static str>,
}

impl From<&Matcher> for MatcherView {
    fn from(matcher: &Matcher) -> Self {
        Self {
            key: matcher.key.clone(),
            rule: matcher.rule.clone(),
            prompt: matcher.prompt.clone(),
            environment: matcher.environment.clone(),
            severity: matcher.severity.map(|severity| severity.word()),
        }
    }
}

/// A silence.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SilenceView {
    /// Its id.
    pub id: String,
    /// Which alerts; one without any field means all.
    #[serde(rename = "match")]
    pub matcher: MatcherView,
    /// The same in words.
    pub means: String,
    /// Since when, in microseconds since 1970.
    pub at: i64,
    /// Until when, in microseconds since 1970.
    pub until: i64,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
}

impl From<&Silence> for SilenceView {
    fn from(silence: &Silence) -> Self {
        Self {
            id: silence.id.clone(),
            matcher: MatcherView::from(&silence.matcher),
            means: silence.matcher.shown(),
            at: silence.at,
            until: silence.until,
            actor: silence.actor.clone(),
            reason: silence.reason.clone(),
        }
    }
}

/// A message and what became of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Its id, which receivers get too.
    pub id: String,
    /// The channel; `!pause`, `!rollback` or `!stop` for what an alert does by itself.
    pub channel: String,
    /// `waiting`, `sent` or `dead`.
    pub state: String,
    /// When it was decided, in microseconds since 1970.
    pub at: i64,
    /// When it is tried next, in microseconds since 1970, if it waits.
    pub due: Option<i64>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was delivered or given up, in microseconds since 1970.
    pub ended_at: Option<i64>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// What it tells: kind, key and sentence of each notice.
    pub notices: Vec<String>,
}

impl From<&Delivery> for DeliveryView {
    fn from(delivery: &Delivery) -> Self {
        let message = &delivery.message;
        let notices = message.notices.iter().map(|notice| {
            format!("{} {}: {}", notice.kind.word(), notice.signal.key, notice.signal.summary)
        });
        Self {
            id: message.id.clone(),
            channel: message.channel.clone(),
            state: delivery.state.clone(),
            at: message.at,
            due: (delivery.state == "waiting").then_some(delivery.due),
            attempts: delivery.attempts,
            ended_at: delivery.ended_at,
            error: delivery.error.clone(),
            notices: notices.collect(),
        }
    }
}
