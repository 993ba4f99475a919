//! What a gambler against the null hypothesis owns, for a mixture of fixed bets.
//!
//! A test by betting multiplies its wealth by 1 + λ·g at each observation, where g has mean 0 or less under
//! the null hypothesis and λ·g > −1. Wealth is then a non-negative supermartingale, so the chance that it
//! *ever* reaches 1/α is at most α (Ville 1939): one may look after every observation. No single λ suits
//! small and large effects, so twenty are played with equal stakes, and the mean of their wealths is the
//! e-process (Waudby-Smith & Ramdas, J. R. Statist. Soc. B 86 (2024), section 4).
//!
//! Logarithms are kept as whole billionths of a nat, rounded down. Sums of integers do not depend on their
//! order and survive any database and any text format to the bit; rounding down can only weaken evidence.

use std::fmt;

use serde::de::{self, IgnoredAny, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::packed;

/// How many bets are played beside each other.
pub const BETS: usize = 20;
/// Parts of a nat.
const PARTS: f64 = 1e9;

/// Small bets that keep a little of the stakes where the effect's size is not known: without them effects
/// below about half of the least bet would never be found.
const SMALL: [f64; 3] = [0.004, 0.008, 0.016];

/// The shares of the greatest possible loss of one observation that the bets risk: from `least` to
/// `greatest` in even steps of the logarithm. They may change with what was seen before, never with what is
/// about to be seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bets {
    least: f64,
    greatest: f64,
    /// Whether the first three are [`SMALL`].
    small: bool,
}

impl Bets {
    /// For an effect of any size: 0.005 to 0.95.
    pub const WIDE: Self = Self { least: 0.005, greatest: 0.95, small: false };
    /// For harm: 17 bets from 0.04 to 0.4, which suit losses of 3 to 40 points, and three small ones. In
    /// simulations a loss of 10 points is found after some 4 % fewer calls than with even steps.
    pub const HARM: Self = Self { least: 0.04, greatest: 0.4, small: true };

    /// Bets between a third and twice of `best`, for an effect that is expected.
    #[must_use]
    pub fn around(best: f64) -> Self {
        let best = if best.is_finite() { best } else { 0.5 };
        let (least, greatest) = ((best / 3.0).clamp(0.01, 0.3), (best * 2.0).clamp(0.1, 0.9));
        Self { least, greatest, small: false }
    }

    #[allow(clippy::cast_precision_loss)]
    fn shares(self) -> [f64; BETS] {
        let small = if self.small { &SMALL[..] } else { &[] };
        let steps = (BETS - small.len() - 1) as f64;
        let step = (self.greatest / self.least).powf(1.0 / steps);
        let mut next = self.least / step;
        std::array::from_fn(|place| match small.get(place) {
            Some(share) => *share,
            None => {
                next *= step;
                next
            }
        })
    }
}

/// Logarithms of the wealth of each bet; all 0 (wealth 1) at the start. Written as one short text; a list of numbers,
/// as which it was written before, is read too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wealth([i64; BETS]);

impl Serialize for Wealth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&packed::write(&self.0))
    }
}

impl<'de> Deserialize<'de> for Wealth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Form)
    }
}

/// The two forms in which wealth is stored.
struct Form;

impl<'de> Visitor<'de> for Form {
    type Value = Wealth;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the wealth of {BETS} bets")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Wealth, E> {
        let mut wealth = Wealth::default();
        let whole = packed::read(text, &mut wealth.0);
        whole.map(|()| wealth).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Wealth, A::Error> {
        let mut wealth = Wealth::default();
        for (place, owned) in wealth.0.iter_mut().enumerate() {
            *owned = seq.next_element()?.ok_or_else(|| de::Error::invalid_length(place, &Form))?;
        }
        match seq.next_element::<IgnoredAny>()? {
            None => Ok(wealth),
            Some(_) => Err(de::Error::invalid_length(BETS + 1, &Form)),
        }
    }
}

/// What observations add to each bet's logarithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gain([i64; BETS]);

impl Gain {
    /// ln(1 + f_j·ratio) for each bet, where `ratio` = g/|g_min| is the observation's gain in units of the
    /// greatest possible loss, −1 or more.
    #[must_use]
    pub fn of(bets: Bets, ratio: f64) -> Self {
        Self(bets.shares().map(|share| parts((share * ratio.max(-1.0)).ln_1p())))
    }

