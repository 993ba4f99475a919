//! Several votes of one judge on one answer, and what they come to.

use futures_util::future::join_all;
use gatemark_core::money::NanoUsd;
use gatemark_core::report::Verdict;
use gatemark_text::judge::{self, Form, Opinion, Scale, Subject, brief};

use super::ask::{self, Said, Turn, ask};
use super::bench::Judge;
use crate::Control;

/// How votes are counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Least mean score, 0 to 1; also what a single vote needs to be one for the answer.
    pub at_least: f64,
    /// How many votes, from 1.
    pub votes: u32,
    /// Least share of votes on the majority's side, 0 to 1.
    pub min_agreement: f64,
}

/// What the votes come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// `Pass`, `Fail`, `Inconclusive` or `Error`.
    pub verdict: Verdict,
    /// The votes that could be read.
    pub opinions: Vec<Opinion>,
    /// Mean score, 0 to 1; `None` after an error.
    pub score: Option<f64>,
    /// Share of votes on the majority's side, 0.5 to 1; `None` after an error.
    pub agreement: Option<f64>,
    /// Score, agreement and reasons, or what went wrong.
    pub note: String,
    /// What the calls cost, as far as prices are known.
    pub cost: Option<NanoUsd>,
}

impl Control {
    /// Has `judge` vote on `subject`.
    ///
    /// Every vote must be readable: one that is not makes the judgement an error, for nobody knows how it
    /// would have gone.
    pub async fn judge_answer(
        &self,
        judge: &Judge,
        rule: Rule,
        subject: &Subject<'_>,
        turn: Turn<'_>,
    ) -> Judgement {
        let variables = match judge.shown(subject) {
            Ok(variables) => variables,
            Err(why) => return Judgement::error(why, vec![], None),
        };
        let first = turn.repeat.saturating_sub(1).saturating_mul(rule.votes);
        let votes = (1..=rule.votes).map(|vote| {
            let vote = first.saturating_add(vote);
            ask(self, judge, variables.clone(), vote, turn)
        });
        count(join_all(votes).await, judge.contract.form, rule)
    }
}

impl Judgement {
    fn error(note: String, opinions: Vec<Opinion>, cost: Option<NanoUsd>) -> Self {
        let (score, agreement) = (None, None);
        Self { verdict: Verdict::Error, opinions, score, agreement, note, cost }
    }
}

/// What the votes come to. Contradictory evidence is inconclusive: a tie, too little agreement, or a mean
/// that says otherwise than the majority.
fn count(said: Vec<Said>, form: Form, rule: Rule) -> Judgement {
    let cost = ask::sum(said.iter().map(|vote| vote.cost));
    let all = said.len();
    let (mut opinions, mut problem) = (vec![], None);
    for (index, vote) in said.into_iter().enumerate() {
        match vote.reply.and_then(|reply| judge::read(&reply, form, rule.at_least)) {
            Ok(opinion) => opinions.push(opinion),
            Err(why) => {
                problem.get_or_insert_with(|| {
                    format!("the judge gave no verdict (vote {} of {all}): {why}", index + 1)
                });
            }
        }
    }
    match problem {
        Some(problem) => Judgement::error(problem, opinions, cost),
        None if opinions.is_empty() => {
            Judgement::error("the judge was not asked".to_string(), opinions, cost)
        }
        None => weigh(opinions, form, rule, cost),
    }
}

#[allow(clippy::cast_precision_loss)]
fn weigh(opinions: Vec<Opinion>, form: Form, rule: Rule, cost: Option<NanoUsd>) -> Judgement {
    let all = opinions.len();
    let passes = opinions.iter().filter(|opinion| opinion.passes).count();
    let score = opinions.iter().map(|opinion| opinion.score).sum::<f64>() / all as f64;
    let agreement = passes.max(all - passes) as f64 / all as f64;
    // A mean of equal votes may miss their common value by a rounding error.
    let reaches = score + 1e-9 >= rule.at_least;
    let split = if passes * 2 == all {
        Some("the votes are tied")
    } else if agreement < rule.min_agreement {
        Some("the votes agree too little")
    } else if reaches != (passes * 2 > all) {
        Some("the mean score and the majority of votes say different things")
    } else {
        None
    };
    let told = format!(
        "score {score:.3} (at least {}), {passes} of {all} votes for it{}; {}",
        rule.at_least,
        scores(&opinions, form),
        reasons(&opinions)
    );
    let (verdict, note) = match split {
        Some(split) => (Verdict::Inconclusive, format!("{split}: {told}")),
        None if reaches => (Verdict::Pass, told),
        None => (Verdict::Fail, told),
    };
    let (score, agreement) = (Some(score), Some(agreement));
    Judgement { verdict, opinions, score, agreement, note, cost }
}

/// The scores on the judge's own scale, if it has one.
fn scores(opinions: &[Opinion], form: Form) -> String {
    let Form::Score { scale: Scale { least, most }, .. } = form else { return String::new() };
    let raw: Vec<String> =
        opinions.iter().filter_map(|opinion| opinion.raw).map(|raw| raw.to_string()).collect();
    format!(" ({} on {least} to {most})", raw.join(", "))
}

fn reasons(opinions: &[Opinion]) -> String {
    let reasons = opinions.iter().map(|opinion| brief(&opinion.reason, 300));
    reasons.collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Form = Form::Score { scale: Scale { least: 1.0, most: 5.0 }, verdict: false };
    const RULE: Rule = Rule { at_least: 0.75, votes: 3, min_agreement: 0.6 };

    fn counted(scores: &[f64]) -> Judgement {
        let said = scores.iter().map(|score| Said {
            reply: Ok(format!("{{\"reason\":\"because\",\"score\":{score}}}")),
            cost: Some(NanoUsd(5)),
        });
        count(said.collect(), FORM, RULE)
    }

    #[test]
    fn the_mean_decides_where_the_majority_agrees() {
        let judgement = counted(&[5.0, 4.0, 5.0]);
        assert_eq!((judgement.verdict, judgement.agreement), (Verdict::Pass, Some(1.0)));
        assert_eq!(judgement.cost, Some(NanoUsd(15)));
        assert_eq!(counted(&[2.0, 1.0, 4.0]).verdict, Verdict::Fail);
        assert_eq!(counted(&[5.0, 5.0, 3.0]).verdict, Verdict::Pass);
    }

    #[test]
    fn split_votes_are_inconclusive() {
        for (scores, why) in [
            (&[5.0, 1.0][..], "tied"),
            (&[4.0, 4.0, 1.0], "different things"),
            (&[5.0, 5.0, 5.0, 1.0, 1.0, 1.0, 5.0], "agree too little"),
        ] {
            let judgement = counted(scores);
            assert_eq!(judgement.verdict, Verdict::Inconclusive, "{scores:?}");
            assert!(judgement.note.contains(why), "{}", judgement.note);
        }
    }

    #[test]
    fn one_unreadable_vote_is_an_error() {
        let judgement = counted(&[5.0, 7.0, 5.0]);
        assert_eq!((judgement.verdict, judgement.score), (Verdict::Error, None));
        assert!(judgement.note.contains("vote 2 of 3"), "{}", judgement.note);
        assert_eq!(judgement.cost, Some(NanoUsd(15)), "what was asked is paid for all the same");
        assert_eq!(counted(&[]).verdict, Verdict::Error);
    }
}
