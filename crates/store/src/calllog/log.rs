//! The writing side of the log.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gatemark_core::call::CallRecord;
use gatemark_core::{Error, Kind, Result};

use super::frame;
use super::segment::{self, Segment};

/// A buffer that one giant record has blown up is given back above this.
const BUFFER: usize = 1 << 20;

/// Where the log lies and how large it may grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallLogOptions {
    /// Directory of the segments; made if it does not exist. Processes may share it.
    pub directory: PathBuf,
    /// Size at which a segment is closed and the next one begun, in bytes.
    pub segment_bytes: u64,
    /// Size of all segments together at which records are dropped, in bytes.
    pub total_bytes: u64,
}

impl CallLogOptions {
    /// Segments of 8 MiB, 1 GiB together.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), segment_bytes: 8 << 20, total_bytes: 1 << 30 }
    }
}

/// A record was dropped: the log has reached its size, or the disk refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the call log is full: the record of this call was dropped")]
pub struct LogFull;

/// The log as one process writes it. Clones share it.
#[derive(Clone, Debug)]
pub struct CallLog {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: CallLogOptions,
    active: Mutex<Active>,
    /// Bytes in all segments of the directory, as far as we know.
    pending: AtomicU64,
    dropped: AtomicU64,
    torn: AtomicU64,
    /// What is stored of each segment. Forgotten with the process: reading again from the start only
    /// meets records that the store knows already.
    progress: Mutex<HashMap<PathBuf, Progress>>,
}

/// What a shipper knows of a segment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Everything before this position is stored.
    pub(crate) position: u64,
    /// Whether a frame before the position was of a form that we do not know.
    pub(crate) unreadable: bool,
}

/// The segment being written.
#[derive(Debug)]
struct Active {
    file: File,
    path: PathBuf,
    length: u64,
    /// Whether something was written since the last round of `sync`.
    dirty: bool,
    /// Closed segments that were not forced to disk yet.
    unsynced: Vec<File>,
    /// Whether the directory has a new entry that was not forced to disk yet.
    new_entry: bool,
    /// Whether it ends in part of a frame that could not be taken back.
    broken: bool,
    /// Whether the last record was dropped, so that the log tells of a change and not of every record.
    dropping: bool,
}

impl CallLog {
    /// Opens the log: finds what crashed processes left behind, cuts off and counts the frame that each
    /// may not have finished, and begins a segment of its own.
    ///
    /// # Errors
    /// `Unavailable` if the directory cannot be made, read or written, or its file system has no locks.
    pub fn open(options: CallLogOptions) -> Result<CallLog> {
        let directory = &options.directory;
        let explain = |cause: io::Error| {
            let message = format!("cannot use the call log in {}: {cause}", directory.display());
            Error::new(Kind::Unavailable, message).because(cause)
        };
        std::fs::create_dir_all(directory).map_err(explain)?;
        let torn = recover(directory).map_err(explain)?;
        let pending = total(directory).map_err(explain)?;
        let (file, path) = segment::create(directory).map_err(explain)?;
        let active = Active {
            file,
            path,
            length: 0,
            dirty: false,
            unsynced: Vec::new(),
            new_entry: true,
            broken: false,
            dropping: false,
        };
        let inner = Inner {
            options,
            active: Mutex::new(active),
            pending: AtomicU64::new(pending),
            dropped: AtomicU64::new(0),
            torn: AtomicU64::new(torn),
            progress: Mutex::new(HashMap::new()),
        };
        Ok(CallLog { inner: Arc::new(inner) })
    }

    /// Writes one record so that it survives the death of this process. Takes microseconds and waits for
    /// no disk, so it may be called from async code.
    ///
    /// # Errors
    /// [`LogFull`] if the record was dropped; it is counted, and the call is to be answered all the same.
    pub fn append(&self, record: &CallRecord) -> Result<(), LogFull> {
        // Written before the lock is taken: callers wait for one write each, not for each other's JSON.
        let frame = FRAME.with_borrow_mut(|buffer| frame_of(buffer, record));
        let mut active = self.active();
        let outcome =
            frame.and_then(|()| FRAME.with_borrow(|frame| self.append_to(&mut active, frame)));
        match &outcome {
            Ok(()) if active.dropping => tracing::info!("the call log takes records again"),
            Err(cause) if !active.dropping => {
                tracing::error!(%cause, "the call log drops records; calls are still answered");
            }
            _ => {}
        }
        active.dropping = outcome.is_err();
        outcome.map_err(|_| {
            self.inner.dropped.fetch_add(1, Ordering::Relaxed);
            LogFull
        })
    }

