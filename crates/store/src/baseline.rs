//! Baselines: written in the transaction of the deployment that they belong to, and never changed.

use gatemark_core::Result;
use gatemark_core::deploy::Deployment;
use gatemark_core::rollup::{Baseline, Bucket, Period};

use crate::sql::{Transaction, to_document, values};
use crate::store::Store;

/// Freezes what the calls of the version before were like, if there was one and it was called.
pub(crate) async fn freeze(transaction: &Transaction, deployment: &Deployment) -> Result<()> {
    let Some(number) = deployment.replaced else { return Ok(()) };
    let (since, until) = (Period::Week.since(deployment.at), deployment.at);
    let sql = "SELECT document FROM rollups
               WHERE prompt = $1 AND environment = $2 AND number = $3 AND at >= $4 AND at < $5";
    let place = values![&deployment.prompt, &deployment.environment, number, since, until];
    let mut bucket = Bucket::default();
    for row in &transaction.query(sql, place).await? {
        bucket.merge(&row.document("document")?);
    }
    if bucket.calls == 0 {
        return Ok(());
    }
    let baseline = Baseline { number, since, until, bucket };
    let sql = "INSERT INTO baselines (deployment, document) VALUES ($1, $2)";
    transaction.execute(sql, values![deployment.id, to_document(&baseline)?]).await?;
    Ok(())
}

impl Store {
    /// What was frozen when a deployment took its place.
    pub async fn baseline(&self, deployment: i64) -> Result<Option<Baseline>> {
        let sql = "SELECT document FROM baselines WHERE deployment = $1";
        let row = self.database().read_one(sql, values![deployment]).await?;
        row.map(|row| row.document("document")).transpose()
    }
}
