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

pub(crate) fn all(
    project: &Project,
    mut secrets: HashMap<String, Secret>,
    home: &Home,
) -> Result<HashMap<String, Arc<dyn Vendor>>> {
    let client = Client::new()?;
    let connect = |(name, provider): (&String, _)| {
        let key = secrets.remove(name);
        let vendor = gatemark_provider::connect(provider, key, &client, home, clock::now)?;
        Ok((name.clone(), vendor))
    };
    project.providers.iter().map(connect).collect()
}

/// Providers that need a key and have none, with the environment variable that should hold it.
pub(crate) fn keys_missing(
    project: &Project,
    secrets: &HashMap<String, Secret>,
) -> HashMap<String, String> {
    let held = |name: &String| secrets.contains_key(name);
    let needed = project.providers.iter().filter(|(name, _)| !held(name));
    needed
        .filter_map(|(name, provider)| Some((name.clone(), provider.key_variable.clone()?)))
        .collect()
}
