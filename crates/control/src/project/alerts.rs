//! `alerts:` of the project: who is told what, and how alerts behave.

use std::collections::BTreeMap;

use gatemark_core::alert::{Act, Alerting, GroupBy, Matcher, Policy, Route};
use gatemark_core::diagnostic::did_you_mean;
use gatemark_core::id::EnvironmentName;
use gatemark_core::signal::Severity;

use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::{Fields, entries, items, shown};
use super::{channels, typed};

/// Most channels, routes and rules each.
const MOST: usize = 100;
/// How long a message waits for others of its group unless its route says otherwise, in microseconds.
const GROUP_WAIT: i64 = 5_000_000;

/// Reads all of it; parts with mistakes are reported and left out.
pub(super) fn read(node: &Node, problems: &mut Problems) -> Alerting {
    let mut found = Alerting::default();
    let Some(mut fields) = Fields::open(node, "`alerts`", problems) else { return found };
    let mut names = vec![];
    if let Some(node) = fields.get("channels", problems) {
        let list = entries(node, "`channels`", problems).unwrap_or_default();
        bounded(node, list.len(), "`channels`", problems);
        for (key, node) in list.iter().take(MOST) {
            names.push(key.name.clone());
            if let Some(channel) = channels::read(key, node, problems) {
                found.channels.insert(channel.name.clone(), channel);
            }
        }
    }
    match fields.get("routes", problems) {
        Some(node) => {
            let list = items(node, "`routes`", problems).unwrap_or_default();
            bounded(node, list.len(), "`routes`", problems);
            let routes = list.iter().take(MOST).filter_map(|node| route(node, &names, problems));
            found.routes = routes.collect();
        }
        None => found.routes = vec![everything(&found)],
    }
    if let Some(node) = fields.get("default", problems) {
        found.default = Some(policy(node, Policy::default(), problems));
    }
    if let Some(node) = fields.get("rules", problems) {
        found.rules = rules(node, found.default.as_ref(), problems);
    }
    fields.close(problems);
    found
}

fn bounded(node: &Node, count: usize, what: &str, problems: &mut Problems) {
    if count > MOST {
        problems.error(&node.spot, format!("{what} may hold at most {MOST}"), "remove some");
    }
}

/// Where nothing is said about routes, every alert goes to every channel.
fn everything(found: &Alerting) -> Route {
    Route {
        matcher: Matcher::default(),
        to: found.channels.keys().cloned().collect(),
        group_by: vec![GroupBy::Prompt, GroupBy::Environment],
        group_wait: GROUP_WAIT,
        goes_on: false,
    }
}

fn route(node: &Node, channels: &[String], problems: &mut Problems) -> Option<Route> {
    let before = problems.errors();
    let mut fields = Fields::open(node, "a route", problems)?;
    let matcher = fields.get("match", problems);
    let matcher = matcher.map(|node| matching(node, problems)).unwrap_or_default();
    let mut to = vec![];
    let node = fields.required("to", problems);
    for node in node.and_then(|node| items(node, "`to`", problems)).unwrap_or_default() {
        let Some(name) = typed::words(node, "a channel's name", problems) else { continue };
        if !channels.iter().any(|known| known == name) {
            let message = format!("there is no channel `{}`", shown(name));
            let hint = match did_you_mean(name, channels.iter().map(String::as_str)) {
                Some(close) => format!("did you mean `{close}`?"),
                None => "add it under `channels`".to_string(),
            };
            problems.error(&node.spot, message, hint);
        }
        to.push(name.to_string());
    }
    let group_by = fields.get("group_by", problems);
    let group_by = match group_by {
        Some(node) => items(node, "`group_by`", problems)
            .unwrap_or_default()
            .iter()
            .filter_map(|node| typed::word(node, "`group_by`", &GroupBy::WORDS, problems))
            .collect(),
        None => vec![GroupBy::Prompt, GroupBy::Environment],
    };
    let group_wait =
        span(&mut fields, "group_wait", "`group_wait`", problems).unwrap_or(GROUP_WAIT);
    let goes_on = fields.get("continue", problems);
    let goes_on = goes_on.and_then(|node| typed::boolean(node, "`continue`", problems));
    fields.close(problems);
    let goes_on = goes_on.unwrap_or(false);
    (problems.errors() == before).then_some(Route { matcher, to, group_by, group_wait, goes_on })
}

