//! `channels:` of `alerts:`: where people are told. Secrets are named by the variables that hold them.

use std::time::Duration;

use gatemark_core::alert::{Address, Channel, Mail, Tls, Way};

use super::node::{Key, Node};
use super::problems::Problems;
use super::providers::{objection_to_url, variable};
use super::reader::{Fields, items, shown};
use super::typed;

/// How a channel is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Webhook,
    Slack,
    Pagerduty,
    Alertmanager,
    Email,
}

const TYPES: [(&str, Type); 5] = [
    ("webhook", Type::Webhook),
    ("slack", Type::Slack),
    ("pagerduty", Type::Pagerduty),
    ("alertmanager", Type::Alertmanager),
    ("email", Type::Email),
];

/// What a channel of one type or another has: none of it is wrong while the type is not known.
const FIELDS: [&str; 16] = [
    "url",
    "url_env",
    "secret_env",
    "key_env",
    "token_env",
    "server",
    "tls",
    "from",
    "to",
    "user_env",
    "password_env",
    "per_minute",
    "timeout",
    "allow_private",
    "secret",
    "key",
];

/// Where PagerDuty takes events.
const PAGERDUTY: &str = "https://events.pagerduty.com";
/// Most messages in a minute unless the channel says otherwise.
const PER_MINUTE: u32 = 30;
const TIMEOUT: Duration = Duration::from_secs(10);
const SECRET_HINT: &str =
    "put it into an environment variable and name that; change a secret that was committed";

/// Reads a channel; one with mistakes is reported and left out.
pub(super) fn read(key: &Key, node: &Node, problems: &mut Problems) -> Option<Channel> {
    let before = problems.errors();
    if !is_name(&key.name) {
        let message = format!("the channel's name `{}` does not fit", shown(&key.name));
        problems.error(&key.spot, message, "use 1 to 64 letters, digits, `_`, `.` or `-`");
    }
    let mut fields = Fields::open(node, "a channel", problems)?;
    let kind = fields.required("type", problems);
    let kind = kind.and_then(|node| typed::word(node, "`type`", &TYPES, problems));
    let Some(kind) = kind else {
        FIELDS.into_iter().for_each(|name| fields.pass(name));
        fields.close(problems);
        return None;
    };
    for name in ["secret", "key", "routing_key", "token", "password", "user"] {
        fields.refuse(name, "does not belong into a file", SECRET_HINT, problems);
    }
    let per_minute = fields.get("per_minute", problems);
    let per_minute =
        per_minute.and_then(|node| typed::whole(node, "`per_minute`", (1, 600), problems));
    let per_minute = per_minute.and_then(|count| u32::try_from(count).ok()).unwrap_or(PER_MINUTE);
    let timeout = fields.get("timeout", problems);
    let timeout = timeout.and_then(|node| typed::duration(node, "`timeout`", 100, problems));
    let timeout = timeout.map_or(TIMEOUT, Duration::from_millis).min(6 * TIMEOUT);
    let allowed = fields.get("allow_private", problems);
    let allowed = allowed.and_then(|node| typed::boolean(node, "`allow_private`", problems));
    let way = way(kind, &mut fields, problems);
    fields.close(problems);
    let (name, allow_private) = (key.name.clone(), allowed.unwrap_or(false));
    let way = way.filter(|_| problems.errors() == before)?;
    Some(Channel { name, way, per_minute, timeout, allow_private })
}

/// Names are in paths, logs and commands.
pub(super) fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"_.-".contains(&c))
}

