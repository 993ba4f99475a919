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

const MIGRATIONS: &[Migration] = &[
    migration!(1, "0001_registry"),
    migration!(2, "0002_calls"),
    migration!(3, "0003_runs"),
    migration!(4, "0004_embeddings"),
    migration!(5, "0005_calibrations"),
    migration!(6, "0006_approvals_by_judges"),
    migration!(7, "0007_spend"),
    migration!(8, "0008_fallbacks"),
    migration!(9, "0009_prompt_cache"),
    migration!(10, "0010_reviews"),
    migration!(11, "0011_leaner_indexes"),
    migration!(12, "0012_upstreams"),
    migration!(13, "0013_conversations"),
    migration!(14, "0014_stops_chain_lifecycle"),
    migration!(15, "0015_rollouts"),
    migration!(16, "0016_monitoring"),
    migration!(17, "0017_evaluations"),
    migration!(18, "0018_alerts"),
    migration!(19, "0019_experiments"),
    migration!(20, "0020_review_queue"),
    migration!(21, "0021_redteams"),
];

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    const ONE: Migration =
        Migration { number: 1, name: "0001_one", sql: "CREATE TABLE one (a bigint)" };
    const TWO: Migration = Migration {
        number: 2,
        name: "0002_two",
        sql: "CREATE TABLE two (a bigint); INSERT INTO two (a) VALUES (2)",
    };

    async fn open(scratch: &Scratch) -> Database {
        Database::open(&scratch.path().join("m.db")).await.unwrap()
    }

    #[tokio::test]
    async fn each_migration_runs_once() {
        let scratch = Scratch::new();
        let database = open(&scratch).await;
        migrate_to(&database, &[ONE]).await.unwrap();
        migrate_to(&database, &[ONE, TWO]).await.unwrap();
        migrate_to(&database, &[ONE, TWO]).await.unwrap();
        assert_eq!(database.read("SELECT a FROM two", vec![]).await.unwrap().len(), 1);
        assert_eq!(database.read(APPLIED, vec![]).await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn two_processes_migrate_at_once() {
        let scratch = Scratch::new();
        let (first, second) = (open(&scratch).await, open(&scratch).await);
        let (one, other) =
            tokio::join!(migrate_to(&first, &[ONE, TWO]), migrate_to(&second, &[ONE, TWO]));
        one.unwrap();
        other.unwrap();
        assert_eq!(first.read(APPLIED, vec![]).await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_newer_or_different_history_is_refused() {
        let scratch = Scratch::new();
        let database = open(&scratch).await;
        migrate_to(&database, &[ONE, TWO]).await.unwrap();
        let newer = migrate_to(&database, &[ONE]).await.unwrap_err().to_string();
        assert!(newer.contains("newer gatemark") && newer.contains("0002_two"), "{newer}");
        let changed = Migration { sql: "CREATE TABLE other (a bigint)", ..ONE };
        let different = migrate_to(&database, &[changed, TWO]).await.unwrap_err().to_string();
        assert!(different.contains("another build"), "{different}");
    }

    #[tokio::test]
    async fn a_failed_migration_leaves_nothing() {
        let scratch = Scratch::new();
        let database = open(&scratch).await;
        let broken =
            Migration { number: 1, name: "0001_x", sql: "CREATE TABLE x (a bigint); nonsense" };
        assert!(migrate_to(&database, &[broken]).await.is_err());
        assert!(database.tables().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn another_programs_database_is_refused() {
        let scratch = Scratch::new();
        let database = open(&scratch).await;
        let transaction = database.begin().await.unwrap();
        transaction.batch("CREATE TABLE theirs (a bigint)").await.unwrap();
        transaction.commit().await.unwrap();
        let error = migrate(&database).await.unwrap_err().to_string();
        assert!(error.contains("another program"), "{error}");
        assert_eq!(database.tables().await.unwrap(), ["theirs"]);
    }

    /// What people found before there were claims is a decision now.
    #[tokio::test]
    async fn findings_become_decisions() {
        let scratch = Scratch::new();
        let database = open(&scratch).await;
        migrate_to(&database, &MIGRATIONS[..19]).await.unwrap();
        let transaction = database.begin().await.unwrap();
        let sql = "INSERT INTO reviews (call, at, prompt, number, environment, reason, finding, actor, resolved_at)
                   VALUES ($1, 1, 'a/b', 1, 'production', 'sure < 0.7', $2, $3, 5)";
        let rows = vec![values!["a", "right", "ann"], values!["b", "wrong", "ann"]];
        transaction.execute_many(sql, rows).await.unwrap();
        transaction.execute(sql, values!["c", None::<&str>, None::<&str>]).await.unwrap();
        transaction.commit().await.unwrap();
        migrate_to(&database, &MIGRATIONS[..20]).await.unwrap();
        let sql = "SELECT decision, cause, priority, revision FROM reviews ORDER BY call";
        let rows = database.read(sql, vec![]).await.unwrap();
        let decisions: Vec<_> =
            rows.iter().map(|row| row.optional_text("decision").unwrap()).collect();
        assert_eq!(decisions, [Some("approve"), Some("reject"), None]);
        assert_eq!(
            (rows[0].text("cause").unwrap(), rows[0].integer("priority").unwrap()),
            ("condition", 1)
        );
    }

    /// A released migration never changes: databases in the world remember its digest.
    #[test]
    fn numbers_are_dense() {
        for (position, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(usize::try_from(migration.number).unwrap(), position + 1);
            assert!(migration.name.starts_with(&format!("{:04}_", migration.number)));
        }
    }
}
