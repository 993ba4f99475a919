//! From the registry to what the gateway serves.
//!
//! Compiling a version is the dear part, and versions never change, so compiled releases are kept across
//! snapshots. A version that cannot be compiled (registered by a program with another opinion) is left
//! out and logged: one bad prompt must not stop the others. If another version of it serves, that goes on:
//! a deployment that this server cannot serve must not end what it serves.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use gatemark_core::deploy::Deployment;
use gatemark_core::id::{EnvironmentName, ModelName, PromptName};
use gatemark_core::{Kind, Result};
use gatemark_gateway::{Pointer, Release, Snapshot, SnapshotParts};
use gatemark_store::Store;

use crate::configuration::InForce;

type ReleaseId = (PromptName, u32);

/// Compiled releases by prompt and number.
#[derive(Default)]
pub struct Releases {
    compiled: Mutex<HashMap<ReleaseId, Arc<Release>>>,
}

impl Releases {
    async fn get(&self, store: &Store, id: &ReleaseId) -> Result<Option<Arc<Release>>> {
        let known = |releases: &Self| {
            releases.compiled.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
        };
        if let Some(release) = known(self) {
            return Ok(Some(release));
        }
        let read = match store.version(&id.0, id.1).await {
            Ok(Some(version)) => Release::compile(version),
            Ok(None) => return Ok(None),
            // The store is away: the snapshot in force is better than one with holes.
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            Err(error) => Err(error),
        };
        match read {
            Ok(release) => {
                let release = Arc::new(release);
                let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
                compiled.insert(id.clone(), release.clone());
                Ok(Some(release))
            }
            Err(error) => {
                tracing::error!(prompt = %id.0, version = id.1, %error, "left out of serving");
                Ok(None)
            }
        }
    }
}

pub(crate) struct Ingredients<'a> {
    pub(crate) store: &'a Store,
    pub(crate) config: &'a InForce,
    pub(crate) releases: &'a Releases,
    pub(crate) keyless: bool,
    /// What serves now.
    pub(crate) before: Option<&'a Snapshot>,
}

/// A deployment that cannot be served, in whose place an earlier one goes on.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) prompt: PromptName,
    pub(crate) environment: EnvironmentName,
    pub(crate) deployed: u32,
    pub(crate) serving: u32,
    pub(crate) reason: String,
}

/// A snapshot that is not in force yet.
pub(crate) struct Built {
    pub(crate) snapshot: Snapshot,
    pub(crate) held: Vec<Held>,
}

/// Reads the registry. The revision is read first: a change that happens while we read gives a snapshot
/// that is newer than it says, and one more refresh, never a missed one.
pub(crate) async fn build(from: Ingredients<'_>) -> Result<Built> {
    let revision = from.store.revision().await?;
    let pointers = from.store.pointers().await?;
    let admitted = admitted(from.store).await?;
    let mut prompts: HashMap<PromptName, HashMap<EnvironmentName, Pointer>> = HashMap::new();
    let mut held = vec![];
    for deployment in pointers {
        let wanted = pointer(&from, &deployment, &admitted).await?;
        if let Some(pointer) = from.servable(wanted, &deployment, &mut held) {
            let environments = prompts.entry(deployment.prompt).or_default();
            environments.insert(deployment.environment, pointer);
        }
    }
    let snapshot = Snapshot::new(SnapshotParts {
        revision,
        project: from.config.project.clone(),
        vendors: from.config.vendors.first.clone(),
        more_keys: from.config.vendors.more.clone(),
        prompts,
        keys: from.store.active_keys().await?.into_iter().collect(),
        keyless: from.keyless && from.store.keys().await?.is_empty(),
    });
    for (prompt, model) in snapshot.unserved() {
        tracing::error!(%prompt, %model, "deployed, but its provider is not in this server's gatemark.yaml");
    }
    Ok(Built { snapshot, held })
}

impl Ingredients<'_> {
    /// What a pointer cannot be served for.
    fn obstacle(&self, pointer: Option<&Pointer>) -> Option<String> {
        let Some(pointer) = pointer else { return Some("it cannot be compiled".to_string()) };
        let model = &pointer.current.version.content.models.first()?.model;
        let missing = !self.config.vendors.first.contains_key(model.provider());
        missing.then(|| format!("there is no provider `{}` in gatemark.yaml", model.provider()))
    }

    /// The pointer wanted, or in its place the one in force if only that can be served.
    fn servable(
        &self,
        wanted: Option<Pointer>,
        deployment: &Deployment,
        held: &mut Vec<Held>,
    ) -> Option<Pointer> {
        let Some(reason) = self.obstacle(wanted.as_ref()) else { return wanted };
        let environments = self.before.and_then(|before| before.pointers(&deployment.prompt));
        let serving = environments.and_then(|found| found.get(&deployment.environment));
        let Some(serving) = serving.filter(|serving| self.obstacle(Some(serving)).is_none()) else {
            return wanted;
        };
        let one = Held {
            prompt: deployment.prompt.clone(),
            environment: deployment.environment.clone(),
            deployed: deployment.number,
            serving: serving.current.version.number,
            reason,
        };
        tracing::error!(
            prompt = %one.prompt, environment = %one.environment, deployed = one.deployed,
            serving = one.serving, reason = one.reason,
            "the deployed version cannot be served here: the one before goes on"
        );
        held.push(one);
        Some(serving.clone())
    }
}

type Admitted = HashMap<(PromptName, EnvironmentName), BTreeMap<u32, Vec<ModelName>>>;

async fn admitted(store: &Store) -> Result<Admitted> {
    let mut admitted = Admitted::new();
    for found in store.admitted().await? {
        let fallbacks = found.fallbacks.into_iter().map(|fallback| fallback.model).collect();
        let versions = admitted.entry((found.prompt, found.environment)).or_default();
        versions.insert(found.number, fallbacks);
    }
    Ok(admitted)
}

async fn pointer(
    from: &Ingredients<'_>,
    deployment: &Deployment,
    admitted: &Admitted,
) -> Result<Option<Pointer>> {
    let id = (deployment.prompt.clone(), deployment.number);
    let Some(current) = from.releases.get(from.store, &id).await? else { return Ok(None) };
    let key = (deployment.prompt.clone(), deployment.environment.clone());
    let mut releases = vec![];
    let mut fallbacks = HashMap::new();
    for (number, models) in admitted.get(&key).into_iter().flatten() {
        let id = (deployment.prompt.clone(), *number);
        releases.extend(from.releases.get(from.store, &id).await?);
        if !models.is_empty() {
            fallbacks.insert(*number, models.as_slice().into());
        }
    }
    Ok(Some(Pointer { current, admitted: releases, fallbacks }))
}
