//! The gate at work: collect evidence, apply the policy, move the pointer.
//!
//! This is the only code that asks [`gate::decide`] for a permit, and so the only way to a deployment.

use gatemark_core::comparison::Compared;
use gatemark_core::deploy::Deployment;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::gate::{
    self, Approval, Checklist, Evidence, FallbackEvidence, FallbackFinding, Permit, Policy, Purpose,
};
use gatemark_core::id::{Digest, EnvironmentName, ModelName, PromptName};
use gatemark_core::prompt::Version;
use gatemark_core::report::Report;
use gatemark_core::suite::Suite;
use gatemark_core::upstream::Upstreams;
use gatemark_gateway::{Selector, clock};

use crate::{Control, select};

/// How an attempt to move a pointer ended.
#[derive(Debug)]
pub enum Decision {
    /// It moved; with what was found about the version's other models.
    Moved(Box<Deployment>, Vec<FallbackFinding>),
    /// Some rule is not met.
    Refused(Box<Checklist>),
}

/// What the gate says when it is asked for a permit.
pub(crate) enum Asked {
    /// Yes; with what was found about the version's other models.
    Permitted(Box<Permit>, Vec<FallbackFinding>),
    /// Some rule is not met.
    Refused(Box<Checklist>),
}

impl Control {
    /// Applies the rules of `environment` to a version without moving anything.
    pub async fn checklist(
        &self,
        prompt: &PromptName,
        selector: &Selector,
        environment: &EnvironmentName,
    ) -> Result<(Version, Checklist)> {
        let version = select::version(&self.store, prompt, selector).await?;
        let checklist = self.check(&version, environment, Purpose::Deploy).await?;
        Ok((version, checklist))
    }

    /// Deploys a version, if the rules of `environment` allow.
    pub async fn deploy(
        &self,
        prompt: &PromptName,
        selector: &Selector,
        environment: &EnvironmentName,
        actor: &str,
    ) -> Result<Decision> {
        let version = select::version(&self.store, prompt, selector).await?;
        self.may_be_deployed(&version).await?;
        self.no_rollout(prompt, environment).await?;
        self.no_experiment(prompt, environment).await?;
        self.move_to(&version, environment, Purpose::Deploy, actor).await
    }

    /// Goes back to a version that served in `environment` before: the one that the present one
    /// replaced, unless `selector` names another.
    pub async fn rollback(
        &self,
        prompt: &PromptName,
        selector: Option<&Selector>,
        environment: &EnvironmentName,
        actor: &str,
    ) -> Result<Decision> {
        let version = match selector {
            Some(selector) => select::version(&self.store, prompt, selector).await?,
            None => self.previous(prompt, environment).await?,
        };
        self.move_to(&version, environment, Purpose::Rollback, actor).await
    }

    /// Has the version that serves answered by another of its models, if that has passing evidence of its own:
    /// a way out when a model fails and the version is sound.
    ///
    /// # Errors
    /// `NotFound` if nothing serves there or the version has no such model.
    pub async fn switch_model(
        &self,
        prompt: &PromptName,
        environment: &EnvironmentName,
        model: &ModelName,
        actor: &str,
    ) -> Result<Decision> {
        let serving = Selector::Environment(environment.clone());
        let version = select::version(&self.store, prompt, &serving).await?;
        if version.content.models.first().is_some_and(|first| first.model == *model) {
            return self.move_to(&version, environment, Purpose::Rollback, actor).await;
        }
        let wanted = (Purpose::Rollback, Some(model));
        let permit = match self.ask_on(&version, environment, wanted).await? {
            Asked::Permitted(permit, _) => *permit,
            Asked::Refused(checklist) => return Ok(Decision::Refused(checklist)),
        };
        let deployment = self.store.apply(permit, actor, clock::now_us()).await?;
        self.refresh_after_change().await;
        Ok(Decision::Moved(Box::new(deployment), vec![]))
    }

    /// Records that `actor` consents to a version. Authors cannot approve their own work.
    pub async fn approve(
        &self,
        prompt: &PromptName,
        selector: &Selector,
        actor: &str,
        comment: Option<String>,
    ) -> Result<Version> {
        let version = select::version(&self.store, prompt, selector).await?;
        if version.author == actor {
            let message = format!(
                "{actor} wrote version {} of `{prompt}`: somebody else has to approve it",
                version.number
            );
            return Err(Error::new(Kind::Forbidden, message).coded("own_work"));
        }
        let suite = self.store.current_suite(prompt).await?;
        let judges = match &suite {
            Some((suite, _)) => self.judges_of(prompt, suite).await,
            None => vec![],
        };
        let suite = suite.map(|(_, digest)| digest);
        let (actor, at) = (actor.to_string(), clock::now_us());
        let approval = Approval { actor, at, suite, judges, comment };
        self.store.approve(&version.hash, prompt, version.number, &approval).await?;
        Ok(version)
    }

