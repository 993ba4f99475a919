//! Guardrails at work: what of an observation each of them takes, and what it says.

use serde::{Deserialize, Serialize};

use super::baseline::Baseline;
use super::observation::Seen;
use crate::call::Outcome;
use crate::guardrail::{Against, Better, Decision, Evidence, Goal, Guardrail, Measure, Verdict};
use crate::ramp::{Metric, RailPlan};

/// What control's mean was before the rollout, in the measure's unit, if that is known.
fn expected(plan: &RailPlan, baseline: &Baseline) -> Option<f64> {
    match &plan.metric {
        Metric::Errors => baseline.errors,
        Metric::OffFormat => baseline.off_format,
        Metric::Fallbacks => baseline.fallbacks,
        Metric::Retries => baseline.retries,
        Metric::Latency => {
            let frozen = plan.above.is_none() && baseline.p95_us.is_some();
            frozen.then_some(0.05)
        }
        Metric::Cost => baseline.cost.filter(|mean| *mean > 0.0),
        Metric::Score(_) => None,
    }
}

fn yes(fact: bool) -> f64 {
    f64::from(u8::from(fact))
}

/// A guardrail at work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rail {
    /// What was planned.
    pub plan: RailPlan,
    /// The test.
    pub guardrail: Guardrail,
    /// What it has seen.
    pub evidence: Evidence,
    /// When a call of the candidate last gave it something, in microseconds since 1970.
    pub heard: Option<i64>,
}

impl Rail {
    /// A planned guardrail with limits from what control was like; `None` for costs of a model without a price,
    /// which nobody can compare.
    pub fn new(plan: &RailPlan, baseline: &Baseline) -> Option<Self> {
        let expected = expected(plan, baseline);
        if plan.metric == Metric::Cost && expected.is_none() {
            return None;
        }
        let cap = baseline.cost_p999.or(baseline.cost.map(|mean| 10.0 * mean)).unwrap_or(1e9);
        let guardrail = plan.guardrail(baseline.p95_us, cap);
        let evidence = Evidence::new(&guardrail, expected);
        Some(Self { plan: plan.clone(), guardrail, evidence, heard: None })
    }

    /// What of `seen` it looks at.
    pub fn value(&self, seen: &Seen) -> Option<f64> {
        #[allow(clippy::cast_precision_loss)]
        match (&self.plan.metric, seen) {
            (Metric::Score(wanted), Seen::Score { name, value }) => {
                (wanted == name).then_some(*value)
            }
            (Metric::Score(_), _) | (_, Seen::Score { .. }) => None,
            (metric, Seen::Call { outcome, retried, latency_us, cost }) => match metric {
                Metric::Errors => Some(yes(*outcome == Outcome::Error)),
                Metric::OffFormat => Some(yes(*outcome == Outcome::OffFormat)),
                Metric::Fallbacks => Some(yes(*outcome == Outcome::Fallback)),
                Metric::Retries => Some(yes(*retried)),
                Metric::Latency => latency_us.map(|us| us as f64),
                Metric::Cost => cost.map(|cost| cost.0 as f64),
                Metric::Score(_) => None,
            },
        }
    }

    /// What it says so far.
    pub fn verdict(&self) -> Verdict {
        self.guardrail.judge(&self.evidence)
    }

    /// The same guardrail for a candidate that serves everybody: there is no control to compare it with any
    /// more, so it is held to what control's mean was, and the margin; to what it was in the `baseline` where a
    /// person was faster than the evidence.
    ///
    /// `None` where that would be no limit: a cost of nothing, a share that leaves no room.
    pub fn watching(&self, baseline: &Baseline) -> Option<Self> {
        let control = self.verdict().control.or_else(|| expected(&self.plan, baseline));
        let Goal::NonInferior(margin) = self.guardrail.goal else { return None };
        let limit = match (self.guardrail.against, self.guardrail.measure) {
            (Against::Limit(limit), _) => limit,
            (_, Measure::Amount { .. }) => control? * (1.0 + margin),
            (_, Measure::Score { better: Better::Higher, .. }) => control? - margin,
            (_, Measure::Share { better: Better::Higher }) => control? - margin,
            _ => control? + margin,
        };
        let guardrail = Guardrail { against: Against::Limit(limit), ..self.guardrail };
        let evidence = Evidence::new(&guardrail, control);
        let plan = RailPlan { limit: Some(limit), ..self.plan.clone() };
        let usable = guardrail.problems().is_empty();
        usable.then_some(Self { plan, guardrail, evidence, heard: None })
    }

    /// Whether it is content with a promotion. Costs that never differ teach its test nothing, since it reckons
    /// with a spread: there the means themselves say it.
    pub fn is_content(&self, verdict: &Verdict) -> bool {
        if verdict.decision == Decision::Pass {
            return true;
        }
        let (Measure::Amount { .. }, Goal::NonInferior(margin)) =
            (self.guardrail.measure, self.guardrail.goal)
        else {
            return false;
        };
        let base = match self.guardrail.against {
            Against::Control => verdict.control,
            Against::Limit(limit) => Some(limit),
        };
        let constant = verdict.interval.is_some_and(|interval| interval.low >= interval.high);
        constant
            && verdict.candidate_units >= self.guardrail.least
            && base.zip(verdict.candidate).is_some_and(|(base, mean)| mean <= base * (1.0 + margin))
    }
}
