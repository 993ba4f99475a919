//! Connections to vendors. A provider whose key is missing is not an error until it is called: a
//! laptop with one key can still work on prompts for three vendors.

use std::collections::HashMap;
use std::sync::Arc;

use gatemark_core::error::Result;
use gatemark_core::model::Project;
use gatemark_gateway::clock;
use gatemark_provider::http::Client;
use gatemark_provider::local::Home;
use gatemark_provider::{Secret, Vendor};

/// One connection for each key of each provider.
#[derive(Default)]
pub(crate) struct Connections {
    /// By the provider's name, with its first key if it has any.
    pub(crate) first: HashMap<String, Arc<dyn Vendor>>,
    /// With its further keys.
    pub(crate) more: HashMap<String, Vec<Arc<dyn Vendor>>>,
}

pub(crate) fn all(
    project: &Project,
    mut secrets: HashMap<String, Vec<Secret>>,
    home: &Home,
) -> Result<Connections> {
    let client = Client::new()?;
    let connect =
        |provider, key| gatemark_provider::connect(provider, key, &client, home, clock::now);
    let mut connections = Connections::default();
    for (name, provider) in &project.providers {
        let mut keys = secrets.remove(name).unwrap_or_default().into_iter();
        connections.first.insert(name.clone(), connect(provider, keys.next())?);
        let more = keys.map(|key| connect(provider, Some(key))).collect::<Result<Vec<_>>>()?;
        if !more.is_empty() {
            connections.more.insert(name.clone(), more);
        }
    }
    Ok(connections)
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
