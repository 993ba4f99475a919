//! What a cascade does in production, from the call log: where calls end, what that saves, where going up
//! was for nothing, and where a person found that staying was wrong.

use std::collections::{BTreeMap, HashMap};

use gatemark_core::call::{CallPurpose, CallRecord, Outcome};
use gatemark_core::cascade::Reason;
use gatemark_core::error::Result;
use gatemark_core::id::PromptName;
use gatemark_core::money::NanoUsd;
use gatemark_core::review::Finding;
use gatemark_store::call::CallFilter;
use gatemark_store::{ReviewFilter, Standing};
use serde::Serialize;

use crate::Control;

/// Most calls that a report looks at, the newest.
pub const MOST_CALLS: u32 = 100_000;

/// Calls that ended at one step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AtStep {
    /// The step, from 1.
    pub step: u32,
    /// The model that answered most of them.
    pub model: String,
    /// How many.
    pub calls: u64,
    /// Of these, answered by the static fallback or off format in the end.
    pub bad: u64,
    /// Of all, those whose answer a person has looked at.
    pub reviewed: u64,
    /// Of these, found wrong.
    pub wrong: u64,
    /// What they cost, lower steps included, in nano-dollars.
    pub cost: i64,
    /// What they saved against asking the last step alone; below zero if they cost more.
    pub saved: i64,
}

/// What judges of answers were asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AskedJudges {
    /// Answers that a judge was asked about.
    pub answers: u64,
    /// Of these, without a verdict: it failed, was late, or its reply was none.
    pub without_verdict: u64,
    /// What they cost, as far as prices are known, in nano-dollars; it is part of what the calls cost.
    pub cost: i64,
}

/// A cascade's report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CascadeReport {
    /// Calls with a cascade that were answered.
    pub calls: u64,
    /// By the step that answered.
    pub steps: Vec<AtStep>,
    /// How often each sign made a call go up.
    pub reasons: BTreeMap<Reason, u64>,
    /// What the judge was asked, if the cascade goes up by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<AskedJudges>,
    /// Calls that went up at least once.
    pub went_up: u64,
    /// Of these, with the same answer as one step below: going up was for nothing.
    pub same: u64,
    /// Answers of steps below the last that a person has looked at.
    pub stayed_reviewed: u64,
    /// Of these, found wrong: going up might have helped.
    pub stayed_wrong: u64,
    /// What all calls saved against the last step alone, in nano-dollars; below zero if they cost more.
    pub saved: i64,
    /// Calls without a price for the last step or the answer, which `saved` leaves out.
    pub unpriced: u64,
}

impl CascadeReport {
    fn add(&mut self, record: &CallRecord, found: Option<Finding>) {
        let Some(climb) = &record.cascade else { return };
        self.calls += 1;
        let saved = climb.saved.map(|saved| saved.0);
        self.unpriced += u64::from(saved.is_none());
        self.saved += saved.unwrap_or_default();
        climb.why.iter().for_each(|why| *self.reasons.entry(*why).or_default() += 1);
        for judged in &climb.judged {
            let sum = self.judge.get_or_insert_default();
            sum.answers += 1;
            sum.without_verdict += u64::from(judged.score.is_none());
            sum.cost += judged.cost.unwrap_or_default().0;
        }
        self.went_up += u64::from(!climb.why.is_empty());
        self.same += u64::from(climb.same == Some(true));
        let (reviewed, wrong) =
            (u64::from(found.is_some()), u64::from(found == Some(Finding::Wrong)));
        if climb.step < climb.of {
            self.stayed_reviewed += reviewed;
            self.stayed_wrong += wrong;
        }
        let place = self.steps.iter().position(|at| at.step == climb.step);
        let place = place.unwrap_or_else(|| {
            let (step, model) = (climb.step, record.model.to_string());
            self.steps.push(AtStep { step, model, ..AtStep::default() });
            self.steps.len() - 1
        });
        if let Some(at) = self.steps.get_mut(place) {
            at.calls += 1;
            at.bad += u64::from(matches!(record.outcome, Outcome::Fallback | Outcome::OffFormat));
            at.reviewed += reviewed;
            at.wrong += wrong;
            at.cost += record.cost.0;
            at.saved += saved.unwrap_or_default();
        }
    }

    /// What was saved.
    pub fn saved(&self) -> NanoUsd {
        NanoUsd(self.saved)
    }
}

impl Control {
    /// What the cascades of a prompt's versions did to the newest served calls.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn cascade_report(
        &self,
        prompt: &PromptName,
        number: Option<u32>,
        since: Option<i64>,
    ) -> Result<CascadeReport> {
        let filter = CallFilter {
            prompt: Some(prompt.clone()),
            number,
            since,
            purpose: Some(CallPurpose::Serve),
            limit: MOST_CALLS,
            ..CallFilter::default()
        };
        let mut report = CascadeReport::default();
        let records = self.calls(&filter).await?;
        let looked_at = ReviewFilter {
            standing: Standing::Decided,
            prompt: Some(prompt.clone()),
            limit: u32::MAX,
            ..ReviewFilter::default()
        };
        let reviews = self.store().reviews(&looked_at).await?.into_iter();
        let found: HashMap<String, Finding> =
            reviews.filter_map(|item| Some((item.call, item.desk.resolved?.finding?))).collect();
        for record in &records {
            report.add(record, found.get(&record.id).copied());
        }
        report.steps.sort_by_key(|at| at.step);
        Ok(report)
    }
}
