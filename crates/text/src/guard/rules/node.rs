//! YAML as a tree with places. Only what rule files need: mappings, lists, scalars; no anchors, aliases or tags.

use saphyr_parser::{Event, Parser};

/// Where something was written. Lines and columns count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Spot {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) spot: Spot,
    pub(super) value: Value,
}

/// What was written. Scalars are texts here; who reads them knows what they should be.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Deepest nesting; rule files need five.
const DEEPEST: usize = 8;
/// Most values in one file.
const MOST: usize = 100_000;

/// A list or mapping that is open; of a mapping, the key whose value comes next.
enum Open {
    List(Spot, Vec<Node>),
    Map(Spot, Vec<(String, Node)>, Option<String>),
}

/// Reads a file. The error is a place and what is wrong there.
pub(super) fn parse(text: &str) -> Result<Option<Node>, (Spot, String)> {
    let mut stack: Vec<Open> = vec![];
    let mut root = None;
    let mut count = 0_usize;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let marker = error.marker();
            (Spot { line: marker.line(), column: marker.col() + 1 }, error.info().to_owned())
        })?;
        let spot = Spot { line: span.start.line(), column: span.start.col() + 1 };
        count += 1;
        if count > MOST || stack.len() > DEEPEST {
            return Err((spot, format!("more than {MOST} values or {DEEPEST} levels")));
        }
        let done = match event {
            Event::Scalar(text, _, 0, None) => Node { spot, value: Value::Text(text.into_owned()) },
            Event::SequenceStart(0, None) => {
                stack.push(Open::List(spot, vec![]));
                continue;
            }
            Event::MappingStart(0, None) => {
                stack.push(Open::Map(spot, vec![], None));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match stack.pop() {
                Some(Open::List(spot, items)) => Node { spot, value: Value::List(items) },
                Some(Open::Map(spot, entries, _)) => Node { spot, value: Value::Map(entries) },
                None => continue,
            },
            Event::Alias(_)
            | Event::Scalar(..)
            | Event::SequenceStart(..)
            | Event::MappingStart(..) => {
                return Err((spot, "anchors, aliases and tags are not supported".to_owned()));
            }
            _ => continue,
        };
        put(&mut stack, &mut root, done)?;
    }
    Ok(root)
}

fn put(stack: &mut [Open], root: &mut Option<Node>, done: Node) -> Result<(), (Spot, String)> {
    match stack.last_mut() {
        None if root.is_some() => Err((done.spot, "a second document starts here".to_owned())),
        None => {
            *root = Some(done);
            Ok(())
        }
        Some(Open::List(_, items)) => {
            items.push(done);
            Ok(())
        }
        Some(Open::Map(_, entries, key)) => {
            match key.take() {
                Some(name) => entries.push((name, done)),
                None => match done.value {
                    Value::Text(name) if entries.iter().all(|(other, _)| *other != name) => {
                        *key = Some(name)
                    }
                    Value::Text(name) => {
                        return Err((done.spot, format!("`{name}` is written twice")));
                    }
                    _ => return Err((done.spot, "a key must be a name".to_owned())),
                },
            }
            Ok(())
        }
    }
}
