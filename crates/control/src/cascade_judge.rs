//! The judge that a cascade goes up by: found in the registry, fit for what it is asked, and admitted where the
//! prompt that names it serves.
//!
//! The judge is named with its version and model, so who judges is part of the version's content, and its
//! evidence is of that judge. The gateway holds no registry: a release is given its judge when it is compiled.

use std::collections::BTreeSet;

use gatemark_core::context::By;
use gatemark_core::diagnostic::Diagnostic;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::gate::{Checklist, Finding};
use gatemark_core::id::EnvironmentName;
use gatemark_core::prompt::{Content, Version};
use gatemark_gateway::{Release, Selector};
use gatemark_store::{Admitted, Store};
use gatemark_text::judge::{Contract, Form, Scale};

use crate::judge::are_kin;
use crate::project::PromptFile;
use crate::{Control, select};

/// The gate's rule about it.
const RULE: u8 = 21;

/// Gives a release the judge that its cascade names, if it names one.
///
/// # Errors
/// `NotFound` if there is no such version, `Invalid` if it is no judge, or those of the store.
pub(crate) async fn given(store: &Store, release: &Release) -> Result<()> {
    let Some(named) = release.wants_judge() else { return Ok(()) };
    let selector = Selector::Semver(parsed(&named.version)?);
    let version = select::version(store, &named.prompt, &selector).await?;
    release.set_judge(&version)
}

impl Control {
    /// What is wrong with the judges that `prompts` go up by: each is pushed with them or registered, in that
    /// version, and can judge what it is given.
    pub(crate) async fn check_judges(&self, prompts: &[PromptFile]) -> Result<Vec<Diagnostic>> {
        let mut found = vec![];
        for prompt in prompts {
            let Some(named) = prompt.content.judge() else { continue };
            let place = prompt.places.judge.clone().unwrap_or(prompt.semver_place.clone());
            let is_it = |other: &&PromptFile| {
                other.name == named.prompt && other.semver.to_string() == named.version
            };
            let problem = match prompts.iter().find(is_it) {
                Some(pushed) => unfit(&prompt.content, &pushed.content),
                None => {
                    let version = parsed(&named.version)?;
                    match self.store().version_by_semver(&named.prompt, &version).await? {
                        Some(version) => unfit(&prompt.content, &version.content),
                        None => Some("is not registered, and not pushed with it".to_string()),
                    }
                }
            };
            if let Some(problem) = problem {
                let message = format!("the judge `{}@{}` {problem}", named.prompt, named.version);
                let hint = "see docs/judges.md for what a judge is, and docs/cascade.md for what it is given";
                found.push(Diagnostic::error(place, message).hint(hint));
            }
        }
        Ok(found)
    }

    /// Gives a release that is going to be tested its judge, which can be asked from here.
    ///
    /// # Errors
    /// What is missing for that, before anything is spent.
    pub(crate) async fn find_judge(&self, release: &Release) -> Result<()> {
        given(self.store(), release).await?;
        let content = &release.version.content;
        let Some(named) = content.judge() else { return Ok(()) };
        let model = &named.model;
        if !self.project.serves(model) {
            let message = format!("the judge {named} has no provider in gatemark.yaml");
            return Err(Error::invalid(message).at("model").coded("model_not_found"));
        }
        if let Some(variable) = self.keys_missing.get(model.provider()) {
            let message = format!(
                "the judge {named} cannot be asked: its key {variable} is not in the environment"
            );
            return Err(Error::invalid(message).at("model").coded("provider_key_missing"));
        }
        if content.limits.cost_per_call.is_some() && self.project.price(model).is_none() {
            let message = format!(
                "the prompt caps its cost per call, but its judge {named} has no price in gatemark.yaml"
            );
            return Err(Error::invalid(message).at("model").coded("price_unknown"));
        }
        Ok(())
    }

    /// That no version that serves, or takes part in a rollout or experiment, goes up by the judgement of `judge`. It
    /// would go on doing so: a retired judge judges for as long as somebody names it.
    ///
    /// # Errors
    /// `Refused`, with who does.
    pub(crate) async fn judges_nobody(&self, judge: &Version) -> Result<()> {
        let (pointers, divisions) =
            (self.store().pointers().await?, self.store().divisions().await?);
        let serving = pointers.into_iter().map(|one| (one.prompt, one.number, one.environment));
        let arms = divisions.into_iter().flat_map(|divided| {
            let (prompt, environment) = (divided.prompt, divided.environment);
            let arms = divided.division.split.arms.into_iter();
            arms.map(move |arm| (prompt.clone(), arm.number, environment.clone()))
        });
        let all: BTreeSet<_> = serving.chain(arms).collect();
        let mut found = vec![];
        for (prompt, number, environment) in all {
            let version = self.store().version(&prompt, number).await?;
            let named = version.as_ref().and_then(|version| version.content.judge());
            let is_it = named.is_some_and(|named| {
                named.prompt == judge.prompt && named.version == judge.semver.to_string()
            });
            if is_it {
                found.push(format!("version {number} of `{prompt}` in {environment}"));
            }
        }
        if found.is_empty() {
            return Ok(());
        }
        let message = format!(
            "version {} of `{}` judges for the cascade of {}: deploy one with another judge first",
            judge.number,
            judge.prompt,
            found.join(" and ")
        );
        Err(Error::new(Kind::Refused, message).coded("judge_in_use"))
    }

