//! The queue of calls that people look at: what is in it, and what they do with it.
//!
//! What may be done is decided by [`gatemark_core::review`] and kept by the store; here the time, the environments'
//! settings and the contract of the prompt are put to it. [`export`] turns decisions into rows, [`standing`] says how
//! it goes.

pub mod export;
pub mod standing;

use gatemark_core::call::CallRecord;
use gatemark_core::error::{Error, Result};
use gatemark_core::review::{Act, Decision, Finding, ReviewItem, Reviewing, State};
use gatemark_core::score::Score;
use gatemark_gateway::clock;
use gatemark_store::{CallFilter, ReviewFilter};
use gatemark_text::conform::{Conformance, Contract};
use gatemark_text::redact::{Redactor, Wanted};
use gatemark_text::safety::pii::Kinds;
use serde::Serialize;

use crate::Control;

/// A call in the queue, as it stands now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReviewView {
    /// The call.
    #[serde(flatten)]
    pub item: ReviewItem,
    /// The first reason.
    pub reason: String,
    /// Where it stands.
    pub state: State,
    /// When somebody is to have decided, in microseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<i64>,
    /// Whether nobody has by now.
    pub overdue: bool,
}

/// A call in the queue with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReviewDetail {
    /// The call in the queue.
    pub review: ReviewView,
    /// Its record: texts, if its environment keeps them, model, arm, what guards found.
    pub call: Option<CallRecord>,
    /// What was said of it, oldest first.
    pub scores: Vec<Score>,
}

impl Control {
    /// Calls of the queue, those still in the call log included: what waits, the most pressing first; anything else,
    /// the oldest first. With `late`, only those that somebody was to have decided on by now. The time of the filter
    /// is now.
    pub async fn reviews(&self, filter: &ReviewFilter, late: bool) -> Result<Vec<ReviewView>> {
        self.ship_if_possible().await;
        let now = clock::now_us();
        let overdue = late.then(|| self.late_before(now));
        let filter = ReviewFilter { now, overdue, ..filter.clone() };
        let found = self.store.reviews(&filter).await?;
        Ok(found.into_iter().map(|item| self.view(item, now)).collect())
    }

    /// A call in the queue, with its record and scores.
    ///
    /// # Errors
    /// `NotFound` if it is not in the queue.
    pub async fn review(&self, call: &str) -> Result<ReviewDetail> {
        self.ship_if_possible().await;
        let Some(item) = self.store.review(call).await? else {
            let message = format!("call {call} is not in the review queue");
            return Err(Error::not_found(message).coded("review_not_found"));
        };
        let filter = CallFilter { id: Some(call.into()), limit: 1, ..CallFilter::default() };
        let record = self.store.calls(&filter).await?.into_iter().next();
        let scores = self.store.scores(call).await?;
        Ok(ReviewDetail { review: self.view(item, clock::now_us()), call: record, scores })
    }

    /// What somebody does with a call; the call as it stands then. Secrets in notes and answers give way to
    /// placeholders. With `seen`, only if the call is still at that revision.
    ///
    /// # Errors
    /// `NotFound` if the call is not in the queue; `Conflict` if somebody else has it, is to look at it, has decided,
    /// or has changed it since it was seen; `Invalid` for what is out of bounds, and for an edited answer that does
    /// not keep its version's contract.
    pub async fn act_on_review(
        &self,
        call: &str,
        act: &Act,
        actor: &str,
        seen: Option<i64>,
    ) -> Result<ReviewView> {
        self.ship_if_possible().await;
        let act = &without_secrets(act);
        if let Act::Decide { answer: Some(answer), decision: Decision::Edit, .. } = act {
            self.keeps_contract(call, answer).await?;
        }
        let now = clock::now_us();
        let item = self.store.act_on_review(call, act, (actor, now), seen).await?;
        Ok(self.view(item, now))
    }

