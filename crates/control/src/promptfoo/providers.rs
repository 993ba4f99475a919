//! promptfoo's providers as our providers and models.

use std::collections::BTreeMap;

use gatemark_core::id::ModelName;
use serde_json::{Map, Value, json};

use super::ledger::Ledger;
use super::node::{Data, Node};

/// What the imported prompts run on.
#[derive(Debug, Default)]
pub(super) struct Models {
    /// Entries of `models:` in a prompt.
    pub(super) entries: Vec<Value>,
    /// Entries of `providers:` in `gatemark.yaml`.
    pub(super) providers: BTreeMap<String, Value>,
}

/// Parameters that mean the same here.
const SAME: [&str; 9] = [
    "temperature",
    "max_tokens",
    "max_completion_tokens",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "stop",
    "reasoning_effort",
];

/// Those that are handed on as they are.
const HANDED_ON: [&str; 2] = ["response_format", "top_k"];

/// Reads `providers:` or `targets:`. `map` has the user's own names, by label or id.
pub(super) fn all(node: &Node, map: &BTreeMap<String, ModelName>, ledger: &mut Ledger) -> Models {
    let mut models = Models::default();
    match &node.data {
        Data::List(items) => items.iter().for_each(|item| models.entry(item, map, ledger)),
        _ => models.entry(node, map, ledger),
    }
    models
}

impl Models {
    fn entry(&mut self, node: &Node, map: &BTreeMap<String, ModelName>, ledger: &mut Ledger) {
        if let Some(id) = node.text() {
            return self.add(id, None, None, node, map, ledger);
        }
        match node.get("id").and_then(Node::text) {
            Some(id) => {
                let label = node.get("label").and_then(Node::text);
                self.add(id, label, node.get("config"), node, map, ledger);
            }
            None => match node.fields() {
                [(id, inner)] => {
                    let label = inner.get("label").and_then(Node::text);
                    self.add(id, label, inner.get("config"), node, map, ledger);
                }
                _ => ledger.leave("provider", &node.place, "it has no `id`"),
            },
        }
    }

    fn add(
        &mut self,
        id: &str,
        label: Option<&str>,
        config: Option<&Node>,
        node: &Node,
        map: &BTreeMap<String, ModelName>,
        ledger: &mut Ledger,
    ) {
        for field in ["transform", "prompts", "delay", "env"] {
            if let Some(found) = node.get(field) {
                let advice = "providers have no such setting here";
                ledger.leave(format!("`{field}` of a provider"), &found.place, advice);
            }
        }
        let own = label.and_then(|label| map.get(label)).or_else(|| map.get(id));
        let Some(model) = own.cloned().or_else(|| known(id)) else {
            let name = label.unwrap_or(id);
            let advice = format!(
                "no model of ours is known for it: name one with --model-map '{name}=provider/model'"
            );
            return ledger.leave(format!("provider {id}"), &node.place, advice);
        };
        let mut entry = Map::new();
        entry.insert("model".into(), model.as_str().into());
        let mut handed_on = Map::new();
        for (name, value) in config.map(Node::fields).unwrap_or_default() {
            if SAME.contains(&name.as_str()) {
                entry.insert(name.clone(), value.json());
            } else if HANDED_ON.contains(&name.as_str()) {
                handed_on.insert(name.clone(), value.json());
            } else if !["apiKeyEnvar", "apiBaseUrl", "apiHost"].contains(&name.as_str()) {
                let secret = name.to_lowercase().contains("key");
                let advice = match secret {
                    true => "keys never stand in files: put it into an environment variable",
                    false => "write it under `models` of the prompt if the vendor takes it",
                };
                ledger.leave(format!("provider setting `{name}`"), &value.place, advice);
            }
        }
        if !handed_on.is_empty() {
            entry.insert("parameters".into(), handed_on.into());
        }
        self.provider(&model, config, node, ledger);
        self.entries.retain(|other| other["model"] != *model.as_str());
        self.entries.push(Value::Object(entry));
    }

    fn provider(
        &mut self,
        model: &ModelName,
        config: Option<&Node>,
        node: &Node,
        ledger: &mut Ledger,
    ) {
        let setting = |name: &str| config.and_then(|config| config.get(name)).and_then(Node::text);
        let mut provider = match model.provider() {
            "openai" | "anthropic" | "sim" => json!({}),
            "openrouter" => {
                json!({"protocol": "openai", "base_url": "https://openrouter.ai/api/v1",
                "key_env": "OPENROUTER_API_KEY"})
            }
            "ollama" => json!({"protocol": "openai", "base_url": "http://localhost:11434/v1"}),
            other => {
                let advice = format!("`{other}` must be among `providers` in gatemark.yaml");
                return ledger.note("provider of your own", &node.place, advice);
            }
        };
        if let Some(address) = setting("apiBaseUrl") {
            provider["base_url"] = address.into();
        }
        if let Some(variable) = setting("apiKeyEnvar") {
            provider["key_env"] = variable.into();
        }
        self.providers.insert(model.provider().to_string(), provider);
    }
}

/// Our name for a provider that both sides know.
fn known(id: &str) -> Option<ModelName> {
    let (vendor, rest) = id.split_once(':')?;
    let kind = |kinds: &[&str]| -> Option<String> {
        match rest.split_once(':') {
            Some((kind, model)) if kinds.contains(&kind) => Some(model.to_string()),
            Some((kind, _))
                if [
                    "embedding",
                    "embeddings",
                    "image",
                    "moderation",
                    "realtime",
                    "assistant",
                    "completion",
                    "agents",
                    "chatkit",
                    "codex-sdk",
                    "tts",
                    "transcription",
                    "video",
                ]
                .contains(&kind) =>
            {
                None
            }
            _ => Some(rest.to_string()),
        }
    };
    let model = match vendor {
        "openai" => kind(&["chat", "responses"])?,
        "anthropic" => kind(&["messages"])?,
        "ollama" => kind(&["chat"])?,
        "openrouter" => rest.to_string(),
        _ => return None,
    };
    format!("{vendor}/{model}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::known;

    #[test]
    fn ids_of_known_vendors() {
        for (id, model) in [
            ("openai:gpt-4o-mini", "openai/gpt-4o-mini"),
            ("openai:chat:gpt-4o", "openai/gpt-4o"),
            ("anthropic:messages:claude-x", "anthropic/claude-x"),
            ("ollama:chat:llama3:8b", "ollama/llama3:8b"),
            ("ollama:llama3:8b", "ollama/llama3:8b"),
            ("openrouter:meta/llama-3", "openrouter/meta/llama-3"),
        ] {
            assert_eq!(known(id).unwrap().as_str(), model, "{id}");
        }
        for other in ["echo", "openai:embedding:x", "python:x.py", "file://x.js", "https://x.y/z"] {
            assert!(known(other).is_none(), "{other}");
        }
    }
}
