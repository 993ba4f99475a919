//! Baselines: written in the transaction of the deployment that they belong to, and never changed.

use gatemark_core::Result;
use gatemark_core::deploy::Deployment;
use gatemark_core::gate::Purpose;
use gatemark_core::rollup::{Baseline, Bucket, Period};

use crate::sql::{Transaction, to_document, values};
use crate::store::Store;

/// Freezes what calls were like before: those of the version that is replaced, in its last week. What is rolled back to
/// is held against its own last week, before it was replaced: what it now replaces was taken back because it was bad,
/// and to be better than that says little. Nothing is frozen where there were no calls.
pub(crate) async fn freeze(transaction: &Transaction, deployment: &Deployment) -> Result<()> {
    let before = match deployment.purpose {
        Purpose::Deploy => deployment.replaced.map(|number| (number, deployment.at)),
        Purpose::Rollback => left(transaction, deployment).await?,
    };
    let Some((number, until)) = before else { return Ok(()) };
    let since = Period::Week.since(until);
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

/// The version that is rolled back to, and when it was last replaced there.
async fn left(transaction: &Transaction, deployment: &Deployment) -> Result<Option<(u32, i64)>> {
    let sql = "SELECT at FROM deployments
               WHERE prompt = $1 AND environment = $2 AND replaced = $3 AND id < $4
               ORDER BY id DESC LIMIT 1";
    let Deployment { prompt, environment, number, id, .. } = deployment;
    let row = transaction.query_one(sql, values![prompt, environment, *number, *id]).await?;
    row.map(|row| Ok((*number, row.integer("at")?))).transpose()
}

impl Store {
    /// What was frozen when a deployment took its place.
    pub async fn baseline(&self, deployment: i64) -> Result<Option<Baseline>> {
        let sql = "SELECT document FROM baselines WHERE deployment = $1";
        let row = self.database().read_one(sql, values![deployment]).await?;
        row.map(|row| row.document("document")).transpose()
    }
}
