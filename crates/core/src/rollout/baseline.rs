//! What control's calls were like before a rollout, from which its limits are frozen.

use serde::{Deserialize, Serialize};

use super::observation::Seen;
use crate::call::{CallRecord, Outcome};
use crate::stats::quantile::nearest_rank;

/// Least number of calls of which quantiles are taken.
const ENOUGH: usize = 200;

/// Figures of control's calls. A figure that too few calls show is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// How many calls.
    pub calls: u64,
    /// Share that ended with an error.
    pub errors: Option<f64>,
    /// Share that was off format.
    pub off_format: Option<f64>,
    /// Share for which the static fallback was served.
    pub fallbacks: Option<f64>,
    /// Share that took more than one attempt or a repair.
    pub retries: Option<f64>,
    /// The 95th percentile of latency, in microseconds.
    pub p95_us: Option<f64>,
    /// The mean cost, in nano-USD.
    pub cost: Option<f64>,
    /// The 99.9th percentile of the cost, in nano-USD.
    pub cost_p999: Option<f64>,
}

impl Baseline {
    /// The figures of `records`.
    #[allow(clippy::cast_precision_loss)]
    pub fn of(records: &[CallRecord]) -> Self {
        let seen: Vec<Seen> = records.iter().filter_map(Seen::of).collect();
        let share = |fits: fn(&Seen) -> bool| {
            let hits = seen.iter().filter(|seen| fits(seen)).count();
            (!seen.is_empty()).then(|| hits as f64 / seen.len() as f64)
        };
        let (mut latencies, mut costs) = (Vec::<u64>::new(), Vec::<i64>::new());
        for one in &seen {
            let Seen::Call { latency_us, cost, .. } = one else { continue };
            latencies.extend(latency_us);
            costs.extend(cost.map(|cost| cost.0));
        }
        let enough = |values: usize| values >= ENOUGH;
        let mean = costs.iter().map(|cost| *cost as f64).sum::<f64>() / costs.len().max(1) as f64;
        Self {
            calls: seen.len() as u64,
            errors: share(|seen| matches!(seen, Seen::Call { outcome: Outcome::Error, .. })),
            off_format: share(|seen| {
                matches!(seen, Seen::Call { outcome: Outcome::OffFormat, .. })
            }),
            fallbacks: share(|seen| matches!(seen, Seen::Call { outcome: Outcome::Fallback, .. })),
            retries: share(|seen| matches!(seen, Seen::Call { retried: true, .. })),
            p95_us: nearest_rank(&latencies, 0.95)
                .filter(|_| enough(latencies.len()))
                .map(|us| us as f64),
            cost: (!costs.is_empty()).then_some(mean),
            cost_p999: nearest_rank(&costs, 0.999)
                .filter(|_| enough(costs.len()))
                .map(|nano| nano as f64),
        }
    }
}
