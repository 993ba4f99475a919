//! Several votes of one judge on one answer, and what they come to.

use futures_util::future::join_all;
use gatemark_core::money::NanoUsd;
use gatemark_core::report::Verdict;
use gatemark_core::variable::VariableType;
use serde_json::{Map, Value};

use super::ask::{self, Said, Turn, ask};
use super::bench::Judge;
use super::contract::{Form, Scale};
use super::opinion::{self, Opinion, brief};
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

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The answer.
    pub answer: &'a str,
    /// The wanted answer, if there is one.
    pub expected: Option<&'a Value>,
    /// What the judged prompt was given.
    pub input: &'a Map<String, Value>,
    /// By what to judge, if said.
    pub criteria: Option<&'a str>,
    /// The judged prompt's system messages; empty if there are none.
    pub system: &'a str,
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
        let variables = match subject.variables(judge) {
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

impl Subject<'_> {
    /// The values for the judge's variables.
    pub(super) fn variables(&self, judge: &Judge) -> Result<Map<String, Value>, String> {
        let mut values = self.common(judge)?;
        values.insert("answer".to_string(), self.answer.into());
        Ok(values)
    }

    /// The values that say what the answers are answers to.
    pub(super) fn common(&self, judge: &Judge) -> Result<Map<String, Value>, String> {
        let mut values = Map::new();
        let mut give = |name: &str, value: Option<Value>| match value {
            Some(value) if judge.contract.takes(name) => {
                values.insert(name.to_string(), value);
                Ok(())
            }
            None if judge.contract.needs(name) => {
                Err(format!("{} needs `{name}`, which there is none of here", judge.name()))
            }
            _ => Ok(()),
        };
        let declared = &judge.version().content.variables;
        let kind = |name: &str| declared.get(name).map(|variable| &variable.kind);
        give("input", Some(input(self.input, kind("input"))))?;
        give("expected", self.expected.map(|value| fitted(value, kind("expected"))))?;
        give("criteria", self.criteria.map(Value::from))?;
        give("system", (!self.system.is_empty()).then(|| self.system.into()))?;
        Ok(values)
    }
}

/// The judged prompt's input: as it is for a judge that takes an object; else the text of a single
/// variable, or several as JSON.
fn input(variables: &Map<String, Value>, kind: Option<&VariableType>) -> Value {
    if kind == Some(&VariableType::Object) {
        return Value::Object(variables.clone());
    }
    let mut values = variables.values();
    match (values.next(), values.next()) {
        (Some(Value::String(text)), None) => text.as_str().into(),
        _ => Value::Object(variables.clone()).to_string().into(),
    }
}

/// `value`, as JSON if the variable takes texts alone.
fn fitted(value: &Value, kind: Option<&VariableType>) -> Value {
    match (kind, value) {
        (Some(VariableType::String), Value::String(_)) => value.clone(),
        (Some(VariableType::String), other) => other.to_string().into(),
        _ => value.clone(),
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
        match vote.reply.and_then(|reply| opinion::read(&reply, form, rule.at_least)) {
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

    #[test]
    fn inputs_are_texts_or_json() {
        let one: Map<String, Value> = serde_json::from_str(r#"{"q": "hi"}"#).unwrap();
        let two: Map<String, Value> = serde_json::from_str(r#"{"q": "hi", "n": 1}"#).unwrap();
        assert_eq!(input(&one, Some(&VariableType::String)), "hi");
        assert_eq!(input(&two, Some(&VariableType::String)), r#"{"q":"hi","n":1}"#);
        assert!(input(&one, Some(&VariableType::Object)).is_object());
        assert_eq!(fitted(&serde_json::json!({"a": 1}), Some(&VariableType::String)), "{\"a\":1}");
    }
}
