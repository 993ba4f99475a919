//! Keys. Only the hash of a key's secret is kept.

use gatemark_core::access::{Caller, Role};
use gatemark_core::{Digest, Error, Kind, Result};

use crate::audit::{self, Event};
use crate::counter::begin_change;
use crate::sql::{Row, to_document, values};
use crate::store::Store;

/// What may be shown of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Unique among the keys that are not revoked.
    pub name: String,
    /// What it is for.
    pub roles: Vec<Role>,
    /// When it was made, in microseconds since 1970.
    pub created_at: i64,
    /// Who made it.
    pub created_by: String,
    /// When it was revoked, in microseconds since 1970.
    pub revoked_at: Option<i64>,
    /// The secret's first eight characters, to recognise it by.
    pub prefix: String,
}

impl Store {
    /// Stores a key.
    ///
    /// # Errors
    /// `Conflict` if a key of that name is active or the secret is in use, `Invalid` without name or role.
    pub async fn add_key(
        &self,
        name: &str,
        secret_hash: &Digest,
        prefix: &str,
        roles: &[Role],
        by: &str,
        at: i64,
    ) -> Result<()> {
        if name.trim().is_empty() {
            return Err(Error::invalid("a key needs a name").at("name"));
        }
        if roles.is_empty() {
            return Err(Error::invalid(format!("key {name} needs at least one role")).at("roles"));
        }
        let transaction = begin_change(self).await?;
        let sql = "SELECT name FROM access_keys
                   WHERE (name = $1 AND revoked_at IS NULL) OR secret_hash = $2";
        if transaction.query_one(sql, values![name, secret_hash]).await?.is_some() {
            let message =
                format!("there is an active key {name}: revoke it or choose another name");
            return Err(Error::new(Kind::Conflict, message));
        }
        let words: Vec<&str> = roles.iter().map(|role| role.word()).collect();
        let sql =
            "INSERT INTO access_keys (secret_hash, name, prefix, roles, created_at, created_by)
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let row = values![secret_hash, name, prefix, to_document(&words)?, at, by];
        transaction.execute(sql, row).await?;
        let detail = format!("roles {}", words.join(", "));
        let event = Event { at, actor: by, action: "key.create", subject: name, detail };
        audit::record(&transaction, event).await?;
        transaction.commit().await
    }

    /// Revokes the active key of that name; false if there is none.
    pub async fn revoke_key(&self, name: &str, by: &str, at: i64) -> Result<bool> {
        let transaction = begin_change(self).await?;
        let sql = "UPDATE access_keys SET revoked_at = $2, revoked_by = $3
                   WHERE name = $1 AND revoked_at IS NULL";
        if transaction.execute(sql, values![name, at, by]).await? == 0 {
            return Ok(false);
        }
        let detail = String::new();
        let event = Event { at, actor: by, action: "key.revoke", subject: name, detail };
        audit::record(&transaction, event).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Every key, revoked ones included, oldest first.
    pub async fn keys(&self) -> Result<Vec<KeyInfo>> {
        let sql = "SELECT name, roles, created_at, created_by, revoked_at, prefix FROM access_keys
                   ORDER BY created_at, name";
        self.database().read(sql, values![]).await?.iter().map(key).collect()
    }

    /// Who may come in: the hash of every active secret, and whom it stands for.
    pub async fn active_keys(&self) -> Result<Vec<(Digest, Caller)>> {
        let sql = "SELECT secret_hash, name, roles FROM access_keys WHERE revoked_at IS NULL
                   ORDER BY name";
        let rows = self.database().read(sql, values![]).await?;
        rows.iter()
            .map(|row| {
                let caller = Caller { name: row.text("name")?.into(), roles: roles(row)? };
                Ok((row.parsed("secret_hash")?, caller))
            })
            .collect()
    }
}

fn key(row: &Row) -> Result<KeyInfo> {
    Ok(KeyInfo {
        name: row.text("name")?.into(),
        roles: roles(row)?,
        created_at: row.integer("created_at")?,
        created_by: row.text("created_by")?.into(),
        revoked_at: row.optional_integer("revoked_at")?,
        prefix: row.text("prefix")?.into(),
    })
}

/// A role that this program does not know allows nothing here, so it is passed over: refusing to read it
/// would lock out everybody for the sake of one key.
fn roles(row: &Row) -> Result<Vec<Role>> {
    let words: Vec<String> = row.document("roles")?;
    Ok(words.iter().filter_map(|word| Role::from_word(word)).collect())
}
