//! Brings a database's schema up to date.
//!
//! Migrations are numbered files that never change once released: each is applied in its own transaction
//! and remembered with its digest, so that a database whose history differs from this program's is
//! noticed instead of being misread. There is no way back: an older program refuses a newer database.

use gatemark_core::{Digest, Error, Result};

use super::database::Database;
use super::value::{Row, values};

struct Migration {
    number: u32,
    name: &'static str,
    sql: &'static str,
}

macro_rules! migration {
    ($number:literal, $name:literal) => {
        Migration {
            number: $number,
            name: $name,
            sql: include_str!(concat!("../migrations/", $name, ".sql")),
        }
    };
}

const MIGRATIONS: &[Migration] = &[migration!(1, "0001_registry"), migration!(2, "0002_calls")];

const TABLE: &str = "schema_migrations";
const APPLIED: &str = "SELECT number, name, digest FROM schema_migrations ORDER BY number";

/// Applies what is missing, or says why this database cannot be used.
pub(crate) async fn migrate(database: &Database) -> Result<()> {
    migrate_to(database, MIGRATIONS).await
}

async fn migrate_to(database: &Database, known: &[Migration]) -> Result<()> {
    // Looking takes no lock, so opening an up-to-date database never waits for a writer.
    let tables = database.tables().await?;
    let applied = if tables.iter().any(|table| table == TABLE) {
        let rows = database.read(APPLIED, vec![]).await?;
        compare(&rows, known).map_err(|why| refuse(database, &why))?
    } else if tables.is_empty() {
        0
    } else {
        return Err(refuse(database, "it holds tables of another program"));
    };
    for migration in known.iter().skip(applied) {
        apply(database, known, migration).await?;
    }
    Ok(())
}

/// Applies one migration unless another process has done so since we looked.
async fn apply(database: &Database, known: &[Migration], migration: &Migration) -> Result<()> {
    let transaction = database.begin().await?;
    transaction
        .batch(
            "CREATE TABLE IF NOT EXISTS schema_migrations (
                number bigint NOT NULL PRIMARY KEY,
                name text NOT NULL,
                digest text NOT NULL
            )",
        )
        .await?;
    let rows = transaction.query(APPLIED, vec![]).await?;
    let applied = compare(&rows, known).map_err(|why| refuse(database, &why))?;
    if known.iter().take(applied).any(|done| done.number == migration.number) {
        return Ok(());
    }
    transaction.batch(migration.sql).await.map_err(|cause| {
        let why = format!("migration {} failed", migration.name);
        Error::new(cause.kind(), refuse(database, &why).message()).because(cause)
    })?;
    let sql = "INSERT INTO schema_migrations (number, name, digest) VALUES ($1, $2, $3)";
    let digest = Digest::of(migration.sql.as_bytes());
    transaction.execute(sql, values![migration.number, migration.name, &digest]).await?;
    transaction.commit().await
}

/// How many of the `known` migrations the rows say are applied, or why the two do not fit together.
fn compare(rows: &[Row], known: &[Migration]) -> Result<usize, String> {
    for (position, row) in rows.iter().enumerate() {
        let read = |column| row.text(column).map_err(|cause| cause.to_string());
        let (name, digest) = (read("name")?, read("digest")?);
        let Some(migration) = known.get(position) else {
            return Err(format!(
                "it was written by a newer gatemark (migration {name} is unknown to this one): use that version"
            ));
        };
        let expected = Digest::of(migration.sql.as_bytes()).to_string();
        if migration.name != name || expected != digest {
            return Err(format!(
                "its migration {name} is not this program's {}: it was written by another build of gatemark",
                migration.name
            ));
        }
    }
    Ok(rows.len())
}

fn refuse(database: &Database, why: &str) -> Error {
    Error::invalid(format!("cannot use the database {}: {why}", database.label()))
}
