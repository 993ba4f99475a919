//! Budgets: how much may be spent on which calls in which window.

use crate::money::NanoUsd;
use crate::scope::{Scope, Subject};
use crate::window::{Window, Zone};

/// What happens to a call that does not fit into a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExceed {
    /// It is refused.
    Stop,
    /// It is made, and the answer and the log say so.
    Warn,
}

impl OnExceed {
    /// Every choice with its word.
    pub const WORDS: [(&'static str, Self); 2] = [("stop", Self::Stop), ("warn", Self::Warn)];

    /// Its word in files and answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Warn => "warn",
        }
    }
}

/// What spending is filed under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    /// The values of the scope, see [`Scope::account`].
    pub account: String,
    /// The kind of window.
    pub window: Window,
    /// The calendar's time zone.
    pub zone: String,
}

/// Money for a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// For people and in errors; not what the spending is filed under.
    pub name: String,
    /// Which calls.
    pub scope: Scope,
    /// How much.
    pub amount: NanoUsd,
    /// For how long.
    pub window: Window,
    /// Whose calendar.
    pub zone: Zone,
    /// Shares of the amount in millionths, ascending, at which callers and the log are warned.
    pub warn_at: Vec<u32>,
    /// What happens beyond the amount.
    pub on_exceed: OnExceed,
}

/// A whole in the unit of [`Budget::warn_at`].
const WHOLE: i128 = 1_000_000;

impl Budget {
    /// Where a call's cost is filed; `None` if the budget is not about the call.
    pub fn account(&self, call: &Subject<'_>) -> Option<AccountKey> {
        let account = self.scope.account(call)?;
        Some(AccountKey { account, window: self.window, zone: self.zone.name().to_string() })
    }

    /// Whether `cost` more may be promised while `taken` is spent or promised already.
    pub fn has_room(&self, taken: NanoUsd, cost: NanoUsd) -> bool {
        i128::from(taken.0) + i128::from(cost.0) <= i128::from(self.amount.0)
    }

    /// The highest warning level that `taken` has reached, in millionths of the amount; the whole amount
    /// is always one.
    pub fn level(&self, taken: NanoUsd) -> Option<u32> {
        let whole = u32::try_from(WHOLE).unwrap_or(u32::MAX);
        let levels = self.warn_at.iter().copied().chain([whole]);
        let reached = |level: &u32| {
            i128::from(taken.0) * WHOLE >= i128::from(self.amount.0) * i128::from(*level)
        };
        levels.filter(reached).max()
    }

    /// `taken` as whole percent of the amount, rounded down.
    pub fn percent(&self, taken: NanoUsd) -> i64 {
        let percent = i128::from(taken.0) * 100 / i128::from(self.amount.0.max(1));
        i64::try_from(percent).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_room() {
        let budget = Budget {
            name: "b".into(),
            scope: Scope::default(),
            amount: NanoUsd(1000),
            window: Window::Day,
            zone: Zone::utc(),
            warn_at: vec![500_000, 800_000],
            on_exceed: OnExceed::Stop,
        };
        let level = |taken| budget.level(NanoUsd(taken));
        assert_eq!((level(499), level(500), level(999)), (None, Some(500_000), Some(800_000)));
        assert_eq!(level(1000), Some(1_000_000));
        assert!(budget.has_room(NanoUsd(900), NanoUsd(100)));
        assert!(!budget.has_room(NanoUsd(900), NanoUsd(101)));
        assert!(!budget.has_room(NanoUsd(i64::MAX), NanoUsd(1)));
        assert_eq!(budget.percent(NanoUsd(839)), 83);
    }
}
