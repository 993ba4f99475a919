//! The hedged betting confidence sequence for the mean of outcomes in 0..=1, from each outcome in turn.
//!
//! It adapts its bets to the variance seen so far, so it is narrower than [`super::level::interval`] for
//! scores that vary little, and it needs a grid of wealths instead of a sum. For `gatemark stats` and small
//! files; states that are kept in a database use the sums.
//!
//! Waudby-Smith & Ramdas, J. R. Statist. Soc. B 86 (2024), equation 26 and theorem 3: for each m on a grid
//! K± = Π(1 ± λ±(y − m)), λ = √(2 ln(2/α) / (σ̂²·t·ln(1 + t))) cut off at ½/m and ½/(1 − m), with μ̂ and σ̂²
//! shrunk towards ½ and ¼ by one observation; m stays while max(K⁺, K⁻)/2 < 1/α.

use crate::stats::proportion::Interval;

/// Cut-off of bets, as a share of what could be lost.
const CUT: f64 = 0.5;

/// A running sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Hedged {
    alpha: f64,
    /// ln K⁺ and ln K⁻ at the grid's values.
    wealth: Vec<(f64, f64)>,
    n: f64,
    sum: f64,
    /// Σ(y − μ̂)², each with the mean that included it.
    squares: f64,
    /// σ̂² before the next outcome.
    variance: f64,
    bounds: Interval,
}

impl Hedged {
    /// A sequence at level `alpha` over `cells` + 1 evenly spaced means from 0 to 1.
    #[must_use]
    pub fn new(alpha: f64, cells: usize) -> Self {
        Self {
            alpha,
            wealth: vec![(0.0, 0.0); cells.max(1) + 1],
            n: 0.0,
            sum: 0.0,
            squares: 0.0,
            variance: 0.25,
            bounds: Interval { low: 0.0, high: 1.0 },
        }
    }

    /// Takes one outcome (clamped to 0..=1).
    #[allow(clippy::cast_precision_loss)]
    pub fn observe(&mut self, outcome: f64) {
        let y = outcome.clamp(0.0, 1.0);
        self.n += 1.0;
        let bet = 2.0 * (2.0 / self.alpha).ln() / (self.variance * self.n * self.n.ln_1p());
        let bet = bet.sqrt();
        let cells = (self.wealth.len() - 1) as f64;
        for (place, (up, down)) in self.wealth.iter_mut().enumerate() {
            let m = place as f64 / cells;
            *up += (bet.min(CUT / m) * (y - m)).ln_1p();
            *down += (-bet.min(CUT / (1.0 - m)) * (y - m)).ln_1p();
        }
        self.sum += y;
        let mean = (0.5 + self.sum) / (self.n + 1.0);
        self.squares += (y - mean).powi(2);
        self.variance = (0.25 + self.squares) / (self.n + 1.0);
        self.narrow(cells);
    }

    /// The hull of all means that were never refuted, widened by a cell to each side: between two means of
    /// the grid nothing is known.
    #[allow(clippy::cast_precision_loss)]
    fn narrow(&mut self, cells: f64) {
        let least = (2.0 / self.alpha).ln();
        let mut kept =
            self.wealth.iter().enumerate().filter(|(_, (up, down))| up.max(*down) < least);
        let Some((first, _)) = kept.next() else { return };
        let last = kept.next_back().map_or(first, |(last, _)| last);
        let (low, high) = ((first as f64 - 1.0) / cells, (last as f64 + 1.0) / cells);
        // A true mean is outside at no time with chance 1 − α, so what was outside once stays outside.
        self.bounds.low = self.bounds.low.max(low);
        self.bounds.high = self.bounds.high.min(high);
    }

    /// The interval after all outcomes so far.
    pub fn interval(&self) -> Interval {
        self.bounds
    }
}

#[cfg(test)]
mod tests {
    use super::super::arm::Total;
    use super::super::level;
    use super::*;
    use crate::stats::random::SplitMix;

    #[test]
    fn it_covers_at_all_times_together() {
        let mut random = SplitMix::new(2);
        let mut missed = 0;
        for _ in 0..100 {
            let mut hedged = Hedged::new(0.05, 200);
            (0..400).for_each(|_| hedged.observe(random.unit().powi(2)));
            let found = hedged.interval();
            missed += i32::from(found.low > 1.0 / 3.0 || found.high < 1.0 / 3.0);
        }
        assert!(missed <= 8, "{missed}");
    }

    /// Scores between 0.7 and 0.8: sums cannot know how little they vary.
    #[test]
    fn little_variance_makes_it_narrow() {
        let mut random = SplitMix::new(2);
        let (mut hedged, mut total) = (Hedged::new(0.05, 1000), Total::default());
        for _ in 0..500 {
            let y = 0.7 + 0.1 * random.unit();
            hedged.observe(y);
            total.add(y);
        }
        let (narrow, wide) = (hedged.interval(), level::interval(total, 0.05));
        assert!(narrow.high - narrow.low < 0.5 * (wide.high - wide.low), "{narrow:?} {wide:?}");
        assert!(narrow.low < 0.75 && 0.75 < narrow.high);
    }

    #[test]
    fn nothing_seen_says_nothing() {
        assert_eq!(Hedged::new(0.05, 100).interval(), Interval { low: 0.0, high: 1.0 });
    }
}
