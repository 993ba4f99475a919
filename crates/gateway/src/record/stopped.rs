//! That a call met a stop.

use super::Pending;

impl Pending {
    /// The call met a stop: no vendor is asked, and whatever it gets it gets for that reason.
    pub(crate) fn note_stopped(&mut self, scope: String) {
        self.stopped = Some(scope);
    }

    /// The scope of the stop that it met.
    pub(crate) fn stopped(&self) -> Option<String> {
        self.stopped.clone()
    }
}
