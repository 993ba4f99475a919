//! What is taken out of texts before anything keeps them.

use std::collections::BTreeSet;

/// What is taken out of texts before they are kept anywhere: `redact:` of an environment in `gatemark.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    /// Keys and passwords.
    pub secrets: bool,
    /// What names a person.
    pub pii: Pii,
    /// Whether it is taken out before the vendor is asked too, and put back into the answer.
    pub before_vendor: bool,
}

impl Default for Redaction {
    /// Secrets and nothing else: nobody wants those kept, while an address may be what a record is for.
    fn default() -> Self {
        Self { secrets: true, pii: Pii::None, before_vendor: false }
    }
}

/// Which kinds of what names a person are taken out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Pii {
    /// None.
    #[default]
    None,
    /// Every kind that is known.
    All,
    /// These, by the words of `docs/redaction.md`.
    Only(BTreeSet<String>),
}