    /// The moves of a prompt's pointers, newest first.
    pub async fn deployments(
        &self,
        prompt: &PromptName,
        environment: Option<&EnvironmentName>,
        limit: u32,
    ) -> Result<Vec<Deployment>> {
        self.store.deployments(prompt, environment, limit).await
    }

    pub(crate) async fn previous(
        &self,
        prompt: &PromptName,
        environment: &EnvironmentName,
    ) -> Result<Version> {
        self.policy(environment)?;
        let moves = self.store.deployments(prompt, Some(environment), u32::MAX).await?;
        let serving = moves.first().ok_or_else(|| {
            Error::not_found(format!("no version of `{prompt}` serves in {environment}"))
        })?;
        // What served before the serving version was deployed, and not what the newest move replaced: a
        // second rollback must go further back and not forward to the version that was rolled back.
        let deployed = moves
            .iter()
            .position(|m| m.number == serving.number && m.purpose == Purpose::Deploy)
            .unwrap_or_default();
        let before = moves.iter().skip(deployed).find(|earlier| earlier.number != serving.number);
        let number = before.map(|earlier| earlier.number).ok_or_else(|| {
            let message = format!(
                "nothing served in {environment} before version {} of `{prompt}` was deployed: there is \
                 nothing to go back to",
                serving.number
            );
            Error::not_found(message).coded("nothing_before")
        })?;
        select::version(&self.store, prompt, &Selector::Number(number)).await
    }

    /// Asks for the right to point `environment` at a version.
    pub(crate) async fn ask(
        &self,
        version: &Version,
        environment: &EnvironmentName,
        purpose: Purpose,
    ) -> Result<Asked> {
        let checklist = self.check(version, environment, purpose).await?;
        let fallbacks = checklist.fallbacks().to_vec();
        Ok(match checklist.permit() {
            Ok(permit) => Asked::Permitted(Box::new(permit), fallbacks),
            Err(checklist) => Asked::Refused(checklist),
        })
    }

    /// The same for a version that one of its other models is to answer, with `model`.
    ///
    /// # Errors
    /// `NotFound` if the version has no such model.
    pub(crate) async fn ask_on(
        &self,
        version: &Version,
        environment: &EnvironmentName,
        (purpose, model): (Purpose, Option<&ModelName>),
    ) -> Result<Asked> {
        let Some(model) = model else { return self.ask(version, environment, purpose).await };
        let checklist = self.check(version, environment, purpose).await?;
        match checklist.permit_on(model) {
            Some(Ok(permit)) => Ok(Asked::Permitted(Box::new(permit), vec![])),
            Some(Err(checklist)) => Ok(Asked::Refused(checklist)),
            None => {
                let others = version.content.models.iter().map(|variant| variant.model.to_string());
                let known: Vec<String> = others.collect();
                let (number, prompt) = (version.number, &version.prompt);
                let message = format!(
                    "version {number} of `{prompt}` has no other model `{model}` (it has {})",
                    known.join(", ")
                );
                Err(Error::not_found(message).coded("model_not_of_version"))
            }
        }
    }

    async fn move_to(
        &self,
        version: &Version,
        environment: &EnvironmentName,
        purpose: Purpose,
        actor: &str,
    ) -> Result<Decision> {
        let (permit, fallbacks) = match self.ask(version, environment, purpose).await? {
            Asked::Permitted(permit, fallbacks) => (*permit, fallbacks),
            Asked::Refused(checklist) => return Ok(Decision::Refused(checklist)),
        };
        let deployment = self.store.apply(permit, actor, clock::now_us()).await?;
        self.refresh_after_change().await;
        Ok(Decision::Moved(Box::new(deployment), fallbacks))
    }

    async fn check(
        &self,
        version: &Version,
        environment: &EnvironmentName,
        purpose: Purpose,
    ) -> Result<Checklist> {
        let policy = self.policy(environment)?;
        let history = self.store.deployments(&version.prompt, Some(environment), u32::MAX).await?;
        // One on another model rests on evidence about that model.
        let of_version = |deployment: &&Deployment| deployment.number == version.number;
        let mut earlier = history.iter().filter(of_version);
        let served = earlier.find(|deployment| deployment.model.is_none());
        let found = match (purpose, served.and_then(|deployment| deployment.evidence.as_deref())) {
            (Purpose::Rollback, Some(report)) => self.evidence_of(version, report).await?,
            _ => self.newest_evidence(version).await?,
        };
        let approvals = self.store.approvals(&version.prompt, &version.hash).await?;
        let serving = version.content.models.first().map(|variant| &variant.model);
        let model_vouched = serving.is_some_and(|model| self.vouches_for(model));
        let comparison = self.against_serving(policy, environment, version, &found).await?;
        let others = self.other_reports(version, &found).await?;
        let fallbacks: Vec<FallbackEvidence<'_>> = others
            .iter()
            .map(|(model, report)| FallbackEvidence {
                model,
                report: report.as_ref(),
                model_vouched: self.vouches_for(model),
            })
            .collect();
        let content = &version.content;
        let models = content.models.iter().map(|variant| &variant.model);
        let judge = content.judge().map(|judge| &judge.model);
        let asked = models.chain(content.upper_steps()).chain(judge);
        let upstreams = self.project.upstreams(asked);
        let redteam = self.redteam_for(policy, version, environment).await?;
        let evidence = Evidence {
            version,
            suite: found.suite.as_ref().map(|(suite, digest)| (suite, *digest)),
            report: found.report.as_ref(),
            judges: &found.judges,
            upstreams: &upstreams,
            approvals: &approvals,
            model_vouched,
            served_before: served.is_some(),
            serving: history.first().map(|deployment| deployment.id),
            serves_already: history
                .first()
                .is_some_and(|deployment| deployment.number == version.number),
            comparison: comparison.as_ref(),
            redteam: redteam.as_ref(),
            fallbacks: &fallbacks,
        };
        let checklist = gate::decide(policy, environment, purpose, &evidence);
        let checklist = self.with_summariser(checklist, version, environment).await?;
        self.with_judge(checklist, version, environment).await
    }

