//! Who counts what happens.

use gatemark_core::call::CallRecord;

/// Counts calls for metrics.
pub trait Meter: Send + Sync {
    /// One call has ended.
    fn ended(&self, record: &CallRecord);
    /// A record could not be kept.
    fn lost(&self);
    /// A call was refused because this budget had no room for it.
    fn over_budget(&self, _budget: &str) {}
}
