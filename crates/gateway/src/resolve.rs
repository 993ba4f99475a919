//! Step 2, resolve: from a name to the release and model that answer.
//!
//! A version chosen by number or semantic version is served only where the environment has admitted it:
//! pinning a version must not be a way round the gate.

use std::sync::Arc;
use std::time::Duration;

use gatemark_core::assign::Split;
use gatemark_core::diagnostic::did_you_mean;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::guard_policy::Place;
use gatemark_core::id::{EnvironmentName, ModelName};
use gatemark_core::model::Recording;
use gatemark_core::price::Price;
use serde_json::{Map, Value};

use crate::division::{self, Asker, Assigned};
use crate::health::Health;
use crate::incoming::{PromptRef, Selector, Target};
use crate::order;
use crate::recall::Recall;
use crate::redact::Policy;
use crate::release::{Compiled, Release};
use crate::snapshot::{Pointer, Snapshot};

/// What answers, and under which terms.
#[derive(Clone)]
pub(crate) struct Resolved {
    pub(crate) model: ModelName,
    pub(crate) price: Option<Arc<Price>>,
    pub(crate) recording: Recording,
    /// What is taken out of its texts.
    pub(crate) redact: Policy,
    pub(crate) environment: Option<EnvironmentName>,
    pub(crate) named: Option<Named>,
    pub(crate) recall: Option<Recall>,
    /// Models that may answer if the first cannot, in order.
    pub(crate) others: Option<Arc<[ModelName]>>,
    /// After how long without output a second request is sent, if the route says.
    pub(crate) hedge_after: Option<Duration>,
    /// Whether breakers and bounds apply, and learn from the call.
    pub(crate) guard: bool,
    /// Its place in a rollout or experiment, if it takes part in one.
    pub(crate) assigned: Option<Arc<Assigned>>,
    /// The division by which a copy of it is to be sent.
    pub(crate) split: Option<Arc<Split>>,
    /// What the call brings in place of what its environment says of guards.
    pub(crate) brought: Option<Arc<Place>>,
}

impl Resolved {
    /// What is said of guards where the call is made; a call without an environment is one of the default one's.
    pub(crate) fn guards<'a>(&'a self, snapshot: &'a Snapshot) -> Option<&'a Place> {
        if let Some(place) = &self.brought {
            return Some(place);
        }
        let project = snapshot.project();
        let name = self.environment.as_ref().unwrap_or(&project.default_environment);
        project.environments.get(name).map(|environment| &environment.guard)
    }
}

/// The part of a resolution that only prompts have.
#[derive(Clone)]
pub(crate) struct Named {
    pub(crate) release: Arc<Release>,
    pub(crate) variables: Map<String, Value>,
}

impl Named {
    /// The release compiled for `model`; `resolve` made sure that it exists.
    pub(crate) fn compiled(&self, model: &ModelName) -> Result<&Compiled> {
        self.release.variant(model).ok_or_else(|| {
            Error::internal(format!("{:?} was not compiled for {model}", self.release))
        })
    }
}

pub(crate) fn resolve(
    snapshot: &Snapshot,
    health: &Health,
    target: Target,
    asker: Option<&Asker<'_>>,
) -> Result<Resolved> {
    match target {
        Target::Plain(model) => plain(snapshot, model),
        Target::Route(name) => routed(snapshot, health, &name),
        Target::Named { prompt, variables } => named(snapshot, &prompt, variables, asker),
        Target::Exact { release, model, variables, recall } => {
            known_provider(snapshot, &model)?;
            let price = snapshot.project().price(&model);
            let named = Some(Named { release, variables });
            let recording = Recording::Metadata;
            Ok(Resolved {
                model,
                price,
                recording,
                redact: Policy::of(snapshot.project(), None),
                environment: None,
                named,
                recall,
                others: None,
                hedge_after: None,
                guard: false,
                assigned: None,
                split: None,
                brought: None,
            })
        }
    }
}

fn plain(snapshot: &Snapshot, model: ModelName) -> Result<Resolved> {
    known_provider(snapshot, &model)?;
    let project = snapshot.project();
    let recording = project
        .environments
        .get(&project.default_environment)
        .map_or(Recording::Metadata, |environment| environment.recording);
    let price = project.price(&model);
    Ok(Resolved {
        price,
        model,
        recording,
        redact: Policy::of(project, None),
        environment: None,
        named: None,
        recall: None,
        others: None,
        hedge_after: None,
        guard: true,
        assigned: None,
        split: None,
        brought: None,
    })
}

fn routed(snapshot: &Snapshot, health: &Health, name: &str) -> Result<Resolved> {
    let routes = &snapshot.project().routes;
    let route = routes.get(name).ok_or_else(|| {
        let known: Vec<&str> = routes.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "none".to_string() } else { known.join(", ") };
        let message =
            format!("the route `{name}` does not exist: `routes` in gatemark.yaml has {known}");
        Error::not_found(message).at("model").coded("route_unknown")
    })?;
    let mut models = order::models(route, health).into_iter();
    let first = models.next().ok_or_else(|| Error::internal("a route has no target"))?;
    let others: Arc<[ModelName]> = models.collect();
    let plain = plain(snapshot, first)?;
    Ok(Resolved { others: Some(others), hedge_after: route.hedge_after, ..plain })
}

