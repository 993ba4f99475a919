//! `McNemar`'s test, exact: do two sides pass equally often, judged by the cases on which they differ.

use serde::{Deserialize, Serialize};

use crate::stats::distribution::{binomial_cdf, binomial_pmf};

/// The cases on which two sides differ, out of `cases`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discordant {
    /// The candidate passes where the baseline does not.
    pub gained: u64,
    /// The baseline passes where the candidate does not.
    pub lost: u64,
    /// All cases, also those on which they agree.
    pub cases: u64,
}

/// P-values of `McNemar`'s test: under "no difference" each discordant case falls to either side with
/// probability ½ (`McNemar`, Psychometrika 12 (1947)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// Two-sided, exact: min(1, 2·P(X ≤ min(gained, lost))); statsmodels' `mcnemar(exact=True)`.
    pub exact: f64,
    /// Two-sided mid-p: the exact one less the probability of what was seen; with equal counts
    /// 1 − P(X = k)/2. Less conservative, and its level is rarely exceeded (Fagerland, Lydersen & Laake,
    /// BMC Med. Res. Methodol. 13 (2013)).
    pub mid: f64,
    /// One-sided against "the candidate is worse", exact: P(X ≤ gained).
    pub worse: f64,
    /// The same with half the probability of what was seen.
    pub worse_mid: f64,
    /// One-sided against "the candidate is better", exact: P(X ≤ lost).
    pub better: f64,
    /// The same with half the probability of what was seen.
    pub better_mid: f64,
}

impl Discordant {
    /// The test's p-values; all 1 (mid-p: ½ or 1) where nothing differs.
    pub fn test(&self) -> McNemar {
        let n = self.gained + self.lost;
        let least = self.gained.min(self.lost);
        let seen = binomial_pmf(least, n, 0.5);
        let exact = (2.0 * binomial_cdf(least, n, 0.5)).min(1.0);
        let mid = if self.gained == self.lost { 1.0 - 0.5 * seen } else { exact - seen };
        let (worse, better) = (binomial_cdf(self.gained, n, 0.5), binomial_cdf(self.lost, n, 0.5));
        // Nothing seen is no evidence, and half of it is not, either.
        let mid = if n == 0 { 1.0 } else { mid };
        McNemar {
            exact,
            mid,
            worse,
            worse_mid: worse - 0.5 * seen,
            better,
            better_mid: better - 0.5 * seen,
        }
    }

    /// (gained − lost)/cases, −1 to 1; 0 for no cases.
    #[allow(clippy::cast_precision_loss)]
    pub fn difference(&self) -> f64 {
        (self.gained as f64 - self.lost as f64) / self.cases.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let test = Discordant { gained: 1, lost: 5, cases: 50 }.test();
        assert!((test.exact - 14.0 / 64.0).abs() < 1e-12);
        assert!((test.mid - 8.0 / 64.0).abs() < 1e-12);
        assert!((test.worse - 7.0 / 64.0).abs() < 1e-12);
        assert!((test.worse_mid - 4.0 / 64.0).abs() < 1e-12);
        assert!((test.better - 63.0 / 64.0).abs() < 1e-12);
        let none = Discordant { cases: 9, ..Discordant::default() }.test();
        assert_eq!((none.exact, none.mid, none.worse), (1.0, 1.0, 1.0));
        let even = Discordant { gained: 2, lost: 2, cases: 9 }.test();
        assert!((even.exact - 1.0).abs() < 1e-12 && (even.mid - (1.0 - 3.0 / 16.0)).abs() < 1e-12);
    }
}
