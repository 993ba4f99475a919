//! Prometheus' Alertmanager: alerts with labels, sent again for as long as they fire.
//!
//! Alertmanager groups, silences and notifies by itself, so it gets states rather than news: an alert that it does not
//! hear of any more counts as over at the end that it was last told ([`AHEAD`]).

use gatemark_core::alert::{Notice, NoticeKind};
use serde_json::{Map, Value, json};

use super::words::{lines, moment};

/// How long an alert lasts that is not sent again, in microseconds.
const AHEAD: i64 = 300_000_000;

/// What `notices` say to Alertmanager at `now`, in microseconds since 1970; `None` if that is nothing.
pub(super) fn body(notices: &[Notice], now: i64) -> Option<Value> {
    let alerts: Vec<Value> = notices
        .iter()
        .filter(|notice| notice.kind != NoticeKind::Acknowledged)
        .map(|notice| alert(notice, now))
        .collect();
    (!alerts.is_empty()).then_some(Value::Array(alerts))
}

fn alert(notice: &Notice, now: i64) -> Value {
    let signal = &notice.signal;
    let mut labels = Map::new();
    let mut label = |name: &str, value: &str| labels.insert(name.to_string(), json!(value));
    label("alertname", &signal.rule);
    label("severity", signal.severity.word());
    label("key", &signal.key);
    label("source", "gatemark");
    if let Some(prompt) = &signal.prompt {
        label("prompt", prompt.as_str());
    }
    if let Some(environment) = &signal.environment {
        label("environment", environment.as_str());
    }
    let end = match notice.kind {
        NoticeKind::Resolved => notice.at,
        NoticeKind::Event | NoticeKind::Test => notice.at.saturating_add(AHEAD),
        _ => now.saturating_add(AHEAD),
    };
    json!({
        "labels": labels,
        "annotations": {"summary": signal.summary, "description": lines(notice).join("\n")},
        "startsAt": moment(notice.since.min(end)),
        "endsAt": moment(end),
    })
}
