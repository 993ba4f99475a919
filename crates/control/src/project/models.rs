//! `models:` of a prompt: what a version changes for each model that it runs on.

use std::collections::BTreeMap;

use gatemark_core::diagnostic::did_you_mean;
use gatemark_core::id::ModelName;
use gatemark_core::model::Project;
use gatemark_core::prompt::Variant;
use serde_json::{Map, Value as Json};

use super::files::Files;
use super::messages::{self, Written};
use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::{Fields, entries, items, wrong};
use super::source::Spot;
use super::typed;

const MOST: usize = 64;

/// Fields of a request that the gateway itself decides.
const OURS: [&str; 4] = ["model", "messages", "stream", "n"];

/// A variant as it is written.
pub(super) struct Entry {
    /// `None` if the name is bad; the rest is kept to be checked all the same.
    pub(super) model: Option<ModelName>,
    pub(super) spot: Spot,
    pub(super) parameters: Map<String, Json>,
    pub(super) messages: Vec<Written>,
}

impl Entry {
    /// As core's type.
    pub(super) fn into_variant(self) -> Option<Variant> {
        let messages = self.messages.into_iter().map(|written| written.message).collect();
        Some(Variant { model: self.model?, parameters: self.parameters, messages })
    }
}

/// What reading models needs to know beside the node.
pub(super) struct Context<'a> {
    pub(super) files: &'a Files,
    pub(super) folder: &'a str,
    pub(super) project: &'a Project,
}

/// Reads the list of models; those with mistakes are reported and left out.
pub(super) fn read(context: &Context<'_>, node: &Node, problems: &mut Problems) -> Vec<Entry> {
    let Some(list) = items(node, "`models`", problems) else { return vec![] };
    if list.is_empty() || list.len() > MOST {
        let message = format!("`models` must name from 1 to {MOST} models");
        problems.error(&node.spot, message, "the first one serves; name it as `provider/model`");
    }
    let mut seen: BTreeMap<ModelName, Spot> = BTreeMap::new();
    let mut found = Vec::new();
    for node in list.iter().take(MOST) {
        let Some(entry) = entry(context, node, problems) else { continue };
        if let Some(model) = &entry.model {
            if let Some(first) = seen.get(model) {
                let message = format!("model {model} is given twice; first in line {}", first.line);
                problems.error(&entry.spot, message, "remove one of the two");
            } else {
                seen.insert(model.clone(), entry.spot.clone());
            }
        }
        found.push(entry);
    }
    found
}

fn entry(context: &Context<'_>, node: &Node, problems: &mut Problems) -> Option<Entry> {
    if let Value::Text(_) = node.value {
        let model = model_name(context.project, node, problems);
        let (spot, parameters) = (node.spot.clone(), Map::new());
        return Some(Entry { model, spot, parameters, messages: vec![] });
    }
    let mut fields = Fields::open(node, "a model", problems)?;
    let named = fields.required("model", problems);
    let model = named.and_then(|node| model_name(context.project, node, problems));
    let messages = fields.get("messages", problems);
    let messages = messages
        .map(|node| messages::read(context.files, context.folder, node, problems))
        .unwrap_or_default();
    let parameters = parameters(&mut fields, problems);
    let hint = "one answer is checked and served; call several times for several";
    fields.elsewhere("put it under `parameters`");
    fields.refuse("n", "is not supported", hint, problems);
    fields.close(problems);
    let spot = named.unwrap_or(node).spot.clone();
    Some(Entry { model, spot, parameters, messages })
}

/// A model's name whose provider the project has.
pub(super) fn model_name(
    project: &Project,
    node: &Node,
    problems: &mut Problems,
) -> Option<ModelName> {
    let text = typed::text(node, "a model's name", problems)?;
    match text.parse::<ModelName>() {
        Err(error) => {
            let hint = "name the provider from gatemark.yaml, a slash, and the vendor's own id";
            problems.error(&node.spot, error.to_string(), hint);
            None
        }
        Ok(model) => {
            known_provider(
                project.providers.keys().map(String::as_str),
                &model,
                &node.spot,
                problems,
            );
            Some(model)
        }
    }
}

