//! The audit log, and whether it is as it was written.

use gatemark_core::Digest;
use gatemark_core::audit::{AuditEntry, Broken, Head, Verifier};
use gatemark_core::error::{Error, Result};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Control;

/// Entries read at once.
const PAGE: u32 = 5_000;

/// What going through the audit log gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AuditVerdict {
    /// Whether the log is as it was written.
    pub ok: bool,
    /// How many entries were found sound, from the first on.
    pub entries: i64,
    /// How many of the first entries are older than the chain: what happened to them before it is not to be
    /// seen.
    pub sealed: i64,
    /// The newest entry's id and hash, to be kept elsewhere; absent from a broken log.
    #[schema(value_type = Object)]
    pub head: Option<Head>,
    /// The first broken entry.
    #[schema(value_type = Object)]
    pub broken: Option<Broken>,
}

impl Control {
    /// The newest entries of the audit log, newest first.
    pub async fn audit(&self, limit: u32) -> Result<Vec<AuditEntry>> {
        self.store.audit(limit).await
    }

    /// The audit log's newest entry: what to keep elsewhere.
    pub async fn audit_head(&self) -> Result<Head> {
        self.store.audit_head().await
    }

    /// Goes through the whole audit log. `expect` is a hash that was kept elsewhere: of an entry that has to be
    /// there.
    pub async fn verify_audit(&self, expect: Option<Digest>) -> Result<AuditVerdict> {
        let (last, sealed) = self.store.audit_counts().await?;
        let mut verifier = Verifier::new(last, expect);
        let mut after = i64::MIN;
        loop {
            let page = self.store.audit_after(after, PAGE).await?;
            let Some(newest) = page.last() else { break };
            after = newest.id;
            for entry in &page {
                if let Err(broken) = verifier.add(entry) {
                    let entries = verifier.position();
                    return Ok(verdict(entries, sealed, Err(broken)));
                }
            }
        }
        let entries = verifier.position();
        let (last, _) = self.store.audit_counts().await?;
        Ok(verdict(entries, sealed, verifier.end(last)))
    }
}

fn verdict(entries: i64, sealed: i64, found: Result<Head, Broken>) -> AuditVerdict {
    let sealed = sealed.max(0);
    match found {
        Ok(head) => AuditVerdict { ok: true, entries, sealed, head: Some(head), broken: None },
        Err(broken) => {
            AuditVerdict { ok: false, entries, sealed, head: None, broken: Some(broken) }
        }
    }
}

/// Reads a hash that was kept elsewhere: 64 digits, or `ID:HASH` as `gatemark audit head` prints it.
///
/// # Errors
/// `Invalid` if it is neither.
pub fn kept_hash(text: &str) -> Result<Digest> {
    let hash = text.trim().rsplit(':').next().unwrap_or_default();
    hash.parse().map_err(|_| {
        let message = "write what `gatemark audit head` printed: ID:HASH, or the 64 digits of HASH";
        Error::invalid(message).at("expect")
    })
}
