//! Suites, by hash. They are written by [`crate::Store::push`].

use gatemark_core::suite::Suite;
use gatemark_core::{Digest, PromptName, Result, canonical};

use crate::sql::values;
use crate::store::Store;

impl Store {
    /// The suite with this hash.
    pub async fn suite(&self, digest: &Digest) -> Result<Option<Suite>> {
        let sql = "SELECT document FROM suites WHERE digest = $1";
        let row = self.database().read_one(sql, values![digest]).await?;
        row.map(|row| canonical::open(row.text("document")?, digest)).transpose()
    }

    /// The suite that a prompt was last pushed with, and its hash.
    pub async fn current_suite(&self, prompt: &PromptName) -> Result<Option<(Suite, Digest)>> {
        let sql = "SELECT s.digest, s.document FROM prompts p JOIN suites s ON s.digest = p.suite
                   WHERE p.name = $1";
        let Some(row) = self.database().read_one(sql, values![prompt]).await? else {
            return Ok(None);
        };
        let digest = row.parsed("digest")?;
        Ok(Some((canonical::open(row.text("document")?, &digest)?, digest)))
    }
}