/// Reports a provider that is not configured.
pub(super) fn known_provider<'a>(
    providers: impl Iterator<Item = &'a str> + Clone,
    model: &ModelName,
    spot: &Spot,
    problems: &mut Problems,
) {
    let name = model.provider();
    // Without any provider, that is what has been reported.
    if providers.clone().next().is_none() || providers.clone().any(|known| known == name) {
        return;
    }
    let hint = match did_you_mean(name, providers) {
        Some(close) => format!("did you mean `{close}`?"),
        None if ["openai", "anthropic", "sim"].contains(&name) => {
            format!("add `{name}: {{}}` under `providers` in gatemark.yaml")
        }
        None => format!("add `{name}: {{protocol: openai, …}}` under `providers` in gatemark.yaml"),
    };
    problems.error(spot, format!("no provider `{name}` is configured"), hint);
}

/// Known parameters, checked, then those of `parameters:` as they are.
fn parameters(fields: &mut Fields<'_>, problems: &mut Problems) -> Map<String, Json> {
    type Check = fn(&Node, &str, &mut Problems) -> bool;
    const KNOWN: [(&str, &str, Check); 9] = [
        ("temperature", "`temperature`", |n, w, p| typed::number(n, w, (0.0, 2.0), p).is_some()),
        ("top_p", "`top_p`", |n, w, p| typed::number(n, w, (0.0, 1.0), p).is_some()),
        ("max_tokens", "`max_tokens`", tokens),
        ("max_completion_tokens", "`max_completion_tokens`", tokens),
        ("stop", "`stop`", stop),
        ("seed", "`seed`", |n, w, p| typed::whole(n, w, (0, i64::MAX.unsigned_abs()), p).is_some()),
        ("presence_penalty", "`presence_penalty`", penalty),
        ("frequency_penalty", "`frequency_penalty`", penalty),
        ("reasoning_effort", "`reasoning_effort`", |n, w, p| typed::words(n, w, p).is_some()),
    ];
    let mut found = Map::new();
    for (name, what, check) in KNOWN {
        let Some(node) = fields.get(name, problems) else { continue };
        if check(node, what, problems)
            && let Some(value) = node.to_json(problems)
        {
            found.insert(name.into(), value);
        }
    }
    if fields.has("max_tokens") && fields.has("max_completion_tokens") {
        let message = "`max_tokens` and `max_completion_tokens` say the same";
        problems.error(fields.spot(), message, "keep one of the two");
    }
    let node = fields.get("parameters", problems);
    let more = node.and_then(|node| entries(node, "`parameters`", problems)).unwrap_or_default();
    for (key, node) in more {
        if OURS.contains(&key.name.as_str()) {
            let message = format!("`{}` is decided by the gateway", key.name);
            problems.error(&key.spot, message, "remove it");
        } else if found.contains_key(&key.name) {
            let message = format!("`{}` is given twice", key.name);
            problems.error(&key.spot, message, "keep it in one of the two places");
        } else if let Some(value) = node.to_json(problems) {
            found.insert(key.name.clone(), value);
        }
    }
    found
}

fn tokens(node: &Node, what: &str, problems: &mut Problems) -> bool {
    typed::whole(node, what, (1, 10_000_000), problems).is_some()
}

fn penalty(node: &Node, what: &str, problems: &mut Problems) -> bool {
    typed::number(node, what, (-2.0, 2.0), problems).is_some()
}

fn stop(node: &Node, what: &str, problems: &mut Problems) -> bool {
    let before = problems.errors();
    match &node.value {
        Value::List(list) if (1..=4).contains(&list.len()) => {
            for item in list {
                typed::text(item, "a text in `stop`", problems);
            }
        }
        Value::Text(_) => {}
        _ => drop(wrong::<()>(
            node,
            what,
            "a text or a list of 1 to 4 texts",
            "put texts in quotes",
            problems,
        )),
    }
    problems.errors() == before && node.value != Value::Broken
}
