//! One process at a time at one run. The lock is a file's, so it goes away with the process that holds it,
//! however that ends: a run can be gone on with the moment it was killed.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::Digest;

/// Held while a run goes on.
#[derive(Debug)]
pub(super) struct RunLock {
    path: PathBuf,
    _file: File,
}

impl RunLock {
    /// Takes the lock of the run `key` in the data directory.
    ///
    /// # Errors
    /// `Conflict` if another process holds it.
    pub(super) fn take(data: &Path, key: &Digest) -> Result<Self> {
        let directory = data.join("runs");
        let path = directory.join(format!("{key}.lock"));
        let failed = |cause: std::io::Error| {
            let message = format!("cannot lock the run ({}): {cause}", path.display());
            Error::new(Kind::Unavailable, message).because(cause)
        };
        std::fs::create_dir_all(&directory).map_err(failed)?;
        loop {
            let options = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
            let file = options.map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let message = "this very run (same version, suite, model and repeats) is under way in \
                                   another process: wait for it, or stop it and run again to go on";
                    return Err(Error::new(Kind::Conflict, message).coded("run_under_way"));
                }
                Err(TryLockError::Error(cause)) => return Err(failed(cause)),
            }
            // The holder before us may have removed the file that we opened.
            let ours = file.metadata().map_err(failed)?.ino();
            if std::fs::metadata(&path).is_ok_and(|there| there.ino() == ours) {
                return Ok(Self { path, _file: file });
            }
        }
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Still locked, so nobody else holds this file; one left behind is harmless.
        std::fs::remove_file(&self.path).ok();
    }
}
