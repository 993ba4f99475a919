//! `providers:` of the project: vendors' APIs and the `sim` stand-in.

use std::collections::BTreeMap;
use std::time::Duration;

use gatemark_core::id::ModelName;
use gatemark_core::model::{
    Api, Place, Protocol, Provider, Quirks, SimSettings, Structured, Structuring,
};
use gatemark_core::resilience::Resilience;

use super::node::{Key, Node, Value};
use super::presets::{PRESETS, Preset, words};
use super::problems::Problems;
use super::reader::{Fields, entries, shown};
use super::{local, place, resilience, typed};

const APIS: [(&str, Api); 3] =
    [("chat", Api::Chat), ("responses", Api::Responses), ("both", Api::Both)];
const TIMEOUT: Duration = Duration::from_secs(60);
const KEY_HINT: &str = "put the key into an environment variable and name that in `key_env`; change a key that was committed";

/// Reads the providers by name. One with mistakes is reported and kept, so that its models are known.
pub(super) fn read(node: &Node, problems: &mut Problems) -> BTreeMap<String, Provider> {
    let list = entries(node, "`providers`", problems).unwrap_or_default();
    if list.is_empty() && matches!(node.value, Value::Map(_)) {
        problems.error(&node.spot, "no provider is configured", "add one, such as `sim: {}`");
    }
    let named = list.iter().map(|(key, node)| (key.name.clone(), provider(key, node, problems)));
    named.collect()
}

fn provider(key: &Key, node: &Node, problems: &mut Problems) -> Provider {
    let name = key.name.as_str();
    if format!("{name}/m").parse::<ModelName>().is_err() || name.contains('/') {
        let message = format!("`{}` is not a name for a provider", shown(name));
        let hint = "use lower-case letters, digits and single hyphens";
        problems.error(&key.spot, message, hint);
    }
    let mut provider = Provider {
        name: name.into(),
        protocol: Protocol::Openai,
        base_url: String::new(),
        key_variable: None,
        timeout: TIMEOUT,
        retries: 1,
        concurrency: None,
        resilience: Resilience::default(),
        api: Api::default(),
        sim: SimSettings::default(),
        local: None,
        place: Place::default(),
        quirks: Quirks::default(),
        allow_private: false,
        structured: Structuring::default(),
    };
    let empty = Node::new(Value::Map(vec![]), key.spot.clone());
    let node = if node.value == Value::Null { &empty } else { node };
    let Some(mut fields) = Fields::open(node, "a provider", problems) else { return provider };
    let Some(preset) = preset(name, &mut fields, problems) else { return provider };
    let protocol = preset.protocol;
    provider.protocol = protocol;
    let (resilience, call) = resilience::read(&mut fields, problems);
    provider.resilience = resilience;
    provider.quirks = preset.quirks;
    provider.place = place::read(protocol, &mut fields, problems);
    let timeout = fields.get("timeout", problems);
    let timeout = timeout.and_then(|node| typed::duration(node, "`timeout`", 1, problems));
    provider.timeout = timeout.map(Duration::from_millis).or(call).unwrap_or(TIMEOUT);
    let retries = fields.get("retries", problems);
    let retries = retries.and_then(|node| typed::whole(node, "`retries`", (0, 5), problems));
    provider.retries = retries.and_then(|retries| u32::try_from(retries).ok()).unwrap_or(1);
    let most = fields.get("concurrency", problems);
    let most = most.and_then(|node| typed::whole(node, "`concurrency`", (1, 1024), problems));
    provider.concurrency = most.and_then(|most| u32::try_from(most).ok());
    for name in ["key", "api_key", "apikey", "token", "secret"] {
        fields.refuse(name, "does not belong into a file", KEY_HINT, problems);
    }
    if protocol == Protocol::Sim {
        provider.sim = sim(&mut fields, problems);
        for name in ["base_url", "key_env", "keys", "allow_private"] {
            fields.refuse(name, "has no meaning for protocol sim", "remove it", problems);
        }
    } else if protocol == Protocol::Local {
        provider.base_url = base_url(&provider, preset, &mut fields, problems);
        provider.local = local::read(name, &mut fields, problems);
        for name in ["key_env", "keys"] {
            fields.refuse(name, "has no meaning for protocol local", "remove it", problems);
        }
    } else {
        provider.base_url = base_url(&provider, preset, &mut fields, problems);
        match resilience::keys(&mut fields, variable, problems) {
            None => provider.key_variable = key_variable(name, preset, &mut fields, problems),
            Some(mut keys) if !keys.is_empty() => {
                provider.key_variable = Some(keys.remove(0));
                provider.resilience.more_keys = keys;
            }
            Some(_) => {}
        }
    }
    if protocol == Protocol::Openai {
        provider.api = api(&provider.base_url, &mut fields, problems);
    } else {
        fields.refuse("api", "is for protocol openai only", "remove it", problems);
    }
    if protocol != Protocol::Sim {
        let allowed = fields.get("allow_private", problems);
        let allowed = allowed.and_then(|node| typed::boolean(node, "`allow_private`", problems));
        provider.allow_private = allowed.unwrap_or(false);
        for name in ["latency", "error_rate", "malformed_rate", "drift", "obedience", "seed"] {
            fields.refuse(name, "is for protocol sim only", "remove it", problems);
        }
    }
    if protocol != Protocol::Local {
        for name in local::FIELDS {
            fields.refuse(name, "is for protocol local only", "remove it", problems);
        }
    }
    provider.structured = structuring(&mut fields, problems);
    fields.close(problems);
    provider
}

