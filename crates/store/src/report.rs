//! Evidence. A report is written once and never changes.

use gatemark_core::report::{Report, Row, Verdict};
use gatemark_core::upstream::Upstreams;
use gatemark_core::{Digest, Error, Kind, ModelName, PromptName, Result};

use crate::audit::{self, Event};
use crate::counter::begin_change;
use crate::run::RowFilter;
use crate::sql::{self, to_document, values};
use crate::store::Store;

impl Store {
    /// Stores the report of the run with the same id, whose rows are journalled, and ends that run. Servers
    /// see it as a change of the registry: what they may serve rests on reports.
    ///
    /// # Errors
    /// `Conflict` if there is a report with that id.
    pub async fn save_report(&self, report: &Report, at: i64) -> Result<()> {
        let transaction = begin_change(self).await?;
        let sql = "UPDATE runs SET finished_at = $2 WHERE id = $1";
        transaction.execute(sql, values![report.id.as_str(), at]).await?;
        let sql = "INSERT INTO reports
                   (id, prompt, number, version, suite, model, finished_at, document, upstreams,
                    results)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '[]') ON CONFLICT (id) DO NOTHING";
        let row = values![
            report.id.as_str(),
            &report.prompt,
            report.number,
            &report.version,
            &report.suite,
            &report.model,
            report.finished_at,
            to_document(report)?,
            to_document(&report.upstreams)?,
        ];
        if transaction.execute(sql, row).await? == 0 {
            let message = format!("there is a report {} already", report.id);
            return Err(Error::new(Kind::Conflict, message));
        }
        let total = &report.summary.total;
        let detail = format!(
            "report {}: version {} on {}, {} of {} cases passed",
            report.id, report.number, report.model, total.passed, total.cases
        );
        let (actor, subject) = (report.actor.as_str(), report.prompt.as_str());
        audit::record(&transaction, Event { at, actor, action: "test", subject, detail }).await?;
        transaction.commit().await
    }

    /// A report.
    pub async fn report(&self, id: &str) -> Result<Option<Report>> {
        let sql = "SELECT document FROM reports WHERE id = $1";
        let row = self.database().read_one(sql, values![id]).await?;
        row.as_ref().map(document).transpose()
    }

    /// Up to `limit` rows of a report in the suite's order, each with its ordinal.
    pub async fn report_rows(
        &self,
        report: &str,
        filter: RowFilter,
        limit: u32,
    ) -> Result<Vec<(u64, Row)>> {
        let rows = self.run_rows(report, filter, limit).await?;
        if rows.is_empty() && filter.after.is_none() {
            return self.rows_within(report, filter.failed_only).await;
        }
        Ok(rows)
    }

    /// The rows of a report that was stored before runs were journalled: all at once, as it held them.
    async fn rows_within(&self, report: &str, failed_only: bool) -> Result<Vec<(u64, Row)>> {
        let sql = "SELECT results FROM reports WHERE id = $1";
        let Some(row) = self.database().read_one(sql, values![report]).await? else {
            return Ok(vec![]);
        };
        let rows: Vec<Row> = row.document("results")?;
        let wanted = |(_, row): &(u64, Row)| !failed_only || row.verdict != Verdict::Pass;
        Ok((0..).zip(rows).filter(wanted).collect())
    }

    /// The newest report on exactly this version, suite and model: of those that `upstreams` answered in, or
    /// if there is none, of all.
    pub async fn newest_report(
        &self,
        version: &Digest,
        suite: &Digest,
        model: &ModelName,
        upstreams: &Upstreams,
    ) -> Result<Option<Report>> {
        let sql = "SELECT document FROM reports WHERE version = $1 AND suite = $2 AND model = $3
                   ORDER BY CASE WHEN upstreams = $4 THEN 0 ELSE 1 END, finished_at DESC, id DESC
                   LIMIT 1";
        let row = values![version, suite, model, to_document(upstreams)?];
        let row = self.database().read_one(sql, row).await?;
        row.as_ref().map(document).transpose()
    }

    /// The newest `limit` reports of a prompt, newest first.
    pub async fn reports(&self, prompt: &PromptName, limit: u32) -> Result<Vec<Report>> {
        let sql = "SELECT document FROM reports WHERE prompt = $1
                   ORDER BY finished_at DESC, id DESC LIMIT $2";
        self.database().read(sql, values![prompt, limit]).await?.iter().map(document).collect()
    }
}

fn document(row: &sql::Row) -> Result<Report> {
    row.document("document")
}
