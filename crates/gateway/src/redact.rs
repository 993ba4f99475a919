//! What is taken out of texts: for good before a call is kept, and reversibly before a vendor is asked.
//!
//! There is one way to the disk, the call's record, and one place on it, where [`keep`] stands: the input, the
//! answer, the turn of a conversation and tags. What is taken out before a vendor is asked is taken out of what
//! the caller gave, before anything is made of it, so that caches, conversations, shadows' records, judges and every
//! further request of the call see placeholders; only the caller's own reply has the values again ([`restored`]).

mod keep;
mod mask;
mod restored;

use gatemark_core::id::EnvironmentName;
use gatemark_core::model::Project;
use gatemark_core::redaction::{Pii, Redaction};
use gatemark_text::redact::Wanted;
use gatemark_text::safety::pii::{Kind, Kinds};

pub(crate) use keep::keep;
pub(crate) use mask::masked;
pub(crate) use restored::{Restored, whole};

/// What an environment wants taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) wanted: Wanted,
    pub(crate) before_vendor: bool,
}

impl Policy {
    /// Of `environment`, or of the default one for calls without a prompt.
    pub(crate) fn of(project: &Project, environment: Option<&EnvironmentName>) -> Self {
        let name = environment.unwrap_or(&project.default_environment);
        let usual = Redaction::default;
        project
            .environments
            .get(name)
            .map_or_else(|| Self::from(&usual()), |known| Self::from(&known.redact))
    }
}

impl From<&Redaction> for Policy {
    fn from(redaction: &Redaction) -> Self {
        let pii = match &redaction.pii {
            Pii::None => Kinds::NONE,
            Pii::All => Kinds::all(),
            // Files are read with words that are kinds.
            Pii::Only(words) => words.iter().filter_map(|word| Kind::of(word)).collect(),
        };
        let wanted = Wanted { secrets: redaction.secrets, pii };
        Self { wanted, before_vendor: redaction.before_vendor }
    }
}
