//! The control plane: every command, and the background tasks that keep a server current.
//!
//! The CLI and the HTTP API call the same functions of [`Control`] and get the same values back, which
//! they print or serialise; neither decides anything. Test runs go through the gateway, so what is
//! tested is what serves.

pub mod advise;
pub mod alerting;
mod answer_place;
pub mod auditing;
pub mod budgets;
pub mod calibrate;
pub mod cascade;
mod cascade_judge;
pub mod checks;
pub mod compare;
pub mod compat;
pub mod compress;
pub mod config_status;
pub mod configuration;
mod connect;
pub mod conversation;
pub mod conversation_view;
pub mod coverage;
pub mod draft;
pub mod embed;
pub mod evaluate;
mod examples;
pub mod experiment;
pub mod forecast;
pub mod gate;
pub mod generate;
pub mod history;
pub mod judge;
pub mod keys;
pub mod lanes;
pub mod lifecycle;
pub mod metrics;
pub mod online;
pub mod prices;
pub mod probe;
pub mod project;
pub mod promptfoo;
mod proof;
pub mod proposal;
mod purse;
pub mod record;
pub mod redact;
pub mod redteam;
pub mod registry;
mod releases;
pub mod reload;
pub mod render;
pub mod reviews;
pub mod rival;
pub mod rollout;
pub mod sandbox;
mod scoring;
pub mod select;
pub mod senders;
pub mod snapshot;
pub mod stop;
pub mod suite_diff;
pub mod suites;
mod summariser;
pub mod task;
pub mod versus;
pub mod view;
mod watching;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64};

use gatemark_core::Result;
use gatemark_core::model::Project;
use gatemark_gateway::{Gateway, Meter, Snapshot};
use gatemark_provider::Secret;
use gatemark_provider::local::{Home, Watcher};
use gatemark_store::Store;
use gatemark_store::calllog::{CallLog, CallLogOptions};

use configuration::InForce;

/// Everything a command needs. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Control {
    store: Store,
    project: Arc<Project>,
    gateway: Gateway,
    releases: Arc<releases::Releases>,
    vendors: Arc<connect::Connections>,
    keyless: bool,
    sandbox: Option<sandbox::Sandbox>,
    scripts: bool,
    data: PathBuf,
    /// Providers whose key is not there, with the variable that should hold it.
    keys_missing: Arc<HashMap<String, String>>,
    refreshing: Arc<tokio::sync::Mutex<()>>,
    live: Arc<reload::Live>,
    /// The newest change of conversations that the gateway has been told of.
    conversations_seen: Arc<AtomicI64>,
    /// Whether the gateway has got those that it is likely to need.
    conversations_warm: Arc<AtomicBool>,
    switch: Arc<stop::Switch>,
    /// When monitors last looked further back than an hour, in microseconds since 1970.
    looked_far: Arc<AtomicI64>,
    senders: Arc<senders::Senders>,
    couriers: Arc<alerting::Couriers>,
    watched: Arc<alerting::Watched>,
}

/// How to open a [`Control`].
pub struct Options {
    /// Directory of the database and the call log; made if missing.
    pub data: PathBuf,
    /// The project's configuration.
    pub project: Project,
    /// Keys of providers by the provider's name; those without one answer every call with an error that
    /// says so. Variables that alert channels name are here under [`senders::SECRETS`] and their name.
    pub secrets: HashMap<String, Vec<Secret>>,
    /// Is told while an embedding model is fetched.
    pub watcher: Arc<dyn Watcher>,
    /// Counts calls.
    pub meter: Arc<dyn Meter>,
    /// Whether callers without a key are let in while no keys exist (loopback only).
    pub keyless: bool,
}

