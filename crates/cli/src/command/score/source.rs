//! Lines from a file or stdin, some at a time.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use gatemark_core::error::{Error, Result};

/// Longest line that is read whole, in bytes.
const LONGEST: u64 = 64 << 20;
/// A batch ends with the line that takes it over one of these.
const BATCH_LINES: usize = 8192;
const BATCH_BYTES: usize = 8 << 20;

/// One line.
pub(super) struct Line {
    /// From 1.
    pub(super) number: usize,
    /// Without the line end; `None` if the line was too long.
    pub(super) bytes: Option<Vec<u8>>,
}

/// Where lines come from.
pub(super) struct Source {
    path: PathBuf,
    from: BufReader<Box<dyn Read>>,
    number: usize,
}

/// What the source is called in messages.
pub(super) fn name(path: &Path) -> String {
    if path == Path::new("-") { "<stdin>".to_string() } else { path.display().to_string() }
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let from: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).map_err(|cause| {
                Error::invalid(format!("{} cannot be opened: {cause}", path.display()))
            })?)
        };
        Ok(Self {
            path: path.to_path_buf(),
            from: BufReader::with_capacity(1 << 16, from),
            number: 0,
        })
    }

    /// The next lines that are not blank; none at the end.
    pub(super) fn batch(&mut self) -> Result<Vec<Line>> {
        let (mut lines, mut bytes) = (vec![], 0);
        while lines.len() < BATCH_LINES && bytes < BATCH_BYTES {
            let Some(line) = self.line().map_err(|cause| {
                Error::invalid(format!("{} cannot be read: {cause}", name(&self.path)))
            })?
            else {
                break;
            };
            let length = line.bytes.as_ref().map_or(0, Vec::len);
            let blank = line.bytes.as_ref().is_some_and(|line| line.trim_ascii().is_empty());
            if !blank {
                bytes += length;
                lines.push(line);
            }
        }
        Ok(lines)
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = vec![];
        if (&mut self.from).take(LONGEST).read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let number = self.number;
        let whole =
            bytes.ends_with(b"\n") || bytes.len() < usize::try_from(LONGEST).unwrap_or(usize::MAX);
        if !whole {
            self.skip()?;
            return Ok(Some(Line { number, bytes: None }));
        }
        // Editors on Windows begin files with a byte order mark, which no JSON value begins with.
        if number == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            bytes.pop();
        }
        Ok(Some(Line { number, bytes: Some(bytes) }))
    }

    /// Passes over the rest of a line that is too long to keep.
    fn skip(&mut self) -> io::Result<()> {
        loop {
            let seen = self.from.fill_buf()?;
            if seen.is_empty() {
                return Ok(());
            }
            let (length, ended) = match seen.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (seen.len(), false),
            };
            self.from.consume(length);
            if ended {
                return Ok(());
            }
        }
    }

    /// Most bytes of a line, for messages.
    pub(super) fn longest() -> u64 {
        LONGEST
    }
}
