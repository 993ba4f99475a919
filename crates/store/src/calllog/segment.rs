//! Segments: the files of the log, and who may do what to them.
//!
//! A segment's name is a UUID of version 7, so names sort by time and never come twice, and the writing
//! process's number for people. It is made under another suffix, locked, and only then given its own:
//! nobody ever sees a segment that is going to be written but is not locked yet.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::frame::{Frames, Tail};

/// Suffix of segments.
const SEGMENT: &str = "seg";
/// Suffix while a segment is being made.
const UNBORN: &str = "new";
/// Suffix of segments that hold something unreadable; kept for people, never read again.
const KEPT: &str = "kept";

/// Makes an empty segment and locks it for as long as the file is open.
pub(crate) fn create(directory: &Path) -> io::Result<(File, PathBuf)> {
    let name = format!("{}-{}", uuid::Uuid::now_v7(), std::process::id());
    let unborn = directory.join(format!("{name}.{UNBORN}"));
    let file = OpenOptions::new().append(true).create_new(true).open(&unborn)?;
    file.lock()?;
    let path = directory.join(format!("{name}.{SEGMENT}"));
    std::fs::rename(&unborn, &path)?;
    Ok((file, path))
}

/// Every segment in a directory with its size in bytes, oldest first.
pub(crate) fn list(directory: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let mut segments = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_none_or(|suffix| suffix != SEGMENT) {
            continue;
        }
        match entry.metadata() {
            Ok(metadata) => segments.push((path, metadata.len())),
            // Shipped and deleted by somebody else since.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => return Err(cause),
        }
    }
    segments.sort();
    Ok(segments)
}

/// A segment open for reading.
pub(crate) struct Segment {
    file: File,
    path: PathBuf,
    /// Whether we hold its lock, so that nobody will ever write to it again.
    closed: bool,
}

impl Segment {
    /// Opens a segment; `None` if it is gone.
    pub(crate) fn open(path: PathBuf) -> io::Result<Option<Self>> {
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => file,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(cause),
        };
        let closed = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(cause)) => return Err(cause),
        };
        Ok(Some(Self { file, path, closed }))
    }

    /// Whether nobody will ever write to it again.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// The bytes from `position` to the end as it is now; everything if `position` is beyond that.
    pub(crate) fn read_from(&mut self, position: u64) -> io::Result<(u64, Vec<u8>)> {
        let length = self.file.metadata()?.len();
        let position = if position > length { 0 } else { position };
        self.file.seek(SeekFrom::Start(position))?;
        let mut bytes = Vec::with_capacity(usize::try_from(length - position).unwrap_or(0));
        self.file.read_to_end(&mut bytes)?;
        Ok((position, bytes))
    }

    /// Cuts off a frame that its writer did not live to finish. Returns whether there was one.
    pub(crate) fn cut_torn_frame(&mut self) -> io::Result<bool> {
        if !self.closed {
            return Ok(false);
        }
        let (_, bytes) = self.read_from(0)?;
        let mut frames = Frames::new(&bytes);
        frames.by_ref().for_each(drop);
        if frames.tail() != Tail::Torn {
            return Ok(false);
        }
        let whole = u64::try_from(frames.position()).unwrap_or(u64::MAX);
        self.file.set_len(whole)?;
        Ok(true)
    }

    /// Deletes it, while nobody else can think it theirs. Returns whether it was still there.
    pub(crate) fn delete(self) -> io::Result<bool> {
        gone_is_false(std::fs::remove_file(&self.path))
    }

    /// Sets it aside for people to look at. Returns whether it was still there.
    pub(crate) fn keep_aside(self) -> io::Result<bool> {
        gone_is_false(std::fs::rename(&self.path, self.path.with_extension(KEPT)))
    }
}

fn gone_is_false(outcome: io::Result<()>) -> io::Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(cause),
    }
}
