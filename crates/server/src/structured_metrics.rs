//! How prompts' answers keep their form, as metrics.

use gatemark_core::call::{CallRecord, Outcome};
use gatemark_core::context::Selection;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    prompt: String,
    version: String,
}

type Count = Family<Labels, Counter>;

/// One series for each version. Every rate is one of these over `answers`.
#[derive(Default)]
pub(crate) struct StructuredMetrics {
    answers: Count,
    off_format: Count,
    repairs: Count,
    repaired: Count,
    fallbacks: Count,
    insufficient: Count,
    reviews: Count,
    by_words: Count,
}

impl StructuredMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let mut add = |name: &str, help: &str, family: &Count| {
            registry.register(name, help, family.clone());
        };
        add("prompt_answers", "Calls of prompts that were answered", &self.answers);
        let first = "Of these, with a first answer off format";
        add("prompt_off_format", first, &self.off_format);
        add("prompt_repairs", "Of these, sent back to the model", &self.repairs);
        add("prompt_repaired", "Of these, right the second time", &self.repaired);
        add("prompt_fallbacks", "Answered with the static fallback", &self.fallbacks);
        add("prompt_insufficient", "Answered that information is lacking", &self.insufficient);
        let want = "With examples chosen by their words for want of vectors";
        add("prompt_examples_by_words", want, &self.by_words);
        add("prompt_reviews", "Put before a person", &self.reviews);
    }

    pub(crate) fn ended(&self, record: &CallRecord) {
        let (Some(prompt), Some(number)) = (&record.prompt, record.number) else { return };
        if matches!(record.outcome, Outcome::Cancelled | Outcome::Error) {
            return;
        }
        let labels = Labels { prompt: prompt.to_string(), version: number.to_string() };
        let count = |family: &Count, counts: bool| {
            if counts {
                family.get_or_create(&labels).inc();
            }
        };
        let replaced = record.outcome == Outcome::Fallback;
        let off = record.outcome == Outcome::OffFormat
            || record.repaired.is_some()
            || (replaced && record.error.as_deref() == Some("off_format"));
        count(&self.answers, true);
        count(&self.off_format, off);
        count(&self.repairs, record.repaired.is_some());
        count(&self.repaired, record.repaired == Some(true));
        count(&self.fallbacks, replaced);
        count(&self.insufficient, record.outcome == Outcome::Insufficient);
        count(&self.by_words, record.examples == Some(Selection::Words));
        count(&self.reviews, !record.review.is_empty());
    }
}
