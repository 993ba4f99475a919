//! Prometheus metrics, counted as calls end.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use gatemark_control::alerting::AlertCounts;
use gatemark_control::config_status::ConfigStatus;
use gatemark_control::reviews::standing::ReviewStanding;
use gatemark_core::call::CallRecord;
use gatemark_gateway::{BudgetStanding, CacheStats, Gateway, Meter};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::alert_metrics::AlertMetrics;
use crate::budget_metrics::BudgetMetrics;
use crate::cache_metrics::CacheMetrics;
use crate::cascade_metrics::CascadeMetrics;
use crate::config_metrics::ConfigMetrics;
use crate::conversation_metrics::ConversationMetrics;
use crate::guard_metrics::GuardMetrics;
use crate::resilience::ResilienceMetrics;
use crate::review_metrics::ReviewMetrics;
use crate::rollout_metrics::RolloutMetrics;
use crate::series::{Known, Series};
use crate::stop_metrics::StopMetrics;
use crate::structured_metrics::StructuredMetrics;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CallLabels {
    prompt: String,
    version: String,
    environment: String,
    model: String,
    outcome: String,
    error: String,
    purpose: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ModelLabels {
    prompt: String,
    model: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct TokenLabels {
    model: String,
    direction: &'static str,
}

/// Every metric. Prompts, versions, environments and models come from the registry and the project, so
/// the number of series is bounded by them and never by what callers send.
pub struct Metrics {
    registry: Registry,
    known: Known,
    calls: Family<CallLabels, Counter>,
    latency: Family<ModelLabels, Histogram>,
    overhead: Histogram,
    tokens: Family<TokenLabels, Counter>,
    cost: Family<ModelLabels, Counter<f64, AtomicU64>>,
    cascades: CascadeMetrics,
    caches: CacheMetrics,
    lost: Counter,
    pending: Gauge,
    budgets: BudgetMetrics,
    resilience: ResilienceMetrics,
    config: ConfigMetrics,
    structured: StructuredMetrics,
    conversations: ConversationMetrics,
    rollouts: RolloutMetrics,
    stops: StopMetrics,
    alerts: AlertMetrics,
    reviews: ReviewMetrics,
    guards: GuardMetrics,
}

impl Metrics {
    /// Metrics at zero.
    pub fn new() -> Arc<Self> {
        let mut registry = Registry::with_prefix("gatemark");
        let latency = || Histogram::new(exponential_buckets(0.001, 2.0, 17));
        let metrics = Self {
            known: Known::default(),
            calls: Family::default(),
            latency: Family::new_with_constructor(latency),
            overhead: Histogram::new(exponential_buckets(0.000_05, 2.0, 14)),
            tokens: Family::default(),
            cost: Family::default(),
            cascades: CascadeMetrics::default(),
            caches: CacheMetrics::default(),
            lost: Counter::default(),
            pending: Gauge::default(),
            budgets: BudgetMetrics::default(),
            resilience: ResilienceMetrics::default(),
            config: ConfigMetrics::default(),
            structured: StructuredMetrics::default(),
            conversations: ConversationMetrics::default(),
            rollouts: RolloutMetrics::default(),
            stops: StopMetrics::default(),
            alerts: AlertMetrics::default(),
            reviews: ReviewMetrics::default(),
            guards: GuardMetrics::default(),
            registry: Registry::default(),
        };
        metrics.structured.register(&mut registry);
        registry.register("calls", "Calls that ended", metrics.calls.clone());
        registry.register_with_unit(
            "call_latency",
            "From accepting a call to the end of its answer",
            Unit::Seconds,
            metrics.latency.clone(),
        );
        registry.register_with_unit(
            "gateway_overhead",
            "Time of a call not spent waiting for a vendor",
            Unit::Seconds,
            metrics.overhead.clone(),
        );
        registry.register("tokens", "Tokens by direction", metrics.tokens.clone());
        registry.register("cost_usd", "Cost in US dollars", metrics.cost.clone());
        metrics.cascades.register(&mut registry);
        metrics.caches.register(&mut registry);
        registry.register(
            "call_records_lost",
            "Records not kept because the log was full",
            metrics.lost.clone(),
        );
        registry.register_with_unit(
            "call_log_pending",
            "Size of the call log that is not in the store yet",
            Unit::Bytes,
            metrics.pending.clone(),
        );
        metrics.budgets.register(&mut registry);
        metrics.resilience.register(&mut registry);
        metrics.config.register(&mut registry);
        metrics.conversations.register(&mut registry);
        metrics.rollouts.register(&mut registry);
        metrics.stops.register(&mut registry);
        metrics.alerts.register(&mut registry);
        metrics.reviews.register(&mut registry);
        metrics.guards.register(&mut registry);
        Arc::new(Self { registry, ..metrics })
    }

    /// Shows the caches as they stand.
    pub(crate) fn show_caches(&self, caches: &[CacheStats]) {
        self.caches.show(caches);
    }

    /// Shows the review queues as they stand at `now`, in microseconds since 1970.
    pub(crate) fn show_reviews(&self, standing: &[ReviewStanding], now: i64) {
        self.reviews.show(standing, now);
    }

    /// Shows alerts as they were at the last look.
    pub(crate) fn show_alerts(&self, counts: &AlertCounts) {
        self.alerts.show(counts);
    }

    /// Copies what `gateway` remembers of providers, and what its snapshot divides.
    pub(crate) fn look_at(&self, gateway: &Gateway) {
        self.resilience.read(gateway);
        self.conversations.show(&gateway.conversation_stats());
        self.rollouts.read(gateway);
        self.stops.show(&gateway.stops());
    }

    /// Everything in Prometheus' text format, with `pending` bytes waiting in the call log, and budgets and
    /// the configuration as they stand.
    pub(crate) fn encode(
        &self,
        pending: u64,
        budgets: &[BudgetStanding],
        config: &ConfigStatus,
    ) -> Result<String, std::fmt::Error> {
        self.budgets.show(budgets);
        self.config.show(config);
        self.pending.set(i64::try_from(pending).unwrap_or(i64::MAX));
        let mut buffer = String::new();
        text::encode(&mut buffer, &self.registry)?;
        Ok(buffer)
    }
}

#[allow(clippy::cast_precision_loss)]
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

/// A plain call may name any model of a configured provider, existing or not; only those with a price are
/// known to be few.
fn is_nameless(record: &CallRecord) -> bool {
    record.prompt.is_none() && !record.priced
}

fn model_label(record: &CallRecord) -> String {
    if is_nameless(record) {
        return format!("{}/other", record.model.provider());
    }
    record.model.to_string()
}

impl Metrics {
    /// The counters of calls like this one.
    fn series(&self, record: &CallRecord) -> Series {
        let prompt = record.prompt.as_ref().map(ToString::to_string).unwrap_or_default();
        let model = model_label(record);
        let by_model = ModelLabels { prompt: prompt.clone(), model: model.clone() };
        let environment = record.environment.as_ref().map(ToString::to_string);
        let labels = CallLabels {
            prompt,
            version: record.number.map(|number| number.to_string()).unwrap_or_default(),
            environment: environment.unwrap_or_default(),
            model: model.clone(),
            outcome: record.outcome.word().to_string(),
            error: record.error.clone().unwrap_or_default(),
            purpose: record.purpose.word().to_string(),
        };
        let tokens = |direction| self.tokens(&model, direction);
        Series {
            calls: self.calls.get_or_create(&labels).clone(),
            latency: self.latency.get_or_create(&by_model).clone(),
            cost: self.cost.get_or_create(&by_model).clone(),
            input: tokens("input"),
            output: tokens("output"),
        }
    }

    fn tokens(&self, model: &str, direction: &'static str) -> Counter {
        self.tokens.get_or_create(&TokenLabels { model: model.to_string(), direction }).clone()
    }

    /// What only some calls have.
    fn count_rest(&self, record: &CallRecord) {
        if record.cascade.is_some() {
            let prompt = record.prompt.as_ref().map(ToString::to_string).unwrap_or_default();
            self.cascades.ended(&prompt, record);
        }
        // Of the input: read from the vendor's own prompt cache, and written to it.
        for (direction, count) in
            [("cached_input", record.usage.cached_input), ("cache_write", record.usage.cache_write)]
        {
            if count > 0 {
                self.tokens(&model_label(record), direction).inc_by(count);
            }
        }
        if record.cache.is_some() {
            self.caches.ended(record, &model_label(record));
        }
    }
}

impl Meter for Metrics {
    fn ended(&self, record: &CallRecord) {
        // What may be any name that a caller makes up is not remembered.
        let series = if is_nameless(record) {
            Arc::new(self.series(record))
        } else {
            self.known.of(record, || self.series(record))
        };
        series.calls.inc();
        series.latency.observe(seconds(record.latency_us));
        series.cost.inc_by(record.cost.as_usd().max(0.0));
        series.input.inc_by(record.usage.input);
        series.output.inc_by(record.usage.output);
        self.overhead.observe(seconds(record.gateway_us()));
        self.structured.ended(record);
        self.guards.ended(record);
        self.count_rest(record);
    }

    fn lost(&self) {
        self.lost.inc();
    }

    fn over_budget(&self, budget: &str) {
        self.budgets.refused(budget);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_core::call::CallPurpose;
    use gatemark_core::call::Outcome;

    fn call(model: &str) -> CallRecord {
        let model = model.parse().unwrap();
        let begun = CallRecord::begun("x".into(), 0, CallPurpose::Serve, "app".into(), model);
        CallRecord { outcome: Outcome::Ok, ..begun }
    }

    #[test]
    fn callers_cannot_make_labels() {
        let metrics = Metrics::new();
        for number in 0..50 {
            metrics.ended(&call(&format!("openai/made-up-{number}")));
        }
        let status = ConfigStatus {
            revision: 1,
            registry_revision: 1,
            loaded_at: 2_500_000,
            digest: None,
            files: vec![],
            applied: 3,
            refused: 4,
            last_error: None,
            held: vec![],
            without_evidence: vec![],
        };
        let text = metrics.encode(0, &[], &status).unwrap();
        assert!(text.contains(r#"gatemark_config_changes_total{result="refused"} 4"#), "{text}");
        assert!(text.contains("gatemark_config_last_change_usable 1"), "{text}");
        assert!(!text.contains("made-up"), "{text}");
        assert!(text.contains(r#"model="openai/other",outcome="ok",error="",purpose="serve"} 50"#));
        assert_eq!(model_label(&CallRecord { priced: true, ..call("openai/x") }), "openai/x");
        let prompt = Some("a/b".parse().unwrap());
        assert_eq!(model_label(&CallRecord { prompt, ..call("openai/x") }), "openai/x");
    }
}
