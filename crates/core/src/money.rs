//! Money as an integer number of nano-dollars, so that sums are exact.

use std::fmt;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

/// 10⁻⁹ US dollars. One token of the cheapest models costs tens of these; `i64` holds nine billion dollars.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct NanoUsd(pub i64);

const NANO: i64 = 1_000_000_000;

impl NanoUsd {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// Reads a decimal amount of dollars such as `0.05`, exactly, with at most nine decimals.
    /// `None` for anything else, for negative amounts, and for amounts over 9.2 billion.
    pub fn from_usd_text(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |t: &str| t.bytes().all(|c| c.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(decimals) || decimals.len() > 9 {
            return None;
        }
        let padded = format!("{decimals:0<9}");
        let nanos: i64 = padded.parse().ok()?;
        whole.parse::<i64>().ok()?.checked_mul(NANO)?.checked_add(nanos).map(Self)
    }

    /// The price of `tokens` at `per_million` for a million of them, rounded up: a reservation made
    /// from it is never too small. Saturates instead of overflowing.
    pub fn for_tokens(tokens: u64, per_million: Self) -> Self {
        let product = i128::from(tokens) * i128::from(per_million.0);
        let nanos = (product + 999_999).div_euclid(1_000_000);
        Self(i64::try_from(nanos).unwrap_or(i64::MAX))
    }

    /// Dollars as a float, for display and statistics only.
    #[allow(clippy::cast_precision_loss)]
    pub fn as_usd(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add for NanoUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for NanoUsd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for NanoUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for NanoUsd {
    /// Dollars without trailing zeros: `$0.00325`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let amount = self.0.unsigned_abs();
        let nano = NANO.unsigned_abs();
        let decimals = format!("{:09}", amount % nano);
        let decimals = decimals.trim_end_matches('0');
        let point = if decimals.is_empty() { "" } else { "." };
        write!(f, "{sign}${}{point}{decimals}", amount / nano)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_exactly() {
        assert_eq!(NanoUsd::from_usd_text("0.05"), Some(NanoUsd(50_000_000)));
        assert_eq!(NanoUsd::from_usd_text("3"), Some(NanoUsd(3 * NANO)));
        assert_eq!(NanoUsd::from_usd_text("0.000000001"), Some(NanoUsd(1)));
        for bad in ["", ".5", "-1", "1e3", "0.0000000001", "99999999999999", "1,5"] {
            assert_eq!(NanoUsd::from_usd_text(bad), None, "{bad}");
        }
    }

    #[test]
    fn token_prices_round_up_and_saturate() {
        let per_million = NanoUsd(150_000_000);
        assert_eq!(NanoUsd::for_tokens(1_000, per_million), NanoUsd(150_000));
        assert_eq!(NanoUsd::for_tokens(1, NanoUsd(1)), NanoUsd(1));
        assert_eq!(NanoUsd::for_tokens(u64::MAX, NanoUsd(i64::MAX)), NanoUsd(i64::MAX));
    }

    #[test]
    fn shown_without_trailing_zeros() {
        assert_eq!(NanoUsd(50_000_000).to_string(), "$0.05");
        assert_eq!(NanoUsd(2 * NANO).to_string(), "$2");
        assert_eq!(NanoUsd(-1).to_string(), "-$0.000000001");
    }
}
