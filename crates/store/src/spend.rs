//! What calls have cost, summed up by everything that budgets look at.
//!
//! A server that starts begins its ledger from here, so that neither a restart nor an edit of a budget
//! gives back what was spent. Calls of test runs are not in it: budgets are about what applications, and
//! copies of their calls, spend.

use std::collections::BTreeMap;

use gatemark_core::{EnvironmentName, Error, ModelName, NanoUsd, PromptName, Result};

use crate::sql::values;
use crate::store::Store;

/// What calls of one kind have cost together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spend {
    /// Name of the key that called.
    pub caller: String,
    /// The prompt, unless plain models were called.
    pub prompt: Option<PromptName>,
    /// Where it was resolved.
    pub environment: Option<EnvironmentName>,
    /// The model.
    pub model: ModelName,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// What they cost.
    pub cost: NanoUsd,
}

impl Store {
    /// What applications' calls have cost that began at `since` or later, in microseconds since 1970. One
    /// row for each combination of circumstances; those that cost nothing are left out.
    pub async fn spend(&self, since: i64) -> Result<Vec<Spend>> {
        let sql =
            "SELECT caller, prompt, environment, model, tags, CAST(SUM(cost) AS bigint) AS cost
                   FROM calls WHERE purpose IN ('serve', 'shadow') AND at >= $1 AND cost > 0
                   GROUP BY caller, prompt, environment, model, tags";
        let rows = self.database().read(sql, values![since]).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let tags = row.optional_text("tags")?.map(serde_json::from_str).transpose();
            let tags = tags
                .map_err(|cause| Error::internal("a call's tags cannot be read").because(cause))?;
            found.push(Spend {
                caller: row.text("caller")?.to_string(),
                prompt: row.optional_parsed("prompt")?,
                environment: row.optional_parsed("environment")?,
                model: row.parsed("model")?,
                tags: tags.unwrap_or_default(),
                cost: NanoUsd(row.integer("cost")?),
            });
        }
        Ok(found)
    }
}
