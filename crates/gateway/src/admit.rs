//! Step 1, admit: from a key to a caller who may do what is asked.

use gatemark_core::access::{Action, Caller, Role};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::Digest;

use crate::Gateway;

/// Name of the caller on a machine where no keys exist yet.
const LOCAL: &str = "local";

/// The form in which keys are stored and looked up. Keys are 256 random bits, so a plain hash is enough:
/// there is nothing to guess, and looking a hash up tells an attacker nothing by its timing.
pub fn hash_key(secret: &str) -> Digest {
    Digest::of(secret.as_bytes())
}

impl Gateway {
    /// Finds out who calls and whether they may do `action`.
    pub fn admit(&self, secret: Option<&str>, action: Action) -> Result<Caller> {
        let snapshot = self.snapshot();
        let caller = match secret {
            _ if snapshot.is_keyless() => {
                Caller { name: LOCAL.to_string(), roles: vec![Role::Admin] }
            }
            None => {
                let message = "no API key: send `Authorization: Bearer <key>`";
                return Err(Error::new(Kind::Unauthenticated, message).coded("missing_api_key"));
            }
            Some(secret) => snapshot.caller(&hash_key(secret)).cloned().ok_or_else(|| {
                Error::new(Kind::Unauthenticated, "this API key is not known here or was revoked")
                    .coded("invalid_api_key")
            })?,
        };
        if caller.may(action) {
            return Ok(caller);
        }
        let roles: Vec<&str> = caller.roles.iter().map(|role| role.word()).collect();
        let needed: Vec<&str> = Role::ALL
            .into_iter()
            .filter(|role| gatemark_core::access::allows(*role, action))
            .map(Role::word)
            .collect();
        let message = format!(
            "key `{}` has role {} but `{}` needs {}",
            caller.name,
            if roles.is_empty() { "none".to_string() } else { roles.join(", ") },
            action.word(),
            needed.join(" or "),
        );
        Err(Error::new(Kind::Forbidden, message))
    }
}
