//! Has the vendor changed the model without saying so: the suite of what serves, asked again on a schedule.
//!
//! A probe asks every case of the report on which a version was admitted once more, on the same model, and compares
//! case by case. It leaves no report: evidence for the gate is what somebody asked for, not what a clock did.

use std::collections::BTreeMap;
use std::sync::Arc;

use gatemark_core::comparison::{Compared, Standing};
use gatemark_core::deploy::Deployment;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::report::Report;
use gatemark_core::signal::{Severity, Signal, SignalState};
use gatemark_core::watch::Probe;
use gatemark_gateway::{Selector, clock};

use crate::draft::Draft;
use crate::evaluate::{Silent, TestRequest, TestTarget};
use crate::{Control, select};

/// How sure a probe must be, 0 to 1: one false alarm in a thousand probes at most.
const CONFIDENCE: f64 = 0.999;
/// Whose calls they are.
const ACTOR: &str = "probe";
/// Reports among which that of an open environment's version is looked for.
const NEWEST: u32 = 100;
/// What the keys of probes' signals begin with.
const KEYS: &str = "probe/";

impl Control {
    /// Asks the suite of the version that serves again, and keeps what that says.
    ///
    /// # Errors
    /// `NotFound` if nothing serves there or there is no report to compare with; `Conflict` if somebody else is at it.
    pub async fn probe(
        &self,
        prompt: &PromptName,
        environment: &EnvironmentName,
        probe: &Probe,
    ) -> Result<Signal> {
        let moves = self.store.deployments(prompt, Some(environment), 1).await?;
        let Some(deployment) = moves.into_iter().next() else {
            let message = format!("no version of {prompt} serves in {environment}");
            return Err(Error::not_found(message).coded("not_deployed"));
        };
        let said = match self.asked_again(&deployment, probe).await {
            Ok(compared) => said(compared, probe),
            Err(error) if matches!(error.kind(), Kind::Conflict | Kind::NotFound) => {
                return Err(error);
            }
            // A probe that did not come to its end is no sign of anything.
            Err(error) => Said::nothing(error.to_string()),
        };
        let mut signal = signal(&deployment, probe, said, clock::now_us());
        self.store.save_signal(&mut signal).await?;
        Ok(signal)
    }

    async fn asked_again(&self, deployment: &Deployment, probe: &Probe) -> Result<Compared> {
        let selector = Selector::Number(deployment.number);
        let version = select::version(&self.store, &deployment.prompt, &selector).await?;
        let before = self.report_before(deployment).await?;
        let Some(suite) = self.store.suite(&before.suite).await? else {
            return Err(Error::internal(format!("the suite of report {} is missing", before.id)));
        };
        let suite = Arc::new(suite);
        let draft = Draft { version, suite: suite.clone(), digest: before.suite };
        let request = TestRequest {
            models: vec![before.model.clone()],
            repeats: (before.summary.repeats > 0).then_some(before.summary.repeats),
            recall: false,
            max_cost: Some(probe.max_cost),
            ..TestRequest::of(TestTarget::Draft(Arc::new(draft)), ACTOR)
        };
        let runs = self.test(&request, &Silent).await?;
        let Some(run) = runs.into_iter().next() else {
            return Err(Error::internal("a probe made no run"));
        };
        let compared = self.versus(&run.report, &before, &suite, CONFIDENCE).await;
        self.forget(&run).await?;
        compared
    }

    /// The report on which it was admitted, or, where none was asked for, the version's newest.
    async fn report_before(&self, deployment: &Deployment) -> Result<Report> {
        let mut found = match &deployment.evidence {
            Some(report) => self.store.report(report).await?,
            None => None,
        };
        if found.is_none() {
            let reports = self.store.reports(&deployment.prompt, NEWEST).await?;
            found = reports.into_iter().find(|report| report.version == deployment.version);
        }
        found.ok_or_else(|| {
            let message = format!(
                "version {} of {} has no report to compare with: run `gatemark test {}@{}`",
                deployment.number, deployment.prompt, deployment.prompt, deployment.number
            );
            Error::not_found(message).coded("no_report")
        })
    }

    /// Probes what is due, one after another.
    pub(crate) async fn probe_due(&self, now: i64) -> Result<()> {
        let known: BTreeMap<String, Signal> =
            self.store.signals().await?.into_iter().map(|one| (one.key.clone(), one)).collect();
        let mut failed = None;
        for deployment in self.store.pointers().await? {
            let place = self.project().environments.get(&deployment.environment);
            let Some(probe) = place.and_then(|place| place.probe.as_ref()) else { continue };
            let last = known.get(&key(&deployment)).and_then(|signal| ran_at(signal, &deployment));
            let due = last.unwrap_or(deployment.at).saturating_add(probe.every_us());
            if due > now {
                continue;
            }
            match self.probe(&deployment.prompt, &deployment.environment, probe).await {
                // Another server is at it, or there is nothing to compare with.
                Err(error) if matches!(error.kind(), Kind::Conflict | Kind::NotFound) => {}
                Err(error) => failed = Some(error),
                Ok(_) => {}
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

/// What a probe found.
struct Said {
    state: SignalState,
    value: Option<f64>,
    sentence: String,
    lost: Option<usize>,
}

impl Said {
    fn nothing(sentence: String) -> Self {
        Self { state: SignalState::NoData, value: None, sentence, lost: None }
    }
}

fn said(compared: Compared, probe: &Probe) -> Said {
    let found = match compared {
        Ok(found) => found,
        Err(why) => return Said::nothing(why.reason),
    };
    if found.cases == 0 {
        return Said::nothing(found.sentence());
    }
    // Not enough cases to tell a loss of the margin is not a loss.
    let worse = found.standing(probe.margin) == Standing::Worse;
    Said {
        state: if worse { SignalState::Breach } else { SignalState::Ok },
        value: Some(found.accuracy.difference.estimate),
        sentence: found.sentence(),
        lost: Some(found.lost.len()),
    }
}

fn key(deployment: &Deployment) -> String {
    format!("{KEYS}{}/{}", deployment.environment, deployment.prompt)
}

/// When the version was last probed.
fn ran_at(signal: &Signal, deployment: &Deployment) -> Option<i64> {
    let of_it = signal.context.get("version") == Some(&deployment.number.to_string());
    signal.context.get("ran_at").filter(|_| of_it)?.parse().ok()
}

fn signal(deployment: &Deployment, probe: &Probe, said: Said, now: i64) -> Signal {
    let Deployment { prompt, environment, number, .. } = deployment;
    let mut context = BTreeMap::from([
        ("version".to_string(), number.to_string()),
        ("ran_at".to_string(), now.to_string()),
    ]);
    context.extend(said.lost.map(|lost| ("lost".to_string(), lost.to_string())));
    let summary = format!(
        "{prompt} version {number} in {environment}, its suite asked again: {}",
        said.sentence
    );
    Signal {
        key: key(deployment),
        rule: "probe".to_string(),
        prompt: Some(prompt.clone()),
        environment: Some(environment.clone()),
        state: said.state,
        severity: Severity::Critical,
        value: said.value,
        threshold: Some(-probe.margin),
        unit: "ratio".to_string(),
        window: String::new(),
        since: now,
        summary,
        context,
    }
}
