//! One call of a judge.

use std::sync::Arc;

use gatemark_core::access::{Caller, Role};
use gatemark_core::call::{CallPurpose, Outcome};
use gatemark_core::money::NanoUsd;
use gatemark_gateway::{Answers, Body, Incoming, Recall, Target};
use gatemark_text::judge::brief;
use serde_json::{Map, Value};

use super::bench::Judge;
use crate::Control;
use crate::lanes::Lanes;

/// Who calls, in the call log and to budgets: a judge of a run, and one of production's answers. No key can have the
/// second name.
const CALLER: &str = "judge";
const ONLINE: &str = "gatemark evaluation";

/// What came of one call.
pub(super) struct Said {
    /// The judge's own reply, or why there is none.
    pub(super) reply: Result<String, String>,
    /// What the call cost, if the price is known.
    pub(super) cost: Option<NanoUsd>,
}

/// Which time the same is judged, and where replies of earlier runs are.
#[derive(Clone, Copy)]
pub struct Turn<'a> {
    /// From 1.
    pub repeat: u32,
    /// Kept replies, if they may be used.
    pub answers: Option<&'a Arc<dyn Answers>>,
    /// Where each call waits for its turn.
    pub lanes: &'a Lanes,
    /// What each call is for.
    pub purpose: CallPurpose,
}

impl<'a> Turn<'a> {
    /// Judged once, and asked anew.
    pub fn first(lanes: &'a Lanes) -> Self {
        Self { repeat: 1, answers: None, lanes, purpose: CallPurpose::Test }
    }
}

/// Asks the judge once. `vote` tells calls with the same variables apart, from 1: a kept reply may be used
/// again for the same `vote` only, or else the votes of one judge would all be copies of its first.
pub(super) async fn ask(
    control: &Control,
    judge: &Judge,
    variables: Map<String, Value>,
    vote: u32,
    turn: Turn<'_>,
) -> Said {
    let _lane = turn.lanes.enter(judge.model.provider()).await;
    let recall = turn.answers.map(|answers| Recall { answers: answers.clone(), repeat: vote });
    let caller = if turn.purpose == CallPurpose::Evaluate { ONLINE } else { CALLER };
    let incoming = Incoming::new(
        Caller { name: caller.to_string(), roles: vec![Role::Edit] },
        turn.purpose,
        Target::Exact {
            release: judge.release.clone(),
            model: judge.model.clone(),
            variables,
            recall,
        },
    );
    let reply = match control.gateway.call(incoming).await {
        Ok(reply) => reply,
        Err(failure) => {
            let reply = Err(format!("it could not be asked: {}", failure.error));
            return Said { reply, cost: None };
        }
    };
    let cost = reply.facts.cost;
    let text = match reply.body {
        Body::Whole(answer) => answer.text,
        Body::Stream(_) => String::new(),
    };
    let reply = match reply.facts.outcome {
        Some(Outcome::Ok) => Ok(text),
        Some(Outcome::OffFormat) => {
            Err(format!("its reply does not fit its output schema: {}", brief(&text, 160)))
        }
        Some(Outcome::Insufficient) => Err("it says that it lacks information".to_string()),
        Some(Outcome::Fallback) => Err("a static fallback was served in its place".to_string()),
        _ => Err("it did not reply".to_string()),
    };
    Said { reply, cost }
}

/// The sum of what calls cost; `None` if nothing is known of any.
pub(super) fn sum(costs: impl IntoIterator<Item = Option<NanoUsd>>) -> Option<NanoUsd> {
    costs.into_iter().flatten().reduce(|sum, cost| sum + cost)
}
