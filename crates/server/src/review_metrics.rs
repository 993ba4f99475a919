//! The review queue as metrics, as it stands when they are asked for.

use gatemark_control::reviews::standing::ReviewStanding;
use gatemark_core::review::Cause;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabels {
    environment: String,
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PlaceLabels {
    environment: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CauseLabels {
    environment: String,
    cause: &'static str,
}

/// What waits, how long, and what found no room.
#[derive(Default)]
pub(crate) struct ReviewMetrics {
    calls: Family<StateLabels, Gauge>,
    oldest: Family<PlaceLabels, Gauge>,
    turned_away: Family<CauseLabels, Gauge>,
}

impl ReviewMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Undecided calls of the review queue: open, claimed, and of both those that are overdue";
        registry.register("review_queue", help, self.calls.clone());
        let help = "Age of the oldest undecided call of the review queue";
        registry.register_with_unit("review_oldest", help, Unit::Seconds, self.oldest.clone());
        let help = "Calls that found no room in the review queue, since the database was made";
        registry.register("review_turned_away", help, self.turned_away.clone());
    }

    /// Shows the queues as they stand at `now`, in microseconds since 1970.
    pub(crate) fn show(&self, standing: &[ReviewStanding], now: i64) {
        // What is empty and has no settings is not told any more.
        self.calls.clear();
        self.oldest.clear();
        self.turned_away.clear();
        let shown = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        for place in standing {
            let environment = || place.environment.clone();
            let states =
                [("open", place.open), ("claimed", place.claimed), ("overdue", place.overdue)];
            for (state, count) in states {
                let labels = StateLabels { environment: environment(), state };
                self.calls.get_or_create(&labels).set(shown(count));
            }
            let age = place.oldest.map_or(0, |oldest| now.saturating_sub(oldest) / 1_000_000);
            let labels = PlaceLabels { environment: environment() };
            self.oldest.get_or_create(&labels).set(age.max(0));
            for cause in Cause::ALL {
                let count = place.turned_away.get(&cause).copied().unwrap_or_default();
                let labels = CauseLabels { environment: environment(), cause: cause.word() };
                self.turned_away.get_or_create(&labels).set(shown(count));
            }
        }
    }
}
