//! Connections to vendors. A provider whose key is missing is not an error until it is called: a
//! laptop with one key can still work on prompts for three vendors.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, future};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::model::Project;
use gatemark_provider::answer::{Answer, ChunkStream};
use gatemark_provider::http::Client;
use gatemark_provider::request::ChatRequest;
use gatemark_provider::{Secret, Vendor};

pub(crate) fn all(
    project: &Project,
    mut secrets: HashMap<String, Secret>,
) -> Result<HashMap<String, Arc<dyn Vendor>>> {
    let client = Client::new()?;
    let mut vendors: HashMap<String, Arc<dyn Vendor>> = HashMap::new();
    for (name, provider) in &project.providers {
        let secret = secrets.remove(name);
        let vendor: Arc<dyn Vendor> = match (&provider.key_variable, &secret) {
            (Some(variable), None) => {
                Arc::new(Keyless { provider: name.clone(), variable: variable.clone() })
            }
            _ => gatemark_provider::connect(provider, secret, &client)?,
        };
        vendors.insert(name.clone(), vendor);
    }
    Ok(vendors)
}

/// Stands for a provider whose key is not there.
struct Keyless {
    provider: String,
    variable: String,
}

impl Keyless {
    fn error(&self) -> Error {
        let message = format!(
            "provider `{}` has no key: set the environment variable {} and start again",
            self.provider, self.variable
        );
        Error::new(Kind::Unavailable, message).coded("provider_key_missing")
    }
}

impl Vendor for Keyless {
    fn complete<'a>(&'a self, _: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>> {
        future::ready(Err(self.error())).boxed()
    }

    fn stream<'a>(&'a self, _: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>> {
        future::ready(Err(self.error())).boxed()
    }
}
