//! PagerDuty's Events API, version 2: incidents that are triggered, acknowledged and resolved under one key, and
//! changes, which only inform.

use gatemark_core::alert::{Notice, NoticeKind};
use gatemark_core::signal::Severity;
use serde_json::{Value, json};

use super::words::{cut, lines, moment, title};

/// Longest summary that is taken, in characters.
const SUMMARY: usize = 1_024;
/// Longest key of an incident that is taken, in characters.
const KEY: usize = 255;

/// The requests for a notice: the end of the address and the body, in the order of sending.
pub(super) fn requests(notice: &Notice, routing_key: &str) -> Vec<(&'static str, Value)> {
    let event = |action: &str| ("/v2/enqueue", event(notice, routing_key, action));
    match notice.kind {
        NoticeKind::Firing | NoticeKind::NoData | NoticeKind::Reminder => vec![event("trigger")],
        NoticeKind::Acknowledged => vec![event("acknowledge")],
        NoticeKind::Resolved => vec![event("resolve")],
        // Somebody is called, and at once told that it is over.
        NoticeKind::Test => vec![event("trigger"), event("resolve")],
        NoticeKind::Event => vec![("/v2/change/enqueue", change(notice, routing_key))],
    }
}

fn event(notice: &Notice, routing_key: &str, action: &str) -> Value {
    let mut body = json!({
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": key(notice),
    });
    if action == "trigger"
        && let Value::Object(fields) = &mut body
    {
        fields.insert("client".to_string(), json!("Gatemark"));
        fields.insert("payload".to_string(), payload(notice));
    }
    body
}

fn payload(notice: &Notice) -> Value {
    let signal = &notice.signal;
    let severity = match signal.severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    };
    let mut details = signal.context.clone();
    details.insert("key".to_string(), signal.key.clone());
    details.insert("told".to_string(), lines(notice).join("; "));
    json!({
        "summary": cut(&format!("{}: {}", title(notice), signal.summary), SUMMARY),
        "source": signal.prompt.as_ref().map_or("gatemark", |prompt| prompt.as_str()),
        "severity": severity,
        "timestamp": moment(notice.at),
        "component": signal.prompt.as_ref().map(|prompt| prompt.as_str()),
        "group": signal.environment.as_ref().map(|environment| environment.as_str()),
        "class": signal.rule,
        "custom_details": details,
    })
}

fn change(notice: &Notice, routing_key: &str) -> Value {
    json!({
        "routing_key": routing_key,
        "payload": {
            "summary": cut(&format!("{}: {}", title(notice), notice.signal.summary), SUMMARY),
            "source": "gatemark",
            "timestamp": moment(notice.at),
            "custom_details": notice.signal.context,
        },
    })
}

/// The key of the incident: cut at its beginning, since its end tells episodes apart.
fn key(notice: &Notice) -> String {
    let whole = notice.incident();
    let surplus = whole.chars().count().saturating_sub(KEY);
    whole.chars().skip(surplus).collect()
}
