//! The handle that everything else is reached through.

use crate::sql::Database;

/// Everything kept, in one database. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
}

impl Store {
    pub(crate) fn on(database: Database) -> Self {
        Self { database }
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
