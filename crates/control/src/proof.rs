//! Whether what was admitted still has evidence under a configuration.
//!
//! A report is of the providers that it was made with. Under a `gatemark.yaml` that has others under the same
//! names, what the gate admitted on that report is not what was tested, and is served again once a report of
//! the providers of now meets the same rules. Which suite that report is by is open to whoever tests: the one
//! of the admission or the prompt's current one.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use gatemark_core::Result;
use gatemark_core::gate::{self, Evidence, FallbackEvidence};
use gatemark_core::id::{Digest, ModelName};
use gatemark_core::model::{Environment, Project};
use gatemark_core::prompt::Version;
use gatemark_core::report::Report;
use gatemark_core::upstream::{Upstreams, differences};
use gatemark_gateway::Unproven;
use gatemark_store::{Admitted, Store};

/// What was found to hold, so that it is not looked up again with every change of the registry.
#[derive(Default)]
pub(crate) struct Proofs {
    known: Mutex<HashSet<String>>,
}

/// Where evidence is looked for.
pub(crate) struct Court<'a> {
    pub(crate) store: &'a Store,
    pub(crate) project: &'a Project,
    /// The configuration in force, if this is about another: what a report without upstreams was made with.
    pub(crate) before: Option<&'a Project>,
    pub(crate) proofs: &'a Proofs,
}

impl Court<'_> {
    /// The models of an admitted version that no report holds for any more. Nothing where the environment
    /// asks for no evidence, or asked for none when the version was admitted.
    pub(crate) async fn unproven(
        &self,
        environment: &Environment,
        version: &Version,
        admitted: &Admitted,
    ) -> Result<Vec<Unproven>> {
        let mut unproven = vec![];
        if !environment.policy.asks_for_evidence() {
            return Ok(unproven);
        }
        let first = version.content.models.first().map(|variant| &variant.model);
        let serving = first.map(|model| (model, &admitted.evidence, &admitted.upstreams));
        let others = admitted.fallbacks.iter();
        let others = others.map(|other| (&other.model, &other.evidence, &other.upstreams));
        for (model, evidence, upstreams) in serving.into_iter().chain(others) {
            // A model without a provider is not asked anyway, and that is said elsewhere.
            let Some(evidence) = evidence.as_ref().filter(|_| self.project.serves(model)) else {
                continue;
            };
            let asked = Asked { environment, version, model };
            if let Some(reason) = self.missing(asked, evidence, upstreams).await? {
                let stops = first == Some(model) || version.content.upper_steps().contains(model);
                let (number, model) = (version.number, model.clone());
                unproven.push(Unproven { number, model, stops, reason });
            }
        }
        Ok(unproven)
    }

    /// What there is in place of evidence; `None` if there is evidence.
    async fn missing(
        &self,
        asked: Asked<'_>,
        evidence: &str,
        then: &Upstreams,
    ) -> Result<Option<String>> {
        let models = asked.version.content.answering(asked.model);
        let now = self.project.upstreams(models.iter().copied());
        let unsaid = || self.before.map(|before| before.upstreams(models.iter().copied()));
        let then = if then.is_empty() { unsaid().unwrap_or(now.clone()) } else { then.clone() };
        let different = differences(&then, &now, &models);
        if different.is_empty() || self.proofs.has(asked, &now) {
            return Ok(None);
        }
        let mut reason = different.join("; ");
        let mut suites: Vec<Digest> = vec![];
        suites.extend(self.store.report(evidence).await?.map(|report| report.suite));
        suites.extend(self.store.current_suite(&asked.version.prompt).await?.map(|(_, of)| of));
        suites.dedup();
        for suite in suites {
            let Version { hash, .. } = asked.version;
            let report = self.store.newest_report(hash, &suite, asked.model, &now).await?;
            let Some(report) = report.filter(|report| report.upstreams == now) else { continue };
            match self.unmet(asked, &report, &now).await? {
                None => {
                    self.proofs.note(asked, &now);
                    return Ok(None);
                }
                Some(unmet) => reason = unmet,
            }
        }
        Ok(Some(reason))
    }

    /// The rules about models that a report does not meet.
    async fn unmet(
        &self,
        Asked { environment, version, model }: Asked<'_>,
        report: &Report,
        now: &Upstreams,
    ) -> Result<Option<String>> {
        let suite = self.store.suite(&report.suite).await?;
        let model_vouched = self.project.models.get(model).is_some_and(|model| model.pinned);
        let evidence = Evidence {
            version,
            suite: suite.as_ref().map(|suite| (suite, report.suite)),
            report: Some(report),
            judges: &report.judges,
            upstreams: now,
            approvals: &[],
            model_vouched,
            served_before: true,
            serving: None,
            serves_already: true,
            comparison: None,
            redteam: None,
            fallbacks: &[],
        };
        let other = FallbackEvidence { model, report: Some(report), model_vouched };
        let found = gate::on_model(&environment.policy, &evidence, &other);
        let unmet = found.unmet.iter();
        let unmet = unmet.map(|finding| format!("{}: {}", finding.wanted, finding.found));
        let unmet = unmet.collect::<Vec<_>>().join("; ");
        Ok((!unmet.is_empty())
            .then(|| format!("{model}: report {} does not show {unmet}", report.id)))
    }
}

/// What evidence is asked for.
#[derive(Clone, Copy)]
struct Asked<'a> {
    environment: &'a Environment,
    version: &'a Version,
    model: &'a ModelName,
}

impl Proofs {
    fn has(&self, asked: Asked<'_>, now: &Upstreams) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(&key(asked, now))
    }

    fn note(&self, asked: Asked<'_>, now: &Upstreams) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key(asked, now));
    }
}

fn key(Asked { environment, version, model }: Asked<'_>, now: &Upstreams) -> String {
    format!("{} {} {} {model} {now:?}", environment.name, version.prompt, version.hash)
}
