//! Lines of a file or of stdin, read in bounded memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Longest line that is kept, in bytes.
pub(crate) const LONGEST: usize = 64 << 20;
/// U+FEFF in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";
/// What is read at once, in bytes.
const CHUNK: usize = 1 << 16;

/// Where lines come from.
pub(crate) struct Lines {
    from: Box<dyn BufRead>,
    number: usize,
}

impl Lines {
    /// Opens a file; `-` is stdin.
    pub(crate) fn open(file: &Path) -> io::Result<Self> {
        let from: Box<dyn Read> = if file == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(file)?)
        };
        Ok(Self::new(Box::new(BufReader::with_capacity(CHUNK, from))))
    }

    pub(crate) fn new(from: Box<dyn BufRead>) -> Self {
        Self { from, number: 0 }
    }

    /// Which line was read last, from 1.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// Reads the next line into `line`, without its end; `None` behind the last. `false` if it was too long,
    /// and then what is in `line` means nothing.
    pub(crate) fn read(&mut self, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
        line.clear();
        self.number += 1;
        let most = LONGEST as u64 + 1;
        if self.from.by_ref().take(most).read_until(b'\n', line)? == 0 {
            return Ok(None);
        }
        if line.len() > LONGEST && !line.ends_with(b"\n") {
            self.from.skip_until(b'\n')?;
            return Ok(Some(false));
        }
        // Editors on Windows begin files with a byte order mark, which no JSON value begins with.
        if self.number == 1 && line.starts_with(MARK) {
            line.drain(..MARK.len());
        }
        while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            line.pop();
        }
        Ok(Some(true))
    }
}
