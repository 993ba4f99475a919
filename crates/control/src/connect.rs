//! Connections to vendors. A provider whose key is missing is not an error until it is called: a
//! laptop with one key can still work on prompts for three vendors.

use std::collections::HashMap;
use std::sync::Arc;

use gatemark_core::error::Result;
use gatemark_core::model::{Project, Provider};
use gatemark_gateway::clock;
use gatemark_provider::http::Client;
use gatemark_provider::local::Home;
use gatemark_provider::{Secret, Vendor};

use crate::senders::Senders;

/// One connection for each key of each provider.
#[derive(Default)]
pub(crate) struct Connections {
    /// By the provider's name, with its first key if it has any.
    pub(crate) first: HashMap<String, Arc<dyn Vendor>>,
    /// With its further keys.
    pub(crate) more: HashMap<String, Vec<Arc<dyn Vendor>>>,
}

impl Connections {
    /// Every connection of a provider, that with the first key before the others.
    pub(crate) fn of(&self, provider: &str) -> Vec<Arc<dyn Vendor>> {
        let more = self.more.get(provider).into_iter().flatten();
        self.first.get(provider).into_iter().chain(more).cloned().collect()
    }
}

/// What connections are made with. It outlives them, and with it the pool of open sockets.
pub(crate) struct Connector {
    client: Client,
    home: Home,
}

impl Connector {
    pub(crate) fn new(home: Home) -> Result<Self> {
        Ok(Self { client: Client::new()?, home })
    }

    /// A sender for each alert channel of `project`.
    pub(crate) fn senders(
        &self,
        project: &Project,
        secrets: &HashMap<String, Vec<Secret>>,
    ) -> Senders {
        Senders::of(project, secrets, &self.client)
    }

    /// Connects to every provider of `project`. What `kept` has for a provider is taken over.
    pub(crate) fn all(
        &self,
        project: &Project,
        mut secrets: HashMap<String, Vec<Secret>>,
        kept: impl Fn(&Provider) -> Vec<Arc<dyn Vendor>>,
    ) -> Result<Connections> {
        let mut connections = Connections::default();
        for (name, provider) in &project.providers {
            let keys = secrets.remove(name).unwrap_or_default();
            let mut made = kept(provider);
            if made.is_empty() {
                made = self.each(provider, keys)?;
            }
            let mut made = made.into_iter();
            connections.first.extend(made.next().map(|first| (name.clone(), first)));
            let more: Vec<_> = made.collect();
            if !more.is_empty() {
                connections.more.insert(name.clone(), more);
            }
        }
        Ok(connections)
    }

    /// One connection for each key, or one without any.
    fn each(&self, provider: &Provider, keys: Vec<Secret>) -> Result<Vec<Arc<dyn Vendor>>> {
        let mut keys: Vec<Option<Secret>> = keys.into_iter().map(Some).collect();
        if keys.is_empty() {
            keys.push(None);
        }
        let (client, home) = (&self.client, &self.home);
        let connect = |key| gatemark_provider::connect(provider, key, client, home, clock::now);
        keys.into_iter().map(connect).collect()
    }
}

/// Providers that need a key and have none, with the environment variable that should hold it.
pub(crate) fn keys_missing(
    project: &Project,
    secrets: &HashMap<String, Vec<Secret>>,
) -> HashMap<String, String> {
    let held = |name: &String| secrets.contains_key(name);
    let needed = project.providers.iter().filter(|(name, _)| !held(name));
    needed
        .filter_map(|(name, provider)| Some((name.clone(), provider.key_variable.clone()?)))
        .collect()
}
