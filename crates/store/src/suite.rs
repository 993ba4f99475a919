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

    /// Hashes of suites that start with `start`, lower-case hexadecimal digits; at most two, since the
    /// second only tells that there is more than one.
    pub async fn suites_starting(&self, start: &str) -> Result<Vec<Digest>> {
        let sql = "SELECT digest FROM suites WHERE digest LIKE $1 ORDER BY digest LIMIT 2";
        let digits: String = start.chars().filter(char::is_ascii_hexdigit).collect();
        let rows = self.database().read(sql, values![format!("{digits}%")]).await?;
        rows.iter().map(|row| row.parsed("digest")).collect()
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
