//! People's consent to versions.

use gatemark_core::gate::Approval;
use gatemark_core::{Digest, Error, PromptName, Result};

use crate::audit::{self, Event};
use crate::counter::begin_change;
use crate::prompt::hash_of;
use crate::sql::{Row, values};
use crate::store::Store;

impl Store {
    /// Stores an approval. A second one by the same person changes nothing.
    ///
    /// # Errors
    /// `NotFound` if the prompt has no version of that number and hash.
    pub async fn approve(
        &self,
        version: &Digest,
        prompt: &PromptName,
        number: u32,
        approval: &Approval,
    ) -> Result<()> {
        let transaction = begin_change(self).await?;
        if hash_of(&transaction, prompt, number).await? != Some(*version) {
            let message = format!("{prompt} has no version {number} with hash {}", version.short());
            return Err(Error::not_found(message));
        }
        let sql =
            "INSERT INTO approvals (version, actor, prompt, number, comment, at, suite, judges)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                   ON CONFLICT (prompt, version, suite, judges, actor) DO NOTHING";
        let Approval { actor, at, comment, suite, judges } = approval;
        let suite = suite.map(|digest| digest.to_string()).unwrap_or_default();
        let judges = named(judges)?;
        let comment_given = comment.as_deref();
        let row =
            values![version, actor.as_str(), prompt, number, comment_given, *at, suite, judges];
        if transaction.execute(sql, row).await? == 0 {
            return Ok(());
        }
        let said = comment.as_deref().map(|comment| format!(": {comment}")).unwrap_or_default();
        let detail = format!("version {number} ({}){said}", version.short());
        let (subject, action) = (prompt.as_str(), "approve");
        audit::record(&transaction, Event { at: *at, actor, action, subject, detail }).await?;
        transaction.commit().await
    }

    /// The approvals of a prompt's version, oldest first. The same content under another name is another
    /// use, and has to be approved on its own.
    pub async fn approvals(&self, prompt: &PromptName, version: &Digest) -> Result<Vec<Approval>> {
        let sql = "SELECT actor, at, comment, suite, judges FROM approvals
                   WHERE prompt = $1 AND version = $2 ORDER BY at, actor";
        self.database().read(sql, values![prompt, version]).await?.iter().map(approval).collect()
    }
}

/// The names as they are stored: the same judges in another order are the same.
fn named(judges: &[String]) -> Result<String> {
    let mut judges = judges.to_vec();
    judges.sort();
    judges.dedup();
    serde_json::to_string(&judges)
        .map_err(|cause| Error::internal("judges' names cannot be written as JSON").because(cause))
}

fn approval(row: &Row) -> Result<Approval> {
    Ok(Approval {
        actor: row.text("actor")?.into(),
        at: row.integer("at")?,
        suite: match row.text("suite")? {
            "" => None,
            _ => Some(row.parsed("suite")?),
        },
        judges: row.document("judges")?,
        comment: row.optional_text("comment")?.map(String::from),
    })
}
