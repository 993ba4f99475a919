//! Orders to stop, in a file of the data directory: what makes a stop survive without a database.
//!
//! The file is replaced whole (written beside, synced, renamed), so that a reader sees the old orders or the
//! new ones and a crash leaves either. Writers take turns by a lock on a file beside it, which the system takes
//! away with a process that dies. The newest order for each scope stays, orders to resume included: without
//! them a stop that some replica learnt late would come back. Orders that the database does not have yet stay
//! until it has them, because each is audited.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use gatemark_core::stop::{StopOrder, Stops};
use gatemark_core::{Error, Kind, Result};
use serde::{Deserialize, Serialize};

const NAME: &str = "stops.json";
const FORMAT: u32 = 1;

/// An order in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptOrder {
    /// The order.
    #[serde(flatten)]
    pub order: StopOrder,
    /// Whether the database has it.
    pub stored: bool,
}

#[derive(Serialize, Deserialize)]
struct Document {
    format: u32,
    orders: Vec<KeptOrder>,
}

/// What tells cheaply that the file may have changed: its inode, length and time of writing.
pub type StopStamp = (u64, u64, i64, i64);

/// The file of a data directory. There need not be one.
#[derive(Debug, Clone)]
pub struct StopFile {
    folder: PathBuf,
}

impl StopFile {
    /// The one in `folder`.
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf() }
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// The file's stamp; `None` if there is none.
    ///
    /// # Errors
    /// `Unavailable` if it cannot be looked at.
    pub fn stamp(&self) -> Result<Option<StopStamp>> {
        match fs::metadata(self.path()) {
            Ok(found) => Ok(Some((found.ino(), found.len(), found.mtime(), found.mtime_nsec()))),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(self.failed("looked at", cause)),
        }
    }

    /// Its orders; none if there is no file.
    ///
    /// # Errors
    /// `Unavailable` if it cannot be read, `Invalid` if it is not what this program writes.
    pub fn read(&self) -> Result<Vec<KeptOrder>> {
        let bytes = match fs::read(self.path()) {
            Ok(bytes) => bytes,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            Err(cause) => return Err(self.failed("read", cause)),
        };
        let broken = |why: String| {
            let message = format!(
                "{} cannot be understood ({why}): move it away, and give again those of its stops that are still \
                 wanted",
                self.path().display()
            );
            Error::invalid(message).coded("stops_unreadable")
        };
        let document: Document =
            serde_json::from_slice(&bytes).map_err(|cause| broken(cause.to_string()))?;
        if document.format != FORMAT {
            return Err(broken(format!("it is of format {}", document.format)));
        }
        Ok(document.orders)
    }

    /// Puts `ours` into the file, whatever other processes put there meanwhile. When this returns, they survive
    /// the loss of power.
    ///
    /// # Errors
    /// As [`StopFile::read`]; `Unavailable` if it cannot be written.
    pub fn put(&self, ours: &[KeptOrder]) -> Result<()> {
        let _turn = self.turn()?;
        let theirs = self.read()?;
        let orders = merged(theirs.iter().chain(ours));
        if orders == theirs {
            return Ok(());
        }
        let mut bytes = serde_json::to_vec_pretty(&Document { format: FORMAT, orders })
            .map_err(|cause| Error::internal("stops cannot be written as JSON").because(cause))?;
        bytes.push(b'\n');
        self.replace(&bytes).map_err(|cause| self.failed("written", cause))
    }

    /// Held while the file is changed.
    fn turn(&self) -> Result<File> {
        let path = self.folder.join("stops.lock");
        let options = OpenOptions::new().create(true).truncate(false).write(true).open(path);
        let file = options.map_err(|cause| self.failed("locked", cause))?;
        file.lock().map_err(|cause| self.failed("locked", cause))?;
        Ok(file)
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let beside = self.folder.join("stops.new");
        let options =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside);
        let mut file = options?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, self.path())?;
        File::open(&self.folder)?.sync_all()
    }

    fn failed(&self, what: &str, cause: io::Error) -> Error {
        let message = format!("{} cannot be {what}: {cause}", self.path().display());
        Error::new(Kind::Unavailable, message).because(cause)
    }
}

/// What stays of these orders, in the order of their scopes and times.
fn merged<'a>(all: impl Iterator<Item = &'a KeptOrder>) -> Vec<KeptOrder> {
    let mut known: BTreeMap<&str, KeptOrder> = BTreeMap::new();
    let mut stops = Stops::default();
    for kept in all {
        stops.add(kept.order.clone());
        let one = known.entry(&kept.order.id).or_insert_with(|| kept.clone());
        one.stored |= kept.stored;
    }
    let newest: BTreeSet<&str> = stops.newest().map(|order| order.id.as_str()).collect();
    let mut orders: Vec<KeptOrder> = known
        .into_values()
        .filter(|kept| !kept.stored || newest.contains(kept.order.id.as_str()))
        .collect();
    let key = |kept: &KeptOrder| (kept.order.scope.clone(), kept.order.at, kept.order.id.clone());
    orders.sort_by_key(key);
    orders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use gatemark_core::stop::{StopKind, StopScope, StopServe};

    fn kept(id: &str, kind: StopKind, at: i64, stored: bool) -> KeptOrder {
        let (scope, serve) = (StopScope::All, StopServe::Fallback);
        let (id, actor) = (id.to_string(), "x".to_string());
        KeptOrder { order: StopOrder { id, scope, kind, serve, reason: None, actor, at }, stored }
    }

    #[test]
    fn orders_wait_for_the_database_and_the_newest_stays() {
        let scratch = Scratch::new();
        let file = StopFile::of(scratch.path());
        assert_eq!((file.stamp().unwrap(), file.read().unwrap().len()), (None, 0));
        let (stop, resume) =
            (kept("a", StopKind::Stop, 1, false), kept("b", StopKind::Resume, 2, false));
        file.put(std::slice::from_ref(&stop)).unwrap();
        let stamp = file.stamp().unwrap();
        file.put(std::slice::from_ref(&resume)).unwrap();
        assert_ne!(file.stamp().unwrap(), stamp);
        assert_eq!(file.read().unwrap(), [stop.clone(), resume.clone()], "both are to be audited");
        let stored = |order: &KeptOrder| KeptOrder { stored: true, ..order.clone() };
        file.put(&[stored(&stop), stored(&resume)]).unwrap();
        assert_eq!(file.read().unwrap(), [stored(&resume)], "what was resumed stays resumed");
        let stamp = file.stamp().unwrap();
        file.put(&[stored(&resume), resume]).unwrap();
        assert_eq!(file.stamp().unwrap(), stamp, "nothing new, nothing written");
    }

    #[test]
    fn writers_at_once_lose_nothing() {
        let scratch = Scratch::new();
        std::thread::scope(|threads| {
            for writer in 0..4 {
                let file = StopFile::of(scratch.path());
                threads.spawn(move || {
                    for number in 0..5 {
                        let id = format!("{writer}-{number}");
                        file.put(&[kept(&id, StopKind::Stop, number, false)]).unwrap();
                    }
                });
            }
        });
        assert_eq!(StopFile::of(scratch.path()).read().unwrap().len(), 20);
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_named() {
        let scratch = Scratch::new();
        let file = StopFile::of(scratch.path());
        for text in ["{", r#"{"format":2,"orders":[]}"#] {
            fs::write(file.path(), text).unwrap();
            let error = file.read().unwrap_err();
            assert!(error.message().contains("stops.json"), "{error}");
            assert_eq!(error.code(), "stops_unreadable");
            assert!(file.put(&[]).is_err(), "and is not overwritten");
        }
    }
}