fn way(kind: Type, fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Way> {
    match kind {
        Type::Webhook => {
            let url = address(fields, None, problems);
            let secret = named("secret_env", fields, problems);
            Some(Way::Webhook { url: url?, secret })
        }
        Type::Slack => Some(Way::Slack { url: address(fields, None, problems)? }),
        Type::Pagerduty => {
            let url = address(fields, Some(PAGERDUTY), problems);
            let key = fields.required("key_env", problems);
            let key = key.and_then(|node| variable(node, "`key_env`", problems));
            Some(Way::Pagerduty { url: url?, key: key? })
        }
        Type::Alertmanager => {
            let url = address(fields, None, problems);
            let token = named("token_env", fields, problems);
            Some(Way::Alertmanager { url: url?, token })
        }
        Type::Email => mail(fields, problems).map(Way::Email),
    }
}

fn named(name: &'static str, fields: &mut Fields<'_>, problems: &mut Problems) -> Option<String> {
    let node = fields.get(name, problems)?;
    variable(node, &format!("`{name}`"), problems)
}

/// `url` or `url_env`.
fn address(
    fields: &mut Fields<'_>,
    usual: Option<&str>,
    problems: &mut Problems,
) -> Option<Address> {
    if let Some(name) = named("url_env", fields, problems) {
        fields.refuse("url", "and `url_env` say the same", "keep one of the two", problems);
        return Some(Address::Variable(name));
    }
    let Some(node) = fields.get("url", problems) else {
        if usual.is_none() && !fields.has("url") && !fields.has("url_env") {
            let hint = "write `url: https://…`, or `url_env` with the variable that holds it";
            problems.error(fields.spot(), "a channel needs `url` or `url_env`", hint);
        }
        return usual.map(|url| Address::Url(url.to_string()));
    };
    let url = typed::words(node, "`url`", problems)?;
    // A query is refused with the rest: it tends to hold a secret.
    if let Some(objection) = objection_to_url(url) {
        let hint = "write it like https://hooks.example.com/gatemark, or put it into a variable and name that in `url_env`";
        problems.error(&node.spot, format!("`url` {objection}"), hint);
        return None;
    }
    Some(Address::Url(url.to_string()))
}

fn mail(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Mail> {
    let server = fields.required("server", problems);
    let server = server.and_then(|node| server_of(node, problems));
    let tls = fields.get("tls", problems);
    let tls = tls.and_then(|node| typed::word(node, "`tls`", &Tls::WORDS, problems));
    let from = fields.required("from", problems);
    let from = from.and_then(|node| mailbox(node, "`from`", problems));
    let to = fields.required("to", problems);
    let list = to.and_then(|node| items(node, "`to`", problems)).unwrap_or_default();
    if let Some(node) = to.filter(|_| list.is_empty()) {
        problems.error(&node.spot, "`to` names nobody", "write e.g. `to: [ops@example.com]`");
    }
    let to: Vec<String> =
        list.iter().filter_map(|node| mailbox(node, "a receiver", problems)).collect();
    let user = named("user_env", fields, problems);
    let password = named("password_env", fields, problems);
    if user.is_some() != password.is_some() {
        let message = "`user_env` and `password_env` belong together";
        problems.error(fields.spot(), message, "write both, or neither");
    }
    let tls = tls.unwrap_or(Tls::StartTls);
    if tls == Tls::Off && user.is_some() {
        let message = "a password is not sent in the clear";
        problems.error(fields.spot(), message, "write `tls: starttls` or `tls: tls`");
    }
    let (host, port) = server?;
    let usual = if tls == Tls::Tls { 465 } else { 587 };
    let port = port.unwrap_or(usual);
    Some(Mail { host, port, tls, from: from?, to, login: user.zip(password) })
}

/// `host` or `host:port`.
fn server_of(node: &Node, problems: &mut Problems) -> Option<(String, Option<u16>)> {
    let text = typed::words(node, "`server`", problems)?;
    // What makes a host of a URL makes one here.
    let objection = objection_to_url(&format!("https://{text}"));
    if objection.is_some() || text.contains('/') {
        let message = "`server` is no host with a port";
        problems.error(&node.spot, message, "write e.g. smtp.example.com:587");
        return None;
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => Some((host.to_string(), port.parse().ok())),
        _ => Some((text.to_string(), None)),
    }
}

/// An address of a person; a display name is not wanted.
fn mailbox(node: &Node, what: &str, problems: &mut Problems) -> Option<String> {
    let text = typed::words(node, what, problems)?.trim();
    let (user, host) = text.rsplit_once('@').unwrap_or_default();
    let plain = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|c| c.is_ascii_graphic() && !b"<>\",;:()[]\\@".contains(&c))
    };
    if text.len() > 254 || !plain(user) || !plain(host) {
        let message = format!("{what} is no e-mail address: `{}`", shown(text));
        problems.error(&node.spot, message, "write it like ops@example.com");
        return None;
    }
    Some(text.to_string())
}
