//! Moves records from the log into the store.
//!
//! Takes no input and remembers nothing that matters, so it may run at any time, twice at once, or in
//! another process than the one that writes: whatever happens twice is passed over by the store, and only
//! who holds a segment's lock deletes it, after every record in it is stored.

use std::io;
use std::path::PathBuf;

use gatemark_core::{Error, Kind, Result};

use super::frame::{Frames, Tail};
use super::log::{CallLog, Progress};
use super::segment::{self, Segment};
use crate::document::Document;
use crate::store::Store;

/// Records stored in one transaction: each is forced to disk, and keeps others from writing for some 10 ms.
const BATCH: usize = 2_000;

/// What a round of [`ship`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shipped {
    /// Records that were new to the store.
    pub records: usize,
    /// Segments that were not needed any more.
    pub segments_removed: usize,
}

/// Forces the log to disk, stores what is not stored yet, and deletes segments that are stored whole and
/// that no living process writes to.
///
/// # Errors
/// Those of the store, and `Unavailable` if a segment cannot be read. Nothing is lost by an error: the
/// next round begins where this one ended.
pub async fn ship(log: &CallLog, store: &Store) -> Result<Shipped> {
    let prepared = blocking(log, |log| {
        // What cannot be forced to disk can still be stored, and is then safe all the same.
        if let Err(cause) = log.sync() {
            tracing::warn!(cause = ?cause, "shipping calls that are not on disk yet");
        }
        log.close_segment_if_crowded()?;
        segment::list(log.directory())
    });
    let mut shipped = Shipped::default();
    let mut failed = None;
    for (path, _) in prepared.await? {
        // One bad file must not keep the others waiting.
        let opened = match blocking(log, move |log| Piece::read(log, path)).await {
            Ok(opened) => opened,
            Err(cause) => {
                failed = Some(cause);
                continue;
            }
        };
        let Some(mut piece) = opened else { continue };
        let records = std::mem::take(&mut piece.records);
        shipped.records += store_piece(log, store, &piece, records).await?;
        match blocking(log, move |log| piece.finish(log)).await {
            Ok(removed) => shipped.segments_removed += usize::from(removed),
            Err(cause) => failed = Some(cause),
        }
    }
    blocking(log, |log| log.recount()).await?;
    failed.map_or(Ok(shipped), Err)
}

/// Stores a piece's records in batches, remembering each. Returns how many were new.
async fn store_piece(
    log: &CallLog,
    store: &Store,
    piece: &Piece,
    records: Vec<Document>,
) -> Result<usize> {
    let mut new = 0;
    let mut records = records.into_iter();
    for ends in piece.ends.chunks(BATCH) {
        new += store.insert_documents(records.by_ref().take(ends.len()).collect()).await?;
        let position = ends.last().copied().unwrap_or_default();
        log.advance(&piece.path, Progress { position, unreadable: piece.unreadable });
    }
    log.advance(&piece.path, Progress { position: piece.end, unreadable: piece.unreadable });
    Ok(new)
}

/// What a segment holds beyond what is stored of it.
struct Piece {
    segment: Segment,
    path: PathBuf,
    records: Vec<Document>,
    /// The position at which each record ends.
    ends: Vec<u64>,
    /// Where the last whole frame ends.
    end: u64,
    /// Whether a whole frame, here or in what was stored before, is of a form that we do not know.
    unreadable: bool,
    tail: Tail,
}

impl Piece {
    fn read(log: &CallLog, path: PathBuf) -> io::Result<Option<Self>> {
        let Some(mut segment) = Segment::open(path.clone())? else { return Ok(None) };
        let Progress { position, mut unreadable } = log.progress(&path);
        let (start, bytes) = segment.read_from(position)?;
        let mut frames = Frames::new(&bytes);
        let (mut records, mut ends) = (Vec::new(), Vec::new());
        while let Some(payload) = frames.next() {
            match Document::read(payload) {
                Ok(record) => {
                    records.push(record);
                    ends.push(after(start, frames.position()));
                }
                Err(cause) => {
                    unreadable = true;
                    let segment = path.display();
                    tracing::error!(%segment, %cause, "a call record has a form unknown to this gatemark");
                }
            }
        }
        let (end, tail) = (after(start, frames.position()), frames.tail());
        Ok(Some(Self { segment, path, records, ends, end, unreadable, tail }))
    }

    /// Once everything is stored: deletes a closed segment, or sets it aside if it holds more than we
    /// understand. Returns whether it is gone.
    fn finish(self, log: &CallLog) -> io::Result<bool> {
        if !self.segment.is_closed() {
            return Ok(false);
        }
        let segment = self.path.display();
        if self.unreadable || self.tail == Tail::Damaged {
            tracing::error!(%segment, "this segment of the call log is partly unreadable and is set aside");
            return self.segment.keep_aside();
        }
        if self.tail == Tail::Torn {
            log.count_torn();
            tracing::warn!(%segment, "a crashed process did not finish the last call record");
        }
        self.segment.delete()
    }
}

/// The position `bytes` after `start`.
fn after(start: u64, bytes: usize) -> u64 {
    start.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX))
}

/// Runs file work off the threads of the async runtime.
async fn blocking<T: Send + 'static>(
    log: &CallLog,
    work: impl FnOnce(&CallLog) -> io::Result<T> + Send + 'static,
) -> Result<T> {
    let log = log.clone();
    let done = tokio::task::spawn_blocking(move || work(&log)).await;
    let outcome =
        done.map_err(|cause| Error::internal("shipping calls was aborted").because(cause))?;
    outcome.map_err(|cause| {
        Error::new(Kind::Unavailable, "the call log cannot be read").because(cause)
    })
}
