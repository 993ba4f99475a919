//! Which model would do: the cheapest that the suite proves good enough.
//!
//! It runs the suite as `compat` does and judges the reports; the gate, the registry's files and what
//! serves stay as they are. Whoever follows the advice writes the model into the prompt and goes through
//! the gate, which has the report already.

use std::collections::{BTreeMap, BTreeSet};

use gatemark_core::advice::{self, Finding, Holding, Passed};
use gatemark_core::comparison::Compared;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::ModelName;
use gatemark_core::model::Protocol;
use gatemark_core::money::NanoUsd;
use gatemark_core::prompt::Version;
use gatemark_core::report::{Report, Summary};
use gatemark_core::suite::Suite;

use crate::Control;
use crate::evaluate::{Progress, TestRequest, TestTarget};

/// Most models that are tried without being named: each is asked every case, for money.
const MOST_UNNAMED: usize = 12;

/// Loss of accuracy that is accepted where there is no threshold and nothing else is said.
pub const USUAL_MARGIN: f64 = 0.02;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// The version.
    pub target: TestTarget,
    /// How it is tested; its models are those to try, none means those of the project.
    pub test: TestRequest,
    /// How sure to be about all findings together, 0.5 to below 1.
    pub confidence: f64,
    /// Loss of accuracy against the serving model that is accepted, 0 to 1. Given, it is used in place
    /// of the threshold.
    pub margin: Option<f64>,
}

/// What models are measured by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Yardstick {
    /// The least share of cases that pass.
    Threshold(f64),
    /// The largest loss against the serving model.
    Margin(f64),
}

/// What became of one model.
#[derive(Debug)]
pub struct Candidate {
    /// Its report.
    pub report: Report,
    /// Compared with the serving model; `None` for that one itself.
    pub against_serving: Option<Compared>,
    /// What the data say.
    pub finding: Finding,
    /// Thresholds that its figures miss, in words, and whatever else speaks against it.
    pub against: Vec<String>,
    /// What a thousand calls like the suite's cost; `None` if the model has no price.
    pub cost_per_1000: Option<NanoUsd>,
}

/// The advice.
#[derive(Debug)]
pub struct Advice {
    /// The version.
    pub version: Version,
    /// What models were measured by.
    pub yardstick: Yardstick,
    /// The level of each model's bounds.
    pub level: f64,
    /// Every model, the serving one first.
    pub candidates: Vec<Candidate>,
    /// The cheapest that holds, by its place among the candidates.
    pub advised: Option<usize>,
    /// Models of the project that were not tried, with the reason.
    pub skipped: BTreeMap<ModelName, String>,
}

impl Control {
    /// Tries models on a prompt's suite and finds the cheapest that holds.
    ///
    /// # Errors
    /// As [`test`](Control::test); `Invalid` if there is nothing to choose from, or too much.
    pub async fn advise(&self, question: &Question, progress: &dyn Progress) -> Result<Advice> {
        let version = self.version_of(&question.target).await?;
        let (models, skipped) = if question.test.models.is_empty() {
            self.of_project(&version)?
        } else {
            (question.test.models.clone(), BTreeMap::new())
        };
        let serving = version.content.models.first().map(|variant| &variant.model);
        let all: BTreeSet<&ModelName> = models.iter().chain(serving).collect();
        let level = advice::level(question.confidence, all.len());
        let targets = vec![question.target.clone()];
        let request = TestRequest { targets, models, ..question.test.clone() };
        let found = self.compat(&request, level, progress).await?;
        let found =
            found.into_iter().next().ok_or_else(|| Error::internal("nothing was tested"))?;
        let suite = self.store().current_suite(&version.prompt).await?;
        let suite = suite.map(|(suite, _)| suite).unwrap_or_default();
        let yardstick = self.yardstick(question, &suite);
        let judge = Judge { control: self, suite: &suite, yardstick, level };
        let candidates: Vec<Candidate> = found
            .models
            .into_iter()
            .map(|on| judge.candidate(on.report, on.against_serving))
            .collect();
        let advised = cheapest(&candidates);
        Ok(Advice { version: found.version, yardstick, level, candidates, advised, skipped })
    }

    fn yardstick(&self, question: &Question, suite: &Suite) -> Yardstick {
        match (question.margin, self.threshold(&suite.thresholds)) {
            (Some(margin), _) => Yardstick::Margin(margin),
            (None, Some(least)) => Yardstick::Threshold(least),
            (None, None) => Yardstick::Margin(USUAL_MARGIN),
        }
    }

