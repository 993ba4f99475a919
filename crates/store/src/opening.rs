//! From a path to a store that can be used.

use std::path::Path;

use gatemark_core::Result;

use crate::audit;
use crate::sql;
use crate::store::Store;

impl Store {
    /// Opens the SQLite database at `path`, creating directory and file and bringing the schema up to date.
    ///
    /// # Errors
    /// `Invalid` if the file is not ours (not a database, another program's, or written by a newer
    /// Gatemark), `Unavailable` if it cannot be opened, written or locked within five seconds.
    pub async fn open(path: &Path) -> Result<Store> {
        let database = sql::open(path).await?;
        audit::seal(&database).await?;
        Ok(Self::on(database))
    }
}
