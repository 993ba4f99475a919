//! The one way to the database.
//!
//! Every query is one portable text with `$1` placeholders. [`Database`] and [`Transaction`] are small
//! enums over engines; what differs between engines (threads, placeholders, error codes, locks) ends in
//! the engine's own module. PostgreSQL is to join as a second variant of both.
//!
//! Modules form one line: `value`, `placeholder`, `worker` ← `sqlite` ← `database` ← `migrate`.

mod database;
mod migrate;
mod placeholder;
mod sqlite;
mod value;
mod worker;

use std::path::Path;

use gatemark_core::Result;

pub(crate) use database::{Database, Transaction};
pub(crate) use value::{Row, Value, to_document, values};

/// Opens the SQLite database at `path` and brings its schema up to date.
pub(crate) async fn open(path: &Path) -> Result<Database> {
    let database = Database::open(path).await?;
    migrate::migrate(&database).await?;
    Ok(database)
}
