//! promptfoo's tests before they become cases: from YAML, JSON, JSON lines and CSV, with the defaults that
//! hold for all.

use serde_json::{Map, Value};

use super::folder::{self, Folder};
use super::ledger::Ledger;
use super::node::{Data, Node, Place};
use super::table;

/// One test as it was written.
#[derive(Debug, Clone)]
pub(super) struct Test {
    pub(super) place: Place,
    pub(super) description: Option<String>,
    pub(super) variables: Vec<(String, Node)>,
    pub(super) asserts: Vec<Node>,
    pub(super) threshold: Option<f64>,
    pub(super) metadata: Map<String, Value>,
    pub(super) options: Map<String, Value>,
    /// Labels of the prompts that it is for; all if absent.
    pub(super) prompts: Option<Vec<String>>,
}

/// Reads `tests:`, whatever it is.
pub(super) fn all(node: &Node, folder: &dyn Folder, ledger: &mut Ledger) -> Vec<Test> {
    let mut tests = vec![];
    match &node.data {
        Data::List(items) => items.iter().for_each(|item| entry(item, folder, ledger, &mut tests)),
        _ => entry(node, folder, ledger, &mut tests),
    }
    tests
}

fn entry(node: &Node, folder: &dyn Folder, ledger: &mut Ledger, tests: &mut Vec<Test>) {
    match node.text().or_else(|| node.get("path").and_then(Node::text)) {
        Some(path) if node.get("vars").is_none() => files(path, node, folder, ledger, tests),
        _ => tests.extend(test(node, folder, ledger)),
    }
}

fn files(path: &str, node: &Node, folder: &dyn Folder, ledger: &mut Ledger, tests: &mut Vec<Test>) {
    let kind = format!("tests from {path}");
    let named = path.strip_prefix("file://").unwrap_or(path);
    let Some(named) = folder::joined("", named).filter(|_| !named.contains("://")) else {
        let advice = "only files in the configuration's folder are read: save the tests there";
        return ledger.leave(kind, &node.place, advice);
    };
    let found = folder::matching(folder, &named);
    if found.is_empty() {
        ledger.leave(kind, &node.place, "no file fits this pattern");
    }
    for path in found {
        let read = match folder::ending(&path).as_str() {
            "csv" => table::records(folder, &path, ledger).map(|records| {
                tests.extend(records.iter().filter_map(|record| test(record, folder, ledger)));
            }),
            "yaml" | "yml" | "json" | "jsonl" => folder::nodes(folder, &path).map(|nodes| {
                for node in nodes {
                    match &node.data {
                        Data::List(items) => {
                            tests
                                .extend(items.iter().filter_map(|item| test(item, folder, ledger)));
                        }
                        _ => tests.extend(test(&node, folder, ledger)),
                    }
                }
            }),
            _ => Err("programs that make tests are not run: save what they make as YAML".into()),
        };
        if let Err(why) = read {
            ledger.leave(format!("tests from {path}"), &node.place, why);
        }
    }
}

/// One test; `None` if it is none, which is told.
pub(super) fn test(node: &Node, folder: &dyn Folder, ledger: &mut Ledger) -> Option<Test> {
    if !matches!(node.data, Data::Map(_)) {
        ledger.leave("test", &node.place, "this is no mapping");
        return None;
    }
    for (field, advice) in [
        ("provider", "cases run on the models that `gatemark test --model` names"),
        ("providers", "cases run on the models that `gatemark test --model` names"),
        ("providerOutput", "answers are not taken from the configuration"),
        ("assertScoringFunction", "scores are weighted means; use weights and `threshold`"),
    ] {
        if let Some(found) = node.get(field) {
            ledger.leave(format!("`{field}` of tests"), &found.place, advice);
        }
    }
    let object = |field: &str| match node.get(field).map(Node::json) {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let prompts = node.get("prompts").map(|prompts| match prompts.text() {
        Some(one) => vec![one.to_string()],
        None => prompts.items().iter().filter_map(Node::text).map(String::from).collect(),
    });
    Some(Test {
        place: node.place.clone(),
        description: node.get("description").and_then(Node::text).map(String::from),
        variables: variables(node.get("vars"), folder, ledger),
        asserts: node.get("assert").map(|list| list.items().to_vec()).unwrap_or_default(),
        threshold: node.get("threshold").and_then(Node::number),
        metadata: object("metadata"),
        options: object("options"),
        prompts,
    })
}

/// `vars`: a mapping, or a file with one.
fn variables(node: Option<&Node>, folder: &dyn Folder, ledger: &mut Ledger) -> Vec<(String, Node)> {
    let Some(node) = node else { return vec![] };
    let Some(path) = node.text() else { return node.fields().to_vec() };
    let named = folder::joined("", path.strip_prefix("file://").unwrap_or(path));
    let read =
        named.ok_or("it is not in the folder".into()).and_then(|p| folder::nodes(folder, &p));
    match read {
        Ok(nodes) => nodes.first().map(|node| node.fields().to_vec()).unwrap_or_default(),
        Err(why) => {
            ledger.leave(format!("vars from {path}"), &node.place, why);
            vec![]
        }
    }
}

impl Test {
    /// With what `defaultTest` says for all.
    pub(super) fn with(mut self, default: &Test) -> Self {
        for (name, node) in &default.variables {
            if !self.variables.iter().any(|(own, _)| own == name) {
                self.variables.push((name.clone(), node.clone()));
            }
        }
        if self.options.get("disableDefaultAsserts") != Some(&Value::Bool(true)) {
            self.asserts = default.asserts.iter().cloned().chain(self.asserts).collect();
        }
        self.threshold = self.threshold.or(default.threshold);
        for (own, all) in
            [(&mut self.metadata, &default.metadata), (&mut self.options, &default.options)]
        {
            for (name, value) in all {
                own.entry(name).or_insert_with(|| value.clone());
            }
        }
        self
    }

    /// An option that is a text.
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }
}
