//! Calibrations of judges. One is written once and never changes.

use gatemark_core::calibration::Calibration;
use gatemark_core::{Error, Kind, PromptName, Result};

use crate::audit::{self, Event};
use crate::sql::{to_document, values};
use crate::store::Store;

impl Store {
    /// Stores a calibration.
    ///
    /// # Errors
    /// `Conflict` if there is one with that id.
    pub async fn save_calibration(&self, calibration: &Calibration) -> Result<()> {
        let transaction = self.database().begin().await?;
        let sql = "INSERT INTO calibrations (id, judge, version, model, finished_at, document)
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING";
        let row = values![
            calibration.id.as_str(),
            &calibration.judge,
            &calibration.version,
            &calibration.model,
            calibration.finished_at,
            to_document(calibration)?,
        ];
        if transaction.execute(sql, row).await? == 0 {
            let message = format!("there is a calibration {} already", calibration.id);
            return Err(Error::new(Kind::Conflict, message));
        }
        let kappa = calibration.figures.kappa.map(|kappa| format!(", kappa {kappa:.3}"));
        let detail = format!(
            "version {} on {}: {} labelled answers{}",
            calibration.number,
            calibration.model,
            calibration.figures.items,
            kappa.unwrap_or_default()
        );
        let (at, actor) = (calibration.finished_at, calibration.actor.as_str());
        let (subject, action) = (calibration.judge.as_str(), "calibrate");
        audit::record(&transaction, Event { at, actor, action, subject, detail }).await?;
        transaction.commit().await
    }

    /// The calibrations of a judge, newest first.
    pub async fn calibrations(&self, judge: &PromptName) -> Result<Vec<Calibration>> {
        let sql = "SELECT document FROM calibrations WHERE judge = $1
                   ORDER BY finished_at DESC, id DESC";
        let rows = self.database().read(sql, values![judge]).await?;
        rows.iter().map(|row| row.document("document")).collect()
    }
}
