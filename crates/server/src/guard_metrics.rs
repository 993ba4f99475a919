//! What guards found, as metrics.

use gatemark_core::call::CallRecord;
use gatemark_core::guard::Verdict;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Verdicts {
    /// Empty for plain calls.
    prompt: String,
    verdict: &'static str,
    /// Whether it had consequences.
    enforced: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Rules {
    prompt: String,
    layer: &'static str,
    rule: String,
}

/// Calls that were flagged or blocked, and by which rules. Rules are a fixed list, so series are bounded.
#[derive(Default)]
pub(crate) struct GuardMetrics {
    verdicts: Family<Verdicts, Counter>,
    rules: Family<Rules, Counter>,
}

impl GuardMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Calls that guards would have a person look at, or refused";
        registry.register("guard_calls", help, self.verdicts.clone());
        let help = "Of these, those in which the rule found something";
        registry.register("guard_findings", help, self.rules.clone());
    }

    pub(crate) fn ended(&self, record: &CallRecord) {
        let Some(guard) = &record.guard else { return };
        let verdict = match guard.verdict {
            Verdict::Allow => return,
            Verdict::Flag => "flag",
            Verdict::Block => "block",
        };
        let prompt = record.prompt.as_ref().map(ToString::to_string).unwrap_or_default();
        let enforced = if guard.enforced { "true" } else { "false" };
        let labels = Verdicts { prompt: prompt.clone(), verdict, enforced };
        self.verdicts.get_or_create(&labels).inc();
        let mut seen: Vec<_> = guard
            .findings
            .iter()
            .map(|found| (found.finding.layer.word(), found.finding.rule.clone()))
            .collect();
        seen.sort_unstable();
        seen.dedup();
        for (layer, rule) in seen {
            let labels = Rules { prompt: prompt.clone(), layer, rule };
            self.rules.get_or_create(&labels).inc();
        }
    }
}