    /// Takes what somebody should look at next, for a time in microseconds; `None` if there is nothing. Of the filter,
    /// prompt, environment and cause narrow.
    pub async fn claim_next_review(
        &self,
        filter: &ReviewFilter,
        actor: &str,
        lease_us: i64,
    ) -> Result<Option<ReviewView>> {
        self.ship_if_possible().await;
        let now = clock::now_us();
        let until = now.saturating_add(lease_us);
        let item = self.store.claim_next_review(filter, (actor, now), until).await?;
        Ok(item.map(|item| self.view(item, now)))
    }

    /// Writes down what a person found, whoever found what before.
    ///
    /// # Errors
    /// Those of [`Control::act_on_review`].
    pub async fn resolve_review(
        &self,
        call: &str,
        finding: Finding,
        note: Option<String>,
        actor: &str,
    ) -> Result<()> {
        let decision = finding.decision();
        let act = Act::Decide { decision, answer: None, note, again: true };
        self.act_on_review(call, &act, actor, None).await.map(drop)
    }

    fn reviewing(&self, environment: Option<&str>) -> Reviewing {
        let environments = &self.project.environments;
        let found = environments.values().find(|place| Some(place.name.as_str()) == environment);
        found.map(|place| place.reviewing).unwrap_or_default()
    }

    fn view(&self, item: ReviewItem, now: i64) -> ReviewView {
        let state = item.desk.state(now);
        let due = self.reviewing(item.environment.as_deref()).due(item.at);
        let overdue =
            matches!(state, State::Open | State::Claimed) && due.is_some_and(|due| due < now);
        let reason = item.reasons.first().cloned().unwrap_or_default();
        ReviewView { item, reason, state, due, overdue }
    }

    /// When calls began on which somebody was to have decided by `now`, by environment.
    fn late_before(&self, now: i64) -> Vec<(String, i64)> {
        let places = self.project.environments.values();
        let late = places.filter_map(|place| {
            let sla = place.reviewing.sla_us?;
            Some((place.name.to_string(), now.saturating_sub(sla)))
        });
        late.collect()
    }

    /// An answer that the version could not have given is no example of what it should have said.
    async fn keeps_contract(&self, call: &str, answer: &str) -> Result<()> {
        let Some(item) = self.store.review(call).await? else { return Ok(()) };
        let Some(version) = self.store.version(&item.prompt, item.number).await? else {
            return Ok(());
        };
        let contract = Contract::compile(&version.content.output)
            .map_err(|problem| Error::internal(problem.to_string()))?;
        match contract.judge(answer) {
            Conformance::Valid(_) | Conformance::Insufficient => Ok(()),
            Conformance::OffFormat(why) => {
                let message =
                    format!("the edited answer does not keep the version's contract: {why}");
                Err(Error::invalid(message).at("answer"))
            }
        }
    }
}

/// What people write is kept for ever, and may hold a key that they pasted.
fn without_secrets(act: &Act) -> Act {
    let Act::Decide { decision, answer, note, again } = act else { return act.clone() };
    let mut redactor = Redactor::for_good(Wanted { pii: Kinds::NONE, ..Wanted::all() });
    let mut clean =
        |text: &Option<String>| text.as_deref().map(|text| redactor.redact(text).into_owned());
    let (answer, note) = (clean(answer), clean(note));
    Act::Decide { decision: *decision, answer, note, again: *again }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_key_is_not_kept() {
        let key = format!("AKIA{}", "Q3EGRIQ7MTZ5XK2V");
        let said = |note: String| Act::Decide {
            decision: Decision::Edit,
            answer: Some(format!("{{\"key\": \"{key}\"}}")),
            note: Some(note),
            again: true,
        };
        let Act::Decide { answer, note, again, .. } =
            without_secrets(&said(format!("not {key}, z@y.example")))
        else {
            panic!("another act")
        };
        let (answer, note) = (answer.unwrap(), note.unwrap());
        assert!(!answer.contains(&key) && !note.contains(&key) && again, "{answer} {note}");
        assert!(
            answer.starts_with("{\"key\": \"<") && note.ends_with(", z@y.example"),
            "{answer} {note}"
        );
        let release = Act::Release;
        assert_eq!(without_secrets(&release), release);
    }
}
