//! Stops as metrics, set when they are asked for.

use gatemark_core::stop::{StopScope, Stops};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What is stopped is named by its kind and not by its name: anybody may stop a prompt that is not there.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ScopeLabels {
    scope: &'static str,
}

/// How many stops are in force.
#[derive(Default)]
pub(crate) struct StopMetrics {
    stops: Family<ScopeLabels, Gauge>,
}

impl StopMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Hard stops in force, by what they stop";
        registry.register("stops", help, self.stops.clone());
    }

    pub(crate) fn show(&self, stops: &Stops) {
        for scope in StopScope::KINDS {
            let count = stops.in_force().filter(|order| order.scope.kind() == scope).count();
            let gauge = self.stops.get_or_create(&ScopeLabels { scope });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}