fn known_provider(snapshot: &Snapshot, model: &ModelName) -> Result<()> {
    if snapshot.vendor(model).is_some() {
        return Ok(());
    }
    let known: Vec<&str> = snapshot.project().providers.keys().map(String::as_str).collect();
    let message = format!(
        "the model `{model}` does not exist: provider `{}` is not configured (there are {})",
        model.provider(),
        known.join(", ")
    );
    Err(Error::not_found(message).at("model").coded("model_not_found"))
}

fn named(
    snapshot: &Snapshot,
    prompt: &PromptRef,
    variables: Map<String, Value>,
    asker: Option<&Asker<'_>>,
) -> Result<Resolved> {
    let project = snapshot.project();
    let environment = match &prompt.selector {
        Selector::Environment(name) => name,
        _ => &project.default_environment,
    };
    let declared = project.environments.get(environment).ok_or_else(|| {
        let known: Vec<&str> = project.environments.keys().map(EnvironmentName::as_str).collect();
        let message =
            format!("environment `{environment}` does not exist (there are {})", known.join(", "));
        Error::not_found(message).at("model").coded("environment_not_found")
    })?;
    let pointer = pointer(snapshot, prompt, environment)?;
    let mut release = chosen(pointer, prompt, environment)?;
    let mut others = pointer.fallbacks.get(&release.version.number).cloned();
    // Whoever names a version gets that version.
    let open = matches!(prompt.selector, Selector::Default | Selector::Environment(_));
    let division = pointer.division.as_ref().filter(|_| open).zip(asker);
    let (mut assigned, mut split) = (None, None);
    if let Some((division, (place, side))) =
        division.and_then(|(division, asker)| Some((division, division::assign(division, asker)?)))
    {
        if let Some(side) = side {
            (release, others) = (side.release.clone(), side.fallbacks.clone());
        }
        split = place.shadow.as_ref().map(|_| Arc::new(division.split.clone()));
        assigned = Some(Arc::new(place));
    }
    if let Some(why) = pointer.stopped(release.version.number) {
        let message = format!(
            "version {} of prompt `{}` is not served in {environment} without evidence ({}): run `gatemark test \
             {}@{}` with the gatemark.yaml in force here",
            why.number, prompt.name, why.reason, prompt.name, why.number
        );
        return Err(Error::new(Kind::Unavailable, message).coded("evidence_missing"));
    }
    let model = release
        .variants
        .first()
        .map(|variant| variant.model.clone())
        .ok_or_else(|| Error::internal(format!("{release:?} has no model")))?;
    if snapshot.vendor(&model).is_none() {
        let message = format!(
            "prompt `{}` serves on `{model}`, but the gatemark.yaml in force here has no provider `{}`: \
             add it, or deploy another version",
            prompt.name,
            model.provider()
        );
        return Err(Error::new(Kind::Unavailable, message).coded("provider_not_configured"));
    }
    Ok(Resolved {
        price: project.price(&model),
        model,
        recording: declared.recording,
        redact: Policy::of(project, Some(environment)),
        environment: Some(environment.clone()),
        others,
        named: Some(Named { release, variables }),
        recall: None,
        hedge_after: None,
        guard: true,
        assigned,
        split,
        brought: None,
    })
}

fn pointer<'a>(
    snapshot: &'a Snapshot,
    prompt: &PromptRef,
    environment: &EnvironmentName,
) -> Result<&'a Pointer> {
    let name = &prompt.name;
    let environments = snapshot.pointers(name).ok_or_else(|| {
        let known = snapshot.prompts().map(|known| known.as_str());
        let hint = did_you_mean(name.as_str(), known)
            .map(|close| format!(" (did you mean `{close}`?)"))
            .unwrap_or_default();
        let message = format!("no version of prompt `{name}` is deployed anywhere{hint}");
        Error::not_found(message).at("model").coded("prompt_not_found")
    })?;
    environments.get(environment).ok_or_else(|| {
        let message = format!("no version of prompt `{name}` is deployed to {environment}");
        Error::not_found(message).at("model").coded("prompt_not_deployed")
    })
}

fn chosen(
    pointer: &Pointer,
    prompt: &PromptRef,
    environment: &EnvironmentName,
) -> Result<Arc<Release>> {
    let (wanted, found) = match &prompt.selector {
        Selector::Default | Selector::Environment(_) => return Ok(pointer.current.clone()),
        Selector::Semver(semver) => (
            semver.to_string(),
            pointer.admitted.iter().find(|release| release.version.semver == *semver),
        ),
        Selector::Number(number) => (
            number.to_string(),
            pointer.admitted.iter().find(|release| release.version.number == *number),
        ),
    };
    found.cloned().ok_or_else(|| {
        let message = format!(
            "version {wanted} of prompt `{}` was never admitted to {environment}: deploy it first",
            prompt.name
        );
        Error::not_found(message).at("model").coded("version_not_admitted")
    })
}
