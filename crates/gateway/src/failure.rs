//! A call without an answer.

use gatemark_core::error::Error;
use gatemark_core::guarded::Guarded;
use gatemark_core::throttle::Rates;

/// Why a call was not answered, with the id under which it was recorded, if it got that far.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong.
    pub error: Error,
    /// The call's id.
    pub call: Option<String>,
    /// What is left of the rates that the call met.
    pub rates: Rates,
    /// The scope of the stop that it met.
    pub stopped: Option<String>,
    /// What guards found in the call, if they found anything.
    pub guard: Option<Box<Guarded>>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, call: None, rates: Rates::default(), stopped: None, guard: None }
    }
}
