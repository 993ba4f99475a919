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
use gatemark_text::redact::Wanted;
use gatemark_text::safety::pii::Kinds;

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
        let _ = (project, environment);
        Self { wanted: Wanted { secrets: true, pii: Kinds::NONE }, before_vendor: false }
    }
}