    fn append_to(&self, active: &mut Active, frame: &[u8]) -> io::Result<()> {
        let length = u64::try_from(frame.len()).unwrap_or(u64::MAX);
        let options = &self.inner.options;
        let pending = self.inner.pending.load(Ordering::Relaxed);
        if pending.saturating_add(length) > options.total_bytes {
            return Err(io::Error::other("it has reached its total size"));
        }
        if active.broken {
            active.begin_segment(&options.directory)?;
        } else if active.length > 0 && active.length.saturating_add(length) > options.segment_bytes
        {
            // A segment that grows too large is better than a record that is lost.
            if let Err(cause) = active.begin_segment(&options.directory) {
                tracing::warn!(%cause, "no new segment for the call log; the old one grows on");
            }
        }
        active.write_frame(frame)?;
        self.inner.pending.fetch_add(length, Ordering::Relaxed);
        Ok(())
    }

    /// Records dropped since this process opened the log.
    pub fn dropped(&self) -> u64 {
        self.inner.dropped.load(Ordering::Relaxed)
    }

    /// Unfinished frames that crashed processes had left when this process opened the log.
    pub fn torn(&self) -> u64 {
        self.inner.torn.load(Ordering::Relaxed)
    }

    /// Bytes that the directory's segments take, stored ones in open segments included.
    pub fn pending_bytes(&self) -> u64 {
        self.inner.pending.load(Ordering::Relaxed)
    }

    /// Forces what was written to disk; blocks until it is there.
    ///
    /// # Errors
    /// `Unavailable` if the disk reports an error: what was written since the last round may be lost
    /// with the power, but not with the process.
    pub fn sync(&self) -> Result<()> {
        self.sync_files().map_err(|cause| {
            Error::new(Kind::Unavailable, "the call log cannot be forced to disk").because(cause)
        })
    }

    fn sync_files(&self) -> io::Result<()> {
        let (files, new_entry) = {
            let mut active = self.active();
            let mut files = std::mem::take(&mut active.unsynced);
            if std::mem::take(&mut active.dirty) {
                files.push(active.file.try_clone()?);
            }
            (files, std::mem::take(&mut active.new_entry))
        };
        // Without the lock: appending goes on meanwhile.
        let forced = self.force(&files, new_entry);
        if forced.is_err() {
            let mut active = self.active();
            active.unsynced.extend(files);
            active.new_entry |= new_entry;
        }
        forced
    }

    fn force(&self, files: &[File], new_entry: bool) -> io::Result<()> {
        files.iter().try_for_each(File::sync_data)?;
        if new_entry {
            File::open(&self.inner.options.directory)?.sync_all()?;
        }
        Ok(())
    }

    fn active(&self) -> MutexGuard<'_, Active> {
        self.inner.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The directory of the segments.
    pub(crate) fn directory(&self) -> &Path {
        &self.inner.options.directory
    }

    /// How far a segment is stored.
    pub(crate) fn progress(&self, path: &Path) -> Progress {
        self.inner.progress().get(path).copied().unwrap_or_default()
    }

    /// Remembers how far a segment is stored. Two shippers at once may finish in any order.
    pub(crate) fn advance(&self, path: &Path, to: Progress) {
        let mut progress = self.inner.progress();
        let known = progress.entry(path.to_path_buf()).or_default();
        known.position = known.position.max(to.position);
        known.unreadable |= to.unreadable;
    }

    /// Counts an unfinished frame found outside of [`CallLog::open`].
    pub(crate) fn count_torn(&self) {
        self.inner.torn.fetch_add(1, Ordering::Relaxed);
    }