/// `structured:` one word for all models, or a word by model and `default` for the others.
fn structuring(fields: &mut Fields<'_>, problems: &mut Problems) -> Structuring {
    let mut found = Structuring::default();
    let Some(node) = fields.get("structured", problems) else { return found };
    let mut mode = |node| typed::word(node, "`structured`", &Structured::WORDS, problems);
    match &node.value {
        Value::Map(entries) => {
            for (key, node) in entries {
                match (key.name.as_str(), mode(node)) {
                    (_, None) => {}
                    ("default", mode) => found.default = mode,
                    (model, Some(mode)) => drop(found.models.insert(model.to_string(), mode)),
                }
            }
        }
        _ => found.default = mode(node),
    }
    found
}

/// What the provider's `protocol` stands for, or its name if that says it.
fn preset(name: &str, fields: &mut Fields<'_>, problems: &mut Problems) -> Option<&'static Preset> {
    if let Some(node) = fields.get("protocol", problems) {
        return typed::word(node, "`protocol`", &words(), problems);
    }
    // `local` is what people call a server of their own as well.
    let own = PRESETS.iter().find(|preset| preset.word == name && name != "local");
    if own.is_none() && !fields.has("protocol") {
        let message = format!("provider `{}` needs a `protocol`", shown(name));
        let others: Vec<_> = PRESETS.iter().skip(1).map(|preset| preset.word).collect();
        let hint = format!(
            "write `protocol: openai` for a server compatible with OpenAI; others are {}",
            others.join(", ")
        );
        problems.error(fields.spot(), message, hint);
    }
    own
}

fn base_url(
    provider: &Provider,
    preset: &Preset,
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) -> String {
    if let Some(node) = fields.get("base_url", problems) {
        let text = typed::text(node, "`base_url`", problems).unwrap_or_default();
        if let Some(objection) =
            objection_to_url(text).filter(|_| matches!(node.value, Value::Text(_)))
        {
            let hint = "write it like https://api.example.com/v1";
            problems.error(&node.spot, format!("`base_url` {objection}"), hint);
        }
        return text.trim_end_matches('/').into();
    }
    let name = provider.name.as_str();
    match preset.address(provider.place.region.as_deref()) {
        Some(address) => address,
        None if preset.word == "openai" && name == "openai" => "https://api.openai.com/v1".into(),
        None => {
            if !fields.has("base_url") {
                let message = format!("provider `{}` needs a `base_url`", shown(name));
                let hint = if preset.protocol == Protocol::Azure {
                    "name the root of the resource, such as https://my-name.openai.azure.com"
                } else {
                    "name the root of its API, such as http://localhost:8000/v1"
                };
                problems.error(fields.spot(), message, hint);
            }
            String::new()
        }
    }
}

/// OpenAI itself speaks both; of other servers nothing is assumed.
fn api(base_url: &str, fields: &mut Fields<'_>, problems: &mut Problems) -> Api {
    let node = fields.get("api", problems);
    let named = node.and_then(|node| typed::word(node, "`api`", &APIS, problems));
    let is_openai = base_url.starts_with("https://api.openai.com");
    named.unwrap_or(if is_openai { Api::Both } else { Api::Chat })
}

/// Why `text` is not the root of an API. The text is not repeated: it may hold a password.
pub(super) fn objection_to_url(text: &str) -> Option<&'static str> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest else { return Some("must start with http:// or https://") };
    let host = rest.split('/').next().unwrap_or("");
    if !text.bytes().all(|c| c.is_ascii_graphic()) {
        Some("holds a character that URLs do not have")
    } else if host.contains('@') {
        Some("must not hold a user or password")
    } else if rest.contains(['?', '#']) {
        Some("must not have a query or fragment")
    } else if !is_host(host) {
        Some("has no valid host")
    } else {
        None
    }
}

/// A host name or address with an optional port.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let good = match inner {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_'))
        }
    };
    good && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn key_variable(
    name: &str,
    preset: &Preset,
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) -> Option<String> {
    let Some(node) = fields.get("key_env", problems) else {
        return match (name, preset.word) {
            ("openai", "openai") => Some("OPENAI_API_KEY".into()),
            ("anthropic", "anthropic") => Some("ANTHROPIC_API_KEY".into()),
            _ => preset.key.map(str::to_string),
        };
    };
    variable(node, "`key_env`", problems)
}

/// The name of an environment variable that holds a key.
pub(super) fn variable(node: &Node, what: &str, problems: &mut Problems) -> Option<String> {
    let text = typed::text(node, what, problems)?;
    let fits = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    let starts = text.bytes().next().is_some_and(|c| !c.is_ascii_digit());
    if !starts || text.len() > 128 || !text.bytes().all(fits) {
        // Not repeated: people paste the key itself.
        let message = format!("{what} is not the name of an environment variable");
        problems.error(&node.spot, message, KEY_HINT);
        return None;
    }
    Some(text.into())
}

fn sim(fields: &mut Fields<'_>, problems: &mut Problems) -> SimSettings {
    let latency = fields.get("latency", problems);
    let latency = latency.and_then(|node| typed::duration(node, "`latency`", 0, problems));
    let mut share = |name, what| {
        let node = fields.get(name, problems)?;
        typed::share(node, what, problems)
    };
    let error_rate = share("error_rate", "`error_rate`").unwrap_or_default();
    let malformed_rate = share("malformed_rate", "`malformed_rate`").unwrap_or_default();
    let drift = share("drift", "`drift`").unwrap_or_default();
    let obedience = share("obedience", "`obedience`").unwrap_or_default();
    let seed = fields.get("seed", problems);
    let seed = seed.and_then(|node| typed::whole(node, "`seed`", (0, u64::MAX), problems));
    let (latency_ms, seed) = (latency.unwrap_or_default(), seed.unwrap_or_default());
    SimSettings { latency_ms, error_rate, malformed_rate, drift, obedience, seed }
}
