//! SQLite: one connection that writes, a few that read.
//!
//! Write-ahead journal, so that readers never wait for the writer; `synchronous = FULL` on the writer,
//! because an acknowledged write has to survive the loss of power and not only the death of the process.
//! Transactions begin IMMEDIATE: the lock against other processes (the CLI beside the server) is taken
//! before the first read, so that what was read is still true when it is written upon.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gatemark_core::{Error, Kind, Result};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::placeholder::{Order, bind};
use super::value::{Row, Value};
use super::worker::Worker;

/// Longest wait for another process's lock.
const BUSY: Duration = Duration::from_secs(5);
/// Pause between tries where SQLite does not wait by itself.
const PAUSE: Duration = Duration::from_millis(20);
/// More reading connections than this do not make a machine's disk faster.
const MAX_READERS: usize = 4;
/// Prepared statements kept for each connection: more than there are texts in ordinary use.
const PREPARED: usize = 128;

/// An open SQLite database.
#[derive(Debug)]
pub(crate) struct Sqlite {
    path: PathBuf,
    writer: Arc<Worker>,
    /// Held by the transaction that owns the writer.
    turn: Arc<Mutex<()>>,
    readers: Worker,
}

impl Sqlite {
    /// Opens or creates the database at `path`. Blocks.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let path = std::path::absolute(path)
            .map_err(|cause| cannot_open(path, "its path is not valid").because(cause))?;
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(|cause| {
                let why = format!("its directory cannot be created ({cause})");
                cannot_open(&path, &why).because(cause)
            })?;
        }
        let writer = connect(&path).map_err(|cause| explain_open(&path, cause))?;
        prepare_writer(&writer).map_err(|cause| explain_open(&path, cause))?;
        let count =
            std::thread::available_parallelism().map_or(2, |n| n.get().clamp(2, MAX_READERS));
        let readers: rusqlite::Result<Vec<Connection>> = (0..count)
            .map(|_| {
                let reader = connect(&path)?;
                reader.pragma_update(None, "query_only", true)?;
                Ok(reader)
            })
            .collect();
        let readers = readers.map_err(|cause| explain_open(&path, cause))?;
        Ok(Self {
            writer: Arc::new(Worker::start("store-write", vec![writer])?),
            turn: Arc::new(Mutex::new(())),
            readers: Worker::start("store-read", readers)?,
            path,
        })
    }

    pub(crate) async fn read(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>> {
        let sql = sql.to_string();
        self.readers.run(move |connection| query(connection, &sql, values)).await?.map_err(explain)
    }

    pub(crate) async fn begin(&self) -> Result<SqliteTransaction> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        // Made before the statement runs: if the caller stops waiting, its drop still rolls back.
        let transaction = SqliteTransaction { writer: Arc::clone(&self.writer), _turn: turn };
        transaction.batch("BEGIN IMMEDIATE").await?;
        Ok(transaction)
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    pub(crate) async fn tables(&self) -> Result<Vec<String>> {
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
        let rows = self.read(sql, vec![]).await?;
        rows.iter().map(|row| row.text("name").map(String::from)).collect()
    }

    pub(crate) fn label(&self) -> String {
        self.path.display().to_string()
    }
}

/// The writer, for as long as one transaction lasts.
#[derive(Debug)]
pub(crate) struct SqliteTransaction {
    writer: Arc<Worker>,
    _turn: OwnedMutexGuard<()>,
}

