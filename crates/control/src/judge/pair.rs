//! Two answers compared by a judge, each time in both orders.
//!
//! Judges tend to favour a place, so a preference counts only if it survives the swap; one that does not
//! is a tie, and is counted as a sign of position bias.

use futures_util::future::{join, join_all};
use gatemark_core::money::NanoUsd;
use gatemark_core::report::Verdict;
use gatemark_text::judge::{Subject, Winner, brief, read_winner};
use serde_json::{Map, Value};

use super::ask::{self, Said, Turn, ask};
use super::bench::Judge;
use super::votes::Rule;
use crate::Control;

/// Two answers to the same input.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// The one that the score is about, and what both are answers to.
    pub subject: Subject<'a>,
    /// The other one.
    pub other: &'a str,
}

/// One vote: what the judge said with the pair's own answer first, and with it second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meeting {
    /// Who wins after both orders; `First` is the pair's own answer.
    pub winner: Winner,
    /// Whether both orders gave the same winner.
    pub consistent: bool,
    /// The judge's reasons in the two orders.
    pub reasons: [String; 2],
}

/// What the votes come to.
#[derive(Debug, Clone, PartialEq)]
pub struct PairJudgement {
    /// `Pass`, `Fail`, `Inconclusive` or `Error`.
    pub verdict: Verdict,
    /// The votes that could be read.
    pub meetings: Vec<Meeting>,
    /// (wins + ties/2) / votes, 0 to 1; `None` after an error.
    pub score: Option<f64>,
    /// Share of votes with the commonest outcome, 0 to 1; `None` after an error.
    pub agreement: Option<f64>,
    /// Score, outcomes and reasons, or what went wrong.
    pub note: String,
    /// What the calls cost, as far as prices are known.
    pub cost: Option<NanoUsd>,
}

impl PairJudgement {
    /// Who wins after all votes: the pair's own answer with a score over 0.5, the other under it. `None`
    /// where the judge gave no verdict or disagreed with itself too much.
    pub fn winner(&self) -> Option<Winner> {
        let score = self.score.filter(|_| self.verdict != Verdict::Inconclusive)?;
        Some(match score {
            _ if score > 0.5 => Winner::First,
            _ if score < 0.5 => Winner::Second,
            _ => Winner::Tie,
        })
    }
}

impl Control {
    /// Has `judge` compare two answers `rule.votes` times, each time in both orders.
    pub async fn judge_pair(
        &self,
        judge: &Judge,
        rule: Rule,
        pair: &Pair<'_>,
        turn: Turn<'_>,
    ) -> PairJudgement {
        let common = match judge.common(&pair.subject) {
            Ok(common) => common,
            Err(why) => return PairJudgement::error(why, vec![], None),
        };
        let start = turn.repeat.saturating_sub(1).saturating_mul(rule.votes);
        let votes = (1..=rule.votes).map(|vote| {
            let repeat = start.saturating_add(vote);
            let (own, other) = (pair.subject.answer, pair.other);
            join(
                ask(self, judge, shown(&common, own, other), repeat, turn),
                ask(self, judge, shown(&common, other, own), repeat, turn),
            )
        });
        count(join_all(votes).await, rule)
    }
}

impl PairJudgement {
    fn error(note: String, meetings: Vec<Meeting>, cost: Option<NanoUsd>) -> Self {
        let (score, agreement) = (None, None);
        Self { verdict: Verdict::Error, meetings, score, agreement, note, cost }
    }
}

/// The values for the judge's variables with the answers in this order.
pub(super) fn shown(common: &Map<String, Value>, first: &str, second: &str) -> Map<String, Value> {
    let mut values = common.clone();
    values.insert("first".to_string(), first.into());
    values.insert("second".to_string(), second.into());
    values
}

fn meeting((there, back): (Said, Said)) -> Result<Meeting, String> {
    let (one, why) = there.reply.and_then(|reply| read_winner(&reply))?;
    let (two, why_back) = back
        .reply
        .and_then(|reply| read_winner(&reply))
        .map_err(|why| format!("swapped: {why}"))?;
    let consistent = one == two.swapped();
    let winner = if consistent { one } else { Winner::Tie };
    Ok(Meeting { winner, consistent, reasons: [why, why_back] })
}

