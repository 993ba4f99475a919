//! YAML into marked trees.
//!
//! The parser's events are folded with an explicit stack, never by recursion, and within bounds, so a
//! hostile file costs what a large honest one costs. The parts of YAML by which one place acts on another
//! (anchors, aliases, merge keys), tags and several documents are refused: a reviewer of a prompt must
//! see in one place what it says.

use std::collections::HashMap;
use std::mem;

use gatemark_core::diagnostic::Diagnostic;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::node::{Key, Node, Value};
use super::problems::Problems;
use super::scalar;
use super::source::{Source, Spot};

/// Deepest nesting of lists and mappings.
pub(super) const MAX_DEPTH: usize = 64;
/// Most values in one document.
pub(super) const MAX_NODES: usize = 200_000;
/// In longer lines, in characters, texts are not traced back to their columns: that takes a walk per text.
const LONG_LINE: usize = 4096;

/// Reads the one document of `source`; `None` if it cannot be read at all, which is then reported.
pub(super) fn parse(source: &Source<'_>, problems: &mut Problems) -> Option<Node> {
    let mut builder =
        Builder { source, problems, stack: vec![], root: None, nodes: 0, documents: 0 };
    for event in Parser::new_from_str(source.text) {
        let step = event
            .map_err(|error| builder.syntax_error(&error))
            .and_then(|(event, span)| builder.take(event, span));
        if let Err(fatal) = step {
            builder.problems.add(*fatal);
            return None;
        }
    }
    let root = builder.root.take();
    if root.is_none() {
        problems.error(&source.spot(1, 1, 1), "the file is empty", "write the file's fields here");
    }
    root
}

/// A list or mapping that is not closed yet.
enum Open {
    List {
        items: Vec<Node>,
        spot: Spot,
        flow: bool,
    },
    Map {
        entries: Vec<(Key, Node)>,
        seen: HashMap<String, Spot>,
        next: Next,
        spot: Spot,
        flow: bool,
        broken: bool,
    },
}

/// What a mapping waits for.
enum Next {
    Key,
    Value(Key),
    /// A value whose key was refused.
    Dropped,
}

struct Builder<'s, 'p> {
    source: &'s Source<'s>,
    problems: &'p mut Problems,
    stack: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
}

type Step = Result<(), Box<Diagnostic>>;

