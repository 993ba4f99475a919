//! Files of one JSON object a line, read in bounded memory.
//!
//! A bad line is told with its place and does not hide the lines after it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use gatemark_core::diagnostic::{Diagnostic, Place};
use gatemark_core::error::{Error, Kind, Result};
use serde_json::{Map, Value};

/// Longest line, in bytes.
const LONGEST: usize = 64 << 20;
/// U+FEFF in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// A line: its object, and where it stands.
pub(crate) struct Line {
    pub(crate) place: Place,
    pub(crate) object: Map<String, Value>,
}

/// The lines of a file that hold something.
pub(crate) struct Lines {
    from: Box<dyn BufRead>,
    name: String,
    number: usize,
    buffer: Vec<u8>,
}

impl Lines {
    /// Opens a file; `-` is stdin.
    ///
    /// # Errors
    /// [`Kind::NotFound`] or [`Kind::Invalid`] if the file cannot be opened.
    pub(crate) fn open(file: &str) -> Result<Self> {
        if file == "-" {
            return Ok(Self::new("stdin", Box::new(io::stdin().lock())));
        }
        let opened = File::open(file).map_err(|cause| {
            let missing = cause.kind() == io::ErrorKind::NotFound;
            let kind = if missing { Kind::NotFound } else { Kind::Invalid };
            Error::new(kind, format!("{file} cannot be opened: {cause}")).because(cause)
        })?;
        Ok(Self::new(file, Box::new(BufReader::new(opened))))
    }

    fn new(name: &str, from: Box<dyn BufRead>) -> Self {
        Self { from, name: name.to_string(), number: 0, buffer: vec![] }
    }

    /// The next line that is not blank, or what is wrong with it; `None` behind the last.
    ///
    /// # Errors
    /// [`Kind::Invalid`] if the file cannot be read on.
    pub(crate) fn next(&mut self) -> Result<Option<Result<Line, Box<Diagnostic>>>> {
        loop {
            self.number += 1;
            let complete = self.fill().map_err(|cause| {
                let message = format!("{}:{}: cannot be read: {cause}", self.name, self.number);
                Error::new(Kind::Invalid, message).because(cause)
            })?;
            if self.buffer.is_empty() {
                return Ok(None);
            }
            if !complete {
                return Ok(Some(Err(Box::new(self.too_long()))));
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(Some(self.parse().map_err(Box::new)));
            }
        }
    }

    /// Reads a line into the buffer. Of one that is too long it keeps the beginning and gives `false`.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.clear();
        let most = LONGEST as u64 + 1;
        self.from.by_ref().take(most).read_until(b'\n', &mut self.buffer)?;
        let whole = self.buffer.len() <= LONGEST || self.buffer.ends_with(b"\n");
        // Editors on Windows begin files with a byte order mark, which no JSON value begins with.
        if self.number == 1 && self.buffer.starts_with(MARK) {
            self.buffer.drain(..MARK.len());
        }
        if whole {
            return Ok(true);
        }
        self.from.skip_until(b'\n')?;
        Ok(false)
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
        Place { file: self.name.clone(), line: self.number, column: column.max(1), width: 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line as its number and `ok` or the message.
    fn read(bytes: Vec<u8>) -> Vec<String> {
        let mut lines = Lines::new("x.jsonl", Box::new(io::Cursor::new(bytes)));
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
