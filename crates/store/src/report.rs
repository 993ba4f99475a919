//! Evidence. A report is written once and never changes.

use gatemark_core::report::{Report, Row};
use gatemark_core::{Digest, Error, Kind, ModelName, PromptName, Result};

use crate::audit::{self, Event};
use crate::sql::{self, to_document, values};
use crate::store::Store;

impl Store {
    /// Stores a report and the rows that it was derived from.
    ///
    /// # Errors
    /// `Conflict` if there is a report with that id.
    pub async fn save_report(&self, report: &Report, rows: &[Row], at: i64) -> Result<()> {
        let transaction = self.database().begin().await?;
        let sql = "INSERT INTO reports
                   (id, prompt, number, version, suite, model, finished_at, document, results)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING";
        let row = values![
            report.id.as_str(),
            &report.prompt,
            report.number,
            &report.version,
            &report.suite,
            &report.model,
            report.finished_at,
            to_document(report)?,
            to_document(rows)?,
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

    /// A report and its rows.
    pub async fn report(&self, id: &str) -> Result<Option<(Report, Vec<Row>)>> {
        let sql = "SELECT document, results FROM reports WHERE id = $1";
        let row = self.database().read_one(sql, values![id]).await?;
        row.map(|row| Ok((document(&row)?, row.document("results")?))).transpose()
    }

    /// The newest report on exactly this version, suite and model.
    pub async fn newest_report(
        &self,
        version: &Digest,
        suite: &Digest,
        model: &ModelName,
    ) -> Result<Option<Report>> {
        let sql = "SELECT document FROM reports WHERE version = $1 AND suite = $2 AND model = $3
                   ORDER BY finished_at DESC, id DESC LIMIT 1";
        let row = self.database().read_one(sql, values![version, suite, model]).await?;
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
