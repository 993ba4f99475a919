//! Single values of the grammar: text, words, numbers, money, durations, shares, days. Each either returns the
//! value or reports at its place what is wrong; `what` names it ("`timeout`").

use gatemark_core::diagnostic::did_you_mean;
use gatemark_core::money::NanoUsd;

use super::node::{Node, Value, integer};
use super::problems::Problems;
use super::reader::{shown, wrong};

/// Longest accepted duration: a day.
const LONGEST_MS: u64 = 24 * 60 * 60 * 1000;

/// Text of any kind.
pub(super) fn text<'n>(node: &'n Node, what: &str, problems: &mut Problems) -> Option<&'n str> {
    match &node.value {
        Value::Text(text) => Some(text),
        Value::Int(_) | Value::Float(_) | Value::Bool(_) => {
            wrong(node, what, "text", "put it in quotes", problems)
        }
        _ => wrong(node, what, "text", "write a text here", problems),
    }
}

/// Text that says something.
pub(super) fn words<'n>(node: &'n Node, what: &str, problems: &mut Problems) -> Option<&'n str> {
    let text = text(node, what, problems)?;
    if text.trim().is_empty() {
        problems.error(&node.spot, format!("{what} is empty"), "fill it in, or remove the line");
        return None;
    }
    Some(text)
}

/// One of fixed words with their meanings.
pub(super) fn word<T: Copy>(
    node: &Node,
    what: &str,
    known: &[(&str, T)],
    problems: &mut Problems,
) -> Option<T> {
    let names = || known.iter().map(|(name, _)| *name);
    let list = || names().collect::<Vec<_>>().join(", ");
    let Value::Text(text) = &node.value else {
        let wanted = format!("one of {}", list());
        return wrong(node, what, &wanted, "write one of these words", problems);
    };
    let found = known.iter().find(|(name, _)| name == text).map(|(_, meaning)| *meaning);
    if found.is_none() {
        let hint = did_you_mean(text, names()).map_or_else(
            || "write one of these words".into(),
            |close| format!("did you mean `{close}`?"),
        );
        let message = format!("{what} must be one of {}, not `{}`", list(), shown(text));
        problems.error(&node.spot, message, hint);
    }
    found
}

/// `true` or `false`.
pub(super) fn boolean(node: &Node, what: &str, problems: &mut Problems) -> Option<bool> {
    match &node.value {
        Value::Bool(value) => Some(*value),
        _ => {
            wrong(node, what, "true or false", "write `true` or `false`, without quotes", problems)
        }
    }
}

/// A whole number within `least..=most`.
pub(super) fn whole(
    node: &Node,
    what: &str,
    (least, most): (u64, u64),
    problems: &mut Problems,
) -> Option<u64> {
    let text = match &node.value {
        Value::Int(text) => text,
        Value::Float(_) => {
            let message = format!("{what} must be a whole number");
            problems.error(&node.spot, message, "remove the decimals");
            return None;
        }
        _ => {
            let hint = "write a whole number without quotes";
            return wrong(node, what, "a number", hint, problems);
        }
    };
    let value = integer(text).and_then(|value| u64::try_from(value).ok());
    let value = value.filter(|value| (least..=most).contains(value));
    if value.is_none() {
        let bound = if most == u64::MAX {
            format!("at least {least}")
        } else {
            format!("from {least} to {most}")
        };
        problems.error(&node.spot, format!("{what} must be {bound}"), "change the number");
    }
    value
}

/// A number within `least..=most`.
pub(super) fn number(
    node: &Node,
    what: &str,
    (least, most): (f64, f64),
    problems: &mut Problems,
) -> Option<f64> {
    let (Value::Int(text) | Value::Float(text)) = &node.value else {
        return wrong(node, what, "a number", "write a number without quotes", problems);
    };
    let value = text.parse::<f64>().ok().filter(|value| (least..=most).contains(value));
    if value.is_none() {
        problems.error(
            &node.spot,
            format!("{what} must be from {least} to {most}"),
            "change the number",
        );
    }
    value
}

/// A share from 0 to 1.
pub(super) fn share(node: &Node, what: &str, problems: &mut Problems) -> Option<f64> {
    let parsed = match &node.value {
        Value::Int(text) | Value::Float(text) => text.parse::<f64>().ok(),
        Value::Text(text) if text.trim_end().ends_with('%') => None,
        _ => {
            return wrong(
                node,
                what,
                "a number from 0 to 1",
                "write a share such as 0.95",
                problems,
            );
        }
    };
    let value = parsed.filter(|value| (0.0..=1.0).contains(value));
    if value.is_none() {
        let message = format!("{what} must be a share from 0 to 1");
        problems.error(&node.spot, message, "write 95 % as 0.95");
    }
    value
}

/// An amount of dollars, read from the digits in the file and so exact.
pub(super) fn money(node: &Node, what: &str, problems: &mut Problems) -> Option<NanoUsd> {
    let (Value::Int(text) | Value::Float(text)) = &node.value else {
        let hint = "write dollars as a plain number such as 0.05";
        return wrong(node, what, "a number", hint, problems);
    };
    let amount = NanoUsd::from_usd_text(text);
    if amount.is_none() {
        let message = format!("{what} must be an amount of dollars of at most nine decimals");
        problems.error(&node.spot, message, "write dollars as a plain number such as 0.05");
    }
    amount
}

/// A duration with its unit, in milliseconds, at least `least` of them.
pub(super) fn duration(
    node: &Node,
    what: &str,
    least: u64,
    problems: &mut Problems,
) -> Option<u64> {
    let written = match &node.value {
        Value::Text(text) => text.as_str(),
        Value::Int(text) => {
            let hint = format!("write `{0}s` for seconds, or `{0}ms`", shown(text));
            problems.error(&node.spot, format!("{what} needs a unit"), hint);
            return None;
        }
        _ => return wrong(node, what, "a duration", "write `250ms`, `10s` or `2m`", problems),
    };
    let digits = written.len() - written.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (count, unit) = written.split_at_checked(digits).unwrap_or_default();
    let factor = match unit {
        "ms" => Some(1),
        "s" => Some(1000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    };
    let value = count.parse::<u64>().ok().zip(factor);
    let Some((count, factor)) = value else {
        let message = format!("{what} is not a duration");
        problems.error(
            &node.spot,
            message,
            "write a whole number and its unit: `250ms`, `10s` or `2m`",
        );
        return None;
    };
    let value = count.saturating_mul(factor);
    if !(least..=LONGEST_MS).contains(&value) {
        problems.error(
            &node.spot,
            format!("{what} must be from {least}ms to 24h"),
            "change the number",
        );
        return None;
    }
    Some(value)
}

/// A day, as the moment at which it begins in UTC, in microseconds since 1970.
pub(super) fn day(node: &Node, what: &str, problems: &mut Problems) -> Option<i64> {
    let text = text(node, what, problems)?;
    let moment = format!("{text}T00:00:00Z").parse::<jiff::Timestamp>();
    if moment.is_err() {
        let message = format!("{what} is not a day");
        problems.error(&node.spot, message, "write it as 2026-12-31");
    }
    moment.ok().map(jiff::Timestamp::as_microsecond)
}
