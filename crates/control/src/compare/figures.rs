//! What a comparison's rows come to.

use gatemark_core::money::NanoUsd;
use gatemark_core::stats::paired::Discordant;
use gatemark_core::stats::proportion::{Interval, Z_95, wilson};
use serde::Serialize;

use crate::judge::Winner;

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// The version's number.
    pub number: u32,
    /// Its semantic version.
    pub semver: String,
    /// The model.
    pub model: String,
    /// Cases that it did not answer itself.
    pub unanswered: u64,
    /// Mean of its scores against each other candidate, 0 to 1; `None` if it met nobody.
    pub score: Option<f64>,
    /// What its answers cost, as far as prices are known.
    pub cost: NanoUsd,
}

/// Two candidates over one case.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PairRow {
    /// The case.
    pub case: String,
    /// Index of the one candidate.
    pub one: usize,
    /// Index of the other.
    pub other: usize,
    /// `one`, `other` or `tie`; absent where the judge gave no verdict or was of two minds.
    pub winner: Option<&'static str>,
    /// Votes whose winner changed with the order.
    pub swayed: u64,
    /// Votes.
    pub votes: u64,
    /// The judge's reasons, or what went wrong.
    pub note: String,
    /// What judging cost.
    pub cost: Option<NanoUsd>,
}

/// How one candidate stands to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Standing {
    /// Index of the one candidate.
    pub one: usize,
    /// Index of the other.
    pub other: usize,
    /// Cases that `one` wins.
    pub wins: u64,
    /// Cases that neither wins.
    pub ties: u64,
    /// Cases that `other` wins.
    pub losses: u64,
    /// Cases without a verdict: not answered, or not judged.
    pub unjudged: u64,
    /// (wins + ties/2) / judged; `None` if nothing was judged.
    pub score: Option<f64>,
    /// Wilson's 95 % interval for the share of wins among the cases that somebody wins.
    pub interval: Interval,
    /// Two-sided p-value of the exact sign test on wins and losses, which is McNemar's; ties are left out.
    pub p: f64,
    /// Share of votes whose winner changed with the order; `None` without votes.
    pub position_bias: Option<f64>,
}

/// A finished comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// `service/name`.
    pub prompt: String,
    /// The suite's hash.
    pub suite: String,
    /// The judge, as `service/name@number on model`.
    pub judge: String,
    /// Who was compared.
    pub candidates: Vec<Candidate>,
    /// Each two of them.
    pub pairs: Vec<Standing>,
    /// Index of the candidate with the highest score; `None` if two share it or nobody has one.
    pub best: Option<usize>,
    /// What judging cost, as far as prices are known.
    pub judge_cost: NanoUsd,
    /// What whoever reads the figures should know.
    pub notes: Vec<String>,
    /// Why not every case was compared, if not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// Each two candidates over each case.
    pub rows: Vec<PairRow>,
}

/// The word in a row for a winner.
pub(super) fn word(winner: Winner) -> &'static str {
    match winner {
        Winner::First => "one",
        Winner::Second => "other",
        Winner::Tie => "tie",
    }
}

/// How `one` stands to `other` after `cases` cases.
#[allow(clippy::cast_precision_loss)]
pub(super) fn standing(rows: &[PairRow], (one, other): (usize, usize), cases: u64) -> Standing {
    let rows = || rows.iter().filter(|row| (row.one, row.other) == (one, other));
    let tell = |word| rows().filter(|row| row.winner == Some(word)).count() as u64;
    let (wins, ties, losses) = (tell("one"), tell("tie"), tell("other"));
    let judged = wins + ties + losses;
    let votes: u64 = rows().map(|row| row.votes).sum();
    let swayed: u64 = rows().map(|row| row.swayed).sum();
    Standing {
        one,
        other,
        wins,
        ties,
        losses,
        unjudged: cases.saturating_sub(judged),
        score: (judged > 0).then(|| (wins as f64 + ties as f64 / 2.0) / judged as f64),
        interval: wilson(wins, wins + losses, Z_95),
        p: Discordant { gained: wins, lost: losses, cases }.test().exact,
        position_bias: (votes > 0).then(|| swayed as f64 / votes as f64),
    }
}

/// The mean of a candidate's scores against the others.
#[allow(clippy::cast_precision_loss)]
pub(super) fn score(pairs: &[Standing], candidate: usize) -> Option<f64> {
    let scores: Vec<f64> = pairs
        .iter()
        .filter_map(|pair| match pair.score {
            Some(score) if pair.one == candidate => Some(score),
            Some(score) if pair.other == candidate => Some(1.0 - score),
            _ => None,
        })
        .collect();
    (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
}

/// The one candidate that no other reaches.
pub(super) fn best(candidates: &[Candidate]) -> Option<usize> {
    let top = candidates.iter().filter_map(|candidate| candidate.score).reduce(f64::max)?;
    let reaches = |candidate: &Candidate| candidate.score.is_some_and(|s| top - s < 1e-12);
    let mut leaders = candidates.iter().enumerate().filter(|(_, candidate)| reaches(candidate));
    match (leaders.next(), leaders.next()) {
        (Some((index, _)), None) => Some(index),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(one: usize, other: usize, winner: Option<&'static str>) -> PairRow {
        let (case, note, cost) = (String::new(), String::new(), None);
        PairRow { case, one, other, winner, swayed: 0, votes: 1, note, cost }
    }

    #[test]
    fn figures_come_from_rows() {
        let rows = [
            row(0, 1, Some("one")),
            row(0, 1, Some("tie")),
            row(0, 1, None),
            row(0, 2, Some("other")),
            row(1, 2, Some("one")),
        ];
        let pairs: Vec<Standing> =
            [(0, 1), (0, 2), (1, 2)].map(|pair| standing(&rows, pair, 4)).into();
        assert_eq!((pairs[0].wins, pairs[0].ties, pairs[0].losses), (1, 1, 0));
        assert_eq!((pairs[0].unjudged, pairs[0].score), (2, Some(0.75)));
        assert_eq!(score(&pairs, 0), Some(0.375));
        assert_eq!(score(&pairs, 1), Some(0.625));
        let candidate = |index| Candidate {
            number: 1,
            semver: String::new(),
            model: String::new(),
            unanswered: 0,
            score: score(&pairs, index),
            cost: NanoUsd::ZERO,
        };
        let candidates = [candidate(0), candidate(1), candidate(2)];
        assert_eq!(best(&candidates), Some(1));
        assert_eq!(best(&[candidates[1].clone(), candidates[1].clone()]), None);
        assert_eq!(best(&[]), None);
    }
}
