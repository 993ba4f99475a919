//! The write-ahead log of calls: the record of an answered call survives `kill -9`.
//!
//! A record is on its way in three steps. The gateway calls [`CallLog::append`] before the answer is
//! complete: one `write` of one frame into a file of this process, no more. From then on the record is in
//! the kernel's page cache, which the death of a process does not touch. A background task calls [`ship`]
//! every round: it forces the files to disk, so that a loss of power costs one round at most, stores what
//! is new, and deletes files whose records are all stored. Records may be stored twice that way, never
//! lost; the store tells them apart by the call's id.
//!
//! Files are called segments. Each is written by the one process that made it and is locked by it for as
//! long as it writes, so processes sharing a directory never touch each other's frames, and a segment
//! that can be locked is one that nobody will ever write to again.
//!
//! What happens at the bound: when the segments hold `total_bytes` together, or the disk refuses, new
//! records are dropped and counted while calls are still answered. Serving without a record was chosen
//! over not serving; [`CallLog::dropped`] is what to alert on.

mod frame;
mod log;
mod segment;
mod ship;

pub use log::{CallLog, CallLogOptions, LogFull};
pub use ship::{Shipped, ship};
