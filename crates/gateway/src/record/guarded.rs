//! What guards found in the call.

use gatemark_core::call::Outcome;
use gatemark_core::guard::Verdict;
use gatemark_core::guarded::Guarded;

use super::{GUARD_BLOCKED, Pending};

impl Pending {
    /// What was found in the texts that came; `enforced` if the verdict has consequences. A flagged call comes
    /// before a person.
    pub(crate) fn note_guarded(&mut self, guarded: Guarded, enforced: bool) {
        if guarded.is_empty() {
            return;
        }
        if enforced && guarded.verdict == Verdict::Flag {
            self.note_review(&guarded.reason());
        }
        let guarded = Guarded { enforced, ..guarded };
        match &mut self.record.guard {
            Some(before) => before.join(guarded),
            None => self.record.guard = Some(Box::new(guarded)),
        }
    }

    /// Less of the answer leaves than came.
    pub(crate) fn note_left(&mut self, text: &str) {
        self.note_output(text);
    }

    /// Whether the version's own words are served.
    pub(crate) fn is_fallback(&self) -> bool {
        self.record.outcome == Outcome::Fallback
    }

    /// Whether it was refused for what it says.
    pub(super) fn is_blocked(&self) -> bool {
        let guard = self.record.guard.as_ref();
        guard.is_some_and(|guard| guard.enforced && guard.verdict == Verdict::Block)
    }

    /// A refusal is recorded under its own word, whatever its caller got.
    pub(super) fn settle_guard(&mut self) {
        if self.is_blocked() {
            self.record.error = Some(GUARD_BLOCKED.to_string());
        }
    }
}
