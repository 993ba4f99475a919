//! Tests in CSV: a column a variable, and columns with two underscores for everything else.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::folder::Folder;
use super::ledger::Ledger;
use super::node::{Node, Place};

/// `type(0.8): value`, as promptfoo reads it from a cell.
static CELL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?s)^((?:not-)?[a-z][a-z0-9-]*)(?:\((\d+(?:\.\d+)?)\))?(?::(.*))?$").ok()
});

/// The types that may stand before a colon; any other text is a wanted answer.
const TYPES: [&str; 34] = [
    "answer-relevance",
    "bleu",
    "classifier",
    "contains-all",
    "contains-any",
    "contains-html",
    "contains-json",
    "contains-sql",
    "contains-xml",
    "contains",
    "context-faithfulness",
    "context-recall",
    "context-relevance",
    "cost",
    "equals",
    "factuality",
    "finish-reason",
    "g-eval",
    "icontains-all",
    "icontains-any",
    "icontains",
    "is-html",
    "is-json",
    "is-refusal",
    "is-sql",
    "is-xml",
    "latency",
    "levenshtein",
    "model-graded-closedqa",
    "perplexity",
    "regex",
    "rouge-n",
    "similar",
    "starts-with",
];

/// Every record as the mapping that would be the same test in YAML.
pub(super) fn records(
    folder: &dyn Folder,
    path: &str,
    ledger: &mut Ledger,
) -> Result<Vec<Node>, String> {
    let text = folder.text(path)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let mut found = vec![];
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().and_then(|at| usize::try_from(at.line()).ok()).unwrap_or(1);
        let place = Place { file: path.into(), line };
        let cells = headers.iter().zip(record.iter().chain(std::iter::repeat("")));
        found.push(Node::of(test(cells, &place, ledger), &place));
    }
    Ok(found)
}

fn test<'a>(
    cells: impl Iterator<Item = (&'a str, &'a str)>,
    place: &Place,
    ledger: &mut Ledger,
) -> Value {
    let (mut vars, mut metadata, mut options) = (Map::new(), Map::new(), Map::new());
    let mut asserts = vec![];
    let mut test = Map::new();
    for (name, cell) in cells.map(|(name, cell)| (name.trim(), cell)) {
        let filled = !cell.trim().is_empty();
        if name.starts_with("__expected") {
            asserts.extend(filled.then(|| expected(cell.trim())));
        } else if let Some(key) = name.strip_prefix("__metadata:").filter(|_| filled) {
            match key.strip_suffix("[]") {
                Some(key) => {
                    let items: Vec<&str> = cell.split(',').map(str::trim).collect();
                    metadata.insert(key.into(), json!(items));
                }
                None => {
                    metadata.insert(key.into(), cell.into());
                }
            }
        } else if let Some(option) =
            ["prefix", "suffix"].into_iter().find(|o| name == format!("__{o}"))
        {
            options.insert(option.into(), cell.into());
        } else if let Some(field) =
            ["description", "threshold"].into_iter().find(|f| name == format!("__{f}"))
        {
            if filled {
                test.insert(field.into(), cell.trim().into());
            }
        } else if name.starts_with("__") {
            if filled {
                ledger.leave(format!("column {name}"), place, "there is nothing like it here");
            }
        } else {
            vars.insert(name.into(), cell.into());
        }
    }
    for (name, value) in [("vars", vars), ("metadata", metadata), ("options", options)] {
        test.insert(name.into(), value.into());
    }
    test.insert("assert".into(), asserts.into());
    Value::Object(test)
}

/// What a cell under `__expected` asserts.
fn expected(cell: &str) -> Value {
    for prefix in ["javascript:", "fn:", "eval:"] {
        if let Some(code) = cell.strip_prefix(prefix) {
            return json!({"type": "javascript", "value": code.trim()});
        }
    }
    for prefix in ["grade:", "llm-rubric:"] {
        if let Some(rubric) = cell.strip_prefix(prefix) {
            return json!({"type": "llm-rubric", "value": rubric});
        }
    }
    if cell.starts_with("python:") || cell.starts_with("file://") {
        let script = cell.ends_with(".js") || cell.ends_with(".cjs");
        let kind = if script { "javascript" } else { "python" };
        return json!({"type": kind, "value": cell});
    }
    let parts = CELL.as_ref().and_then(|pattern| pattern.captures(cell));
    let Some((parts, kind)) = parts.and_then(|parts| {
        let kind = parts.get(1)?.as_str().to_string();
        TYPES.contains(&kind.strip_prefix("not-").unwrap_or(&kind)).then_some((parts, kind))
    }) else {
        return json!({"type": "equals", "value": cell});
    };
    let base = kind.strip_prefix("not-").unwrap_or(&kind);
    let mut found = json!({"type": kind});
    if let Some(value) = parts.get(3) {
        found["value"] = value.as_str().trim().into();
    }
    // These have a threshold in a cell even if none is written, and others ignore theirs.
    if ["cost", "latency", "levenshtein", "rouge-n", "similar"].contains(&base) {
        let threshold = parts.get(2).and_then(|written| written.as_str().parse().ok());
        found["threshold"] = json!(threshold.unwrap_or(0.75));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_as_promptfoo_reads_them() {
        for (cell, wanted) in [
            ("plain text: yes", json!({"type": "equals", "value": "plain text: yes"})),
            ("contains: a", json!({"type": "contains", "value": "a"})),
            ("not-icontains-any: a, b", json!({"type": "not-icontains-any", "value": "a, b"})),
            ("similar(0.8): x", json!({"type": "similar", "value": "x", "threshold": 0.8})),
            ("levenshtein(3): x", json!({"type": "levenshtein", "value": "x", "threshold": 3.0})),
            ("is-json", json!({"type": "is-json"})),
            ("fn: output > 1", json!({"type": "javascript", "value": "output > 1"})),
            ("unknown: x", json!({"type": "equals", "value": "unknown: x"})),
        ] {
            assert_eq!(expected(cell), wanted, "{cell}");
        }
    }
}
