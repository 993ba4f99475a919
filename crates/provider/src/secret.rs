//! A vendor's key, in a type that cannot be printed by accident.

use std::fmt;

/// A key. `Debug` prints `***`; there is no `Display` and no serialisation on purpose.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// Wraps a key; surrounding white space, which files and variables tend to add, is removed.
    pub fn new(key: String) -> Self {
        Self(key.trim().into())
    }

    /// The key itself, for the one header that carries it.
    pub fn expose(&self) -> &str {
        &self.0
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
    }
}
