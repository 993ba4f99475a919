//! Online evaluation: a share of production's answers is judged after they were given, by the checks that test runs
//! use and that need no wanted answer.
//!
//! Calls are drawn by the gateway, by a hash of their ids, and wait in a queue that the store fills with their
//! records. This task takes one after the other, the prompt that was judged least first and its arms as they come, and
//! keeps what checks find as scores of the call. Callers wait for none of it and pay for none of it: it has an amount for the
//! day in `gatemark.yaml`, and budgets see its calls under a name of their own.

use gatemark_core::call::{CallPurpose, CallRecord};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::EnvironmentName;
use gatemark_core::money::NanoUsd;
use gatemark_core::online::{ALL, Evaluate};
use gatemark_core::report::{CheckResult, case_verdict};
use gatemark_core::score::{Score, ScoreSource, ScoreValue};
use gatemark_core::suite::{Case, Suite};
use gatemark_gateway::Release;
use gatemark_text::check::Observation;
use gatemark_text::tokens;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::Control;
use crate::checks::{self, Ahead, Assertion, Seen};
use crate::forecast::Bill;
use crate::judge::Judges;
use crate::lanes::Lanes;

/// The score that sums up an answer's checks.
const QUALITY: &str = "quality";

/// Who judges, in scores.
const AUTHOR: &str = "online evaluation";

/// Checks that look at what is not recorded, at what calls show by themselves, at other answers, or that run programs,
/// which nobody wants beside production.
const LEFT_OUT: [&str; 7] =
    ["latency", "cost", "tool_call", "code", "script", "compare", "select_best"];

/// Most calls judged in one run of the task.
const AT_ONCE: usize = 20;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// How long a call waits to be judged before nobody wants to know.
const OLD: i64 = DAY;
/// How long it is remembered that a call was judged.
const REMEMBERED: i64 = 8 * DAY;
/// After how long somebody who took a call will not come back.
const LOST: i64 = 600 * SECOND;

/// How online evaluation goes in one environment, since the beginning of the day in UTC.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OnlineStanding {
    /// Where.
    #[schema(value_type = String)]
    pub environment: EnvironmentName,
    /// The share of calls that is drawn, 0 to 1.
    pub share: f64,
    /// Drawn calls that wait to be judged.
    pub waiting: u64,
    /// Calls that were judged.
    pub judged: u64,
    /// Calls that could not be.
    pub given_up: u64,
    /// What that cost, in nano-dollars.
    pub spent: i64,
    /// What it may cost, in nano-dollars.
    pub per_day: i64,
}

