//! What a version is compared with: what its predecessor's calls were like when it was deployed, or else its report.

use std::collections::BTreeMap;

use crate::money::NanoUsd;
use crate::report::Summary;
use crate::rollup::{Baseline, Figures, Mean};
use crate::stats::sketch::Sketch;

/// The figures that changes are held against. What nothing is known of is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reference {
    /// Where they are from, for people.
    pub from: String,
    /// The 95th percentile of latency, in milliseconds.
    pub p95_ms: Option<f64>,
    /// Mean cost of a call, in US dollars.
    pub usd_per_call: Option<f64>,
    /// Tokens read by a call.
    pub input_length: Sketch,
    /// Tokens written by a call.
    pub output_length: Sketch,
    /// Scores by name.
    pub scores: BTreeMap<String, Mean>,
}

impl Reference {
    /// That of a deployment: its baseline if that has `least` calls, and what its report says of latency and cost
    /// otherwise. Scores of a report are none of production's calls and are not taken.
    #[allow(clippy::cast_precision_loss)]
    pub fn of(baseline: Option<&Baseline>, report: Option<&Summary>, least: u64) -> Self {
        if let Some(baseline) = baseline.filter(|baseline| baseline.bucket.ended() >= least) {
            let figures = Figures::of(&baseline.bucket);
            return Self {
                from: format!("version {} before", baseline.number),
                p95_ms: figures.latency_ms.map(|latency| latency.p95),
                usd_per_call: figures.usd_per_call,
                input_length: baseline.bucket.input_length.clone(),
                output_length: baseline.bucket.output_length.clone(),
                scores: figures.scores,
            };
        }
        let Some(report) = report else { return Self::default() };
        Self {
            from: "its report".to_string(),
            p95_ms: (report.p95_latency_us > 0).then(|| report.p95_latency_us as f64 / 1e3),
            usd_per_call: (report.unpriced == 0 && report.mean_cost > NanoUsd::ZERO)
                .then(|| report.mean_cost.as_usd()),
            ..Self::default()
        }
    }
}
