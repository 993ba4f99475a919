//! Exit codes. They are part of the command's interface: CI decides by them, so they never change.

use std::process::ExitCode;

use gatemark_core::error::{Error, Kind};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: what was asked for is done.
    Done,
    /// 1: something failed that the user's input did not cause: our side, a vendor, a disk.
    Failed,
    /// 2: the input or the usage is wrong; nothing was changed.
    Invalid,
    /// 3: the gate, or a rule about who may do what, said no; nothing was changed.
    Refused,
    /// 4: the tests ran, and their result is below the threshold.
    Below,
    /// 5: an import is written, and something of its source is not in it.
    Partly,
    /// 6: the audit log is not as it was written.
    Tampered,
}

/// For `--help`.
pub(crate) const HELP: &str = "Exit codes:
  0  done
  1  failed: our side, a vendor or the disk
  2  bad input or usage; nothing was changed
  3  refused by the gate, or by the rule that nobody approves their own work
  4  the tests ran and the threshold was not reached
  5  imported, but something was left out
  6  the audit log is not as it was written";

impl Exit {
    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Invalid => 2,
            Self::Refused => 3,
            Self::Below => 4,
            Self::Partly => 5,
            Self::Tampered => 6,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

impl From<&Error> for Exit {
    fn from(error: &Error) -> Self {
        match error.kind() {
            Kind::Invalid
            | Kind::Unauthenticated
            | Kind::NotFound
            | Kind::Conflict
            | Kind::TooLarge => Self::Invalid,
            Kind::Refused | Kind::Forbidden => Self::Refused,
            Kind::Limited
            | Kind::VendorRejected
            | Kind::VendorFailed
            | Kind::Timeout
            | Kind::Cancelled
            | Kind::Unavailable
            | Kind::Internal => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_error_is_told_from_success() {
        for kind in Kind::ALL {
            let exit = Exit::from(&Error::new(kind, "x"));
            assert!(matches!(exit.code(), 1..=3), "{kind:?}");
        }
    }

    #[test]
    fn the_help_names_every_code() {
        let refused = [Exit::Refused, Exit::Below, Exit::Partly, Exit::Tampered];
        for exit in [Exit::Done, Exit::Failed, Exit::Invalid].into_iter().chain(refused) {
            assert!(HELP.contains(&format!("\n  {}  ", exit.code())), "{exit:?}");
        }
    }
}
