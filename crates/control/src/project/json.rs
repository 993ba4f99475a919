//! JSON and JSON lines into marked trees.
//!
//! JSON is nearly YAML, but not in its escapes (`\ud83d\ude00`) and tabs, and data files come out of
//! programs that use both; so it has a reader of its own, under the same bounds.

use std::collections::HashMap;

use gatemark_core::diagnostic::Diagnostic;

use super::node::{Key, Node, Value};
use super::problems::Problems;
use super::source::{Source, Spot};
use super::yaml::{MAX_DEPTH, MAX_NODES};

/// Reads one JSON value.
pub(super) fn parse(source: &Source<'_>, problems: &mut Problems) -> Option<Node> {
    let mut reader = Reader { source, rest: source.text, line: 1, column: 1, nodes: 0, problems };
    let whole = reader.value(0).and_then(|node| reader.end().map(|()| node));
    whole.map_err(|error| problems.add(*error)).ok()
}

/// Reads one JSON value per line, as a list; blank lines are passed over, and a line with a mistake does
/// not hide the others.
pub(super) fn parse_lines(source: &Source<'_>, problems: &mut Problems) -> Option<Node> {
    let mut items = Vec::new();
    let mut nodes = 0;
    let mut complete = true;
    for (line, text) in (1..).zip(source.text.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        let mut reader = Reader { source, rest: text, line, column: 1, nodes, problems };
        let item = reader.value(0).and_then(|node| reader.end().map(|()| node));
        nodes = reader.nodes;
        match item {
            Ok(item) => items.push(item),
            Err(error) => {
                problems.add(*error);
                complete = false;
            }
        }
        if nodes > MAX_NODES {
            break;
        }
    }
    if items.is_empty() {
        if complete {
            let hint = "write one JSON object per line";
            problems.error(&source.spot(1, 1, 1), "the file is empty", hint);
        }
        return None;
    }
    Some(Node::new(Value::List(items), source.spot(1, 1, 1)))
}

/// Reads the one JSON value that the line of that number holds.
pub(super) fn parse_line(
    source: &Source<'_>,
    line: usize,
    text: &str,
    problems: &mut Problems,
) -> Option<Node> {
    let mut reader = Reader { source, rest: text, line, column: 1, nodes: 0, problems };
    let whole = reader.value(0).and_then(|node| reader.end().map(|()| node));
    whole.map_err(|error| problems.add(*error)).ok()
}

struct Reader<'t, 's, 'p> {
    source: &'s Source<'s>,
    rest: &'t str,
    line: usize,
    column: usize,
    nodes: usize,
    problems: &'p mut Problems,
}

type Outcome<T> = Result<T, Box<Diagnostic>>;

impl<'t> Reader<'t, '_, '_> {
    fn spot(&self, width: usize) -> Spot {
        self.source.spot(self.line, self.column, width)
    }

    fn fail<T>(&self, message: impl Into<String>, hint: &str) -> Outcome<T> {
        let message = format!("this is not valid JSON: {}", message.into());
        Err(Box::new(Diagnostic::error(self.spot(1).place(), message).hint(hint)))
    }