    /// The gain of many observations: pairs of a ratio and how many had it, which need not be whole.
    ///
    /// An observation between two others may be counted as a part of each, as 0.3 counts as 0.3 of a 1
    /// and 0.7 of a 0. ln(1 + λ·g) is concave and g linear in the observation, so that is a lower bound: it
    /// stays valid and loses some power.
    #[must_use]
    pub fn total(bets: Bets, counted: &[(f64, f64)]) -> Self {
        Self(bets.shares().map(|share| {
            let logs = counted.iter().filter(|(_, n)| *n > 0.0);
            parts(logs.map(|(ratio, n)| n * (share * ratio.max(-1.0)).ln_1p()).sum())
        }))
    }
}

impl Wealth {
    /// After the observations of `gain`.
    pub fn gain(&mut self, gain: &Gain) {
        for (owned, gain) in self.0.iter_mut().zip(&gain.0) {
            *owned = owned.saturating_add(*gain);
        }
    }

    /// After all observations of `other` too: for parts of the same data that were counted apart.
    pub fn merge(&mut self, other: &Self) {
        self.gain(&Gain(other.0));
    }

    /// ln of the e-value, which is the mean wealth of all bets.
    #[allow(clippy::cast_precision_loss)]
    pub fn log_e(&self) -> f64 {
        let most = self.0.iter().copied().max().unwrap_or_default();
        let below = |log: i64| (log.saturating_sub(most)) as f64 / PARTS;
        let sum: f64 = self.0.iter().map(|log| below(*log).exp()).sum();
        most as f64 / PARTS + (sum / BETS as f64).ln()
    }

    /// Whether the e-value reaches 1/`alpha`. Asked after every call, so the usual no is cheap: a mean
    /// does not exceed its largest part.
    #[allow(clippy::cast_precision_loss)]
    pub fn refutes(&self, alpha: f64) -> bool {
        let least = -alpha.ln();
        let most = self.0.iter().copied().max().unwrap_or_default();
        most as f64 / PARTS >= least && self.log_e() >= least
    }
}

/// Infinite gains (a null hypothesis that cannot be true) become the largest number.
#[allow(clippy::cast_possible_truncation)]
fn parts(log: f64) -> i64 {
    (log * PARTS).floor() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_start_is_one() {
        assert_eq!(Wealth::default().log_e(), 0.0);
        assert!(!Wealth::default().refutes(0.05));
    }

    #[test]
    fn what_is_no_wealth_is_refused() {
        for wrong in ["\"A\"", "[1,2]", "7", "\"é\"", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"]
        {
            assert!(serde_json::from_str::<Wealth>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_quick_no_is_the_slow_one() {
        let mut wealth = Wealth::default();
        let gain = Gain::of(Bets::WIDE, 0.7);
        for _ in 0..60 {
            wealth.gain(&gain);
            for alpha in [0.2, 0.05, 0.01] {
                assert_eq!(wealth.refutes(alpha), wealth.log_e() >= -f64::ln(alpha));
            }
        }
        assert!(wealth.refutes(0.01));
    }

    proptest! {
        /// Merging is commutative and associative to the bit, and text keeps every bit.
        #[test]
        fn order_does_not_matter(ratios in prop::collection::vec(-1.0..9.0_f64, 3..40), cut in 0_usize..40) {
            let sum = |ratios: &[f64]| {
                let mut wealth = Wealth::default();
                ratios.iter().for_each(|ratio| wealth.gain(&Gain::of(Bets::HARM, *ratio)));
                wealth
            };
            let (left, right) = ratios.split_at(cut.min(ratios.len()));
            let (mut a, mut b) = (sum(left), sum(right));
            a.merge(&sum(right));
            b.merge(&sum(left));
            prop_assert_eq!(a, sum(&ratios));
            prop_assert_eq!(a, b);
            let text = serde_json::to_string(&a).unwrap();
            prop_assert_eq!(serde_json::from_str::<Wealth>(&text).unwrap(), a);
            let listed = serde_json::to_string(&a.0).unwrap();
            prop_assert_eq!(serde_json::from_str::<Wealth>(&listed).unwrap(), a);
        }

        /// Counting a value as parts of its neighbours never gives more evidence.
        #[test]
        fn parts_of_observations_are_conservative(y in 0.0..=1.0_f64, one in -0.9..9.0_f64, zero in -1.0..9.0_f64) {
            let whole = Gain::of(Bets::WIDE, y * one + (1.0 - y) * zero);
            let split = Gain::total(Bets::WIDE, &[(one, y), (zero, 1.0 - y)]);
            prop_assert!(split.0.iter().zip(&whole.0).all(|(split, whole)| *split <= whole + 1));
        }
    }
}
