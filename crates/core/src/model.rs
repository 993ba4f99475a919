//! Models, their prices, and the vendors that serve them, as the project declares them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::gate::Policy;
use crate::id::{Digest, EnvironmentName, ModelName};
use crate::money::NanoUsd;
use crate::resilience::{Resilience, ServerBounds};
use crate::route::Route;

/// Tokens that one call used, as far as the vendor says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read, including those from the vendor's cache.
    pub input: u64,
    /// Of these, read from the vendor's prompt cache.
    pub cached_input: u64,
    /// Of these, written to the vendor's prompt cache.
    pub cache_write: u64,
    /// Tokens written, including reasoning.
    pub output: u64,
    /// True when we counted because the vendor said nothing.
    pub estimated: bool,
}

/// Prices for a million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Tokens read.
    pub input: NanoUsd,
    /// Tokens read from the vendor's cache; `None` if they cost what others do.
    pub cached_input: Option<NanoUsd>,
    /// Tokens written to the vendor's cache; `None` if they cost what others do.
    pub cache_write: Option<NanoUsd>,
    /// Tokens written.
    pub output: NanoUsd,
}

impl Price {
    /// What `usage` costs. Each kind of token is rounded up to a nano-dollar.
    pub fn of(&self, usage: &Usage) -> NanoUsd {
        let cached = usage.cached_input.min(usage.input);
        let written = usage.cache_write.min(usage.input - cached);
        let plain = usage.input - cached - written;
        NanoUsd::for_tokens(plain, self.input)
            + NanoUsd::for_tokens(cached, self.cached_input.unwrap_or(self.input))
            + NanoUsd::for_tokens(written, self.cache_write.unwrap_or(self.input))
            + NanoUsd::for_tokens(usage.output, self.output)
    }
}

/// Which wire protocol a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// OpenAI's chat completions, and every server compatible with them.
    Openai,
    /// Anthropic's messages.
    Anthropic,
    /// The in-process stand-in.
    Sim,
    /// An embedding model that is run in this process.
    Local,
}

/// Where an embedding model that is run in this process comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalModel {
    /// A folder on disk; a relative path starts at the project's folder.
    Folder(PathBuf),
    /// A hub, from which it is fetched at first use.
    Hub {
        /// `owner/name`.
        repository: String,
        /// A commit, tag or branch of the repository.
        revision: String,
        /// What files must hash to, by their path in the repository.
        sha256: BTreeMap<String, Digest>,
    },
}

impl LocalModel {
    /// The model's own name: the last part of the path or of the repository's name.
    pub fn name(&self) -> String {
        match self {
            Self::Folder(path) => {
                path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
            }
            Self::Hub { repository, .. } => {
                repository.rsplit('/').next().unwrap_or_default().to_string()
            }
        }
    }
}

/// How the `sim` vendor behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct SimSettings {
    /// Time until the whole answer is there, in milliseconds.
    pub latency_ms: u64,
    /// Share of calls that fail with a server error, 0 to 1.
    pub error_rate: f64,
    /// Share of answers in a broken format, 0 to 1.
    pub malformed_rate: f64,
    /// How far the model has silently changed, 0 to 1.
    pub drift: f64,
    /// Varies which calls are hit.
    pub seed: u64,
}

/// A vendor's API.
#[derive(Debug, Clone, PartialEq)]
pub struct Provider {
    /// The part before the slash in model names.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Root of its API, e.g. `https://api.openai.com/v1`; without a trailing slash. For `local` the hub
    /// that the model is fetched from. Unused by `sim`.
    pub base_url: String,
    /// Environment variable that holds its key; `None` for servers without keys.
    pub key_variable: Option<String>,
    /// Longest wait for a whole answer where the version sets none.
    pub timeout: Duration,
    /// How often a failed attempt is repeated while nothing has been answered.
    pub retries: u32,
    /// Most calls of test runs under way at once, if bounded.
    pub concurrency: Option<u32>,
    /// How failures are met.
    pub resilience: Resilience,
    /// For `sim` only.
    pub sim: SimSettings,
    /// For `local` only, which needs it.
    pub local: Option<LocalModel>,
}

impl Provider {
    /// What decides who answers under the provider's name: another address or other settings mean other
    /// answers.
    pub fn identity(&self) -> String {
        format!("{:?} {} {:?} {:?}", self.protocol, self.base_url, self.sim, self.local)
    }
}

/// A named model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its name.
    pub name: ModelName,
    /// What it costs; `None` if unknown: then calls are recorded with no cost and capped calls refused.
    pub price: Option<Price>,
    /// Whether the project vouches that the id never moves.
    pub pinned: bool,
}

/// What the call log keeps of a call's texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recording {
    /// Neither input nor output, only their sizes and a hash of the variables.
    #[default]
    Metadata,
    /// Also the variables and the answer.
    Content,
}

impl Recording {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Content => "content",
        }
    }
}

/// A place that versions are deployed to.
#[derive(Debug, Clone, PartialEq)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// What the gate asks for.
    pub policy: Policy,
    /// What is kept of calls' texts.
    pub recording: Recording,
}

/// Everything that `gatemark.yaml` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// For people.
    pub name: String,
    /// Vendors by name.
    pub providers: BTreeMap<String, Provider>,
    /// Models with a price or a pin; others of a known provider may be used without.
    pub models: BTreeMap<ModelName, Model>,
    /// Places by name.
    pub environments: BTreeMap<EnvironmentName, Environment>,
    /// Names for several models, by the part after `route/`.
    pub routes: BTreeMap<String, Route>,
    /// How much one process takes on.
    pub server: ServerBounds,
    /// Where calls go that name no environment.
    pub default_environment: EnvironmentName,
}

impl Project {
    /// Whether calls to `model` can be sent anywhere.
    pub fn serves(&self, model: &ModelName) -> bool {
        self.providers.contains_key(model.provider())
    }

    /// The price of `model`, if known.
    pub fn price(&self, model: &ModelName) -> Option<Price> {
        self.models.get(model).and_then(|model| model.price)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_token_has_its_price() {
        let price = Price {
            input: NanoUsd(1_000_000_000),
            cached_input: Some(NanoUsd(100_000_000)),
            cache_write: Some(NanoUsd(1_250_000_000)),
            output: NanoUsd(4_000_000_000),
        };
        let usage =
            Usage { input: 100, cached_input: 50, cache_write: 20, output: 10, estimated: false };
        let nanos = 30 * 1000 + 50 * 100 + 20 * 1250 + 10 * 4000;
        assert_eq!(price.of(&usage), NanoUsd(nanos));
    }

    #[test]
    fn nonsense_from_a_vendor_is_not_negative() {
        let usage = Usage { input: 5, cached_input: 50, ..Usage::default() };
        assert!(Price { input: NanoUsd(7), ..Price::default() }.of(&usage) >= NanoUsd::ZERO);
    }
}