    /// Whether the project says that the model's id is immutable.
    fn vouches_for(&self, model: &ModelName) -> bool {
        self.project.models.get(model).is_some_and(|model| model.pinned)
    }

    /// The version's other models, each with the newest report by the suite that the decision rests on.
    async fn other_reports(
        &self,
        version: &Version,
        found: &Found,
    ) -> Result<Vec<(ModelName, Option<Report>)>> {
        let mut others = vec![];
        for variant in version.content.models.iter().skip(1) {
            let report = match &found.suite {
                Some((_, suite)) => self.newest_report(version, suite, &variant.model).await?,
                None => None,
            };
            others.push((variant.model.clone(), report));
        }
        Ok(others)
    }

    /// The comparison that the policy asks for, if both reports are there.
    async fn against_serving(
        &self,
        policy: &Policy,
        environment: &EnvironmentName,
        version: &Version,
        found: &Found,
    ) -> Result<Option<Compared>> {
        let (Some(asked), Some((suite, digest)), Some(report)) =
            (policy.not_worse_than_serving, &found.suite, &found.report)
        else {
            return Ok(None);
        };
        let baseline = self.baseline(version, environment, digest).await?;
        let Some(before) = baseline.and_then(|baseline| baseline.report) else { return Ok(None) };
        self.versus(report, &before, suite, asked.confidence).await.map(Some)
    }

    fn policy(&self, environment: &EnvironmentName) -> Result<&Policy> {
        self.project.environments.get(environment).map(|found| &found.policy).ok_or_else(|| {
            let known: Vec<&str> =
                self.project.environments.keys().map(EnvironmentName::as_str).collect();
            let message =
                format!("there is no environment `{environment}` (there are {})", known.join(", "));
            Error::not_found(message).coded("environment_not_found")
        })
    }

    /// The newest report by a suite, by preference one that was made with the providers of now.
    pub(crate) async fn newest_report(
        &self,
        version: &Version,
        suite: &Digest,
        model: &ModelName,
    ) -> Result<Option<Report>> {
        let now = self.answering(version, model);
        self.store.newest_report(&version.hash, suite, model, &now).await
    }

    /// Who answers now where `model` is asked.
    pub(crate) fn answering(&self, version: &Version, model: &ModelName) -> Upstreams {
        self.project.upstreams(version.content.answering(model))
    }

    /// The evidence on which a version was admitted earlier, or a newer report by the same suite if only that
    /// is of the providers of now.
    async fn evidence_of(&self, version: &Version, report: &str) -> Result<Found> {
        let mut report = self.store.report(report).await?;
        if let Some(then) = &report {
            let now = self.answering(version, &then.model);
            if then.upstreams != now {
                let newer = self.newest_report(version, &then.suite, &then.model).await?;
                report = newer.filter(|newer| newer.upstreams == now).or(report);
            }
        }
        let suite = match &report {
            Some(report) => {
                self.store.suite(&report.suite).await?.map(|suite| (suite, report.suite))
            }
            None => None,
        };
        // Whoever judges by now did not judge it then, and a way back must not close for that.
        let judges = report.as_ref().map(|report| report.judges.clone()).unwrap_or_default();
        Ok(Found { suite, report, judges })
    }

    /// The evidence by the prompt's current suite on the version's serving model.
    async fn newest_evidence(&self, version: &Version) -> Result<Found> {
        let suite = self.store.current_suite(&version.prompt).await?;
        let report = match (&suite, version.content.models.first()) {
            (Some((_, digest)), Some(variant)) => {
                self.newest_report(version, digest, &variant.model).await?
            }
            _ => None,
        };
        let judges = match &suite {
            Some((suite, _)) => self.judges_of(&version.prompt, suite).await,
            None => vec![],
        };
        Ok(Found { suite, report, judges })
    }
}

struct Found {
    suite: Option<(Suite, Digest)>,
    report: Option<Report>,
    /// Who judges by the suite.
    judges: Vec<String>,
}
