//! Signals of one watch, in words.

use std::collections::BTreeMap;

use super::{Metric, Series, Watch};
use crate::signal::{Signal, SignalState};

/// What the signals of a watch have in common.
pub(super) struct Draft<'a> {
    pub(super) watch: &'a Watch,
    pub(super) series: &'a Series,
    pub(super) now: i64,
    /// The window's word; empty for all the time that the version serves.
    pub(super) window: &'a str,
}

impl Draft<'_> {
    pub(super) fn few(&self, rule: &str, n: u64) -> Signal {
        let what = match self.watch.metric {
            Metric::Score(_) => "scores",
            _ => "calls",
        };
        let said = format!("{}: {n} {what}, {} are needed", self.called(), self.watch.least.max(1));
        self.signal(rule, SignalState::NoData, &said, n)
    }

    pub(super) fn nothing(&self, rule: &str, why: &str) -> Signal {
        let said = format!("{}: {why}", self.called());
        self.signal(rule, SignalState::NoData, &said, 0)
    }

    /// The metric in words.
    pub(super) fn called(&self) -> String {
        match &self.watch.metric {
            Metric::Success => "the share of good answers".into(),
            Metric::Errors => "the share of errors".into(),
            Metric::OffFormat => "the share of answers off format".into(),
            Metric::Fallbacks => "the share of fallbacks".into(),
            Metric::Retries => "the share of calls tried again".into(),
            Metric::Latency => "the 95th percentile of latency".into(),
            Metric::Cost => "the mean cost of a call".into(),
            Metric::InputLength => "the shift of the length of inputs".into(),
            Metric::OutputLength => "the shift of the length of answers".into(),
            Metric::Score(name) => format!("the mean of `{name}`"),
        }
    }

    pub(super) fn signal(&self, rule: &str, state: SignalState, said: &str, n: u64) -> Signal {
        let Series { prompt, environment, number } = self.series;
        let window = self.window;
        let when = if window.is_empty() { String::new() } else { format!(", last {window}") };
        let context = [("version", number.to_string()), ("n", n.to_string())];
        let context: BTreeMap<String, String> =
            context.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
        Signal {
            key: self.series.key(rule),
            rule: rule.to_string(),
            prompt: Some(prompt.clone()),
            environment: Some(environment.clone()),
            state,
            severity: self.watch.severity,
            value: None,
            threshold: None,
            unit: self.watch.metric.unit().to_string(),
            window: window.to_string(),
            since: self.now,
            summary: format!("{prompt} version {number} in {environment}{when}: {said}"),
            context,
        }
    }
}

/// A value in its unit.
pub(super) fn shown(value: f64, unit: &str) -> String {
    match unit {
        "ratio" => format!("{:.1} %", value * 100.0),
        "ms" if value < 100.0 => format!("{value:.1} ms"),
        "ms" => format!("{value:.0} ms"),
        "usd" => format!("${value:.5}"),
        _ => format!("{value:.3}"),
    }
}
