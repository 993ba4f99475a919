//! Conversations as metrics, set when they are asked for.

use std::sync::atomic::AtomicU64;

use gatemark_gateway::ConversationStats;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

type Figure = Gauge<f64, AtomicU64>;

/// What this process holds of conversations, and what happened to them since the start.
#[derive(Default)]
pub(crate) struct ConversationMetrics {
    held: Figure,
    bytes: Figure,
    elsewhere: Figure,
    turns: Figure,
    summaries: Figure,
    failures: Figure,
    waiting: Figure,
    busy: Figure,
    awaited: Figure,
}

impl ConversationMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        let mut gauge = |name: &str, help: &str, figure: &Figure| {
            registry.register(name, help, figure.clone());
        };
        gauge("conversations_held", "Conversations in memory", &self.held);
        gauge("conversations_bytes", "Bytes that they take", &self.bytes);
        let help = "Conversations that are in the store and not in memory";
        gauge("conversations_elsewhere", help, &self.elsewhere);
        gauge("conversation_turns", "Turns kept since the start", &self.turns);
        gauge("conversation_summaries", "Summaries kept since the start", &self.summaries);
        let help = "Summaries that could not be had since the start";
        gauge("conversation_summary_failures", help, &self.failures);
        let help = "Conversations that wait for a summary that could not be had";
        gauge("conversations_waiting_for_summary", help, &self.waiting);
        gauge("conversation_calls_busy", "Calls refused because another one spoke", &self.busy);
        let help = "Calls told to come again because their conversation was fetched";
        gauge("conversation_calls_awaited", help, &self.awaited);
    }

    /// Shows the present.
    pub(crate) fn show(&self, stats: &ConversationStats) {
        let figures = [
            (&self.held, stats.held),
            (&self.bytes, stats.bytes),
            (&self.elsewhere, stats.elsewhere),
            (&self.turns, stats.turns),
            (&self.summaries, stats.summaries),
            (&self.failures, stats.failures),
            (&self.waiting, stats.waiting),
            (&self.busy, stats.busy),
            (&self.awaited, stats.awaited),
        ];
        for (figure, value) in figures {
            figure.set(whole(value));
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn whole(number: u64) -> f64 {
    number as f64
}
