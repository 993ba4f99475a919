//! Files of one JSON object a line, read in bounded memory.
//!
//! A bad line is told with its place and does not hide the lines after it.

use std::io;
use std::path::Path;

use gatemark_core::diagnostic::{Diagnostic, Place, did_you_mean};
use gatemark_core::error::{Error, Kind, Result};
use serde_json::{Map, Value};

use crate::lines::{self, LONGEST};

/// A line: its object, and where it stands.
pub(crate) struct Line {
    pub(crate) place: Place,
    pub(crate) object: Map<String, Value>,
}

impl Line {
    /// Takes the `id` out: a string or a number.
    pub(crate) fn id(&mut self) -> Result<Value, Diagnostic> {
        match self.object.remove("id") {
            Some(id @ (Value::String(_) | Value::Number(_))) => Ok(id),
            found => Err(self.problem("id", "a string or a number", found.as_ref())),
        }
    }

    /// Takes a text out.
    pub(crate) fn text(&mut self, field: &str) -> Result<String, Diagnostic> {
        match self.object.remove(field) {
            Some(Value::String(text)) => Ok(text),
            found => Err(self.problem(field, "a string", found.as_ref())),
        }
    }

    /// Takes a text out that may be missing or null.
    pub(crate) fn maybe_text(&mut self, field: &str) -> Result<Option<String>, Diagnostic> {
        match self.object.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(found) => Err(self.problem(field, "a string, or leave it out", Some(&found))),
        }
    }

    fn problem(&self, field: &str, wanted: &str, found: Option<&Value>) -> Diagnostic {
        let place = self.place.clone();
        let Some(found) = found else {
            let near = did_you_mean(field, self.object.keys().map(String::as_str));
            let hint = match near {
                Some(near) => format!("rename `{near}` to `{field}`"),
                None => format!("add `{field}`, {wanted}"),
            };
            return Diagnostic::error(place, format!("`{field}` is missing")).hint(hint);
        };
        let kind = match found {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        Diagnostic::error(place, format!("`{field}` is {kind}")).hint(format!("make it {wanted}"))
    }
}

/// The lines of a file that hold something.
pub(crate) struct Lines {
    from: lines::Lines,
    name: String,
    buffer: Vec<u8>,
}

impl Lines {
    /// Opens a file; `-` is stdin.
    ///
    /// # Errors
    /// [`Kind::NotFound`] or [`Kind::Invalid`] if the file cannot be opened.
    pub(crate) fn open(file: &str) -> Result<Self> {
        let from = lines::Lines::open(Path::new(file)).map_err(|cause| {
            let missing = cause.kind() == io::ErrorKind::NotFound;
            let kind = if missing { Kind::NotFound } else { Kind::Invalid };
            Error::new(kind, format!("{file} cannot be opened: {cause}")).because(cause)
        })?;
        Ok(Self::new(if file == "-" { "stdin" } else { file }, from))
    }

    fn new(name: &str, from: lines::Lines) -> Self {
        Self { from, name: name.to_string(), buffer: vec![] }
    }

    /// The next line that is not blank, or what is wrong with it; `None` behind the last.
    ///
    /// # Errors
    /// [`Kind::Invalid`] if the file cannot be read on.
    pub(crate) fn next(&mut self) -> Result<Option<Result<Line, Box<Diagnostic>>>> {
        loop {
            let read = self.from.read(&mut self.buffer).map_err(|cause| {
                let message =
                    format!("{}:{}: cannot be read: {cause}", self.name, self.from.number());
                Error::new(Kind::Invalid, message).because(cause)
            })?;
            match read {
                None => return Ok(None),
                Some(false) => return Ok(Some(Err(Box::new(self.too_long())))),
                Some(true) => {}
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(Some(self.parse().map_err(Box::new)));
            }
        }
    }

    fn parse(&self) -> Result<Line, Diagnostic> {
        let place = self.place(1);
        match serde_json::from_slice(&self.buffer) {
            Ok(Value::Object(object)) => Ok(Line { place, object }),
            Ok(_) => Err(Diagnostic::error(place, "is not a JSON object")
                .hint("write one object in braces on each line")),
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.split(" at line ").next().unwrap_or_default();
                let message = format!("is not JSON: {reason}");
                Err(Diagnostic::error(self.place(error.column()), message)
                    .hint("write one whole JSON object on each line, in UTF-8"))
            }
        }
    }

    fn too_long(&self) -> Diagnostic {
        let message = format!("is longer than {} MiB", LONGEST >> 20);
        Diagnostic::error(self.place(1), message).hint("split the line")
    }

    fn place(&self, column: usize) -> Place {
        Place { file: self.name.clone(), line: self.from.number(), column: column.max(1), width: 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line as its number and `ok` or the message.
    fn read(bytes: Vec<u8>) -> Vec<String> {
        let mut lines = Lines::new("x.jsonl", lines::Lines::new(Box::new(io::Cursor::new(bytes))));
        let mut found = vec![];
        while let Some(line) = lines.next().unwrap() {
            found.push(match line {
                Ok(line) => format!("{} ok", line.place.line),
                Err(problem) => problem.to_string(),
            });
        }
        found
    }

    #[test]
    fn bad_lines_are_placed_and_good_ones_kept() {
        let found = read(b"{\"a\":1}\r\n\n  \nnull\n{\"a\"\n{\"a\":\"\xff\"}\n{}".to_vec());
        assert_eq!(found.len(), 5, "{found:?}");
        assert_eq!(found[0], "1 ok");
        assert!(found[1].starts_with("x.jsonl:4:1: error: is not a JSON object"), "{found:?}");
        assert!(found[2].starts_with("x.jsonl:5:"), "{found:?}");
        assert!(found[2].contains("is not JSON: EOF"), "{found:?}");
        assert!(found[3].contains("x.jsonl:6:") && found[3].contains("UTF-8"), "{found:?}");
        assert_eq!(found[4], "7 ok");
        assert_eq!(read(vec![]), [""; 0]);
        assert_eq!(read(b"\xef\xbb\xbf{}\n{}".to_vec()), ["1 ok", "2 ok"]);
        assert_eq!(read(b"\xef\xbb\xbf".to_vec()), [""; 0]);
        assert!(read(b"{}\n\xef\xbb\xbf{}".to_vec())[1].contains("is not JSON"));
    }

    #[test]
    fn a_line_without_end_is_not_kept() {
        let mut bytes = vec![b' '; LONGEST + 100];
        bytes.extend(b"\n{}\n");
        let found = read(bytes);
        assert!(found[0].contains("is longer than 64 MiB"), "{found:?}");
        assert_eq!(found[1], "2 ok");
    }
}
