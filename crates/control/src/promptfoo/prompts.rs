//! promptfoo's prompts as messages: texts, files with several, and chats as JSON or YAML.

use std::collections::BTreeSet;

use gatemark_text::template;
use serde_json::Value;

use super::folder::{self, Folder};
use super::ledger::Ledger;
use super::node::{self, Data, Node, Place};

/// A prompt that can be imported.
#[derive(Debug, Clone)]
pub(super) struct Prompt {
    /// What it is called, by the user or by its file.
    pub(super) label: Option<String>,
    /// Roles and texts.
    pub(super) messages: Vec<(String, String)>,
    /// Variables that the texts name.
    pub(super) variables: BTreeSet<String>,
}

/// Reads `prompts:`.
pub(super) fn all(node: &Node, folder: &dyn Folder, ledger: &mut Ledger) -> Vec<Prompt> {
    let mut found = vec![];
    match &node.data {
        Data::List(items) => items.iter().for_each(|item| entry(item, folder, ledger, &mut found)),
        _ => entry(node, folder, ledger, &mut found),
    }
    found
}

fn entry(node: &Node, folder: &dyn Folder, ledger: &mut Ledger, found: &mut Vec<Prompt>) {
    let label = node.get("label").or_else(|| node.get("display")).and_then(Node::text);
    let written = ["raw", "file", "id"].into_iter().find_map(|field| node.get(field));
    let Some(text) = node.text().or_else(|| written.and_then(Node::text)) else {
        return ledger.leave("prompt", &node.place, "this is neither a text nor a file");
    };
    let named = text.strip_prefix("file://");
    let exists = || {
        let found = folder::joined("", text.trim()).map(|path| folder::matching(folder, &path));
        found.unwrap_or_default().iter().any(|path| folder.paths().contains(path))
    };
    let is_file = named.is_some() || (!text.contains('\n') && exists());
    if !is_file {
        found.extend(prompt(text, label, &node.place, ledger));
        return;
    }
    let kind = format!("prompt from {text}");
    let Some(path) = folder::joined("", named.unwrap_or(text).trim()) else {
        return ledger.leave(kind, &node.place, "the file is outside of the folder: put it there");
    };
    for path in folder::matching(folder, &path) {
        match texts(folder, &path) {
            Ok(texts) => {
                let several = texts.len() > 1;
                for (at, text) in texts.iter().enumerate() {
                    let place = Place { file: path.as_str().into(), line: 1 };
                    let own = match several {
                        true => format!("{}-{}", stem(&path), at + 1),
                        false => stem(&path).to_string(),
                    };
                    found.extend(prompt(text, Some(label.unwrap_or(&own)), &place, ledger));
                }
            }
            Err(why) => ledger.leave(kind.clone(), &node.place, why),
        }
    }
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The prompts of a file. In a text, lines of three hyphens separate them.
fn texts(folder: &dyn Folder, path: &str) -> Result<Vec<String>, String> {
    match folder::ending(path).as_str() {
        "txt" => {
            let text = folder.text(path)?.replace("\r\n", "\n");
            let parts = format!("\n{text}\n");
            let parts = parts.split("\n---\n").map(|part| part.trim().to_string());
            Ok(parts.filter(|part| !part.is_empty()).collect())
        }
        "md" | "json" | "yaml" | "yml" | "j2" => Ok(vec![folder.text(path)?.trim().to_string()]),
        "jsonl" => {
            let text = folder.text(path)?;
            Ok(text.lines().filter(|line| !line.trim().is_empty()).map(String::from).collect())
        }
        _ => Err("programs that make prompts are not run: save what they make as text".into()),
    }
}

fn prompt(text: &str, label: Option<&str>, place: &Place, ledger: &mut Ledger) -> Option<Prompt> {
    let messages = match chat(text) {
        Some(Ok(messages)) => messages,
        Some(Err(why)) => {
            ledger.leave("prompt", place, why);
            return None;
        }
        None => vec![("user".to_string(), text.to_string())],
    };
    let mut variables = BTreeSet::new();
    for (_, text) in &messages {
        variables.extend(template::used_variables(text));
    }
    let declared: BTreeSet<&str> = variables.iter().map(String::as_str).collect();
    let problems: Vec<String> = messages
        .iter()
        .flat_map(|(_, text)| template::problems(text, &declared))
        .map(|problem| problem.message.clone())
        .collect();
    let environment = variables.contains("env");
    if !problems.is_empty() || environment {
        let why = match environment {
            true => "`env` is not given to templates; write the value out".to_string(),
            false => problems.join("; "),
        };
        let advice = format!("its template is none of ours ({why}): rewrite it in Jinja");
        ledger.leave("prompt with Nunjucks syntax", place, advice);
        return None;
    }
    Some(Prompt { label: label.map(String::from), messages, variables })
}

/// A chat, if the text is one: a list of `role` and `content`, in JSON or YAML.
fn chat(text: &str) -> Option<Result<Vec<(String, String)>, String>> {
    let trimmed = text.trim_start();
    if !trimmed.starts_with('[') && !trimmed.starts_with("- ") {
        return None;
    }
    let documents = node::documents("prompt", text).ok()?;
    let list = documents.first()?.items();
    if list.is_empty() || list.iter().any(|item| item.get("role").is_none()) {
        return None;
    }
    Some(list.iter().map(message).collect())
}

fn message(node: &Node) -> Result<(String, String), String> {
    let role = node.get("role").and_then(Node::text).unwrap_or_default();
    let role = if role == "developer" { "system" } else { role };
    if !["system", "user", "assistant"].contains(&role) {
        return Err(format!("a message has the role `{role}`"));
    }
    let content = node.get("content").ok_or("a message has no content")?;
    if let Some(text) = content.text() {
        return Ok((role.to_string(), text.to_string()));
    }
    let parts: Option<Vec<&str>> =
        content.items().iter().map(|part| part.get("text").and_then(Node::text)).collect();
    match parts.filter(|parts| !parts.is_empty()) {
        Some(parts) => Ok((role.to_string(), parts.join("\n"))),
        None => Err("a message holds more than text".into()),
    }
}

/// A value as it stands in a prompt there: texts as they are, everything else as JSON.
pub(super) fn shown(value: &Value) -> Value {
    match value {
        Value::String(_) => value.clone(),
        Value::Null => Value::from(""),
        other => Value::from(other.to_string()),
    }
}
