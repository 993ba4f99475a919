//! Metrics of cascades: where calls ended, what that saved, and what judges of answers said and cost.

use std::sync::atomic::AtomicU64;

use gatemark_core::call::CallRecord;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StepLabels {
    prompt: String,
    step: u32,
    same: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct JudgeLabels {
    prompt: String,
    verdict: &'static str,
}

#[derive(Default)]
pub(crate) struct CascadeMetrics {
    calls: Family<StepLabels, Counter>,
    saved: Gauge<f64, AtomicU64>,
    judged: Family<JudgeLabels, Counter>,
    judging: Counter<f64, AtomicU64>,
}

impl CascadeMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let help =
            "Calls through a cascade by the step that answered; `same` if going up changed nothing";
        registry.register("cascade_calls", help, self.calls.clone());
        let help = "What cascades saved against their last steps alone, since the start";
        registry.register("cascade_saved_usd", help, self.saved.clone());
        let help =
            "Answers of lower steps that a judge was asked about, by whether it gave a verdict";
        registry.register("cascade_judged", help, self.judged.clone());
        let help = "What those judges cost, as part of what the calls cost";
        registry.register("cascade_judge_cost_usd", help, self.judging.clone());
    }

    pub(crate) fn ended(&self, prompt: &str, record: &CallRecord) {
        let Some(climb) = &record.cascade else { return };
        let same = climb.same.map(|same| same.to_string()).unwrap_or_default();
        let labels = StepLabels { prompt: prompt.to_string(), step: climb.step, same };
        self.calls.get_or_create(&labels).inc();
        self.saved.inc_by(climb.saved.unwrap_or_default().as_usd());
        for judged in &climb.judged {
            let verdict = if judged.score.is_some() { "given" } else { "none" };
            let labels = JudgeLabels { prompt: prompt.to_string(), verdict };
            self.judged.get_or_create(&labels).inc();
            self.judging.inc_by(judged.cost.unwrap_or_default().as_usd().max(0.0));
        }
    }
}
