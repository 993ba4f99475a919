//! The handle that everything else is reached through.

use std::path::Path;

use gatemark_core::Result;

use crate::sql::{self, Database};

/// Everything kept, in one database. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
}

impl Store {
    /// Opens the SQLite database at `path`, creating directory and file and bringing the schema up to date.
    ///
    /// # Errors
    /// `Invalid` if the file is not ours (not a database, another program's, or written by a newer
    /// Gatemark), `Unavailable` if it cannot be opened, written or locked within five seconds.
    pub async fn open(path: &Path) -> Result<Store> {
        Ok(Self { database: sql::open(path).await? })
    }

    /// Waits for running statements, writes the database's own log back and lets go of the file. Every
    /// later use of this handle or its clones answers `Unavailable`.
    pub async fn close(&self) {
        self.database.close().await;
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }
}
