//! Test runs while they run: rows and answers, journalled in batches.

use gatemark_core::report::{Row, Verdict};
use gatemark_core::{Digest, Result};

use crate::sql::{self, to_document, values};
use crate::store::Store;

/// What a run has to keep, in one transaction.
#[derive(Debug, Default)]
pub struct Batch {
    /// Rows of a run by their ordinal.
    pub rows: Vec<(String, u64, Row)>,
    /// Answers by the digest of what was asked, as JSON.
    pub answers: Vec<(Digest, String)>,
}

/// Which rows of a run are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowFilter {
    /// Only those that did not pass.
    pub failed_only: bool,
    /// Only those after this ordinal.
    pub after: Option<u64>,
}

impl Store {
    /// The newest unfinished run of `key`.
    pub async fn unfinished_run(&self, key: &Digest) -> Result<Option<String>> {
        let sql = "SELECT id FROM runs WHERE key = $1 AND finished_at IS NULL
                   ORDER BY started_at DESC, id DESC LIMIT 1";
        let row = self.database().read_one(sql, values![key]).await?;
        row.map(|row| row.text("id").map(String::from)).transpose()
    }

    /// Begins a run. Unfinished runs of the same key are given up with their rows: nobody may go on with
    /// one of them later and take its rows for new ones.
    pub async fn begin_run(&self, id: &str, key: &Digest, at: i64) -> Result<()> {
        let transaction = self.database().begin().await?;
        let sql = "DELETE FROM run_rows WHERE run IN
                   (SELECT id FROM runs WHERE key = $1 AND finished_at IS NULL)";
        transaction.execute(sql, values![key]).await?;
        let sql = "DELETE FROM runs WHERE key = $1 AND finished_at IS NULL";
        transaction.execute(sql, values![key]).await?;
        let sql = "INSERT INTO runs (id, key, started_at) VALUES ($1, $2, $3)";
        transaction.execute(sql, values![id, key, at]).await?;
        transaction.commit().await
    }

    /// Removes a run without a report, and its rows.
    pub async fn drop_run(&self, id: &str) -> Result<()> {
        let transaction = self.database().begin().await?;
        let unreported = "id = $1 AND NOT EXISTS (SELECT 1 FROM reports WHERE reports.id = $1)";
        let rows =
            format!("DELETE FROM run_rows WHERE run IN (SELECT id FROM runs WHERE {unreported})");
        transaction.execute(&rows, values![id]).await?;
        transaction.execute(&format!("DELETE FROM runs WHERE {unreported}"), values![id]).await?;
        transaction.commit().await
    }

    /// Keeps rows and answers. A row that is there already is replaced: it was asked again because the
    /// first try had failed.
    pub async fn journal(&self, batch: Batch, at: i64) -> Result<()> {
        let answers: Vec<Vec<sql::Value>> = batch
            .answers
            .into_iter()
            .map(|(key, document)| values![&key, at, document.as_str()])
            .collect();
        let rows = batch
            .rows
            .iter()
            .map(|(run, ordinal, row)| {
                let ordinal = i64::try_from(*ordinal).unwrap_or(i64::MAX);
                Ok(values![run.as_str(), ordinal, row.verdict.word(), to_document(row)?])
            })
            .collect::<Result<Vec<_>>>()?;
        let transaction = self.database().begin().await?;
        if !answers.is_empty() {
            let sql = "INSERT INTO answers (key, at, document) VALUES ($1, $2, $3)
                       ON CONFLICT (key) DO UPDATE
                       SET at = excluded.at, document = excluded.document";
            transaction.execute_many(sql, answers).await?;
        }
        if !rows.is_empty() {
            let sql = "INSERT INTO run_rows (run, ordinal, verdict, document)
                       VALUES ($1, $2, $3, $4) ON CONFLICT (run, ordinal) DO UPDATE
                       SET verdict = excluded.verdict, document = excluded.document";
            transaction.execute_many(sql, rows).await?;
        }
        transaction.commit().await
    }

    /// The answer kept under `key` since `since` (microseconds since 1970), as JSON.
    pub async fn answer(&self, key: &Digest, since: i64) -> Result<Option<String>> {
        let sql = "SELECT document FROM answers WHERE key = $1 AND at >= $2";
        let row = self.database().read_one(sql, values![key, since]).await?;
        row.map(|row| row.text("document").map(String::from)).transpose()
    }

    /// Up to `limit` rows of a run in the order of their ordinals, each with its ordinal.
    pub async fn run_rows(
        &self,
        run: &str,
        filter: RowFilter,
        limit: u32,
    ) -> Result<Vec<(u64, Row)>> {
        let after = filter.after.map_or(-1, |after| i64::try_from(after).unwrap_or(i64::MAX));
        let but = if filter.failed_only { Verdict::Pass.word() } else { "" };
        let sql = "SELECT ordinal, document FROM run_rows
                   WHERE run = $1 AND ordinal > $2 AND verdict <> $3 ORDER BY ordinal LIMIT $4";
        let rows = self.database().read(sql, values![run, after, but, limit]).await?;
        rows.iter()
            .map(|row| {
                let ordinal = u64::try_from(row.integer("ordinal")?).unwrap_or_default();
                Ok((ordinal, row.document("document")?))
            })
            .collect()
    }
}
