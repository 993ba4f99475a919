//! One test with lists as many cases: every combination of the values of its variables.

use serde_json::{Map, Value};

use super::case::Test;
use super::fill;
use super::folder::{self, Folder};
use super::node::{Data, Node};

/// Most cases that one test may become.
const MOST: usize = 10_000;

/// Every combination, in promptfoo's order. The error says why there is none.
pub(super) fn combinations(
    test: &Test,
    folder: &dyn Folder,
) -> Result<Vec<Map<String, Value>>, String> {
    let as_lists = test.options.get("disableVarExpansion") != Some(&Value::Bool(true));
    let mut found = vec![Map::new()];
    for (name, node) in &test.variables {
        let values = values(node, folder, as_lists).map_err(|why| format!("`{name}`: {why}"))?;
        if found.len().saturating_mul(values.len()) > MOST {
            return Err(format!("the variables' lists give more than {MOST} combinations"));
        }
        let with = |one: Map<String, Value>| {
            let name = name.clone();
            values.iter().map(move |value| {
                let mut one = one.clone();
                one.insert(name.clone(), value.clone());
                one
            })
        };
        found = found.into_iter().flat_map(with).collect();
    }
    found.into_iter().map(filled).collect()
}

/// A list of texts stands for each of them; any other list is one value.
fn values(node: &Node, folder: &dyn Folder, as_lists: bool) -> Result<Vec<Value>, String> {
    if let Some(path) = node.text().and_then(|text| text.strip_prefix("file://")) {
        let path = folder::joined("", path).ok_or("the file is outside of the folder")?;
        let paths = folder::matching(folder, &path);
        if paths.is_empty() {
            return Err(format!("no file fits {path}"));
        }
        return paths.iter().map(|path| content(folder, path)).collect();
    }
    match &node.data {
        Data::List(items)
            if as_lists && items.first().is_some_and(|item| item.text().is_some()) =>
        {
            Ok(items.iter().map(Node::json).collect())
        }
        _ => Ok(vec![node.json()]),
    }
}

fn content(folder: &dyn Folder, path: &str) -> Result<Value, String> {
    match folder::ending(path).as_str() {
        "yaml" | "yml" => {
            let nodes = folder::nodes(folder, path)?;
            Ok(Value::from(nodes.first().map(Node::json).unwrap_or_default().to_string()))
        }
        "js" | "cjs" | "mjs" | "ts" | "py" => Err(format!("{path} is a program, which is not run")),
        "png" | "jpg" | "jpeg" | "gif" | "webp" | "pdf" | "mp3" | "wav" | "mp4" => {
            Err(format!("{path} is no text"))
        }
        _ => folder.text(path).map(|text| Value::from(text.trim())),
    }
}

/// Variables may name other variables.
fn filled(variables: Map<String, Value>) -> Result<Map<String, Value>, String> {
    let each = variables.iter().map(|(name, value)| {
        let value = fill::fill_all(value, &variables);
        let value = value.map_err(|syntax| format!("`{name}` holds {syntax}; write it out"))?;
        Ok((name.clone(), value))
    });
    each.collect()
}
