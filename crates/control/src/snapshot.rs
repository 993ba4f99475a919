//! From the registry to what the gateway serves.
//!
//! A version that cannot be compiled (registered by a program with another opinion) is left out and logged:
//! one bad prompt must not stop the others. If another version of it serves, that goes on: a deployment that
//! this server cannot serve must not end what it serves.

use std::collections::HashMap;
use std::sync::Arc;

use gatemark_core::Result;
use gatemark_core::deploy::Deployment;
use gatemark_core::id::{EnvironmentName, ModelName, PromptName};
use gatemark_gateway::{Division, Pointer, Release, Side, Snapshot, SnapshotParts, Unproven};
use gatemark_store::{Admitted, Divided, Store};

use crate::configuration::InForce;
use crate::proof::Court;
use crate::releases::{Led, Releases};

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
    let divisions = from.store.divisions().await?;
    let divisions: HashMap<i64, Divided> =
        divisions.into_iter().map(|divided| (divided.deployment, divided)).collect();
    let wanted =
        pointers.iter().map(of_pointer).chain(admitted.values().flatten().map(of_admitted));
    from.releases.prepare(from.store, wanted).await?;
    let mut prompts: HashMap<PromptName, HashMap<EnvironmentName, Pointer>> = HashMap::new();
    let mut held = vec![];
    for deployment in pointers {
        let key = (deployment.prompt.clone(), deployment.environment.clone());
        let versions = admitted.get(&key).map(Vec::as_slice).unwrap_or_default();
        let place = from.place(&deployment, versions).await?;
        let id = (deployment.prompt.clone(), deployment.number);
        let model = deployment.model.as_ref();
        let current = from.releases.led_by(from.store, &id, model).await?;
        if let Some(mut pointer) = from.servable(current, place, &deployment, &mut held) {
            // Found by the deployment: whatever moved the pointer ends what divided it.
            let divided = divisions.get(&deployment.id);
            // A server that cannot serve what is deployed cannot compare anything with it.
            if let Some(divided) =
                divided.filter(|_| pointer.current.version.number == deployment.number)
            {
                pointer.division = from.division(divided).await?;
            }
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
    for (prompt, environment, without) in snapshot.unproven() {
        let Unproven { number, model, stops, reason } = without;
        let what = if *stops { "the version is not served" } else { "the model is not asked" };
        tracing::error!(
            %prompt, %environment, version = number, %model, reason,
            "deployed, but without evidence under this gatemark.yaml: {what}"
        );
    }
    Ok(Built { snapshot, held })
}

/// What an environment has admitted of a prompt, as far as it can be used.
struct Place {
    admitted: Vec<Arc<Release>>,
    fallbacks: HashMap<u32, Arc<[ModelName]>>,
    unproven: Vec<Unproven>,
}

impl Place {
    fn serving(self, current: Arc<Release>) -> Pointer {
        let Self { admitted, fallbacks, unproven } = self;
        Pointer { current, admitted, fallbacks, unproven, division: None }
    }
}

impl Ingredients<'_> {
    fn court(&self) -> Court<'_> {
        Court {
            store: self.store,
            project: &self.config.project,
            before: self.before.map(|before| &**before.project()),
            proofs: &self.releases.proofs,
        }
    }

    /// The arms compiled; `None`, and everybody is served as before, if one of them cannot be served here.
    async fn division(&self, divided: &Divided) -> Result<Option<Arc<Division>>> {
        let environment = self.config.project.environments.get(&divided.environment);
        let mut sides = vec![];
        for arm in &divided.division.split.arms {
            let admitted = divided.admitted(arm);
            let (id, model) = ((divided.prompt.clone(), arm.number), arm.model.clone());
            let release = self.releases.led_by(self.store, &id, model.as_ref()).await?;
            let unproven = match (&release, environment) {
                (Some(release), Some(environment)) => {
                    self.court().unproven(environment, &release.version, &admitted).await?
                }
                _ => vec![],
            };
            let doubtful = |model: &ModelName| unproven.iter().any(|one| one.model == *model);
            let others = admitted.fallbacks.iter().map(|fallback| &fallback.model);
            let fallbacks: Arc<[ModelName]> =
                others.filter(|model| !doubtful(model)).cloned().collect();
            let (admitted, fallbacks_of) = (vec![], HashMap::new());
            let place = Place { admitted, fallbacks: fallbacks_of, unproven };
            if let Some(reason) = self.obstacle(release.as_deref(), &place) {
                tracing::error!(
                    prompt = %divided.prompt, version = arm.number, reason,
                    "its rollout or experiment stands still here"
                );
                return Ok(None);
            }
            let fallbacks = (!fallbacks.is_empty()).then_some(fallbacks);
            sides.extend(release.map(|release| Arc::new(Side { release, model, fallbacks })));
        }
        let split = divided.division.split.clone();
        Ok(Some(Arc::new(Division { split, sides })))
    }

    async fn place(&self, deployment: &Deployment, versions: &[Admitted]) -> Result<Place> {
        let court = self.court();
        let environment = self.config.project.environments.get(&deployment.environment);
        let (mut admitted, mut fallbacks, mut unproven) = (vec![], HashMap::new(), vec![]);
        for found in versions {
            let id = (found.prompt.clone(), found.number);
            let model = found.model.as_ref();
            let release = self.releases.led_by(self.store, &id, model).await?;
            let Some(release) = release else { continue };
            if let Some(environment) = environment {
                unproven.extend(court.unproven(environment, &release.version, found).await?);
            }
            let doubtful = |model: &ModelName| {
                unproven.iter().any(|one| one.number == found.number && one.model == *model)
            };
            let others = found.fallbacks.iter().map(|fallback| &fallback.model);
            let others: Arc<[ModelName]> =
                others.filter(|model| !doubtful(model)).cloned().collect();
            if !others.is_empty() {
                fallbacks.insert(found.number, others);
            }
            admitted.push(release);
        }
        Ok(Place { admitted, fallbacks, unproven })
    }

    /// What a version cannot be served for.
    fn obstacle(&self, release: Option<&Release>, place: &Place) -> Option<String> {
        let Some(release) = release else { return Some("it cannot be compiled".to_string()) };
        let version = &release.version;
        let model = &version.content.models.first()?.model;
        if !self.config.vendors.first.contains_key(model.provider()) {
            return Some(format!("there is no provider `{}` in gatemark.yaml", model.provider()));
        }
        let mut unproven = place.unproven.iter();
        let without = unproven.find(|one| one.number == version.number && one.stops)?;
        Some(format!("it has no evidence under this gatemark.yaml: {}", without.reason))
    }

    /// The pointer to the release wanted, or in its place to the one in force if only that can be served.
    fn servable(
        &self,
        wanted: Option<Arc<Release>>,
        place: Place,
        deployment: &Deployment,
        held: &mut Vec<Held>,
    ) -> Option<Pointer> {
        let Some(reason) = self.obstacle(wanted.as_deref(), &place) else {
            return wanted.map(|wanted| place.serving(wanted));
        };
        let environments = self.before.and_then(|before| before.pointers(&deployment.prompt));
        let serving = environments.and_then(|found| found.get(&deployment.environment));
        let serving = serving.map(|serving| serving.current.clone());
        let serving = serving.filter(|serving| self.obstacle(Some(serving), &place).is_none());
        let Some(serving) = serving else { return wanted.map(|wanted| place.serving(wanted)) };
        let one = Held {
            prompt: deployment.prompt.clone(),
            environment: deployment.environment.clone(),
            deployed: deployment.number,
            serving: serving.version.number,
            reason,
        };
        tracing::error!(
            prompt = %one.prompt, environment = %one.environment, deployed = one.deployed,
            serving = one.serving, reason = one.reason,
            "the deployed version cannot be served here: the one before goes on"
        );
        held.push(one);
        Some(place.serving(serving))
    }
}

fn of_pointer(deployment: &Deployment) -> Led {
    ((deployment.prompt.clone(), deployment.number), deployment.model.clone())
}

fn of_admitted(admitted: &Admitted) -> Led {
    ((admitted.prompt.clone(), admitted.number), admitted.model.clone())
}

type AdmittedHere = HashMap<(PromptName, EnvironmentName), Vec<Admitted>>;

async fn admitted(store: &Store) -> Result<AdmittedHere> {
    let mut admitted = AdmittedHere::new();
    for found in store.admitted().await? {
        let key = (found.prompt.clone(), found.environment.clone());
        admitted.entry(key).or_default().push(found);
    }
    Ok(admitted)
}
