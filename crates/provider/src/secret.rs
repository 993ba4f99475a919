//! A vendor's key, in a type that cannot be printed by accident.

use std::fmt;
use std::sync::Arc;

/// A key. `Debug` prints `***`; there is no `Display` and no serialisation on purpose.
#[derive(Clone)]
pub struct Secret {
    text: Box<str>,
    signing: Option<Arc<Signing>>,
}

/// What goes with a key that signs requests and is not sent itself.
pub(crate) struct Signing {
    /// The key's public id.
    pub(crate) id: String,
    /// The session of temporary keys.
    pub(crate) session: Option<String>,
}

impl Secret {
    /// Wraps a key; surrounding white space, which files and variables tend to add, is removed.
    pub fn new(key: String) -> Self {
        Self { text: key.trim().into(), signing: None }
    }

    /// A key with which requests are signed, as Amazon's services want it: its id, the key itself, and the
    /// session if it is temporary.
    pub fn signing(id: &str, key: &str, session: Option<&str>) -> Self {
        let session = session.map(|session| session.trim().to_string());
        let signing = Signing { id: id.trim().to_string(), session };
        Self { text: key.trim().into(), signing: Some(Arc::new(signing)) }
    }

    /// The key itself, for the one header that carries it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What it signs with, if it is such a key.
    pub(crate) fn signs(&self) -> Option<&Signing> {
        self.signing.as_deref()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_key() {
        let secret = Secret::new("sk-live-1234\n".into());
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "*** Some(***)");
        assert_eq!(secret.expose(), "sk-live-1234");
        let signing = Secret::signing("id", "sk-live", Some("session"));
        assert_eq!(format!("{signing:?}"), "***");
    }
}
