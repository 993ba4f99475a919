//! What is watched of a prompt's calls in an environment, as gatemark.yaml says it.

use std::collections::BTreeMap;

use crate::id::PromptName;
use crate::money::NanoUsd;
use crate::period::Period;
use crate::signal::Severity;
use crate::stats::drift::level::Bad;

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// Share of calls that are answered as the version demands.
    Success,
    /// Share of calls without an answer.
    Errors,
    /// Share of answers off format.
    OffFormat,
    /// Share of calls for which the static fallback is served.
    Fallbacks,
    /// Share of calls that take more than one attempt or a repair.
    Retries,
    /// The 95th percentile of latency, in milliseconds.
    Latency,
    /// Mean cost of a call, in US dollars.
    Cost,
    /// How far the lengths of inputs have moved: a population stability index.
    InputLength,
    /// The same of answers.
    OutputLength,
    /// Mean of a score, by its name.
    Score(String),
}

impl Metric {
    /// What calls show by themselves.
    pub const OWN: [(&'static str, Metric); 9] = [
        ("success", Self::Success),
        ("errors", Self::Errors),
        ("off_format", Self::OffFormat),
        ("fallbacks", Self::Fallbacks),
        ("retries", Self::Retries),
        ("latency", Self::Latency),
        ("cost", Self::Cost),
        ("input_length", Self::InputLength),
        ("output_length", Self::OutputLength),
    ];

    /// The metric that `name` names; any other name is a score's.
    pub fn named(name: &str) -> Self {
        let own = Self::OWN.into_iter().find(|(known, _)| *known == name);
        own.map_or_else(|| Self::Score(name.to_string()), |(_, metric)| metric)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Score(name) => name,
            own => Self::OWN.iter().find(|(_, known)| known == own).map_or("", |(name, _)| name),
        }
    }

    /// What it is measured in.
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Latency => "ms",
            Self::Cost => "usd",
            Self::Score(_) => "score",
            Self::InputLength | Self::OutputLength => "psi",
            _ => "ratio",
        }
    }

    /// Its bad side.
    pub fn bad(&self) -> Bad {
        match self {
            Self::Success | Self::Score(_) => Bad::Below,
            _ => Bad::Above,
        }
    }
}

/// How many false alarms a watch for a slow fall may raise in a year, on one prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// About one in two years: for a prompt that somebody watches.
    HalfAYear,
    /// About one in twenty years: for a fleet.
    Twentieth,
}

/// A limit for one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    /// What is looked at.
    pub metric: Metric,
    /// Which side of the limit is bad.
    pub bad: Bad,
    /// The limit, in the metric's unit.
    pub limit: Option<f64>,
    /// Against what the version before was like: how many times that is too much (latency, cost), or by how much a
    /// score may be worse.
    pub change: Option<f64>,
    /// Whether a score is watched for a slow fall against the version's own first weeks, and how many false alarms
    /// that may raise.
    pub drift: Option<Drift>,
    /// The share above which a rate must not rise, watched without end.
    pub rise: Option<f64>,
    /// How far back it looks.
    pub window: Period,
    /// Calls (or scores) below which it says nothing.
    pub least: u64,
    /// How much a breach matters.
    pub severity: Severity,
}

impl Watch {
    /// One without limits, over an hour, or for scores over a week and for costs over a day.
    pub fn new(metric: Metric) -> Self {
        let window = match metric {
            Metric::Score(_) => Period::Week,
            Metric::Cost | Metric::InputLength | Metric::OutputLength => Period::Day,
            _ => Period::Hour,
        };
        let severity = match metric {
            Metric::Success | Metric::Errors | Metric::Score(_) => Severity::Critical,
            Metric::InputLength | Metric::OutputLength => Severity::Info,
            _ => Severity::Warning,
        };
        let bad = metric.bad();
        // The index grows by chance where there are few.
        let least = if metric.unit() == "psi" { 500 } else { 50 };
        let (limit, change, drift, rise) = (None, None, None, None);
        Self { metric, bad, limit, change, drift, rise, window, least, severity }
    }

    /// Whether it looks at anything.
    pub fn looks(&self) -> bool {
        let Self { limit, change, drift, rise, .. } = self;
        limit.or(*change).or(*rise).is_some() || drift.is_some()
    }

    /// Whether it needs all the time that the version serves.
    pub fn remembers(&self) -> bool {
        self.drift.is_some() || self.rise.is_some()
    }

    /// What is watched unless somebody says otherwise: success below 95 %, more than 5 % off format or tried again,
    /// a 95th percentile of twice what it was, more than $0.05 a call, lengths that are
    /// others, a quality below 0.80 or 0.03 below what it was.
    pub fn usual() -> Vec<Self> {
        let limited = |metric, limit| Self { limit: Some(limit), ..Self::new(metric) };
        let quality = limited(Metric::Score("quality".into()), 0.80);
        vec![
            limited(Metric::Success, 0.95),
            limited(Metric::OffFormat, 0.05),
            limited(Metric::Retries, 0.05),
            Self { change: Some(2.0), ..Self::new(Metric::Latency) },
            limited(Metric::Cost, 0.05),
            limited(Metric::InputLength, 0.25),
            limited(Metric::OutputLength, 0.25),
            Self { change: Some(0.03), ..quality },
        ]
    }
}

/// What is watched in an environment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Monitors {
    /// Of every prompt.
    pub watches: Vec<Watch>,
    /// Of single prompts, in place of that.
    pub prompts: BTreeMap<PromptName, Vec<Watch>>,
}

impl Monitors {
    /// What an environment of that name has unless it says otherwise: production the usual ones, others none.
    pub fn default_for(environment: &str) -> Self {
        let watches = if environment == "production" { Watch::usual() } else { vec![] };
        Self { watches, prompts: BTreeMap::new() }
    }

    /// What is watched of a prompt.
    pub fn of(&self, prompt: &PromptName) -> &[Watch] {
        self.prompts.get(prompt).unwrap_or(&self.watches)
    }
}

/// How often the suite of what serves is asked again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probe {
    /// Time between two probes, in seconds.
    pub every_s: u64,
    /// Most that one may cost.
    pub max_cost: NanoUsd,
    /// Loss of accuracy from which on it is a breach, 0 to 1.
    pub margin: f64,
}

impl Default for Probe {
    /// Once a day for at most a dollar; any loss.
    fn default() -> Self {
        Self { every_s: 86_400, max_cost: NanoUsd(1_000_000_000), margin: 0.0 }
    }
}

impl Probe {
    /// Time between two probes, in microseconds.
    pub fn every_us(&self) -> i64 {
        i64::try_from(self.every_s.saturating_mul(1_000_000)).unwrap_or(i64::MAX)
    }
}