/// What came of one call.
enum Ended {
    /// These scores, at this cost.
    Judged(Vec<Score>, NanoUsd),
    /// Nothing that could be judged.
    Unjudged(&'static str),
    /// It may cost more than there is left for the day.
    NoRoom,
}

impl Control {
    /// Judges drawn calls that wait for it, as far as the day's amounts go. `now` is in microseconds since 1970. Gives
    /// how many were judged.
    ///
    /// # Errors
    /// The last one; calls of other environments are judged all the same.
    pub async fn evaluate_online(&self, now: i64) -> Result<usize> {
        let wanted = |evaluate: &Option<Evaluate>| evaluate.is_some();
        if !self.project.environments.values().any(|environment| wanted(&environment.evaluate)) {
            return Ok(0);
        }
        let (mut judged, mut failed) = (0, None);
        for environment in self.project.environments.values() {
            let Some(evaluate) = environment.evaluate else { continue };
            match self.evaluate_environment(environment.name.as_str(), evaluate, now).await {
                Ok(count) => judged += count,
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(judged), Err)
    }

    /// How online evaluation goes in each environment that has it.
    pub async fn online_standing(&self, now: i64) -> Result<Vec<OnlineStanding>> {
        let day = now - now.rem_euclid(DAY);
        let mut all = vec![];
        for environment in self.project.environments.values() {
            let Some(evaluate) = environment.evaluate else { continue };
            let name = environment.name.as_str();
            let (waiting, done, given_up) = self.store.evaluation_counts(name, day).await?;
            let spent = self.store.evaluation_cost(name, day).await?;
            all.push(OnlineStanding {
                environment: environment.name.clone(),
                share: f64::from(evaluate.share) / f64::from(ALL),
                waiting,
                judged: done.saturating_sub(given_up),
                given_up,
                spent: spent.0,
                per_day: evaluate.per_day.0,
            });
        }
        Ok(all)
    }

    async fn evaluate_environment(
        &self,
        environment: &str,
        evaluate: Evaluate,
        now: i64,
    ) -> Result<usize> {
        let day = now - now.rem_euclid(DAY);
        // Looking takes no lock, so nobody waits for a task that has nothing to do.
        if !self.store.has_evaluation(environment, now - LOST).await? {
            return Ok(0);
        }
        self.store.tidy_evaluations(now, now - OLD, now - REMEMBERED, now - LOST).await?;
        let mut judged = 0;
        for _ in 0..AT_ONCE {
            let spent = self.store.evaluation_cost(environment, day).await?;
            let room = NanoUsd(evaluate.per_day.0.saturating_sub(spent.0));
            let times = (now, day, now - LOST);
            let Some(record) = self.store.take_evaluation(environment, times).await? else { break };
            let ended = match self.evaluate_call(&record, room, now).await {
                Ok(ended) => ended,
                Err(error) if error.kind() == Kind::Unavailable => {
                    self.store.put_back_evaluation(&record.id, false).await?;
                    return Err(error);
                }
                Err(error) => {
                    tracing::warn!(call = record.id, %error, "a call could not be judged");
                    Ended::Unjudged("it could not be judged")
                }
            };
            match ended {
                Ended::Judged(scores, cost) => {
                    // Scores first: judged twice is better than paid for and lost.
                    self.store.score(&scores, None).await?;
                    self.store.end_evaluation(&record.id, now, cost, None).await?;
                    judged += 1;
                }
                Ended::Unjudged(why) => {
                    self.store.end_evaluation(&record.id, now, NanoUsd::ZERO, Some(why)).await?;
                }
                // Another may cost less, or nothing.
                Ended::NoRoom => self.store.put_back_evaluation(&record.id, true).await?,
            }
        }
        Ok(judged)
    }

    async fn evaluate_call(&self, record: &CallRecord, room: NanoUsd, now: i64) -> Result<Ended> {
        let (Some(prompt), Some(number)) = (&record.prompt, record.number) else {
            return Ok(Ended::Unjudged("it is of no prompt"));
        };
        let (Some(variables), Some(answer)) = (given(record), record.output.as_deref()) else {
            return Ok(Ended::Unjudged("its texts are not recorded"));
        };
        let Some((suite, _)) = self.store.current_suite(prompt).await? else {
            return Ok(Ended::Unjudged("its prompt has no suite"));
        };
        let version = self.store.version(prompt, number).await?;
        let version = version.ok_or_else(|| Error::not_found("its version is not there"))?;
        let checks = self.fit_checks(&suite, &Judges::of(prompt.clone())).await;
        if checks.is_empty() {
            return Ok(Ended::Unjudged("no check of its suite can do without a wanted answer"));
        }
        let release = Release::on(&version, &record.model)?;
        let system = release.system_text(&record.model, &variables).unwrap_or_default();
        let case = case(record, variables);
        let tokens = u64::try_from(tokens::count(answer)).unwrap_or(u64::MAX);
        let ahead = Ahead { case: &case, system: &system, answer: Some(tokens) };
        let mut bill = Bill::default();
        for check in &checks {
            check.forecast(&ahead, self).iter().for_each(|calls| bill.add(&self.project, calls));
        }
        if bill.unpriced > 0 {
            return Ok(Ended::Unjudged("a judge has no price, so no amount can be kept"));
        }
        if bill.calls > 0 && bill.most.unwrap_or(bill.input) > room {
            return Ok(Ended::NoRoom);
        }
        let lanes = Lanes::of(&self.project, 4);
        let observation = Observation {
            answer,
            expected: None,
            schema: version.content.output.schema.as_ref(),
            latency_us: record.vendor_us,
            cost: record.priced.then_some(record.cost),
            tool_calls: None,
            usage: record.usage,
            variables: &case.variables,
            system: &system,
        };
        let purpose = CallPurpose::Evaluate;
        let (repeat, answers, setting, lanes) = (1, None, None, &lanes);
        let seen = Seen { observation, case: &case, repeat, answers, setting, lanes, purpose };
        let mut results = vec![];
        for check in &checks {
            results.push(check.evaluate(&seen, self).await);
        }
        let cost = results.iter().filter_map(|result| result.cost).sum();
        let scores = scores(record, &results, now);
        if scores.is_empty() && cost == NanoUsd::ZERO {
            return Ok(Ended::Unjudged("no check could tell"));
        }
        Ok(Ended::Judged(scores, cost))
    }

    /// The suite's checks that can look at an answer of which nobody has said what was wanted.
    async fn fit_checks(&self, suite: &Suite, judges: &Judges) -> Vec<Assertion> {
        let mut fit = vec![];
        for spec in &suite.checks {
            if LEFT_OUT.contains(&spec.metric.as_str()) {
                continue;
            }
            let Ok(check) = checks::build(spec) else { continue };
            if check.needs_expected() {
                continue;
            }
            match check.prepare(judges, self).await {
                Ok(()) => fit.push(check),
                Err(error) => {
                    tracing::warn!(check = check.describe(), %error, "left out of online evaluation");
                }
            }
        }
        fit
    }
}

/// What the call was given: its variables, and what its caller added, as a cascade's judge is shown it.
fn given(record: &CallRecord) -> Option<Map<String, Value>> {
    let recorded: Value = serde_json::from_str(record.input.as_deref()?).ok()?;
    let mut variables = recorded.get("variables")?.as_object()?.clone();
    let messages = recorded.get("messages").filter(|messages| messages.is_array());
    if let Some(messages) = messages.filter(|messages| **messages != Value::Array(vec![])) {
        variables.entry("messages").or_insert_with(|| messages.clone());
    }
    Some(variables)
}

/// The call as a case without a wanted answer.
fn case(record: &CallRecord, variables: Map<String, Value>) -> Case {
    Case {
        id: record.id.clone(),
        category: String::new(),
        difficulty: None,
        tags: vec![],
        source: None,
        weight: None,
        threshold: None,
        variables,
        expected: None,
        checks: vec![],
    }
}

/// A score for each check that could tell, named for its metric and counted where one is used twice, and their
/// weighted mean as the answer's quality. A check that could not tell leaves no mean: of what is missing nobody knows
/// which way it would have gone.
fn scores(record: &CallRecord, results: &[CheckResult], now: i64) -> Vec<Score> {
    let mut scores: Vec<Score> = vec![];
    let is_judge = |result: &CheckResult| result.metric == "judge";
    let score = |name: String, value: f64, comment: Option<String>, judged: bool| Score {
        call: record.id.clone(),
        name,
        value: ScoreValue::Number(value),
        comment,
        source: if judged { ScoreSource::Judge } else { ScoreSource::Check },
        author: AUTHOR.to_string(),
        at: now,
    };
    for result in results {
        let Some(value) = result.counted() else { continue };
        let alike = |known: &&Score| {
            known.name == result.metric || known.name.starts_with(&format!("{}.", result.metric))
        };
        let name = match scores.iter().filter(alike).count() {
            0 => result.metric.clone(),
            before => format!("{}.{}", result.metric, before + 1),
        };
        let comment = result.detail.as_deref().map(|detail| detail.chars().take(1_000).collect());
        scores.push(score(name, value, comment, is_judge(result)));
    }
    if let (_, Some(mean)) = case_verdict(results, None) {
        scores.push(score(QUALITY.to_string(), mean, None, results.iter().any(is_judge)));
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_core::report::Verdict;

    fn result(metric: &str, verdict: Verdict, score: Option<f64>) -> CheckResult {
        CheckResult { metric: metric.into(), score, ..CheckResult::plain(metric, verdict, None) }
    }

    fn record() -> CallRecord {
        let model = "p/m".parse().unwrap();
        CallRecord::begun("c".into(), 1, CallPurpose::Serve, "app".into(), model)
    }

    fn told(results: &[CheckResult]) -> Vec<(String, f64, &'static str)> {
        let scores = scores(&record(), results, 7);
        let each = scores.into_iter();
        each.map(|score| (score.name, score.value.number().unwrap(), score.source.word())).collect()
    }

    #[test]
    fn each_check_has_a_score_and_all_have_a_mean() {
        let told = told(&[
            result("contains", Verdict::Pass, None),
            result("contains", Verdict::Fail, None),
            result("judge", Verdict::Pass, Some(0.75)),
        ]);
        let of = |name: &str, value, source| (name.to_string(), value, source);
        assert_eq!(
            told[..3],
            [
                of("contains", 1.0, "check"),
                of("contains.2", 0.0, "check"),
                of("judge", 0.75, "judge"),
            ]
        );
        assert_eq!((told[3].0.as_str(), told[3].2), ("quality", "judge"));
        assert!((told[3].1 - 1.75 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn what_could_not_be_told_is_no_score_and_leaves_no_mean() {
        let failed = result("judge", Verdict::Error, None);
        assert_eq!(told(std::slice::from_ref(&failed)), []);
        assert_eq!(told(&[result("json", Verdict::Pass, None), failed]).len(), 1);
    }

    #[test]
    fn what_callers_add_is_shown_too() {
        let mut record = record();
        assert_eq!(given(&record), None);
        record.input = Some(r#"{"variables":{"a":1},"messages":[]}"#.into());
        assert_eq!(given(&record).unwrap().len(), 1);
        record.input = Some(r#"{"variables":{"a":1},"messages":[{"role":"user"}]}"#.into());
        assert_eq!(given(&record).unwrap().len(), 2);
    }
}
