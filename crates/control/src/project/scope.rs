//! `scope:` of a budget or a limit: which calls it is about.

use std::collections::BTreeMap;

use gatemark_core::id::{EnvironmentName, ModelName, PromptName};
use gatemark_core::scope::{Pick, Scope};

use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::{Fields, entries, shown};
use super::typed;

/// What stands for each value.
const EACH: &str = "*";

/// Reads a scope: `all`, or a mapping of what must fit.
pub(super) fn read(node: &Node, problems: &mut Problems) -> Option<Scope> {
    if let Value::Text(word) = &node.value {
        if word == "all" {
            return Some(Scope::default());
        }
        let message = format!("`scope` must be `all` or a mapping, not `{}`", shown(word));
        problems.error(&node.spot, message, "write e.g. `scope: {service: support}`");
        return None;
    }
    let before = problems.errors();
    let mut fields = Fields::open(node, "a scope", problems)?;
    let mut pick = |name, check: fn(&str) -> Result<(), String>| {
        let node = fields.get(name, problems)?;
        picked(node, name, check, problems)
    };
    let key = pick("key", |_| Ok(()));
    let caller = pick("caller", |_| Ok(()));
    let service = pick("service", |name| {
        format!("{name}/x").parse::<PromptName>().map(drop).map_err(|e| e.to_string())
    });
    let prompt =
        pick("prompt", |name| name.parse::<PromptName>().map(drop).map_err(|e| e.to_string()));
    let environment = pick("environment", |name| {
        name.parse::<EnvironmentName>().map(drop).map_err(|e| e.to_string())
    });
    let model =
        pick("model", |name| name.parse::<ModelName>().map(drop).map_err(|e| e.to_string()));
    if key.is_some() && caller.is_some() {
        let message = "`key` and `caller` say the same: callers are known by the name of their key";
        problems.error(&node.spot, message, "keep one of the two");
    }
    let mut tags = BTreeMap::new();
    let node = fields.get("tag", problems);
    for (key, node) in node.and_then(|node| entries(node, "`tag`", problems)).unwrap_or_default() {
        let value = typed::words(node, "a tag's value", problems);
        let Some(value) = value else { continue };
        let tried = if value == EACH { "x" } else { value };
        match gatemark_gateway::tag(&key.name, tried) {
            Ok(_) => drop(tags.insert(key.name.clone(), choice(value))),
            Err(why) => problems.error(&key.spot, why, "change it"),
        }
    }
    fields.close(problems);
    let key = key.or(caller);
    (problems.errors() == before).then_some(Scope {
        key,
        service,
        prompt,
        environment,
        model,
        tags,
    })
}

fn picked(
    node: &Node,
    name: &str,
    check: fn(&str) -> Result<(), String>,
    problems: &mut Problems,
) -> Option<Pick> {
    let value = typed::words(node, &format!("`{name}`"), problems)?;
    if value != EACH
        && let Err(why) = check(value)
    {
        problems.error(&node.spot, why, "write a name, or \"*\" for each of them");
        return None;
    }
    Some(choice(value))
}

fn choice(value: &str) -> Pick {
    if value == EACH { Pick::Each } else { Pick::Is(value.to_string()) }
}
