//! Rollouts as metrics: what the snapshot in force divides, and what became of copies.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use gatemark_gateway::Gateway;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ArmLabels {
    prompt: String,
    environment: String,
    version: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CopyLabels {
    result: &'static str,
}

/// Shares of candidates, and copies of calls.
#[derive(Default)]
pub(crate) struct RolloutMetrics {
    share: Family<ArmLabels, Gauge<f64, AtomicU64>>,
    shown: Mutex<HashSet<ArmLabels>>,
    copies: Family<CopyLabels, Counter>,
}

impl RolloutMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Share of units that a rollout's candidate has, 0 to 1";
        registry.register("rollout_share", help, self.share.clone());
        let help = "Copies of calls for candidates in a shadow, by what became of them";
        registry.register("shadow_calls", help, self.copies.clone());
    }

    /// Shows the present; what is divided no more goes away.
    pub(crate) fn read(&self, gateway: &Gateway) {
        let snapshot = gateway.snapshot();
        let mut now = HashSet::new();
        for prompt in snapshot.prompts() {
            for (environment, pointer) in snapshot.pointers(prompt).into_iter().flatten() {
                let Some(division) = &pointer.division else { continue };
                for arm in &division.split.arms {
                    let labels = ArmLabels {
                        prompt: prompt.to_string(),
                        environment: environment.to_string(),
                        version: arm.number.to_string(),
                    };
                    let share = f64::from(arm.share()) / f64::from(gatemark_core::assign::WHOLE);
                    self.share.get_or_create(&labels).set(share);
                    now.insert(labels);
                }
            }
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        for gone in shown.difference(&now) {
            self.share.remove(gone);
        }
        *shown = now;
        let copies = gateway.shadows();
        for (result, count) in [("sent", copies.sent), ("dropped", copies.dropped)] {
            let counter = self.copies.get_or_create(&CopyLabels { result });
            counter.inner().fetch_max(count, Ordering::Relaxed);
        }
    }
}
