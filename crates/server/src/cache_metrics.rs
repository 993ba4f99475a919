//! Caches as metrics: counted as calls end, and the rest set when it is asked for.

use std::sync::atomic::AtomicU64;

use gatemark_core::call::CallRecord;
use gatemark_gateway::CacheStats;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct UseLabels {
    prompt: String,
    model: String,
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SavedLabels {
    prompt: String,
    model: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CacheLabels {
    cache: String,
}

type PerCache = Family<CacheLabels, Gauge<f64, AtomicU64>>;

/// Calls by what a cache had to do with them, and what each cache holds.
#[derive(Default)]
pub(crate) struct CacheMetrics {
    calls: Family<UseLabels, Counter>,
    saved: Family<SavedLabels, Counter<f64, AtomicU64>>,
    entries: PerCache,
    bytes: PerCache,
    embeddings: PerCache,
    failures: PerCache,
    seconds: PerCache,
    search: PerCache,
    cost: PerCache,
}

impl CacheMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("cache_calls", "Calls that a cache is about", self.calls.clone());
        let help = "What answers given again would have cost, in US dollars";
        registry.register("cache_saved_usd", help, self.saved.clone());
        let mut gauge = |name: &str, help: &str, family: &PerCache| {
            registry.register(name, help, family.clone());
        };
        gauge("cache_entries", "Answers that are kept", &self.entries);
        gauge("cache_bytes", "Bytes that they take", &self.bytes);
        gauge("cache_embeddings", "Texts made vectors of since the start", &self.embeddings);
        gauge("cache_embedding_failures", "Times that this failed", &self.failures);
        gauge("cache_embedding_seconds", "Time that it took", &self.seconds);
        gauge("cache_search_seconds", "Time that comparing took", &self.search);
        gauge("cache_embedding_cost_usd", "What it cost", &self.cost);
    }

    /// One call has ended; `model` is its label.
    pub(crate) fn ended(&self, record: &CallRecord, model: &str) {
        let Some(how) = record.cache else { return };
        let prompt = record.prompt.as_ref().map(ToString::to_string).unwrap_or_default();
        let model = model.to_string();
        let labels = UseLabels { prompt: prompt.clone(), model: model.clone(), result: how.word() };
        self.calls.get_or_create(&labels).inc();
        if record.cached {
            let saved = self.saved.get_or_create(&SavedLabels { prompt, model });
            saved.inc_by(record.saved.as_usd().max(0.0));
        }
    }

    /// Shows the present.
    pub(crate) fn show(&self, caches: &[CacheStats]) {
        for cache in caches {
            let labels = CacheLabels { cache: cache.name.clone() };
            let set = |family: &PerCache, value: f64| {
                family.get_or_create(&labels).set(value);
            };
            set(&self.entries, whole(cache.entries));
            set(&self.bytes, whole(cache.bytes));
            set(&self.embeddings, whole(cache.embeddings));
            set(&self.failures, whole(cache.embedding_failures));
            set(&self.seconds, whole(cache.embedding_us) / 1e6);
            set(&self.search, whole(cache.search_us) / 1e6);
            set(&self.cost, cache.embedding_cost.as_usd());
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn whole(number: u64) -> f64 {
    number as f64
}
