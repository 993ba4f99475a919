//! Moves records from the log into the store.
//!
//! Takes no input and remembers nothing that matters, so it may run at any time, twice at once, or in
//! another process than the one that writes: whatever happens twice is passed over by the store, and only
//! who holds a segment's lock deletes it, after every record in it is stored.

use std::io;
use std::path::PathBuf;

use gatemark_core::call::CallRecord;
use gatemark_core::{Error, Kind, Result};

use super::frame::{Frames, Tail};
use super::log::CallLog;
use super::segment::{self, Segment};
use crate::store::Store;

/// Records stored in one transaction.
const BATCH: usize = 500;

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
    for (path, _) in prepared.await? {
        let opened = blocking(log, move |log| Piece::read(log, path)).await?;
        let Some(piece) = opened else { continue };
        shipped.records += store_piece(log, store, &piece).await?;
        let removed = blocking(log, move |_| piece.finish()).await?;
        shipped.segments_removed += usize::from(removed);
    }
    blocking(log, |log| log.recount()).await?;
    Ok(shipped)
}

/// Stores a piece's records in batches, remembering each. Returns how many were new.
async fn store_piece(log: &CallLog, store: &Store, piece: &Piece) -> Result<usize> {
    let mut new = 0;
    for batch in piece.records.chunks(BATCH) {
        let records: Vec<CallRecord> = batch.iter().map(|(record, _)| record.clone()).collect();
        new += store.insert_calls(&records).await?;
        if let Some((_, end)) = batch.last() {
            log.advance(&piece.path, *end);
        }
    }
    log.advance(&piece.path, piece.end);
    Ok(new)
}

/// What a segment holds beyond what is stored of it.
struct Piece {
    segment: Segment,
    path: PathBuf,
    /// Records, each with the position at which it ends.
    records: Vec<(CallRecord, u64)>,
    /// Where the last whole frame ends.
    end: u64,
    /// Whether there are bytes in it that we cannot read.
    unreadable: bool,
}

impl Piece {
    fn read(log: &CallLog, path: PathBuf) -> io::Result<Option<Self>> {
        let Some(mut segment) = Segment::open(path.clone())? else { return Ok(None) };
        let (start, bytes) = segment.read_from(log.position(&path))?;
        let mut frames = Frames::new(&bytes);
        let mut records = Vec::new();
        let mut unreadable = false;
        while let Some(payload) = frames.next() {
            match serde_json::from_slice(payload) {
                Ok(record) => records.push((record, advance(start, frames.position()))),
                Err(cause) => {
                    unreadable = true;
                    let segment = path.display();
                    tracing::error!(%segment, %cause, "a call record is of a form unknown to this gatemark");
                }
            }
        }
        unreadable |= frames.tail() == Tail::Damaged;
        let end = advance(start, frames.position());
        Ok(Some(Self { segment, path, records, end, unreadable }))
    }

    /// Once everything is stored: deletes a closed segment, or sets it aside if it holds more than we
    /// understand. Returns whether it is gone.
    fn finish(self) -> io::Result<bool> {
        if !self.segment.is_closed() {
            return Ok(false);
        }
        if self.unreadable {
            let segment = self.path.display().to_string();
            tracing::error!(%segment, "this segment of the call log is partly unreadable and was set aside");
            return self.segment.keep_aside();
        }
        self.segment.delete()
    }
}

fn advance(start: u64, bytes: usize) -> u64 {
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
