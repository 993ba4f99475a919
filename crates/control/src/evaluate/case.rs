//! One case asked once.

use std::sync::Arc;

use gatemark_core::access::{Caller, Role};
use gatemark_core::call::{CallPurpose, Outcome};
use gatemark_core::error::Result;
use gatemark_core::model::Usage;
use gatemark_core::report::{CheckResult, Row, Verdict, case_verdict};
use gatemark_core::suite::Case;
use gatemark_gateway::{Answers, Body, Failure, Incoming, Recall, Reply, Target, clock};
use gatemark_text::check::Observation;
use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

use super::plan::Plan;
use crate::Control;
use crate::checks::{Assertion, Seen};
use crate::lanes::Lanes;
use crate::rival::Setting;

/// How a case is asked.
pub(super) struct Asking<'a> {
    pub(super) plan: &'a Plan,
    /// Who asks.
    pub(super) actor: &'a str,
    pub(super) recall: Option<Recall>,
    pub(super) lanes: &'a Lanes,
    /// The row's place in the run.
    pub(super) ordinal: u64,
}

/// Asks `case` for the `repeat`th time and judges the answer. The turn with the model's provider ends with
/// its answer: judges wait for turns of their own.
pub(super) async fn ask(
    control: &Control,
    asking: Asking<'_>,
    (case, repeat): (&Case, u32),
    turn: Option<SemaphorePermit<'_>>,
) -> Row {
    let Asking { plan, actor, recall, lanes, ordinal } = asking;
    let incoming = Incoming::new(
        Caller { name: actor.to_string(), roles: vec![Role::Edit] },
        CallPurpose::Test,
        Target::Exact {
            release: plan.release.clone(),
            model: plan.model.clone(),
            variables: case.variables.clone(),
            recall: recall.clone(),
        },
    );
    let answers = recall.map(|recall| recall.answers);
    let began = Instant::now();
    let result = control.gateway.call(incoming).await;
    drop(turn);
    let row = Row {
        verdict: Verdict::Error,
        latency_us: clock::micros(began.elapsed()),
        weight: case.weight,
        ..unasked(&case.id, &case.category, repeat, "")
    };
    match result {
        Ok(reply) => {
            let asked = Asked { plan, case, repeat, answers: answers.as_ref(), lanes, ordinal };
            answered(control, asked, row, reply).await
        }
        Err(failure) => failed(row, failure),
    }
}

/// A row of a case that was not asked, and why not.
pub(super) fn unasked(case: &str, category: &str, repeat: u32, why: &str) -> Row {
    Row {
        case: case.to_string(),
        category: category.to_string(),
        repeat,
        verdict: Verdict::Untested,
        score: None,
        format_valid: false,
        actual: String::new(),
        checks: vec![],
        error: (!why.is_empty()).then(|| why.to_string()),
        latency_us: 0,
        cost: None,
        paid: None,
        weight: None,
        cached: false,
        call: String::new(),
    }
}

/// What an answer is an answer to.
struct Asked<'a> {
    plan: &'a Plan,
    case: &'a Case,
    repeat: u32,
    answers: Option<&'a Arc<dyn Answers>>,
    lanes: &'a Lanes,
    ordinal: u64,
}

/// An answer from the static fallback is no evidence about the model: it fails whatever it says.
async fn answered(control: &Control, asked: Asked<'_>, mut row: Row, reply: Reply) -> Row {
    let Asked { plan, case, repeat, answers, lanes, ordinal } = asked;
    let facts = reply.facts;
    row.call = facts.call;
    row.cost = facts.worth;
    row.cached = facts.recalled_us.is_some();
    let paid = facts.cost.unwrap_or_default();
    row.paid = (paid != row.paid()).then_some(paid);
    row.latency_us = facts.recalled_us.unwrap_or(facts.vendor_us);
    let (mut tool_calls, mut usage) = (None, Usage::default());
    if let Body::Whole(answer) = reply.body {
        tool_calls = answer.tool_calls.map(|calls| calls.get().to_string());
        usage = answer.usage.unwrap_or_default();
        row.actual = answer.text;
    }
    let outcome = facts.outcome.unwrap_or(Outcome::Error);
    row.format_valid = matches!(outcome, Outcome::Ok | Outcome::Insufficient);
    if outcome == Outcome::Fallback {
        return fallen_back(row, facts.reason.unwrap_or_default());
    }
    let system = plan.release.system_text(&plan.model, &case.variables);
    let own = plan.own(case);
    let (Ok(system), Ok(own)) = (&system, &own) else {
        row.error = first_error(&system, &own);
        return row;
    };
    let actual = std::mem::take(&mut row.actual);
    let observation = Observation {
        answer: &actual,
        expected: case.expected.as_ref(),
        schema: plan.release.version.content.output.schema.as_ref(),
        latency_us: row.latency_us,
        cost: row.cost,
        tool_calls: tool_calls.as_deref(),
        usage,
        variables: &case.variables,
        system,
    };
    let cases = plan.suite.cases.len() as u64;
    let setting = Setting {
        version: &plan.version,
        suite: &plan.digest,
        cases,
        place: ordinal % cases.max(1),
        repeat,
    };
    let (setting, purpose) = (Some(setting), CallPurpose::Test);
    let seen = Seen { observation, case, repeat, answers, setting, lanes, purpose };
    for assertion in own {
        // What is wrong was told before the run; if it came since, the check itself tells.
        assertion.prepare(&plan.judges, control).await.ok();
    }
    for assertion in plan.common.iter().chain(own) {
        row.checks.push(assertion.evaluate(&seen, control).await);
    }
    (row.verdict, row.score) = case_verdict(&row.checks, case.threshold);
    row.actual = actual;
    row
}

fn first_error(system: &Result<String>, own: &Result<Vec<Assertion>>) -> Option<String> {
    let system = system.as_ref().err();
    system.or(own.as_ref().err()).map(ToString::to_string)
}

fn fallen_back(mut row: Row, reason: String) -> Row {
    let off_format = reason == "off_format";
    row.verdict = if off_format { Verdict::Fail } else { Verdict::Error };
    let detail = if off_format {
        "off format; the static fallback was served".to_string()
    } else {
        format!("the vendor failed ({reason}); the static fallback was served")
    };
    row.error = (!off_format).then(|| detail.clone());
    row.checks.push(CheckResult::plain("the model's own answer", row.verdict, Some(detail)));
    row
}

fn failed(mut row: Row, failure: Failure) -> Row {
    row.call = failure.call.unwrap_or_default();
    row.error = Some(failure.error.to_string());
    row
}