impl Builder<'_, '_> {
    fn take(&mut self, event: Event<'_>, span: Span) -> Step {
        match event {
            Event::DocumentStart(_) => self.document(span),
            Event::Alias(_) => {
                let spot = self.spot(span);
                let hint = "write the value again; in quotes if it is a text that starts with `*`";
                self.problems.error(&spot, "aliases are not supported", hint);
                self.count(&spot)?;
                self.finish(Node::new(Value::Broken, spot));
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let spot = self.spot(span);
                self.count(&spot)?;
                self.refuse_extras(&spot, anchor, tag.as_deref());
                let node = self.scalar(text.into_owned(), style, span, spot);
                self.finish(node);
                Ok(())
            }
            Event::SequenceStart(anchor, tag) => {
                let spot = self.spot(span);
                self.refuse_extras(&spot, anchor, tag.as_deref());
                self.open(Open::List { items: vec![], spot, flow: !span.is_empty() })
            }
            Event::MappingStart(anchor, tag) => {
                let spot = self.spot(span);
                self.refuse_extras(&spot, anchor, tag.as_deref());
                let (entries, seen, next) = (vec![], HashMap::new(), Next::Key);
                let flow = !span.is_empty();
                self.open(Open::Map { entries, seen, next, spot, flow, broken: false })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(span);
                Ok(())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn document(&mut self, span: Span) -> Step {
        self.documents += 1;
        if self.documents < 2 {
            return Ok(());
        }
        let spot = self.source.spot(span.start.line(), 1, 3);
        let error = Diagnostic::error(spot.place(), "a second YAML document starts here");
        Err(Box::new(error.hint("keep one document per file; remove the `---` line")))
    }

    /// The spot of `span`, cut at the end of its first line.
    fn spot(&self, span: Span) -> Spot {
        let (line, column) = (span.start.line(), span.start.col() + 1);
        let width = if span.end.line() > line {
            let (text, _) = self.source.line(line);
            (text.trim_end().chars().count() + 1).saturating_sub(column)
        } else {
            span.end.col().saturating_sub(span.start.col())
        };
        self.source.spot(line, column, width)
    }

    fn count(&mut self, spot: &Spot) -> Step {
        self.nodes += 1;
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        let message = format!("the file holds more than {MAX_NODES} values");
        Err(Box::new(Diagnostic::error(spot.place(), message).hint("split the file")))
    }

    fn refuse_extras(&mut self, spot: &Spot, anchor: usize, tag: Option<&Tag>) {
        if anchor > 0 {
            let hint = "write the value where it is needed; in quotes if it is a text that starts with `&`";
            self.problems.error(spot, "anchors are not supported", hint);
        }
        if tag.is_some() {
            let hint = "remove it; a text that starts with `!` needs quotes";
            self.problems.error(spot, "tags are not supported", hint);
        }
    }

    fn scalar(&self, text: String, style: ScalarStyle, span: Span, spot: Spot) -> Node {
        let origin = match style {
            ScalarStyle::Literal => {
                // The span starts at the first line that is not blank; blank ones before it count.
                let blank = text.bytes().take_while(|c| *c == b'\n').count();
                span.start.line().checked_sub(blank).map(|line| (line.max(1), span.start.col() + 1))
            }
            ScalarStyle::Folded => None,
            _ => {
                let (line, quote) = (span.start.line(), usize::from(style != ScalarStyle::Plain));
                let column = span.start.col() + quote;
                let (written, length) = self.source.line(line);
                let same = length <= LONG_LINE
                    && line == span.end.line()
                    && written.chars().skip(column).take(text.chars().count()).eq(text.chars());
                same.then_some((line, column + 1))
            }
        };
        let value = match style {
            ScalarStyle::Plain => scalar::resolve(&text),
            _ => Value::Text(text),
        };
        Node { value, spot, origin }
    }

    fn open(&mut self, open: Open) -> Step {
        let (Open::List { spot, .. } | Open::Map { spot, .. }) = &open;
        let spot = spot.clone();
        self.count(&spot)?;
        if self.stack.len() >= MAX_DEPTH {
            let message =
                format!("lists and mappings are nested more than {MAX_DEPTH} levels deep");
            let error = Diagnostic::error(spot.place(), message);
            return Err(Box::new(error.hint("make the structure flatter")));
        }
        self.stack.push(open);
        Ok(())
    }

    fn close(&mut self, span: Span) {
        let Some(open) = self.stack.pop() else { return };
        let (value, mut spot, inner, flow) = match open {
            Open::List { items, spot, flow } => {
                let inner = items.first().map(|item| item.spot.clone());
                (Value::List(items), spot, inner, flow)
            }
            Open::Map { broken: true, spot, flow, .. } => (Value::Broken, spot, None, flow),
            Open::Map { entries, spot, flow, .. } => {
                let inner = entries.first().map(|(key, _)| key.spot.clone());
                (Value::Map(entries), spot, inner, flow)
            }
        };
        // A block collection has no bracket of its own: it is shown by its first part.
        if !flow {
            let first = inner.filter(|first| first.line == spot.line);
            let end = first.map_or(0, |first| first.column + first.width);
            spot.width = end.saturating_sub(spot.column);
        } else if span.start.line() == spot.line {
            spot.width = (span.start.col() + 2).saturating_sub(spot.column);
        }
        let spot = self.source.spot(spot.line, spot.column, spot.width);
        self.finish(Node::new(value, spot));
    }

    /// Hands a complete value to what holds it.
    fn finish(&mut self, node: Node) {
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Map { entries, seen, next, flow, broken, .. }) => {
                match mem::replace(next, Next::Key) {
                    Next::Dropped => {}
                    Next::Key => match key(&node, seen, self.problems) {
                        Some(key) => *next = Next::Value(key),
                        None => {
                            *broken |= *flow && matches!(node.value, Value::Map(_) | Value::Broken);
                            *next = Next::Dropped;
                        }
                    },
                    Next::Value(key) => {
                        seen.insert(key.name.clone(), key.spot.clone());
                        entries.push((key, node));
                    }
                }
            }
        }
    }

    fn syntax_error(&self, error: &ScanError) -> Box<Diagnostic> {
        let (line, column) = (error.marker().line(), error.marker().col() + 1);
        let spot = self.source.spot(line, column, 1);
        let indent = self.source.line(spot.line).0.chars().take_while(|c| c.is_whitespace());
        let tabbed = indent.into_iter().any(|c| c == '\t');
        let message = format!("this is not valid YAML: {}", error.info());
        Box::new(Diagnostic::error(spot.place(), message).hint(advice(error.info(), tabbed)))
    }
}

/// `node` as a key, unless it is none or was there before.
fn key(node: &Node, seen: &HashMap<String, Spot>, problems: &mut Problems) -> Option<Key> {
    let name = match &node.value {
        Value::Text(text) | Value::Int(text) | Value::Float(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Broken => return None,
        Value::Null => {
            problems.error(&node.spot, "a key is missing before the colon", "write `name: value`");
            return None;
        }
        Value::List(_) | Value::Map(_) => {
            let hint = "a text that starts with `{` or `[` needs quotes: \"{{ name }}\"";
            problems.error(&node.spot, format!("{} cannot be a key", node.kind()), hint);
            return None;
        }
    };
    if name == "<<" {
        let hint = "write the fields here";
        problems.error(&node.spot, "merge keys are not supported", hint);
        return None;
    }
    if let Some(first) = seen.get(&name) {
        let message = format!(
            "`{name}` is given twice; first in line {}, column {}",
            first.line, first.column
        );
        problems.error(&node.spot, message, "remove one of the two");
        return None;
    }
    Some(Key { name, spot: node.spot.clone() })
}

/// What to do about a syntax error of the parser.
fn advice(info: &str, tabbed: bool) -> &'static str {
    let has = |part: &str| info.contains(part);
    if tabbed || has("tab") {
        "indent with spaces, not with tabs"
    } else if has("unknown anchor") {
        "aliases are not supported; a text that starts with `*` needs quotes"
    } else if has("mapping values") {
        "a text that holds `: ` needs quotes; otherwise check the indentation"
    } else if has("quoted scalar") {
        "close the quotation mark"
    } else if has("unexpected character") {
        "a text that starts with `@`, `%` or a backtick needs quotes"
    } else if has("flow") || has("':' indicator") {
        "close the bracket that was opened before, and put commas between its parts"
    } else if has("unprintable") {
        "write special characters as escapes in double quotes, such as \"\\u0007\""
    } else {
        "check indentation, quotes and brackets here and in the lines before"
    }
}
