//! What was done, by whom: one line for every change of state.

use serde::{Deserialize, Serialize};

/// One entry of the append-only audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Increases with every entry.
    pub id: i64,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What, as a verb: `push`, `approve`, `deploy`, `rollback`, `key.create`, …
    pub action: String,
    /// On what, e.g. a prompt's name.
    pub subject: String,
    /// The rest, in words.
    pub detail: String,
}
