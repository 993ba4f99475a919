//! Tags: words that callers put on a call, by which budgets and limits tell calls apart.
//!
//! They come in a header, which is made for them, or in the request's `metadata`, which clients of OpenAI
//! know. Metadata may hold what the record must not keep, so only names that a budget or a limit of the
//! project asks for are taken from it.

use std::collections::BTreeMap;

use gatemark_core::model::Project;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Most tags of a call.
pub const MOST_TAGS: usize = 16;

/// Longest name and longest value, in bytes.
const LONGEST: usize = 128;

/// A tag from a caller's name and value, or why it is none.
///
/// # Errors
/// A sentence for the caller.
pub fn tag(name: &str, value: &str) -> Result<(String, String), String> {
    let named = name.bytes().all(|c| c.is_ascii_alphanumeric() || b"_.-".contains(&c));
    if name.is_empty() || name.len() > LONGEST || !named {
        return Err(format!(
            "a tag's name must be 1 to {LONGEST} letters, digits, `_`, `.` or `-`"
        ));
    }
    if value.is_empty() || value.len() > LONGEST || value.chars().any(char::is_control) {
        return Err(format!("tag `{name}` must have a value of 1 to {LONGEST} printable bytes"));
    }
    Ok((name.to_string(), value.to_string()))
}

/// The caller's tags and those that the project's scopes ask for and the request's metadata has.
pub(crate) fn with_metadata(
    mut tags: BTreeMap<String, String>,
    fields: &[(String, Box<RawValue>)],
    project: &Project,
) -> BTreeMap<String, String> {
    let budgets = project.budgets.iter().map(|budget| &budget.scope);
    let scopes = budgets.chain(project.limits.iter().map(|limit| &limit.scope));
    let mut wanted = scopes.flat_map(|scope| scope.tags.keys()).peekable();
    if wanted.peek().is_none() {
        return tags;
    }
    let metadata = fields.iter().find(|(name, _)| name == "metadata");
    let Some(metadata) =
        metadata.and_then(|(_, raw)| serde_json::from_str::<Map<String, Value>>(raw.get()).ok())
    else {
        return tags;
    };
    for name in wanted {
        let value = metadata.get(name).and_then(Value::as_str);
        if let Some(Ok((name, value))) = value.map(|value| tag(name, value))
            && tags.len() < MOST_TAGS
        {
            tags.entry(name).or_insert(value);
        }
    }
    tags
}