fn matching(node: &Node, problems: &mut Problems) -> Matcher {
    let Some(mut fields) = Fields::open(node, "`match`", problems) else {
        return Matcher::default();
    };
    let mut text = |name: &'static str| {
        let node = fields.get(name, problems)?;
        typed::words(node, &format!("`{name}`"), problems).map(str::to_string)
    };
    let (key, rule, prompt) = (text("key"), text("rule"), text("prompt"));
    let environment = text("environment");
    if let Some(name) = &environment
        && let Err(error) = name.parse::<EnvironmentName>()
    {
        problems.error(&node.spot, error.to_string(), "change it");
    }
    let severity = fields.get("severity", problems);
    let severity =
        severity.and_then(|node| typed::word(node, "`severity`", &Severity::WORDS, problems));
    fields.close(problems);
    Matcher { key, rule, prompt, environment, severity }
}

fn rules(
    node: &Node,
    default: Option<&Policy>,
    problems: &mut Problems,
) -> BTreeMap<String, Policy> {
    let list = entries(node, "`rules`", problems).unwrap_or_default();
    bounded(node, list.len(), "`rules`", problems);
    let mut found = BTreeMap::new();
    for (key, node) in list.iter().take(MOST) {
        if !channels::is_name(&key.name) {
            let message = format!("the rule's name `{}` does not fit", shown(&key.name));
            problems.error(&key.spot, message, "use 1 to 64 letters, digits, `_`, `.` or `-`");
        }
        let base = default.cloned().unwrap_or_else(|| Policy::usual(&key.name));
        found.insert(key.name.clone(), policy(node, base, problems));
    }
    found
}

fn policy(node: &Node, base: Policy, problems: &mut Problems) -> Policy {
    let Some(mut fields) = Fields::open(node, "a rule", problems) else { return base };
    let hold = span(&mut fields, "for", "`for`", problems).unwrap_or(base.hold);
    let clear = span(&mut fields, "clear_after", "`clear_after`", problems).unwrap_or(base.clear);
    let hysteresis = fields.get("hysteresis", problems);
    let hysteresis = hysteresis.and_then(|node| typed::share(node, "`hysteresis`", problems));
    let no_data = optional(&mut fields, "no_data", "`no_data`", base.no_data, problems);
    let renotify = optional(&mut fields, "renotify", "`renotify`", base.renotify, problems);
    let severity = fields.get("severity", problems);
    let severity =
        severity.and_then(|node| typed::word(node, "`severity`", &Severity::WORDS, problems));
    let act = fields.get("act", problems);
    let act = act.and_then(|node| typed::word(node, "`act`", &Act::WORDS, problems));
    fields.close(problems);
    Policy {
        hold,
        clear,
        hysteresis: hysteresis.unwrap_or(base.hysteresis),
        no_data,
        renotify,
        severity: severity.or(base.severity),
        act: act.or(base.act),
    }
}

/// A time in microseconds.
fn span(
    fields: &mut Fields<'_>,
    name: &'static str,
    what: &str,
    problems: &mut Problems,
) -> Option<i64> {
    let node = fields.get(name, problems)?;
    let millis = typed::duration(node, what, 0, problems)?;
    i64::try_from(millis).ok().map(|millis| millis.saturating_mul(1000))
}

/// A time in microseconds, or `off`.
fn optional(
    fields: &mut Fields<'_>,
    name: &'static str,
    what: &str,
    base: Option<i64>,
    problems: &mut Problems,
) -> Option<i64> {
    let Some(node) = fields.get(name, problems) else { return base };
    if matches!(&node.value, Value::Text(text) if text == "off") {
        return None;
    }
    span(fields, name, what, problems).or(base)
}