impl Control {
    /// Opens the database (migrating it if needed) and the call log, and builds the first snapshot.
    pub async fn open(options: Options) -> Result<Self> {
        let switch = Arc::new(stop::Switch::open(&options.data)?);
        let store = Store::open(&options.data.join("gatemark.db")).await?;
        let log = CallLog::open(CallLogOptions::new(options.data.join("calls")))?;
        let home = Home { folder: options.data.join("models"), watcher: options.watcher };
        let connector = connect::Connector::new(home)?;
        let config = InForce::build(options.project, options.secrets, &connector, None)?;
        let releases = Arc::new(releases::Releases::default());
        let parts = snapshot::Ingredients {
            store: &store,
            config: &config,
            releases: &releases,
            keyless: options.keyless,
            before: None,
        };
        let first = snapshot::build(parts).await?.snapshot;
        let watched = Arc::new(alerting::Watched::new(options.meter));
        let gateway = Gateway::new(first, log, watched.clone());
        if let Err(error) = switch.learn_from(&store).await {
            tracing::warn!(%error, "file and database may differ about what is stopped");
        }
        gateway.set_stops(switch.stops());
        Ok(Self {
            store,
            project: config.project.clone(),
            gateway,
            releases,
            vendors: config.vendors.clone(),
            keyless: options.keyless,
            sandbox: None,
            scripts: false,
            data: options.data,
            keys_missing: config.keys_missing.clone(),
            refreshing: Arc::default(),
            senders: config.senders.clone(),
            live: Arc::new(reload::Live::new(config, connector)),
            conversations_seen: Arc::default(),
            conversations_warm: Arc::default(),
            switch,
            looked_far: Arc::default(),
            couriers: Arc::default(),
            watched,
        })
    }

    /// The same, able to run model-written code. Without it checks of code are errors.
    #[must_use]
    pub fn with_sandbox(self, sandbox: sandbox::Sandbox) -> Self {
        Self { sandbox: Some(sandbox), ..self }
    }

    /// The same, allowed to start the programs that suites name, as this process's user and unconfined.
    /// Only for whoever could start them anyway: never for callers over HTTP.
    #[must_use]
    pub fn allowing_scripts(self) -> Self {
        Self { scripts: true, ..self }
    }

    pub(crate) fn sandbox(&self) -> Option<&sandbox::Sandbox> {
        self.sandbox.as_ref()
    }

    pub(crate) fn allows_scripts(&self) -> bool {
        self.scripts
    }

    /// The data plane.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The project's configuration, as it was when this value was made: see [`Control::current`].
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// What happens in this process and is stored nowhere.
    pub(crate) fn in_process(&self) -> &alerting::Watched {
        &self.watched
    }

    pub(crate) fn senders(&self) -> &senders::Senders {
        &self.senders
    }

    pub(crate) fn couriers(&self) -> &Arc<alerting::Couriers> {
        &self.couriers
    }

    /// Whether callers without a key are let in, because none exist and only this machine can call.
    pub fn is_keyless(&self) -> bool {
        self.gateway.snapshot().is_keyless()
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Puts the registry's present state in force, if it changed since the snapshot was taken. Returns
    /// whether it did.
    pub async fn refresh(&self) -> Result<bool> {
        if self.store.revision().await? == self.gateway.snapshot().revision() {
            return Ok(false);
        }
        // What was deployed may need what gatemark.yaml says since then.
        self.reload(reload::Look::IfChanged).await?;
        // One at a time: an older view must not replace a newer one.
        let _turn = self.refreshing.lock().await;
        let serving = self.gateway.snapshot();
        if self.store.revision().await? == serving.revision() {
            return Ok(true);
        }
        let built = self.build(&self.live.now(), &serving).await?;
        self.live.hold(&built.held);
        self.gateway.swap(built.snapshot);
        Ok(true)
    }

    /// The registry's present state under `config`.
    pub(crate) async fn build(
        &self,
        config: &InForce,
        serving: &Snapshot,
    ) -> Result<snapshot::Built> {
        let parts = snapshot::Ingredients {
            store: &self.store,
            config,
            releases: &self.releases,
            keyless: self.keyless,
            before: Some(serving),
        };
        snapshot::build(parts).await
    }

    /// The same after a change of ours that is already stored: an error here must not make it look undone.
    pub(crate) async fn refresh_after_change(&self) {
        if let Err(error) = self.refresh().await {
            tracing::error!(%error, "stored, but not served yet: the next refresh tries again");
        }
    }

    /// Ships what the call log holds and closes the database. Call it before the process ends.
    pub async fn close(&self) -> Result<()> {
        gatemark_store::calllog::ship(self.gateway.log(), &self.store).await?;
        self.store.close().await;
        Ok(())
    }
}
