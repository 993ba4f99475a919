//! Reports of red teams. One is written once and never changes.

use gatemark_core::redteam::Report;
use gatemark_core::{Digest, EnvironmentName, Error, Kind, ModelName, PromptName, Result};

use crate::audit::{self, Event};
use crate::sql::{to_document, values};
use crate::store::Store;

impl Store {
    /// Stores a report.
    ///
    /// # Errors
    /// `Conflict` if there is one with that id.
    pub async fn save_redteam(&self, report: &Report) -> Result<()> {
        let transaction = self.database().begin().await?;
        let sql =
            "INSERT INTO redteams (id, prompt, version, model, environment, guards, at, document)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING";
        let row = values![
            report.id.as_str(),
            &report.prompt,
            &report.version,
            &report.model,
            &report.environment,
            &report.guards,
            report.at,
            to_document(report)?,
        ];
        if transaction.execute(sql, row).await? == 0 {
            let message = format!("there is a report {} already", report.id);
            return Err(Error::new(Kind::Conflict, message));
        }
        let rate = &report.total.guarded;
        let detail = format!(
            "version {} on {} with the guards of {}: {} of {} attacks reached their goal",
            report.number, report.model, report.environment, rate.successes, rate.of
        );
        let (at, actor) = (report.at, report.actor.as_str());
        let (subject, action) = (report.prompt.as_str(), "redteam");
        audit::record(&transaction, Event { at, actor, action, subject, detail }).await?;
        transaction.commit().await
    }

    /// The newest report on exactly this version, model, environment and guards.
    pub async fn newest_redteam(
        &self,
        version: &Digest,
        model: &ModelName,
        environment: &EnvironmentName,
        guards: &Digest,
    ) -> Result<Option<Report>> {
        let sql = "SELECT document FROM redteams
                   WHERE version = $1 AND model = $2 AND environment = $3 AND guards = $4
                   ORDER BY at DESC, id DESC LIMIT 1";
        let row =
            self.database().read_one(sql, values![version, model, environment, guards]).await?;
        row.map(|row| row.document("document")).transpose()
    }

    /// The reports on a prompt, newest first.
    pub async fn redteams(&self, prompt: &PromptName) -> Result<Vec<Report>> {
        let sql = "SELECT document FROM redteams WHERE prompt = $1 ORDER BY at DESC, id DESC";
        let rows = self.database().read(sql, values![prompt]).await?;
        rows.iter().map(|row| row.document("document")).collect()
    }
}
