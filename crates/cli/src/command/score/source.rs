//! Lines from a file or stdin, some at a time.

use std::io;
use std::path::{Path, PathBuf};

use gatemark_core::error::{Error, Result};

use crate::lines::Lines;

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
    from: Lines,
}

/// What the source is called in messages.
pub(super) fn name(path: &Path) -> String {
    if path == Path::new("-") { "<stdin>".to_string() } else { path.display().to_string() }
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let from = Lines::open(path).map_err(|cause| {
            Error::invalid(format!("{} cannot be opened: {cause}", path.display()))
        })?;
        Ok(Self { path: path.to_path_buf(), from })
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
        let whole = self.from.read(&mut bytes)?;
        let number = self.from.number();
        Ok(whole.map(|whole| Line { number, bytes: whole.then_some(bytes) }))
    }
}