    /// What somebody who trusts the judge of a release's cascade should know.
    pub(crate) fn notes_on_judge(&self, release: &Release) -> Vec<String> {
        let content = &release.version.content;
        let (Some(named), Some(cascade)) = (content.judge(), &content.cascade) else {
            return vec![];
        };
        let lower = cascade.steps.split_last().map(|(_, lower)| lower).unwrap_or_default();
        let kin = lower.iter().filter(|step| are_kin(step, &named.model));
        let note = |step| {
            format!(
                "the cascade goes up by {named}, which judges answers of {step}, a model of its own family: models \
                 tend to prefer their own kind"
            )
        };
        kin.map(note).collect()
    }

    /// The gate's rules with the one about the judge of the version's cascade, if it names one.
    pub(crate) async fn with_judge(
        &self,
        checklist: Checklist,
        version: &Version,
        environment: &EnvironmentName,
    ) -> Result<Checklist> {
        let Some(named) = version.content.judge() else { return Ok(checklist) };
        let semver = parsed(&named.version)?;
        let judge = self.store().version_by_semver(&named.prompt, &semver).await?;
        let found = match &judge {
            None => Some("it is not registered".to_string()),
            Some(judge) => match unfit(&version.content, &judge.content) {
                Some(problem) => Some(format!("it {problem}")),
                None => {
                    let admitted = self.store().admitted().await?;
                    not_admitted(&admitted, judge, named, environment)
                }
            },
        };
        let met = found.is_none();
        let name = format!("{}@{}", named.prompt, named.version);
        Ok(checklist.with(Finding {
            rule: RULE,
            wanted: format!("the judge of its cascade, {named}, is admitted here"),
            found: found.unwrap_or_else(|| "it is".to_string()),
            met,
            fix: (!met).then(|| {
                format!("run `gatemark test {name} --model {}` and `gatemark deploy {name} --to {environment}`", named.model)
            }),
        }))
    }
}

/// Why the gate has not let a judge answer on its model, if it has not: then its own suite says nothing about it.
fn not_admitted(
    admitted: &[Admitted],
    judge: &Version,
    named: &gatemark_core::cascade::Judge,
    environment: &EnvironmentName,
) -> Option<String> {
    let here = admitted.iter().find(|one| {
        one.prompt == judge.prompt && one.number == judge.number && one.environment == *environment
    });
    let Some(here) = here else {
        return Some(format!("version {} was never deployed to {environment}", judge.number));
    };
    let first = judge.content.models.first().map(|variant| &variant.model);
    let serving = here.model.as_ref().or(first) == Some(&named.model);
    let other = here.fallbacks.iter().any(|other| other.model == named.model);
    (!serving && !other).then(|| {
        format!("version {} is admitted to {environment}, but not on {}", judge.number, named.model)
    })
}

/// Why a prompt cannot judge the answers of another, whose cascade names it.
fn unfit(judged: &Content, judge: &Content) -> Option<String> {
    let named = judged.judge()?;
    let contract = match Contract::read(judge) {
        Ok(contract) => contract,
        Err(problems) => return Some(format!("is no judge: {}", problems.join("; "))),
    };
    if judge.choose.as_ref().is_some_and(|choose| choose.by == By::Embedding) {
        return Some("chooses its examples by an embedding model, for which no call waits".into());
    }
    let needs = |name: &str| contract.needs(name);
    if needs("expected") {
        return Some("needs `expected`, which no call has".to_string());
    }
    match &named.criteria {
        Some(_) if !contract.takes("criteria") => {
            return Some("has no variable `criteria`: it would not see those given".to_string());
        }
        None if needs("criteria") => return Some("needs `criteria`: add them".to_string()),
        _ => {}
    }
    threshold(contract.form, named.below)
}

/// What is wrong with a threshold on a judge's scale.
fn threshold(form: Form, below: Option<f64>) -> Option<String> {
    match (form, below) {
        (Form::Winner, _) => Some("compares two answers: name one that judges a single one".into()),
        (Form::Verdict, None) => None,
        (Form::Verdict, Some(_)) => {
            Some("gives verdicts alone, and an answer that fails goes up: leave `below` out".into())
        }
        (Form::Score { .. }, None) => {
            Some("gives scores: say with `below` which of them go up".to_string())
        }
        (Form::Score { scale: Scale { least, most }, .. }, Some(below)) => (below <= least
            || below > most)
            .then(|| format!("has a scale from {least} to {most}: `below` must be over {least} and at most {most}")),
    }
}

fn parsed(version: &str) -> Result<semver::Version> {
    let broken =
        |cause| Error::internal(format!("a judge's version {version:?} is none")).because(cause);
    version.parse().map_err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_divides_the_scale() {
        let score = Form::Score { scale: Scale { least: 1.0, most: 5.0 }, verdict: false };
        for (form, below, fits) in [
            (score, Some(4.0), true),
            (score, Some(5.0), true),
            (score, Some(1.0), false),
            (score, Some(5.5), false),
            (score, None, false),
            (Form::Verdict, None, true),
            (Form::Verdict, Some(1.0), false),
            (Form::Winner, None, false),
        ] {
            assert_eq!(threshold(form, below).is_none(), fits, "{form:?} {below:?}");
        }
    }
}