    /// The version's own models and those of the project, as far as they can be called; and the others.
    fn of_project(
        &self,
        version: &Version,
    ) -> Result<(Vec<ModelName>, BTreeMap<ModelName, String>)> {
        let own = version.content.models.iter().map(|variant| &variant.model);
        let named: BTreeSet<&ModelName> = own.chain(self.project.models.keys()).collect();
        let (mut models, mut skipped) = (vec![], BTreeMap::new());
        for model in named {
            match self.obstacle(version, model) {
                None => models.push(model.clone()),
                Some(why) => drop(skipped.insert(model.clone(), why)),
            }
        }
        if models.len() > MOST_UNNAMED {
            let message = format!(
                "the project has {} models that could be tried, and each would be asked every case: name \
                 those to try, e.g. --models {},{}",
                models.len(),
                models.first().map_or("a/b", |model| model.as_str()),
                models.last().map_or("a/c", |model| model.as_str()),
            );
            return Err(Error::invalid(message).at("--models").coded("too_many_models"));
        }
        if models.is_empty() {
            let why = skipped.iter().map(|(model, why)| format!("{model}: {why}"));
            let message = format!("no model can be tried ({})", why.collect::<Vec<_>>().join("; "));
            return Err(Error::invalid(message).at("--models").coded("no_model"));
        }
        Ok((models, skipped))
    }

    fn obstacle(&self, version: &Version, model: &ModelName) -> Option<String> {
        let Some(provider) = self.project.providers.get(model.provider()) else {
            return Some(format!("there is no provider `{}`", model.provider()));
        };
        if provider.protocol == Protocol::Local {
            return Some("it makes embeddings".to_string());
        }
        if let Some(variable) = self.keys_missing.get(model.provider()) {
            return Some(format!("its key {variable} is not in the environment"));
        }
        let capped = version.content.limits.cost_per_call.is_some();
        let unpriced = capped && self.project.price(model).is_none();
        unpriced.then(|| "it has no price, and the prompt caps its cost".to_string())
    }
}

/// How candidates are judged.
struct Judge<'a> {
    control: &'a Control,
    suite: &'a Suite,
    yardstick: Yardstick,
    level: f64,
}

impl Judge<'_> {
    fn candidate(&self, report: Report, compared: Option<Compared>) -> Candidate {
        let mut finding = self.finding(&report.summary, compared.as_ref());
        let against = self.against(&report, compared.as_ref());
        let whole = report.stopped.is_none();
        if !against.is_empty() && finding.holding == Holding::Holds {
            finding.holding = if whole { Holding::DoesNot } else { Holding::CannotTell };
        }
        let cost_per_1000 = per_1000(&report.summary);
        Candidate { report, against_serving: compared, finding, against, cost_per_1000 }
    }

    fn finding(&self, summary: &Summary, compared: Option<&Compared>) -> Finding {
        let seen = Passed {
            passed: summary.total.passed,
            cases: summary.total.cases,
            sources: sources(self.suite).min(summary.total.cases),
        };
        let least = match (self.yardstick, compared) {
            (Yardstick::Threshold(least), _) => least,
            // The serving model is what the others are measured by.
            (Yardstick::Margin(_), None) => 0.0,
            (Yardstick::Margin(margin), Some(Ok(comparison))) => {
                return advice::against_serving(comparison, margin);
            }
            (Yardstick::Margin(_), Some(Err(_))) => {
                let found = advice::against_threshold(seen, 0.0, self.level);
                return Finding { holding: Holding::CannotTell, ..found };
            }
        };
        advice::against_threshold(seen, least, self.level)
    }

    /// What else the suite and the environment ask of a report, as the gate reads it.
    fn against(&self, report: &Report, compared: Option<&Compared>) -> Vec<String> {
        let summary = &report.summary;
        let mut against = self.suite.thresholds.unmet(None, summary);
        let project = self.control.project();
        let environment = project.environments.get(&project.default_environment);
        if let Some(least) = environment.and_then(|found| found.policy.format_validity) {
            let found = summary.total.format_validity();
            if found < least {
                against
                    .push(format!("format validity is {found:.3}, at least {least:.3} is asked"));
            }
        }
        if let Some(why) = &report.stopped {
            against.push(format!("its run stopped: {why}"));
        }
        if let (Yardstick::Margin(_), Some(Err(why))) = (self.yardstick, compared) {
            against.push(format!("not comparable: {}", why.reason));
        }
        against
    }
}

/// How many sources the cases come from; a case without one is its own.
fn sources(suite: &Suite) -> u64 {
    let named: BTreeSet<&str> =
        suite.cases.iter().filter_map(|case| case.source.as_deref()).collect();
    let own = suite.cases.iter().filter(|case| case.source.is_none()).count();
    (named.len() + own) as u64
}

fn per_1000(summary: &Summary) -> Option<NanoUsd> {
    let rows =
        i64::try_from(summary.rows).ok().filter(|rows| *rows > 0 && summary.unpriced == 0)?;
    let total = i128::from(summary.total_cost.0) * 1000;
    i64::try_from((total + i128::from(rows) - 1) / i128::from(rows)).ok().map(NanoUsd)
}

/// The cheapest that holds; of equals the faster one, then the first.
fn cheapest(candidates: &[Candidate]) -> Option<usize> {
    let holding = candidates.iter().enumerate().filter(|(_, candidate)| {
        candidate.finding.holding == Holding::Holds && candidate.cost_per_1000.is_some()
    });
    let best = holding.min_by_key(|(_, candidate)| {
        (candidate.cost_per_1000, candidate.report.summary.p95_latency_us)
    });
    best.map(|(place, _)| place)
}