impl SqliteTransaction {
    pub(crate) async fn query(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>> {
        let sql = sql.to_string();
        self.writer.run(move |connection| query(connection, &sql, values)).await?.map_err(explain)
    }

    pub(crate) async fn execute_each(
        &self,
        sql: &str,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<usize>> {
        let sql = sql.to_string();
        let work = move |connection: &mut Connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let Some(first) = rows.first() else { return Ok(vec![]) };
            let order = Order::of(&statement, first.len())?;
            let mut changed = Vec::with_capacity(rows.len());
            for values in rows {
                order.bind(&mut statement, &values)?;
                changed.push(statement.raw_execute()?);
            }
            Ok(changed)
        };
        self.writer.run(work).await?.map_err(explain)
    }

    pub(crate) async fn batch(&self, sql: &str) -> Result<()> {
        let sql = sql.to_string();
        self.writer.run(move |connection| connection.execute_batch(&sql)).await?.map_err(explain)
    }

    pub(crate) async fn commit(self) -> Result<()> {
        self.batch("COMMIT").await
    }
}

impl Drop for SqliteTransaction {
    fn drop(&mut self) {
        // After a commit there is nothing to take back. A closed worker has dropped its connection,
        // which takes back as well.
        self.writer.send(|connection| {
            if !connection.is_autocommit()
                && let Err(cause) = connection.execute_batch("ROLLBACK")
            {
                tracing::error!(%cause, "a transaction could not be rolled back");
            }
        });
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

fn prepare_writer(writer: &Connection) -> rusqlite::Result<()> {
    writer.pragma_update(None, "synchronous", "FULL")?;
    // Two processes that create the file at the same time can meet here, and SQLite reports that at once
    // instead of waiting.
    let mut tries = BUSY.as_millis() / PAUSE.as_millis();
    loop {
        match writer.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())) {
            Err(cause) if is_busy(&cause) && tries > 0 => {
                tries -= 1;
                std::thread::sleep(PAUSE);
            }
            outcome => return outcome,
        }
    }
}

fn query(connection: &Connection, sql: &str, values: Vec<Value>) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns: Arc<[String]> = statement.column_names().map(String::from).collect();
    bind(&mut statement, &values)?;
    let mut found = statement.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let values: rusqlite::Result<Vec<Value>> =
            (0..columns.len()).map(|column| Ok(from_sqlite(row.get_ref(column)?))).collect();
        rows.push(Row::new(Arc::clone(&columns), values?));
    }
    Ok(rows)
}

fn from_sqlite(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Real(real) => ValueRef::Real(*real),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn is_busy(cause: &rusqlite::Error) -> bool {
    matches!(cause.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// The public face of what SQLite said to a statement.
fn explain(cause: rusqlite::Error) -> Error {
    let (kind, message) = match cause.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (Kind::Unavailable, "the database is locked by another process: try again")
        }
        Some(ErrorCode::ReadOnly) => {
            (Kind::Unavailable, "the database is read-only: check the permissions of its file")
        }
        Some(ErrorCode::DiskFull) => (Kind::Unavailable, "the disk of the database is full"),
        Some(ErrorCode::SystemIoFailure) => {
            (Kind::Unavailable, "the disk of the database reports an error")
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            (Kind::Internal, "the database is damaged: restore a backup")
        }
        Some(ErrorCode::ConstraintViolation) => {
            (Kind::Conflict, "the change contradicts what is stored")
        }
        Some(ErrorCode::TooBig) => (Kind::TooLarge, "a value is too large for the database"),
        _ => (Kind::Internal, "the database failed"),
    };
    Error::new(kind, message).because(cause)
}

/// The same for opening, where the file is what the reader has to look at.
fn explain_open(path: &Path, cause: rusqlite::Error) -> Error {
    let why = match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            let message = format!(
                "{} is not a database: name another file, or move this one away",
                path.display()
            );
            return Error::invalid(message).because(cause);
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process has locked it; try again when that one has ended"
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            "it is read-only for this user: check the permissions of the file and its directory"
        }
        Some(ErrorCode::CannotOpen) => {
            "check that it is a file and that this user may read and write it"
        }
        Some(ErrorCode::DiskFull) => "the disk is full",
        _ => "it cannot be used",
    };
    cannot_open(path, why).because(cause)
}

fn cannot_open(path: &Path, why: &str) -> Error {
    Error::new(Kind::Unavailable, format!("cannot open the database {}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    /// What the promises of this module rest on.
    #[tokio::test]
    async fn the_writer_is_durable_and_checked() {
        let scratch = Scratch::new();
        let sqlite = Sqlite::open(&scratch.path().join("x.db")).unwrap();
        let transaction = sqlite.begin().await.unwrap();
        for (pragma, wanted) in [
            ("journal_mode", Value::Text("wal".into())),
            ("synchronous", Value::Integer(2)),
            ("foreign_keys", Value::Integer(1)),
        ] {
            let sql = format!("SELECT {pragma} AS found FROM pragma_{pragma}");
            let rows = transaction.query(&sql, vec![]).await.unwrap();
            let found = match &wanted {
                Value::Text(_) => Value::Text(rows[0].text("found").unwrap().into()),
                _ => Value::Integer(rows[0].integer("found").unwrap()),
            };
            assert_eq!(found, wanted, "{pragma}");
        }
    }
}
