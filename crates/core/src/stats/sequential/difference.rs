//! A confidence sequence for the difference of two arms' means, for outcomes between 0 and 1.
//!
//! It is the comparison test turned round: all differences δ that the games of neither side refute. Data come
//! in blocks (step of a ramp × time), each with its share and a centre that was known before the block, so
//! that neither ramps nor seasons bias it.

use serde::{Deserialize, Serialize};

use super::arm::{Arm, Share, Total};
use super::comparison::{Claim, Step};
use super::wealth::{Bets, Gain, Wealth};
use crate::stats::distribution::root;
use crate::stats::proportion::Interval;

/// Outcomes of one arm: how many had each value in 0..=1.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally(Vec<(f64, f64)>);

/// Different values that a tally keeps apart beyond which it counts on a grid.
const GRID: f64 = 20.0;

impl Tally {
    /// Adds one outcome (clamped). It is counted in parts at the two nearest twentieths, which is exact for
    /// twentieths (0, 1, and scores of 2, 3, 5 or 6 levels) and a lower bound of the evidence for others.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn add(&mut self, outcome: f64) {
        let place = outcome.clamp(0.0, 1.0) * GRID;
        let nearest = place.round();
        let place = if (place - nearest).abs() < 1e-9 { nearest } else { place };
        let (lower, upper) = (place.floor(), place.ceil());
        self.put(lower / GRID, if upper > lower { upper - place } else { 1.0 });
        if upper > lower {
            self.put(upper / GRID, place - lower);
        }
    }

    fn put(&mut self, value: f64, count: f64) {
        match self.0.iter_mut().find(|(known, _)| *known == value) {
            Some((_, n)) => *n += count,
            None => self.0.push((value, count)),
        }
    }
}

impl From<Total> for Tally {
    fn from(total: Total) -> Self {
        let (n, sum) = total.bounded();
        Self(vec![(1.0, sum), (0.0, n - sum)])
    }
}

/// Outcomes at one step and time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// The candidate's share.
    pub share: Share,
    /// What control's mean was expected to be, from earlier data only; 0 to 1.
    pub centre: f64,
    /// Control's outcomes.
    pub control: Tally,
    /// The candidate's.
    pub candidate: Tally,
}

/// ln of the e-value of all blocks against `claim`.
pub fn log_e(blocks: &[Block], claim: Claim) -> f64 {
    let mut wealth = Wealth::default();
    let mut counted = vec![];
    for block in blocks {
        let step = Step::new(claim, block.centre, block.share);
        counted.clear();
        for (arm, tally) in [(Arm::Control, &block.control), (Arm::Candidate, &block.candidate)] {
            counted.extend(tally.0.iter().map(|(value, n)| (step.ratio(arm, *value), *n)));
        }
        wealth.gain(&Gain::total(Bets::WIDE, &counted));
    }
    wealth.log_e()
}

/// The confidence sequence for candidate − control: the chance that the true difference is ever outside is
/// at most `alpha`, if it is the same in all blocks. −1 to 1 without outcomes.
///
/// Evidence against δ ≤ x falls as x rises: (φ − x)/(x − φ_min) does so for every φ. So halving finds
/// the ends.
pub fn interval(blocks: &[Block], alpha: f64) -> Interval {
    let least = (2.0 / alpha).ln();
    Interval {
        low: root(-1.0, 1.0, |x| least - log_e(blocks, Claim::Worse(-x))),
        high: root(-1.0, 1.0, |x| log_e(blocks, Claim::NotWorse(-x)) - least),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random::SplitMix;

    fn block(share: f64, control: (u64, u64), candidate: (u64, u64)) -> Block {
        Block {
            share: Share::new(share).unwrap(),
            centre: 0.9,
            control: Total::counted(control.0, control.1).into(),
            candidate: Total::counted(candidate.0, candidate.1).into(),
        }
    }

    #[test]
    fn no_data_says_nothing_and_much_says_much() {
        let none = interval(&[], 0.05);
        assert!(none.low < -0.999 && none.high > 0.999, "{none:?}");
        let found = interval(&[block(0.5, (4500, 5000), (4000, 5000))], 0.05);
        assert!(-0.14 < found.low && found.low < -0.1 && -0.1 < found.high && found.high < -0.06);
    }

    #[test]
    fn tallies_are_exact_on_twentieths() {
        let mut tally = Tally::default();
        [0.0, 1.0, 0.25, 0.25, 0.05 + 0.1].iter().for_each(|y| tally.add(*y));
        let mut cells = tally.0;
        cells.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!(cells, [(0.0, 1.0), (0.15, 1.0), (0.25, 2.0), (1.0, 1.0)]);
        let mut between = Tally::default();
        between.add(0.12);
        let mean: f64 = between.0.iter().map(|(value, n)| value * n).sum();
        assert!((mean - 0.12).abs() < 1e-12 && between.0.len() == 2);
    }

    /// A ramp over a falling quality: a pooled difference would be off by 2 points, this is not.
    #[test]
    fn a_ramp_does_not_bias_it() {
        let mut random = SplitMix::new(4);
        let (mut blocks, mut pooled) = (vec![], [Total::default(); 2]);
        for (share, quality) in [(0.05, 0.95), (0.2, 0.9), (0.5, 0.8)] {
            let mut totals = [Total::default(); 2];
            for _ in 0..20_000 {
                let arm = usize::from(random.unit() < share);
                totals[arm].add(f64::from(u8::from(random.unit() < quality)));
            }
            pooled.iter_mut().zip(&totals).for_each(|(sum, part)| sum.merge(part));
            let [control, candidate] = totals.map(Tally::from);
            let centre = 0.9;
            blocks.push(Block { share: Share::new(share).unwrap(), centre, control, candidate });
        }
        let found = interval(&blocks, 0.05);
        assert!(found.low < 0.0 && 0.0 < found.high, "{found:?}");
        let naive = pooled[1].mean().unwrap() - pooled[0].mean().unwrap();
        assert!(naive < found.low, "{naive} {found:?}");
    }
}
