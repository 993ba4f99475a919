//! What a call has used and cost, over all answers that the model gave.

use gatemark_core::model::Usage;
use gatemark_core::money::NanoUsd;

/// Used and paid so far.
#[derive(Clone, Copy, Default)]
pub(crate) struct Spent {
    pub(crate) usage: Usage,
    /// What the answers cost when they were given.
    pub(crate) worth: NanoUsd,
    /// What they cost now.
    pub(crate) cost: NanoUsd,
    pub(crate) saved: NanoUsd,
}

impl Spent {
    /// One more answer; a recalled one costs nothing now.
    pub(crate) fn and(&self, usage: &Usage, worth: NanoUsd, recalled: bool) -> Self {
        let (paid, saved) = if recalled { (NanoUsd::ZERO, worth) } else { (worth, NanoUsd::ZERO) };
        Self {
            usage: self.usage.and(usage),
            worth: self.worth + worth,
            cost: self.cost + paid,
            saved: self.saved + saved,
        }
    }
}
