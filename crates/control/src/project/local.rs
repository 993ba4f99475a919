//! `providers:` with `protocol: local`: an embedding model that is run in this process.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gatemark_core::Digest;
use gatemark_core::id::ModelName;
use gatemark_core::model::LocalModel;

use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::{Fields, entries, shown};
use super::typed;

/// The fields that only such a provider has.
pub(super) const FIELDS: [&str; 4] = ["path", "hub", "revision", "sha256"];

/// Reads where the model comes from: `path`, or `hub` with `revision`.
pub(super) fn read(
    provider: &str,
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) -> Option<LocalModel> {
    let model = match (fields.has("path"), fields.has("hub")) {
        (true, false) => folder(fields, problems)?,
        (false, true) => hub(fields, problems)?,
        (true, true) => {
            let message = "a model comes from a `path` or from a `hub`, not from both";
            problems.error(fields.spot(), message, "remove one of them");
            FIELDS.iter().for_each(|name| fields.pass(name));
            return None;
        }
        (false, false) => {
            let message = format!("provider `{}` needs a `path` or a `hub`", shown(provider));
            let hint = "write `path: models/all-MiniLM-L6-v2` for a folder with a sentence-transformer, or `hub: owner/name` with a `revision`";
            problems.error(fields.spot(), message, hint);
            FIELDS.iter().for_each(|name| fields.pass(name));
            return None;
        }
    };
    let name = model.name();
    if format!("{provider}/{name}").parse::<ModelName>().is_err() {
        let message = format!("{:?} cannot be the name of a model", shown(&name));
        let hint = "name the folder with printable characters and no blanks";
        problems.error(fields.spot(), message, hint);
        return None;
    }
    Some(model)
}

fn folder(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<LocalModel> {
    for name in ["revision", "sha256"] {
        fields.refuse(name, "is for a model from a `hub`", "remove it", problems);
    }
    let node = fields.get("path", problems)?;
    Some(LocalModel::Folder(PathBuf::from(typed::words(node, "`path`", problems)?)))
}

fn hub(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<LocalModel> {
    let hub = fields.get("hub", problems);
    let repository = hub.and_then(|node| {
        let text = typed::words(node, "`hub`", problems)?;
        if text.split('/').count() == 2 && text.split('/').all(is_plain) {
            return Some(text.to_string());
        }
        let hint = "write `owner/name`, such as sentence-transformers/all-MiniLM-L6-v2";
        problems.error(&node.spot, "`hub` is not the name of a repository", hint);
        None
    });
    let revision = fields.required("revision", problems).and_then(|node| {
        let text = typed::words(node, "`revision`", problems)?;
        if is_plain(text) {
            return Some(text.to_string());
        }
        let hint = "write the commit that the model is to be taken from";
        problems.error(&node.spot, "`revision` is not a commit, tag or branch", hint);
        None
    });
    let sha256 = fields.get("sha256", problems);
    let sha256 = sha256.map(|node| digests(node, problems)).unwrap_or_default();
    Some(LocalModel::Hub { repository: repository?, revision: revision?, sha256 })
}

/// A word that can be a part of a path and of a URL, and leads nowhere else.
fn is_plain(text: &str) -> bool {
    let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    !text.is_empty() && !text.starts_with('.') && text.len() <= 96 && text.bytes().all(fits)
}

fn digests(node: &Node, problems: &mut Problems) -> BTreeMap<String, Digest> {
    let mut digests = BTreeMap::new();
    for (key, node) in entries(node, "`sha256`", problems).unwrap_or_default() {
        let digest = match &node.value {
            Value::Text(text) => text.parse::<Digest>().ok(),
            _ => None,
        };
        match digest {
            Some(digest) => drop(digests.insert(key.name.clone(), digest)),
            None => {
                let message = format!("the SHA-256 of `{}` is not 64 digits", shown(&key.name));
                problems.error(&node.spot, message, "write it in quotes, as `sha256sum` prints it");
            }
        }
    }
    digests
}