    /// Moves past the next `bytes` bytes and returns them.
    fn take(&mut self, bytes: usize) -> &'t str {
        let (head, tail) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = tail;
        match head.rfind('\n') {
            Some(last) => {
                self.line += head.bytes().filter(|c| *c == b'\n').count();
                self.column = head.get(last + 1..).unwrap_or("").chars().count() + 1;
            }
            None => self.column += head.chars().count(),
        }
        head
    }

    fn peek(&mut self) -> Option<char> {
        let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
        let length = self.rest.len() - self.rest.trim_start_matches(blank).len();
        self.take(length);
        self.rest.chars().next()
    }

    fn end(&mut self) -> Outcome<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => self
                .fail("something follows the value", "remove it, or put all values into one list"),
        }
    }

    fn value(&mut self, depth: usize) -> Outcome<Node> {
        let first = self.peek();
        self.nodes += 1;
        if depth >= MAX_DEPTH && matches!(first, Some('{' | '[')) {
            return self
                .fail(format!("more than {MAX_DEPTH} levels of nesting"), "make it flatter");
        }
        if self.nodes > MAX_NODES {
            return self.fail(format!("more than {MAX_NODES} values"), "split the file");
        }
        match first {
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('"') => {
                let (text, spot) = self.string()?;
                Ok(Node::new(Value::Text(text), spot))
            }
            Some(_) => self.word(),
            None => self.fail("it ends where a value should be", "complete it"),
        }
    }

    fn object(&mut self, depth: usize) -> Outcome<Node> {
        let spot = self.spot(1);
        self.take(1);
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut seen: HashMap<String, Spot> = HashMap::new();
        if self.peek() == Some('}') {
            self.take(1);
            return Ok(Node::new(Value::Map(entries), spot));
        }
        loop {
            if self.peek() != Some('"') {
                return self
                    .fail("a key in double quotes should be here", "write {\"name\": value}");
            }
            let (name, key_spot) = self.string()?;
            if self.peek() != Some(':') {
                return self.fail("a colon should be here", "write {\"name\": value}");
            }
            self.take(1);
            let node = self.value(depth + 1)?;
            if let Some(first) = seen.get(&name) {
                let message = format!(
                    "`{name}` is given twice; first in line {}, column {}",
                    first.line, first.column
                );
                self.problems.error(&key_spot, message, "remove one of the two");
            } else {
                seen.insert(name.clone(), key_spot.clone());
                entries.push((Key { name, spot: key_spot }, node));
            }
            if self.separator('}')? {
                return Ok(Node::new(Value::Map(entries), spot));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Outcome<Node> {
        let spot = self.spot(1);
        self.take(1);
        let mut items = Vec::new();
        if self.peek() == Some(']') {
            self.take(1);
            return Ok(Node::new(Value::List(items), spot));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.separator(']')? {
                return Ok(Node::new(Value::List(items), spot));
            }
        }
    }

    /// Passes a comma (`false`) or the closing bracket (`true`).
    fn separator(&mut self, close: char) -> Outcome<bool> {
        match self.peek() {
            Some(',') => self.take(1),
            Some(c) if c == close => {
                self.take(1);
                return Ok(true);
            }
            _ => {
                return self.fail(
                    format!("a comma or `{close}` should be here"),
                    "check quotes and brackets before this place",
                );
            }
        };
        Ok(false)
    }

    fn string(&mut self) -> Outcome<(String, Spot)> {
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find(|(_, c)| {
            let closes = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            closes
        });
        let Some((end, _)) = end else {
            return self.fail("a text is not closed", "close the quotation mark");
        };
        let written = self.rest.get(..=end).unwrap_or_default();
        let spot = self.spot(written.chars().count());
        match serde_json::from_str(written) {
            Ok(text) => {
                self.take(end + 1);
                Ok((text, spot))
            }
            Err(_) => self.fail(
                "a text holds a bad escape or a raw line break",
                "write line breaks as \\n and backslashes as \\\\",
            ),
        }
    }

    fn word(&mut self) -> Outcome<Node> {
        let ends =
            |c: char| matches!(c, ',' | ':' | ']' | '}' | '[' | '{' | '"') || c.is_whitespace();
        let length = self.rest.find(ends).unwrap_or(self.rest.len());
        let word = self.rest.get(..length).unwrap_or_default();
        let value = match word {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ if serde_json::from_str::<&serde_json::value::RawValue>(word).is_ok() => {
                let whole = word.bytes().all(|c| c.is_ascii_digit() || c == b'-');
                if whole { Value::Int(word.into()) } else { Value::Float(word.into()) }
            }
            _ => {
                return self.fail(
                    "a value should be here",
                    "texts need double quotes; the words are true, false and null",
                );
            }
        };
        let spot = self.spot(word.chars().count());
        self.take(length);
        Ok(Node::new(value, spot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<serde_json::Value, String> {
        let source = Source::read("f.json", text.as_bytes(), 1 << 20).unwrap();
        let mut problems = Problems::default();
        let value = parse(&source, &mut problems).and_then(|node| node.to_json(&mut problems));
        match problems.into_sorted().first() {
            Some(problem) => Err(problem.to_string()),
            None => Ok(value.unwrap()),
        }
    }

    #[test]
    fn agrees_with_serde_json_on_good_documents() {
        for text in [
            "{}",
            "[]",
            " [1, -2.5e3 , true,null, \"a\\\"b\\ud83d\\ude00\"]\n",
            "{\"a\":{\"b\":[{}]}}",
            "\"x\"",
        ] {
            assert_eq!(
                read(text).unwrap(),
                serde_json::from_str::<serde_json::Value>(text).unwrap(),
                "{text}"
            );
        }
    }

    #[test]
    fn mistakes_have_their_place() {
        let place =
            |text: &str| read(text).unwrap_err().split(": error").next().unwrap().to_string();
        assert_eq!(place("{\"a\": 1,\n  b: 2}"), "f.json:2:3");
        assert_eq!(place("[1 2]"), "f.json:1:4");
        assert_eq!(place("[1,\n\"x"), "f.json:2:1");
        assert_eq!(place("{\"a\":1, \"a\":2}"), "f.json:1:9");
        assert_eq!(place("[01]"), "f.json:1:2");
        assert_eq!(place(&"[".repeat(100)), "f.json:1:65");
        assert_eq!(place(""), "f.json:1:1");
    }
}
