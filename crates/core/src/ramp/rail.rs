//! Guardrails as they are planned: what is looked at, and how much worse still passes.

use serde::{Deserialize, Serialize};

use crate::guardrail::{Against, Better, Guardrail, Measure};

/// Latency above which a call is slow if nothing is known of control's, in microseconds.
const SLOW_US: f64 = 10_000_000.0;

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "name")]
pub enum Metric {
    /// Share of calls that end with an error.
    Errors,
    /// Share of answers that are not in the demanded form.
    OffFormat,
    /// Share of calls for which the static fallback is served.
    Fallbacks,
    /// Share of calls that take more than one attempt or a repair.
    Retries,
    /// Share of calls that are slower than control's 95th percentile was.
    Latency,
    /// Mean cost of a call.
    Cost,
    /// A score by its name: quality, feedback, one's own.
    Score(String),
}

/// A guardrail as it is planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RailPlan {
    /// What is looked at.
    pub metric: Metric,
    /// How much worse still passes: a share of calls, a part of a score, or for costs a fraction.
    pub margin: f64,
    /// The fixed mean that it is compared with, in place of control: a share, a score, or nano-USD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// Latency above which a call is slow, in microseconds, or cost as which every higher one counts, in
    /// nano-USD; by default taken from control's calls before the rollout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// Bounds of a score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<(f64, f64)>,
    /// Whether a high score is good.
    #[serde(default = "higher")]
    pub better: Better,
    /// Scored units of the candidate before it may pass.
    pub least: u64,
}

fn higher() -> Better {
    Better::Higher
}

impl RailPlan {
    /// One with the usual margin: 2 points of shares, 5 of slow calls, 3 of scores, a tenth of costs.
    #[must_use]
    pub fn new(metric: Metric) -> Self {
        let margin = match metric {
            Metric::Latency | Metric::Retries => 0.05,
            Metric::Cost => 0.1,
            Metric::Score(_) => 0.03,
            _ => 0.02,
        };
        let (limit, above, bounds) = (None, None, None);
        Self { metric, margin, limit, above, bounds, better: Better::Higher, least: 500 }
    }

    /// What every call shows by itself. Scores are judged only where somebody gives them.
    pub fn usual() -> Vec<Self> {
        let metrics = [
            Metric::Errors,
            Metric::OffFormat,
            Metric::Fallbacks,
            Metric::Retries,
            Metric::Latency,
            Metric::Cost,
        ];
        metrics.map(Self::new).to_vec()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match &self.metric {
            Metric::Errors => "errors",
            Metric::OffFormat => "off_format",
            Metric::Fallbacks => "fallbacks",
            Metric::Retries => "retries",
            Metric::Latency => "latency",
            Metric::Cost => "cost",
            Metric::Score(name) => name,
        }
    }

    /// The metric that `name` names; any other name is a score's.
    pub fn metric_named(name: &str) -> Metric {
        match name {
            "errors" => Metric::Errors,
            "off_format" => Metric::OffFormat,
            "fallbacks" => Metric::Fallbacks,
            "retries" => Metric::Retries,
            "latency" => Metric::Latency,
            "cost" => Metric::Cost,
            score => Metric::Score(score.to_string()),
        }
    }

    /// What is wrong with it.
    pub fn problems(&self) -> Vec<String> {
        let found = self.guardrail(None, 1e9).problems();
        found.into_iter().map(|(field, why)| format!("{field} {why}")).collect()
    }

    /// The test that it becomes: `slow` is control's 95th percentile, if that is known, and `cap` the cost as
    /// which every higher one counts. What the plan says itself goes before.
    pub fn guardrail(&self, slow: Option<f64>, cap: f64) -> Guardrail {
        let measure = match &self.metric {
            Metric::Latency => {
                Measure::Slow { limit: self.above.or(slow).unwrap_or(SLOW_US).max(1.0) }
            }
            Metric::Cost => Measure::Amount { cap: self.above.unwrap_or(cap).max(1.0) },
            Metric::Score(_) => {
                let (low, high) = self.bounds.unwrap_or((0.0, 1.0));
                Measure::Score { low, high, better: self.better }
            }
            _ => Measure::Share { better: Better::Lower },
        };
        let against = self.limit.map_or(Against::Control, Against::Limit);
        let usual = Guardrail::non_inferior(measure, self.margin);
        Guardrail { against, least: self.least, ..usual }
    }
}
