//! Which of several arms is best, with traffic moved away from those that are not.
//!
//! Every arm has its own confidence sequence at level α/K, so all of them hold at all times together with
//! chance 1 − α, whatever rule gives out the traffic and whenever it stops. The next unit goes to the leader
//! or to its strongest rival (LUCB: Kalyanakrishnan, Tewari, Auer & Stone, ICML 2012). That is the bandit of
//! a person who has to *choose*: one that maximises the reward meanwhile (Thompson sampling) starves the
//! losers and takes longer to prove anything.

use serde::{Deserialize, Serialize};

use super::arm::Total;
use super::level;
use crate::stats::proportion::Interval;

/// What is known of the arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The arm with the largest mean; the first of several; an arm without outcomes leads.
    pub leader: usize,
    /// The arm whose mean may be the largest beside the leader's.
    pub rival: Option<usize>,
    /// Each arm's confidence sequence, at α over the number of arms.
    pub intervals: Vec<Interval>,
    /// Arms that are worse than another with certainty 1 − α.
    pub eliminated: Vec<bool>,
    /// The best arm, up to the tolerance, once that is certain.
    pub decided: Option<usize>,
}

/// Where `arms` stand at level `alpha`, outcomes in 0..=1 and one for each unit. An arm counts as best if
/// no other is better by more than `tolerance`, without which arms that are equal are never told apart.
pub fn standing(arms: &[Total], alpha: f64, tolerance: f64) -> Standing {
    among(arms, |_| true, (alpha, tolerance))
}

/// The same where only the arms for which `runs` says so may still be chosen, at level and tolerance: one that was
/// taken out for another reason neither leads nor beats any, however good it was. Every arm keeps its part of the
/// level, for which one is taken out may depend on what was seen.
#[allow(clippy::cast_precision_loss)]
pub fn among(
    arms: &[Total],
    runs: impl Fn(usize) -> bool,
    (alpha, tolerance): (f64, f64),
) -> Standing {
    let level = alpha / arms.len().max(1) as f64;
    let intervals: Vec<Interval> = arms.iter().map(|arm| level::interval(*arm, level)).collect();
    let running = || intervals.iter().enumerate().filter(|(place, _)| runs(*place));
    let means = arms.iter().map(|arm| arm.mean().unwrap_or(f64::INFINITY)).enumerate();
    let leader = first_most(means.filter(|(place, _)| runs(*place))).unwrap_or_default();
    let highs = running().map(|(place, interval)| (place, interval.high));
    let rival = first_most(highs.filter(|(place, _)| *place != leader));
    let floor = running().map(|(_, interval)| interval.low).fold(0.0, f64::max);
    let eliminated = intervals.iter().map(|interval| interval.high < floor).collect();
    let low = intervals.get(leader).map_or(0.0, |interval| interval.low);
    let ceiling = rival.and_then(|rival| intervals.get(rival)).map_or(0.0, |rival| rival.high);
    let decided = (!arms.is_empty() && low >= ceiling - tolerance).then_some(leader);
    Standing { leader, rival, intervals, eliminated, decided }
}

/// The arm to which the next unit should go: of leader and rival the one with fewer outcomes.
pub fn next(arms: &[Total], standing: &Standing) -> usize {
    let n = |arm: usize| arms.get(arm).map_or(0, |total| total.n);
    match standing.rival {
        Some(rival) if n(rival) < n(standing.leader) => rival,
        _ => standing.leader,
    }
}

/// The place of the largest value, the first of several.
fn first_most(values: impl Iterator<Item = (usize, f64)>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (place, value) in values {
        if best.is_none_or(|(_, most)| value > most) {
            best = Some((place, value));
        }
    }
    best.map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random::SplitMix;

    #[test]
    fn it_finds_the_best_and_spares_the_worst() {
        let mut random = SplitMix::new(14);
        let quality = [0.6, 0.9, 0.75, 0.3];
        let mut arms = [Total::default(); 4];
        for _ in 0..4000 {
            let standing = standing(&arms, 0.05, 0.0);
            if standing.decided.is_some() {
                assert_eq!(standing.decided, Some(1));
                assert!(arms[3].n < arms[2].n, "{arms:?}");
                return;
            }
            let arm = next(&arms, &standing);
            arms[arm].add(f64::from(u8::from(random.unit() < quality[arm])));
        }
        panic!("undecided: {arms:?}");
    }

    #[test]
    fn who_was_taken_out_beats_nobody() {
        let arms = [(700, 1000), (950, 1000), (850, 1000)].map(|(s, n)| Total::counted(s, n));
        let all = standing(&arms, 0.05, 0.0);
        assert_eq!((all.decided, all.eliminated), (Some(1), vec![true, false, true]));
        let rest = among(&arms, |place| place != 1, (0.05, 0.0));
        assert_eq!((rest.leader, rest.rival, rest.decided), (2, Some(0), Some(2)));
        assert_eq!((rest.eliminated[0], rest.eliminated[2]), (true, false));
        assert_eq!(rest.intervals, all.intervals, "at the same level");
    }

    #[test]
    fn a_tolerance_ends_a_tie() {
        let arms = [Total::counted(900, 1000); 2];
        assert_eq!(standing(&arms, 0.05, 0.0).decided, None);
        assert_eq!(standing(&arms, 0.05, 0.1).decided, Some(0));
        assert_eq!(standing(&[], 0.05, 0.1).decided, None);
    }
}