fn count(said: Vec<(Said, Said)>, rule: Rule) -> PairJudgement {
    let cost = ask::sum(said.iter().flat_map(|(there, back)| [there.cost, back.cost]));
    let all = said.len();
    let (mut meetings, mut problem) = (vec![], None);
    for (index, vote) in said.into_iter().enumerate() {
        match meeting(vote) {
            Ok(meeting) => meetings.push(meeting),
            Err(why) => {
                problem.get_or_insert_with(|| {
                    format!("the judge gave no verdict (vote {} of {all}): {why}", index + 1)
                });
            }
        }
    }
    match problem {
        Some(problem) => PairJudgement::error(problem, meetings, cost),
        None if meetings.is_empty() => {
            PairJudgement::error("the judge was not asked".to_string(), meetings, cost)
        }
        None => weigh(meetings, rule, cost),
    }
}

#[allow(clippy::cast_precision_loss)]
fn weigh(meetings: Vec<Meeting>, rule: Rule, cost: Option<NanoUsd>) -> PairJudgement {
    let all = meetings.len() as f64;
    let tell = |winner| meetings.iter().filter(|meeting| meeting.winner == winner).count();
    let (wins, ties, losses) = (tell(Winner::First), tell(Winner::Tie), tell(Winner::Second));
    let swayed = meetings.iter().filter(|meeting| !meeting.consistent).count();
    let score = (wins as f64 + ties as f64 / 2.0) / all;
    let agreement = wins.max(ties).max(losses) as f64 / all;
    let reasons = meetings.iter().map(|meeting| brief(&meeting.reasons[0], 300));
    let told = format!(
        "score {score:.3} (at least {}): {wins} wins, {ties} ties, {losses} losses; {swayed} of {} votes \
         went by the place; {}",
        rule.at_least,
        meetings.len(),
        reasons.collect::<Vec<_>>().join(" | ")
    );
    let contradictory = wins == losses && wins > 0;
    let (verdict, note) = match agreement < rule.min_agreement || contradictory {
        true => (Verdict::Inconclusive, format!("the votes agree too little: {told}")),
        false if score >= rule.at_least => (Verdict::Pass, told),
        false => (Verdict::Fail, told),
    };
    let (score, agreement) = (Some(score), Some(agreement));
    PairJudgement { verdict, meetings, score, agreement, note, cost }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { at_least: 0.5, votes: 3, min_agreement: 0.6 };

    fn counted(votes: &[(&str, &str)]) -> PairJudgement {
        let said = |winner: &str| Said {
            reply: Ok(format!("{{\"reason\":\"because\",\"winner\":\"{winner}\"}}")),
            cost: None,
        };
        count(votes.iter().map(|(there, back)| (said(there), said(back))).collect(), RULE)
    }

    #[test]
    fn only_a_winner_in_both_orders_counts() {
        let won = counted(&[("first", "second"), ("first", "second"), ("first", "first")]);
        assert_eq!((won.verdict, won.winner()), (Verdict::Pass, Some(Winner::First)));
        assert!((won.score.unwrap() - 2.5 / 3.0).abs() < 1e-12);
        assert!(won.note.contains("1 of 3 votes went by the place"), "{}", won.note);
        let lost = counted(&[("second", "first")]);
        assert_eq!((lost.verdict, lost.winner()), (Verdict::Fail, Some(Winner::Second)));
        let biased = counted(&[("first", "first"), ("second", "second")]);
        assert_eq!((biased.score, biased.winner()), (Some(0.5), Some(Winner::Tie)));
    }

    #[test]
    fn split_votes_are_inconclusive_and_unreadable_ones_errors() {
        let split = counted(&[("first", "second"), ("second", "first"), ("tie", "tie")]);
        assert_eq!((split.verdict, split.winner()), (Verdict::Inconclusive, None));
        let broken = counted(&[("first", "second"), ("first", "nobody")]);
        assert_eq!((broken.verdict, broken.winner()), (Verdict::Error, None));
        assert!(broken.note.contains("vote 2 of 2") && broken.note.contains("swapped"));
        assert_eq!(counted(&[]).verdict, Verdict::Error);
    }
}
