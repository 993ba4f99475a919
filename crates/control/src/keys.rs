//! API keys: shown once, stored as a hash.

use gatemark_core::access::Role;
use gatemark_core::error::{Error, Result};
use gatemark_gateway::{clock, hash_key};
use gatemark_store::access::KeyInfo;

use crate::Control;

/// A new key. Its secret is shown once and kept nowhere.
pub struct NewKey {
    /// What callers send.
    pub secret: String,
    /// Its name.
    pub name: String,
}

impl Control {
    /// Makes a key named `name` with `roles`.
    pub async fn create_key(&self, name: &str, roles: &[Role], actor: &str) -> Result<NewKey> {
        if name.is_empty() || name.len() > 64 || !name.bytes().all(|c| c.is_ascii_graphic()) {
            let message = "a key's name is 1 to 64 visible ASCII characters without spaces";
            return Err(Error::invalid(message).at("name"));
        }
        if roles.is_empty() {
            let words: Vec<&str> = Role::ALL.iter().map(|role| role.word()).collect();
            let message = format!("a key needs at least one role of {}", words.join(", "));
            return Err(Error::invalid(message).at("roles"));
        }
        // Two version-4 UUIDs carry 244 random bits of the system's generator.
        let secret =
            format!("gm-{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let prefix: String = secret.chars().take(8).collect();
        let hash = hash_key(&secret);
        self.store.add_key(name, &hash, &prefix, roles, actor, clock::now_us()).await?;
        self.refresh_after_change().await;
        Ok(NewKey { secret, name: name.to_string() })
    }

    /// Ends a key; calls with it are refused from the next snapshot on.
    pub async fn revoke_key(&self, name: &str, actor: &str) -> Result<()> {
        if !self.store.revoke_key(name, actor, clock::now_us()).await? {
            return Err(Error::not_found(format!("there is no active key `{name}`")));
        }
        self.refresh_after_change().await;
        Ok(())
    }

    /// Every key, without secrets.
    pub async fn keys(&self) -> Result<Vec<KeyInfo>> {
        self.store.keys().await
    }
}
