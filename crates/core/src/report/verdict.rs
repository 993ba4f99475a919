//! How something came out.

use serde::{Deserialize, Serialize};

/// How a check, or a case as a whole, came out. Ordered by severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every check holds.
    Pass,
    /// The evidence is contradictory, e.g. a judge's votes are split.
    Inconclusive,
    /// Some check does not hold.
    Fail,
    /// It could not be found out: the call or a check failed.
    Error,
    /// Nothing was checked.
    Untested,
}

impl Verdict {
    /// The verdict on a case from those on its checks: the worst of them, `Untested` if there are none.
    pub fn of_case(checks: impl IntoIterator<Item = Verdict>) -> Verdict {
        checks.into_iter().max().unwrap_or(Verdict::Untested)
    }

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Untested => "untested",
        }
    }
}
