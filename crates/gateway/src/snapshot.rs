//! Everything that a call needs to know, immutable and swapped whole.

use std::collections::HashMap;
use std::sync::Arc;

use gatemark_core::access::Caller;
use gatemark_core::id::{Digest, EnvironmentName, ModelName, PromptName};
use gatemark_core::model::Project;
use gatemark_provider::vendor::Vendor;

use crate::division::Division;
use crate::release::Release;

/// What serves in one environment.
#[derive(Debug, Clone)]
pub struct Pointer {
    /// The deployed version.
    pub current: Arc<Release>,
    /// Every version that this environment has admitted, the current one included.
    pub admitted: Vec<Arc<Release>>,
    /// By a version's number, its other models that the gate admitted here, in the order of trial.
    pub fallbacks: HashMap<u32, Arc<[ModelName]>>,
    /// How its calls are divided, if a rollout or an experiment is going on.
    pub division: Option<Arc<Division>>,
    /// What of the admitted versions no report holds for any more, where the environment asks for one.
    pub unproven: Vec<Unproven>,
}

/// A model of an admitted version whose evidence is of another provider than the one of now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unproven {
    /// The version's number.
    pub number: u32,
    /// The model.
    pub model: ModelName,
    /// Whether the version is not served for it; another model of it is just not asked.
    pub stops: bool,
    /// What there is in place of evidence.
    pub reason: String,
}

impl Pointer {
    /// Why version `number` is not served, if it is not for want of evidence.
    pub(crate) fn stopped(&self, number: u32) -> Option<&Unproven> {
        self.unproven.iter().find(|unproven| unproven.number == number && unproven.stops)
    }
}

/// What a snapshot is made of.
pub struct SnapshotParts {
    /// The store's revision that it shows.
    pub revision: i64,
    /// The project's configuration.
    pub project: Arc<Project>,
    /// A connection for each provider by name.
    pub vendors: HashMap<String, Arc<dyn Vendor>>,
    /// Connections with further keys of the same provider.
    pub more_keys: HashMap<String, Vec<Arc<dyn Vendor>>>,
    /// What serves, by prompt and environment.
    pub prompts: HashMap<PromptName, HashMap<EnvironmentName, Pointer>>,
    /// Active keys by the hash of their secret.
    pub keys: HashMap<Digest, Caller>,
    /// Whether callers without a key are let in as the local operator. Only ever true for a server that
    /// is bound to loopback and has never had a key: revoking the last key must not open it.
    pub keyless: bool,
}

/// An immutable view of registry, configuration and keys.
pub struct Snapshot {
    parts: SnapshotParts,
}

impl Snapshot {
    /// A snapshot of these parts.
    pub fn new(parts: SnapshotParts) -> Self {
        Self { parts }
    }

    /// The store's revision that it shows.
    pub fn revision(&self) -> i64 {
        self.parts.revision
    }

    /// The project's configuration.
    pub fn project(&self) -> &Arc<Project> {
        &self.parts.project
    }

    /// Every environment of `prompt` in which something serves.
    pub fn pointers(&self, prompt: &PromptName) -> Option<&HashMap<EnvironmentName, Pointer>> {
        self.parts.prompts.get(prompt)
    }

    /// Every prompt that serves somewhere.
    pub fn prompts(&self) -> impl Iterator<Item = &PromptName> {
        self.parts.prompts.keys()
    }

    /// Deployed prompts whose serving model has no connection here, with that model.
    pub fn unserved(&self) -> impl Iterator<Item = (&PromptName, &ModelName)> {
        let pointers = self.parts.prompts.iter().flat_map(|(name, environments)| {
            environments.values().map(move |pointer| (name, pointer))
        });
        pointers
            .filter_map(|(name, pointer)| Some((name, &pointer.current.variants.first()?.model)))
            .filter(|(_, model)| self.vendor(model).is_none())
    }

    /// What of the deployed versions has no evidence under this configuration.
    pub fn unproven(&self) -> impl Iterator<Item = (&PromptName, &EnvironmentName, &Unproven)> {
        let pointers = self.parts.prompts.iter().flat_map(|(name, environments)| {
            environments.iter().map(move |(environment, pointer)| (name, environment, pointer))
        });
        pointers.flat_map(|(name, environment, pointer)| {
            let current = pointer.current.version.number;
            let unproven = pointer.unproven.iter();
            let of_current = unproven.filter(move |unproven| unproven.number == current);
            of_current.map(move |unproven| (name, environment, unproven))
        })
    }

    /// Whether some deployed version may be answered by `model`.
    pub fn serves_on(&self, model: &ModelName) -> bool {
        let pointers = self.parts.prompts.values().flat_map(HashMap::values);
        let mut variants = pointers.flat_map(|pointer| &pointer.current.variants);
        variants.any(|variant| variant.model == *model)
    }

    /// Whether some deployed version has to count tokens before each of its calls.
    pub fn counts_tokens(&self) -> bool {
        let pointers = self.parts.prompts.values().flat_map(HashMap::values);
        pointers
            .map(|pointer| &pointer.current.version.content.limits)
            .any(|limits| limits.cost_per_call.is_some())
    }

    /// The connection that `model` is called through.
    pub fn vendor(&self, model: &ModelName) -> Option<&Arc<dyn Vendor>> {
        self.parts.vendors.get(model.provider())
    }

    /// The connection of `model`'s provider by the `key`th of its keys.
    pub(crate) fn connection(&self, model: &ModelName, key: usize) -> Option<&Arc<dyn Vendor>> {
        match key.checked_sub(1) {
            None => self.vendor(model),
            Some(more) => self.parts.more_keys.get(model.provider())?.get(more),
        }
    }

    /// How many keys the provider of `model` has; at least 1.
    pub(crate) fn keys(&self, model: &ModelName) -> usize {
        1 + self.parts.more_keys.get(model.provider()).map_or(0, Vec::len)
    }

    pub(crate) fn caller(&self, secret: &Digest) -> Option<&Caller> {
        self.parts.keys.get(secret)
    }

    /// Whether callers without a key are let in as the local operator.
    pub fn is_keyless(&self) -> bool {
        self.parts.keyless
    }
}
