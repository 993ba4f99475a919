//! The configuration as metrics, set when they are asked for.

use std::sync::atomic::{AtomicU64, Ordering};

use gatemark_control::config_status::ConfigStatus;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

/// Whether what `gatemark.yaml` says is in force.
#[derive(Default)]
pub(crate) struct ConfigMetrics {
    changes: Family<ResultLabels, Counter<u64, AtomicU64>>,
    usable: Gauge,
    loaded: Gauge<f64, AtomicU64>,
    held: Gauge,
    without_evidence: Gauge,
}

impl ConfigMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let changes = "Changes of gatemark.yaml by what became of them";
        registry.register("config_changes", changes, self.changes.clone());
        let usable = "1 if gatemark.yaml as it is now is in force, else 0";
        registry.register("config_last_change_usable", usable, self.usable.clone());
        let loaded = "When the configuration in force was loaded";
        registry.register_with_unit(
            "config_loaded_timestamp",
            loaded,
            Unit::Seconds,
            self.loaded.clone(),
        );
        let held = "Deployments that this server cannot serve";
        registry.register("deployments_held", held, self.held.clone());
        let without = "Models of deployed versions that are not used for want of evidence";
        registry.register("models_without_evidence", without, self.without_evidence.clone());
    }

    #[allow(clippy::cast_precision_loss)]
    pub(crate) fn show(&self, status: &ConfigStatus) {
        for (result, count) in [("applied", status.applied), ("refused", status.refused)] {
            let counter = self.changes.get_or_create(&ResultLabels { result });
            counter.inner().store(count, Ordering::Relaxed);
        }
        self.usable.set(i64::from(status.last_error.is_none()));
        self.loaded.set(status.loaded_at as f64 / 1e6);
        self.held.set(i64::try_from(status.held.len()).unwrap_or(i64::MAX));
        let without = status.without_evidence.len();
        self.without_evidence.set(i64::try_from(without).unwrap_or(i64::MAX));
    }
}
