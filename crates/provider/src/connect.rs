//! From a provider's declaration to a vendor that can be asked.

use std::sync::Arc;

use futures_util::FutureExt;
use gatemark_core::model::{Protocol, Provider};
use gatemark_core::{Error, Kind, Result};

use crate::answer::{Answer, ChunkStream};
use crate::anthropic::Anthropic;
use crate::azure::Azure;
use crate::bedrock::Bedrock;
use crate::clock::Clock;
use crate::dialect::Dialect;
use crate::embedding::Embedded;
use crate::gemini::Gemini;
use crate::http::Client;
use crate::local::{Home, Local};
use crate::openai::Openai;
use crate::request::ChatRequest;
use crate::secret::Secret;
use crate::sim::Sim;
use crate::structured::Shaped;
use crate::translate::Translated;
use crate::vendor::{BoxFuture, Vendor};
use crate::vertex::Vertex;

/// Connects to `provider`. Nothing is sent yet. A provider that needs a key and has none connects too,
/// and fails call by call with `Unavailable`, so that it does not take the other providers down. A model
/// that is run here is loaded, and fetched into `home` if need be, when it is first used. `clock` dates what
/// is signed.
///
/// # Errors
/// `Invalid` if the base URL or the key cannot be used.
pub fn connect(
    provider: &Provider,
    key: Option<Secret>,
    client: &Client,
    home: &Home,
    clock: Clock,
) -> Result<Arc<dyn Vendor>> {
    let vendor = in_its_own_words(provider, key, client, home, clock)?;
    let vendor = Arc::new(Shaped::new(provider, vendor));
    Ok(Arc::new(Translated::new(&provider.name, vendor)))
}

fn in_its_own_words(
    provider: &Provider,
    key: Option<Secret>,
    client: &Client,
    home: &Home,
    clock: Clock,
) -> Result<Arc<dyn Vendor>> {
    let key = key.filter(|key| !key.expose().is_empty());
    let keyed = !matches!(provider.protocol, Protocol::Sim | Protocol::Local);
    if let (true, Some(variable), None) = (keyed, &provider.key_variable, &key) {
        let name = &provider.name;
        let variable = match (provider.protocol, variable.as_str()) {
            (Protocol::Bedrock, "AWS_ACCESS_KEY_ID") => {
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK,"
            }
            (_, variable) => variable,
        };
        let message = format!("provider `{name}` has no key: set {variable} for the gateway");
        return Ok(Arc::new(Keyless { message }));
    }
    let key = key.as_ref();
    let client = &client.reaching(provider.allow_private);
    Ok(match provider.protocol {
        Protocol::Openai => Arc::new(Openai::new(provider, key, client)?),
        Protocol::Anthropic => Arc::new(Anthropic::new(provider, key, client)?),
        Protocol::Gemini => Arc::new(Gemini::new(provider, key, client)?),
        Protocol::Azure => Arc::new(Azure::new(provider, key, client)?),
        Protocol::Bedrock => Arc::new(Bedrock::new(provider, key, client, clock)?),
        Protocol::Vertex => Arc::new(Vertex::new(provider, key, client, clock)?),
        Protocol::Sim => Arc::new(Sim::new(&provider.name, provider.sim)),
        Protocol::Local => Arc::new(Local::new(provider, client, home)?),
    })
}

/// A vendor that cannot be asked for want of a key.
struct Keyless {
    message: String,
}

impl Keyless {
    fn error(&self) -> Error {
        Error::new(Kind::Unavailable, self.message.as_str()).coded("provider_key_missing")
    }
}

impl Vendor for Keyless {
    /// Whatever is asked, the want of a key is what must be told.
    fn speaks(&self, _: Dialect) -> bool {
        true
    }

    fn complete<'a>(&'a self, _: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>> {
        async move { Err(self.error()) }.boxed()
    }

    fn stream<'a>(&'a self, _: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>> {
        async move { Err(self.error()) }.boxed()
    }

    fn embed<'a>(&'a self, _: &'a str, _: &'a [String]) -> BoxFuture<'a, Result<Embedded>> {
        async move { Err(self.error()) }.boxed()
    }

    fn embedder<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<String>> {
        async move { Err(self.error()) }.boxed()
    }
}
