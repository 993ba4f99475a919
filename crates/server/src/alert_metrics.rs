//! Alerts as metrics, as they were at the last look.

use gatemark_control::alerting::AlertCounts;
use gatemark_core::alert::Status;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SignalLabels {
    rule: String,
    state: &'static str,
}

/// How many alerts there are, what monitors see, and how many messages are not delivered.
#[derive(Default)]
pub(crate) struct AlertMetrics {
    signals: Family<SignalLabels, Gauge>,
    alerts: Family<StateLabels, Gauge>,
    messages: Family<StateLabels, Gauge>,
}

impl AlertMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("alerts", "Alerts by state", self.alerts.clone());
        let help = "Messages to alert channels that are not delivered: they wait, or were given up";
        registry.register("alert_messages", help, self.messages.clone());
        let help = "What monitors and probes saw at their last look: series by rule and state";
        registry.register("signals", help, self.signals.clone());
    }

    pub(crate) fn show(&self, counts: &AlertCounts) {
        let set = |family: &Family<StateLabels, Gauge>, state, count: u64| {
            let gauge = family.get_or_create(&StateLabels { state });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        };
        for status in Status::ALL {
            let count = counts.alerts.get(status.word()).copied().unwrap_or_default();
            set(&self.alerts, status.word(), count);
        }
        set(&self.messages, "waiting", counts.waiting);
        set(&self.messages, "dead", counts.dead);
        // A rule that is not looked at any more is gone.
        self.signals.clear();
        for ((rule, state), count) in &counts.signals {
            let labels = SignalLabels { rule: rule.clone(), state };
            self.signals.get_or_create(&labels).set(i64::try_from(*count).unwrap_or(i64::MAX));
        }
    }
}