    /// Closes the active segment if the log is half full, so that the bytes in it can be freed too: a
    /// log whose bound is near the size of a segment would otherwise stay full for ever.
    pub(crate) fn close_segment_if_crowded(&self) -> io::Result<()> {
        let mut active = self.active();
        let crowded = self.pending_bytes() >= self.inner.options.total_bytes / 2;
        if crowded && active.length > 0 { active.begin_segment(self.directory()) } else { Ok(()) }
    }

    /// Counts the directory's bytes afresh, since other processes add and delete there too, and forgets
    /// the positions of segments that are gone.
    pub(crate) fn recount(&self) -> io::Result<()> {
        // Under the lock, so that no frame is counted neither here nor there.
        let active = self.active();
        let segments = segment::list(self.directory())?;
        self.inner.pending.store(segments.iter().map(|(_, size)| size).sum(), Ordering::Relaxed);
        drop(active);
        self.inner.progress().retain(|path, _| segments.iter().any(|(known, _)| known == path));
        Ok(())
    }
}

impl Inner {
    fn progress(&self) -> MutexGuard<'_, HashMap<PathBuf, Progress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

thread_local! {
    /// The frame that this thread writes, reused from record to record.
    static FRAME: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn frame_of(buffer: &mut Vec<u8>, record: &CallRecord) -> io::Result<()> {
    if buffer.capacity() > BUFFER {
        *buffer = Vec::new();
    }
    let written = frame::encode(buffer, |buffer| serde_json::to_writer(buffer, record).is_ok());
    if written { Ok(()) } else { Err(io::Error::other("the record cannot be written as a frame")) }
}

impl Active {
    /// One `write` of one frame. Whatever a failed one leaves behind is taken back, or else the segment
    /// is given up, so that no later frame comes to lie behind a torn one.
    fn write_frame(&mut self, frame: &[u8]) -> io::Result<()> {
        self.dirty = true;
        let written = loop {
            match self.file.write(frame) {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                outcome => break outcome,
            }
        };
        let problem = match written {
            Ok(count) if count == frame.len() => {
                self.length = self.length.saturating_add(u64::try_from(count).unwrap_or(0));
                return Ok(());
            }
            Ok(_) => io::Error::new(io::ErrorKind::StorageFull, "the disk took part of a record"),
            Err(cause) => cause,
        };
        self.broken = self.file.set_len(self.length).is_err();
        Err(problem)
    }

    fn begin_segment(&mut self, directory: &Path) -> io::Result<()> {
        let (file, path) = segment::create(directory)?;
        let closed = std::mem::replace(&mut self.file, file);
        self.path = path;
        self.length = 0;
        self.new_entry = true;
        self.broken = false;
        // The file stays open to be forced to disk, but shippers may have it from now on.
        closed.unlock()?;
        self.unsynced.push(closed);
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // A program whose records are all stored, or that had none, leaves nothing behind.
        let stored = {
            let active = self.active.get_mut().unwrap_or_else(PoisonError::into_inner);
            let known = self.progress.get_mut().unwrap_or_else(PoisonError::into_inner);
            let known = known.get(&active.path).copied().unwrap_or_default();
            let whole = Progress { position: active.length, unreadable: false };
            (known == whole && !active.broken).then_some(&active.path)
        };
        if let Some(path) = stored
            && let Err(cause) = std::fs::remove_file(path)
        {
            tracing::debug!(%cause, "a stored segment of the call log stays behind");
        }
    }
}

/// Looks at every segment that no living process writes to; returns how many had an unfinished frame.
fn recover(directory: &Path) -> io::Result<u64> {
    let mut torn = 0;
    for (path, _) in segment::list(directory)? {
        let opened = Segment::open(path.clone());
        let cut =
            opened.and_then(|segment| segment.map_or(Ok(false), |mut it| it.cut_torn_frame()));
        let segment = path.display();
        match cut {
            Ok(true) => {
                torn += 1;
                tracing::warn!(%segment, "cut off a call record that a crashed process did not finish");
            }
            Ok(false) => {}
            // Shipping will meet it again and say so; our own records need not wait for that.
            Err(cause) => tracing::error!(%segment, %cause, "this segment cannot be recovered"),
        }
    }
    Ok(torn)
}

fn total(directory: &Path) -> io::Result<u64> {
    Ok(segment::list(directory)?.iter().map(|(_, size)| size).sum())
}
