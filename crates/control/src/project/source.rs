//! Text of one file with its lines, so that every place that is reported lies inside the file.
//!
//! Bytes become text here and nowhere else: too large, binary and wrongly encoded files end here, before
//! any parser sees them.

use std::sync::Arc;

use gatemark_core::diagnostic::{Diagnostic, Place};

/// Bound for files written by hand: configuration, prompts, message texts, schemas.
pub(super) const HAND_WRITTEN: usize = 1 << 20;
/// Bound for files of examples and cases, which programs write too.
pub(super) const DATA: usize = 5 << 20;
/// Bound for files of cases that are read row by row: JSON lines and CSV.
pub(super) const ROWS: usize = 64 << 20;

/// A stretch of one line; cheap to copy, unlike [`Place`], since every node of a tree carries one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) file: Arc<str>,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) width: usize,
}

impl Spot {
    /// The file as a whole.
    pub(super) fn whole(file: &str) -> Self {
        Self { file: file.into(), line: 0, column: 0, width: 1 }
    }

    /// As core's type.
    pub(super) fn place(&self) -> Place {
        Place {
            file: self.file.to_string(),
            line: self.line,
            column: self.column,
            width: self.width,
        }
    }
}

/// The text of a file.
#[derive(Debug)]
pub(super) struct Source<'t> {
    pub(super) file: Arc<str>,
    pub(super) text: &'t str,
    /// Each line with its length in characters, counted once: a hostile file may be one long line.
    lines: Vec<(&'t str, usize)>,
}

impl<'t> Source<'t> {
    /// Decodes `bytes`, unless they are more than `limit` or not text.
    pub(super) fn read(file: &str, bytes: &'t [u8], limit: usize) -> Result<Self, Diagnostic> {
        let whole = || Place::whole(file);
        if bytes.len() > limit {
            let message = format!(
                "the file is {} bytes long; at most {limit} ({} MiB) are read",
                bytes.len(),
                limit >> 20
            );
            return Err(Diagnostic::error(whole(), message).hint("split it, or shorten it"));
        }
        if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
            let message = "the file is encoded in UTF-16, not in UTF-8";
            return Err(Diagnostic::error(whole(), message).hint("save it as UTF-8"));
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        match std::str::from_utf8(bytes) {
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let message = "the file is not text: this byte is not UTF-8";
                Err(not_text(file, &String::from_utf8_lossy(valid), message))
            }
            Ok(text) => match text.split_once('\0') {
                Some((head, _)) => {
                    Err(not_text(file, head, "the file is not text: this is a NUL byte"))
                }
                None => {
                    let counted = |line: &'t str| (line, line.chars().count());
                    let lines = split_lines(text).into_iter().map(counted).collect();
                    Ok(Self { file: file.into(), text, lines })
                }
            },
        }
    }

    /// The line of that number without its end, and its length in characters; empty beyond the last.
    pub(super) fn line(&self, number: usize) -> (&'t str, usize) {
        number.checked_sub(1).and_then(|i| self.lines.get(i)).copied().unwrap_or_default()
    }

    /// The spot at `line` and `column` (both from 1), moved and cut so that it lies inside the file.
    pub(super) fn spot(&self, line: usize, column: usize, width: usize) -> Spot {
        let last = self.lines.len().max(1);
        let (line, column) =
            if line > last { (last, usize::MAX) } else { (line.max(1), column.max(1)) };
        let (_, length) = self.line(line);
        let column = column.min(length + 1);
        let width = width.min((length + 1).saturating_sub(column)).max(1);
        Spot { file: Arc::clone(&self.file), line, column, width }
    }
}

/// The error for a file that is text only up to `head`.
fn not_text(file: &str, head: &str, message: &str) -> Diagnostic {
    let lines = split_lines(head);
    let tail = if head.ends_with(['\n', '\r']) { "" } else { lines.last().copied().unwrap_or("") };
    let line = lines.len() + usize::from(tail.is_empty() && !head.is_empty());
    let (line, column) = (line.max(1), tail.chars().count() + 1);
    let place = Place { file: file.into(), line, column, width: 1 };
    Diagnostic::error(place, message).hint("write plain text in UTF-8")
}

/// Lines as YAML and editors count them: ended by `\n`, `\r\n` or a lone `\r`.
fn split_lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(end) = rest.find(['\n', '\r']) {
        let (line, tail) = rest.split_at(end);
        lines.push(line);
        rest = tail.strip_prefix("\r\n").or_else(|| tail.get(1..)).unwrap_or("");
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spots_are_moved_into_the_file() {
        let source = Source::read("f", b"abc\n\xC3\xA9\n", 100).unwrap();
        let at = |line, column, width| {
            let spot = source.spot(line, column, width);
            (spot.line, spot.column, spot.width)
        };
        assert_eq!(at(1, 2, 9), (1, 2, 2));
        assert_eq!(at(3, 1, 1), (2, 2, 1));
        assert_eq!(at(0, 0, 0), (1, 1, 1));
        assert_eq!(at(1, 99, 5), (1, 4, 1));
    }

    #[test]
    fn every_kind_of_line_end_counts() {
        assert_eq!(split_lines("a\r\nb\rc\n\nd"), ["a", "b", "c", "", "d"]);
        assert_eq!(split_lines(""), [""; 0]);
    }

    #[test]
    fn what_is_not_text_is_refused_at_its_place() {
        let error = |bytes: &[u8]| Source::read("f", bytes, 40).unwrap_err().to_string();
        assert!(error(b"ab\nc\0d").starts_with("f:2:2: error: the file is not text"));
        assert!(error(b"ab\n\xFF").starts_with("f:2:1: error: the file is not text"));
        assert!(error(&[0xFF, 0xFE, 65, 0]).contains("UTF-16"));
        assert!(error(&[b'a'; 41]).starts_with("f:0:0: error: the file is 41 bytes"));
    }
}
