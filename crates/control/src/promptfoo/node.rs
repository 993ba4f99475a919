//! A value with the place where it was written, read from YAML or JSON.
//!
//! Unlike our own files, promptfoo's may use anchors, aliases and merge keys; they are resolved here, within
//! a bound on the values that this makes, so that a small file cannot unfold into a huge one.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

use crate::project;

/// Most values of one file, aliases unfolded.
const MOST: usize = 2_000_000;
/// Deepest nesting.
const DEEPEST: usize = 64;

/// Where something was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Place {
    /// Relative to the folder of the configuration.
    #[serde(serialize_with = "text")]
    pub file: Arc<str>,
    /// From 1.
    pub line: usize,
}

fn text<S: serde::Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) data: Data,
}

impl Node {
    /// A value that was not read as YAML.
    pub(super) fn of(value: Value, place: &Place) -> Self {
        let data = match value {
            Value::Array(items) => {
                Data::List(items.into_iter().map(|item| Self::of(item, place)).collect())
            }
            Value::Object(fields) => {
                let of = |(key, value)| (key, Self::of(value, place));
                Data::Map(fields.into_iter().map(of).collect())
            }
            scalar => Data::Scalar(scalar),
        };
        Self { place: place.clone(), data }
    }

    /// The value under `key` of a mapping, unless it is null.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let found = self.fields().iter().find(|(name, _)| name == key).map(|(_, node)| node)?;
        (found.data != Data::Scalar(Value::Null)).then_some(found)
    }

    /// The fields of a mapping; of anything else, none.
    pub(super) fn fields(&self) -> &[(String, Node)] {
        match &self.data {
            Data::Map(fields) => fields,
            _ => &[],
        }
    }

    /// The items of a list; of anything else, none.
    pub(super) fn items(&self) -> &[Node] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The number, also if it is written as a text.
    pub(super) fn number(&self) -> Option<f64> {
        match &self.data {
            Data::Scalar(Value::Number(number)) => number.as_f64(),
            Data::Scalar(Value::String(text)) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// As JSON.
    pub(super) fn json(&self) -> Value {
        match &self.data {
            Data::Scalar(value) => value.clone(),
            Data::List(items) => Value::Array(items.iter().map(Self::json).collect()),
            Data::Map(fields) => Value::Object(
                fields.iter().map(|(key, node)| (key.clone(), node.json())).collect::<Map<_, _>>(),
            ),
        }
    }

    fn size(&self) -> usize {
        1 + match &self.data {
            Data::Scalar(_) => 0,
            Data::List(items) => items.iter().map(Self::size).sum::<usize>(),
            Data::Map(fields) => fields.iter().map(|(_, node)| node.size()).sum(),
        }
    }
}

/// A list or mapping that is not closed yet.
struct Open {
    node: Node,
    anchor: usize,
    /// The key that waits for its value.
    key: Option<String>,
}

/// Reads every document of a YAML (or JSON) text. The error says what is wrong and in which line.
pub(super) fn documents(file: &str, text: &str) -> Result<Vec<Node>, String> {
    let mut reader = Reader {
        file: file.into(),
        stack: vec![],
        anchors: HashMap::new(),
        found: vec![],
        values: 0,
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            format!("line {}: this is not valid YAML: {}", error.marker().line(), error.info())
        })?;
        let line = span.start.line();
        reader.take(event, line).map_err(|problem| format!("line {line}: {problem}"))?;
    }
    Ok(reader.found)
}

struct Reader {
    file: Arc<str>,
    stack: Vec<Open>,
    anchors: HashMap<usize, Node>,
    found: Vec<Node>,
    values: usize,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<(), String> {
        let place = Place { file: self.file.clone(), line };
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = match style {
                    ScalarStyle::Plain => project::plain_scalar(&text),
                    _ => Value::String(text.into_owned()),
                };
                self.finish(Node { place, data: Data::Scalar(value) }, anchor)
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned();
                let node = node.ok_or("this alias stands inside of what it repeats")?;
                self.finish(node, 0)
            }
            Event::SequenceStart(anchor, _) => self.open(place, Data::List(vec![]), anchor),
            Event::MappingStart(anchor, _) => self.open(place, Data::Map(vec![]), anchor),
            Event::SequenceEnd | Event::MappingEnd => match self.stack.pop() {
                Some(Open { node, anchor, .. }) => self.finish(node, anchor),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn open(&mut self, place: Place, data: Data, anchor: usize) -> Result<(), String> {
        if self.stack.len() >= DEEPEST {
            return Err(format!("this is nested more than {DEEPEST} levels deep"));
        }
        self.stack.push(Open { node: Node { place, data }, anchor, key: None });
        Ok(())
    }

    fn finish(&mut self, node: Node, anchor: usize) -> Result<(), String> {
        self.values += if matches!(node.data, Data::Scalar(_)) { 1 } else { node.size() };
        if self.values > MOST {
            return Err(format!("the file holds more than {MOST} values"));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.stack.last_mut() else {
            self.found.push(node);
            return Ok(());
        };
        match (&mut open.node.data, open.key.take()) {
            (Data::List(items), _) => items.push(node),
            (Data::Map(fields), Some(key)) if key == "<<" => merge(fields, node),
            (Data::Map(fields), Some(key)) => {
                fields.retain(|(name, _)| *name != key);
                fields.push((key, node));
            }
            (Data::Map(_), None) => open.key = Some(key(&node)?),
            (Data::Scalar(_), _) => {}
        }
        Ok(())
    }
}

fn key(node: &Node) -> Result<String, String> {
    match &node.data {
        Data::Scalar(Value::String(text)) => Ok(text.clone()),
        Data::Scalar(value) => Ok(value.to_string()),
        _ => {
            Err("a list or mapping cannot be a key: a text that begins with `{` needs quotes"
                .into())
        }
    }
}

/// What a merge key does: fields that are there already stay.
fn merge(fields: &mut Vec<(String, Node)>, from: Node) {
    match from.data {
        Data::Map(others) => {
            for (key, node) in others {
                if !fields.iter().any(|(name, _)| *name == key) {
                    fields.push((key, node));
                }
            }
        }
        Data::List(items) => items.into_iter().for_each(|item| merge(fields, item)),
        Data::Scalar(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn anchors_and_merges_are_resolved_and_lines_kept() {
        let text = "base: &b {a: 1, b: yes}\nnext:\n  <<: *b\n  b: 2.50\nlist: [*b, 'x']\n";
        let node = documents("f.yaml", text).unwrap().remove(0);
        assert_eq!(
            node.json(),
            json!({"base": {"a": 1, "b": "yes"}, "next": {"a": 1, "b": 2.5},
                "list": [{"a": 1, "b": "yes"}, "x"]})
        );
        assert_eq!(node.get("list").unwrap().place.line, 5);
        assert_eq!(documents("f", "a: 1\n---\nb: 2\n").unwrap().len(), 2);
    }

    #[test]
    fn what_unfolds_without_end_is_refused() {
        let mut text = String::from("a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
        for n in 1..12 {
            let items = vec![format!("*a{}", n - 1); 10].join(",");
            text.push_str(&format!("a{n}: &a{n} [{items}]\n"));
        }
        assert!(documents("f", &text).unwrap_err().contains("more than"));
        assert!(documents("f", &"[".repeat(100)).is_err());
        assert!(documents("f", "a: [").is_err());
    }
}
