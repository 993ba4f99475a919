//! `conversation:` of a prompt: how conversations that are kept go on.

use gatemark_core::conversation::{Conversation, Summarise};
use gatemark_core::diagnostic::Place;
use gatemark_core::prompt::Role;

use super::messages::Written;
use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::Fields;
use super::typed;

/// Shortest and longest time that a conversation is kept: a minute, and 400 days.
const TTL_MS: (u64, u64) = (60_000, 400 * DAY_MS);
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Reads `conversation:`; with it where the summariser is named.
pub(super) fn read(
    node: Option<&Node>,
    messages: &[Written],
    problems: &mut Problems,
) -> (Option<Conversation>, Option<Place>) {
    let Some(node) = node else { return (None, None) };
    let Some(mut fields) = Fields::open(node, "`conversation`", problems) else {
        return (None, None);
    };
    check_roles(node, messages, problems);
    let keep_turns = fields.get("keep", problems).and_then(|node| keep(node, problems));
    let written = fields.get("summarise", problems);
    let summarise = written.and_then(|node| summarise(node, problems));
    let ttl_ms = fields.get("ttl", problems).and_then(|node| ttl(node, problems));
    fields.close(problems);
    let place = summarise.as_ref().and(written).map(|node| node.spot.place());
    (Some(Conversation { keep_turns, summarise, ttl_ms }), place)
}

/// What was said before stands before the prompt's last message of the user's.
fn check_roles(node: &Node, messages: &[Written], problems: &mut Problems) {
    let roles = || messages.iter().map(|written| written.message.role);
    let ends = roles().next_back().is_none_or(|role| role == Role::User);
    if !ends && roles().any(|role| role != Role::System) {
        let message =
            "a prompt that keeps conversations ends with a message of the user's or has none";
        let hint = "put the message of role `user` last: what was said before stands before it";
        problems.error(&node.spot, message, hint);
    }
}

fn keep(node: &Node, problems: &mut Problems) -> Option<u32> {
    let mut fields = Fields::open(node, "`keep`", problems)?;
    let turns = fields.required("turns", problems);
    let turns = turns.and_then(|node| typed::whole(node, "`turns`", (1, 10_000), problems));
    fields.close(problems);
    turns.and_then(|turns| u32::try_from(turns).ok())
}

fn summarise(node: &Node, problems: &mut Problems) -> Option<Summarise> {
    let mut fields = Fields::open(node, "`summarise`", problems)?;
    let named = fields.required("prompt", problems);
    let prompt = named.and_then(|node| {
        let text = typed::words(node, "`prompt`", problems)?;
        let parsed = text.parse();
        if let Err(error) = &parsed {
            problems.error(&node.spot, format!("`prompt`: {error}"), "write `service/name`");
        }
        parsed.ok()
    });
    let every = fields.get("every", problems).and_then(|node| every(node, problems));
    let at = fields.get("at_tokens", problems);
    let at_tokens =
        at.and_then(|node| typed::whole(node, "`at_tokens`", (1, 100_000_000), problems));
    let says_when = fields.has("every") || fields.has("at_tokens");
    fields.close(problems);
    if !says_when {
        let hint = "add `every: {turns: 10}` or `at_tokens: 4000`";
        problems.error(&node.spot, "`summarise` does not say when", hint);
    }
    Some(Summarise { prompt: prompt?, every_turns: every, at_tokens })
}

/// `{turns: 10}`, or the number alone.
fn every(node: &Node, problems: &mut Problems) -> Option<u32> {
    let count = |node: &Node, problems: &mut Problems| {
        let turns = typed::whole(node, "`every`", (1, 10_000), problems)?;
        u32::try_from(turns).ok()
    };
    if !matches!(node.value, Value::Map(_)) {
        return count(node, problems);
    }
    let mut fields = Fields::open(node, "`every`", problems)?;
    let turns = fields.required("turns", problems).and_then(|node| count(node, problems));
    fields.close(problems);
    turns
}

/// A duration that may be in days too.
fn ttl(node: &Node, problems: &mut Problems) -> Option<u64> {
    let days = match &node.value {
        Value::Text(text) => text.strip_suffix('d').and_then(|days| days.parse::<u64>().ok()),
        _ => None,
    };
    let found = match days {
        Some(days) => days.saturating_mul(DAY_MS),
        None => typed::duration(node, "`ttl`", TTL_MS.0, problems)?,
    };
    if !(TTL_MS.0..=TTL_MS.1).contains(&found) {
        problems.error(&node.spot, "`ttl` must be from 1m to 400d", "change the number");
        return None;
    }
    Some(found)
}
