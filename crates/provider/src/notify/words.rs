//! Notices in words, and what receivers share of them.

use gatemark_core::alert::{Act, Notice, NoticeKind};
use jiff::Timestamp;

/// `FIRING breaker_open (critical) support/triage in production`.
pub(super) fn title(notice: &Notice) -> String {
    let signal = &notice.signal;
    let word = notice.kind.word().to_uppercase().replace('_', " ");
    let mut title = match notice.kind {
        NoticeKind::Event | NoticeKind::Test => signal.rule.clone(),
        _ => format!("{word} {} ({})", signal.rule, signal.severity.word()),
    };
    if let Some(prompt) = &signal.prompt {
        title.push_str(&format!(" {prompt}"));
    }
    if let Some(environment) = &signal.environment {
        title.push_str(&format!(" in {environment}"));
    }
    title
}

/// What there is to say after the title, line by line.
pub(super) fn lines(notice: &Notice) -> Vec<String> {
    let signal = &notice.signal;
    let mut lines = vec![signal.summary.clone()];
    if let (Some(value), Some(threshold)) = (signal.value, signal.threshold) {
        let (value, threshold) = (number(value), number(threshold));
        let unit = &signal.unit;
        let window = match signal.window.as_str() {
            "" => String::new(),
            window => format!(" over {window}"),
        };
        lines.push(format!("value {value} {unit} against {threshold} {unit}{window}"));
    }
    for (name, value) in &signal.context {
        lines.push(format!("{name}: {value}"));
    }
    match notice.act {
        Some(Act::Pause) => lines.push("gatemark pauses the rollout".to_string()),
        Some(Act::Rollback) => lines.push("gatemark rolls the prompt back".to_string()),
        Some(Act::Stop) => lines.push("gatemark stops the prompt".to_string()),
        None => {}
    }
    if let Some(actor) = &notice.actor {
        lines.push(format!("acknowledged by {actor}"));
    }
    if !matches!(notice.kind, NoticeKind::Event | NoticeKind::Test) {
        lines.push(format!("since {}", moment(notice.since)));
        lines.push(format!("key: {}", signal.key));
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// At most `most` characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_string();
    }
    let head: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{head}…")
}

/// A point in time as RFC 3339 writes it.
pub(super) fn moment(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |at| at.to_string())
}

/// Four significant digits, without an exponent.
fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor().clamp(-9.0, 9.0);
    // From −9 to 9, so this fits.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let decimals = (3.0 - magnitude).max(0.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_string();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.123_456, "0.1235"),
            (1_234.56, "1235"),
            (12.0, "12"),
            (-0.05, "-0.05"),
            (98_765.4, "98765"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(moment(0), "1970-01-01T00:00:00Z");
        assert_eq!((cut("abc", 3).as_str(), cut("abcd", 3).as_str()), ("abc", "ab…"));
    }
}
