//! A database and a transaction on it, whichever engine runs them.

use std::path::Path;
use std::sync::Arc;

use gatemark_core::{Error, Result};

use super::sqlite::{Sqlite, SqliteTransaction};
use super::value::{Row, Value};

/// A database. Clones share it.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    Sqlite(Arc<Sqlite>),
}

impl Database {
    /// Opens the SQLite database at `path`, whatever its schema.
    pub(crate) async fn open(path: &Path) -> Result<Self> {
        let path = path.to_path_buf();
        let opened = tokio::task::spawn_blocking(move || Sqlite::open(&path)).await;
        let sqlite = opened
            .map_err(|cause| Error::internal("opening the store was aborted").because(cause))??;
        Ok(Self::Sqlite(Arc::new(sqlite)))
    }

    /// Runs one query outside of any transaction.
    pub(crate) async fn read(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(sqlite) => sqlite.read(sql, values).await,
        }
    }

    /// The first row of [`Database::read`].
    pub(crate) async fn read_one(&self, sql: &str, values: Vec<Value>) -> Result<Option<Row>> {
        Ok(self.read(sql, values).await?.into_iter().next())
    }

    /// Starts a transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Transaction> {
        match self {
            Self::Sqlite(sqlite) => Ok(Transaction::Sqlite(sqlite.begin().await?)),
        }
    }

    /// Lets go of the database.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
        }
    }

    /// The names of the tables that exist.
    pub(crate) async fn tables(&self) -> Result<Vec<String>> {
        match self {
            Self::Sqlite(sqlite) => sqlite.tables().await,
        }
    }

    /// What to call this database in messages.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Sqlite(sqlite) => sqlite.label(),
        }
    }
}

/// A transaction. Dropping it without [`Transaction::commit`] takes everything back.
#[derive(Debug)]
pub(crate) enum Transaction {
    Sqlite(SqliteTransaction),
}

impl Transaction {
    /// Runs one statement and gives its rows.
    pub(crate) async fn query(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(transaction) => transaction.query(sql, values).await,
        }
    }

    /// The first row of [`Transaction::query`].
    pub(crate) async fn query_one(&self, sql: &str, values: Vec<Value>) -> Result<Option<Row>> {
        Ok(self.query(sql, values).await?.into_iter().next())
    }

    /// Runs one statement and gives the number of rows that it changed.
    pub(crate) async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<usize> {
        self.execute_many(sql, vec![values]).await
    }

    /// Runs one statement once for every element of `rows` and gives the number of rows changed in all.
    pub(crate) async fn execute_many(&self, sql: &str, rows: Vec<Vec<Value>>) -> Result<usize> {
        Ok(self.execute_each(sql, rows).await?.into_iter().sum())
    }

    /// The same, with the number of rows changed by each.
    pub(crate) async fn execute_each(
        &self,
        sql: &str,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<usize>> {
        match self {
            Self::Sqlite(transaction) => transaction.execute_each(sql, rows).await,
        }
    }

    /// Runs several statements without values.
    pub(crate) async fn batch(&self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(transaction) => transaction.batch(sql).await,
        }
    }

    /// Makes everything permanent: when this returns, it survives the loss of power.
    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::values;
    use super::*;
    use crate::scratch::Scratch;

    async fn open(scratch: &Scratch) -> Database {
        let database = Database::open(&scratch.path().join("deep/down/t.db")).await.unwrap();
        let transaction = database.begin().await.unwrap();
        transaction.batch("CREATE TABLE t (a bigint, b text)").await.unwrap();
        transaction.commit().await.unwrap();
        database
    }

    async fn count(database: &Database) -> usize {
        database.read("SELECT a FROM t", vec![]).await.unwrap().len()
    }

    #[tokio::test]
    async fn a_dropped_transaction_leaves_nothing() {
        let scratch = Scratch::new();
        let database = open(&scratch).await;
        let transaction = database.begin().await.unwrap();
        transaction.execute("INSERT INTO t (a) VALUES ($1)", values![1_i64]).await.unwrap();
        drop(transaction);
        assert_eq!(count(&database).await, 0);
        let transaction = database.begin().await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(count(&database).await, 0);
    }

    /// The caller goes away before `begin` has answered: the writer must be free for the next.
    #[tokio::test]
    async fn a_begin_that_nobody_awaits_is_taken_back() {
        let scratch = Scratch::new();
        let database = open(&scratch).await;
        for _ in 0..20 {
            let begin = database.begin();
            tokio::select! { biased; _ = begin => {}, () = std::future::ready(()) => {} }
        }
        let transaction = database.begin().await.unwrap();
        let rows = vec![values![1_i64, "x"], values![2_i64, None::<&str>]];
        let sql = "INSERT INTO t (a, b) VALUES ($1, $2)";
        assert_eq!(transaction.execute_many(sql, rows).await.unwrap(), 2);
        transaction.commit().await.unwrap();
        assert_eq!(count(&database).await, 2);
    }

    #[tokio::test]
    async fn placeholders_go_by_number() {
        let scratch = Scratch::new();
        let database = open(&scratch).await;
        let row = database.read_one("SELECT $2 AS b, $1 AS a", values![1_i64, "x"]).await.unwrap();
        let row = row.unwrap();
        assert_eq!((row.integer("a").unwrap(), row.text("b").unwrap()), (1, "x"));
    }

    #[tokio::test]
    async fn reading_cannot_write() {
        let scratch = Scratch::new();
        let database = open(&scratch).await;
        assert!(database.read("INSERT INTO t (a) VALUES (1)", vec![]).await.is_err());
    }

    #[tokio::test]
    async fn a_closed_database_says_so() {
        let scratch = Scratch::new();
        let database = open(&scratch).await;
        let open_transaction = database.begin().await.unwrap();
        database.close().await;
        drop(open_transaction);
        let error = database.read("SELECT a FROM t", vec![]).await.unwrap_err();
        assert!(error.to_string().contains("closed"), "{error}");
        // The last connection wrote its journal back and removed it.
        assert!(!scratch.path().join("deep/down/t.db-wal").exists());
    }
}
