//! Models, their prices, and the vendors that serve them, as the project declares them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::alert::Alerting;
use crate::budget::Budget;
use crate::cache::Caching;
use crate::gate::Policy;
use crate::guard_policy::{Place as Guards, Structure};
use crate::id::{Digest, EnvironmentName, ModelName};
use crate::limit::Limit;
use crate::online::Evaluate;
use crate::price::Price;
use crate::ramp::Plan;
use crate::redaction::Redaction;
use crate::resilience::{Resilience, ServerBounds};
use crate::review::Reviewing;
use crate::route::Route;
use crate::upstream::{Upstream, Upstreams};
use crate::watch::{Monitors, Probe};

pub use crate::price::Usage;

/// Which wire protocol a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// OpenAI's chat completions, and every server compatible with them.
    Openai,
    /// Anthropic's messages.
    Anthropic,
    /// Google's `generateContent`.
    Gemini,
    /// OpenAI's chat completions at Azure's addresses and with its key header.
    Azure,
    /// Amazon Bedrock's `Converse`.
    Bedrock,
    /// Google Cloud's Vertex AI: Gemini's wire, and Anthropic's for its models.
    Vertex,
    /// The in-process stand-in.
    Sim,
    /// An embedding model that is run in this process.
    Local,
}

impl Protocol {
    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Azure => "azure",
            Self::Bedrock => "bedrock",
            Self::Vertex => "vertex",
            Self::Sim => "sim",
            Self::Local => "local",
        }
    }
}

/// Which of OpenAI's two interfaces a provider of [`Protocol::Openai`] is asked through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Api {
    /// Chat completions only, as most compatible servers.
    #[default]
    Chat,
    /// Responses only: what comes in other words is translated into them.
    Responses,
    /// Each request by the one in whose words it comes, as OpenAI itself.
    Both,
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
    /// Share of the orders in a text that are followed, 0 to 1; for trying guards.
    pub obedience: f64,
    /// Varies which calls are hit.
    pub seed: u64,
}

/// Where in a vendor's cloud a provider is, for protocols whose requests say so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// AWS region, for `bedrock`; Google Cloud location, for `vertex`.
    pub region: Option<String>,
    /// Google Cloud project, for `vertex`.
    pub project: Option<String>,
    /// `api-version`, for `azure`: with it the paths name a deployment; without it they are those under
    /// `/openai/v1`.
    pub api_version: Option<String>,
}

/// How a server that is compatible with OpenAI's differs from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quirks {
    /// It refuses `stream_options`, and tells the usage of a stream anyway.
    pub no_stream_options: bool,
    /// Fields that it knows under another name: (OpenAI's, its own).
    pub renamed: &'static [(&'static str, &'static str)],
}

/// How a version's output schema is told to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Structured {
    /// In the vendor's own mode for answers of a schema.
    Strict,
    /// As the parameters of a tool that the model must call.
    Tool,
    /// In words, with the vendor's mode for JSON of any shape.
    Json,
    /// In words.
    Prompt,
    /// Not at all: the version's own messages say what is wanted.
    Off,
}

impl Structured {
    /// Every mode with the word for it.
    pub const WORDS: [(&'static str, Structured); 5] = [
        ("strict", Structured::Strict),
        ("tool", Structured::Tool),
        ("json", Structured::Json),
        ("prompt", Structured::Prompt),
        ("off", Structured::Off),
    ];

    /// The word in files.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, mode)| *mode == self).map_or("off", |(word, _)| word)
    }
}

/// What a project says about how schemas are told, in place of what is known about the vendor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Structuring {
    /// For models that are not named.
    pub default: Option<Structured>,
    /// By the vendor's own id of the model.
    pub models: BTreeMap<String, Structured>,
}

impl Structuring {
    /// The mode for `model`, if one was chosen.
    pub fn of(&self, model: &str) -> Option<Structured> {
        self.models.get(model).copied().or(self.default)
    }
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
    /// For `openai` only.
    pub api: Api,
    /// For `sim` only.
    pub sim: SimSettings,
    /// For `local` only, which needs it.
    pub local: Option<LocalModel>,
    /// For `azure`, `bedrock` and `vertex` only.
    pub place: Place,
    /// For `openai` only.
    pub quirks: Quirks,
    /// Whether it may be at an address of a private network.
    pub allow_private: bool,
    /// How schemas are told to its models.
    pub structured: Structuring,
}

impl Provider {
    /// What decides who answers under the provider's name: another address or other settings mean other
    /// answers.
    pub fn identity(&self) -> String {
        let Self { protocol, base_url, sim, local, place, structured, .. } = self;
        let mut identity = format!("{protocol:?} {base_url} {sim:?} {local:?}");
        // Nothing is added where there is nothing to say, so that answers kept before these fields stay usable.
        if *place != Place::default() {
            identity.push_str(&format!(" {place:?}"));
        }
        if *structured != Structuring::default() {
            identity.push_str(&format!(" {structured:?}"));
        }
        // Calls of tests and of prompts are in the words of chat completions: only one of the settings has another
        // interface answer them.
        if self.api == Api::Responses { format!("{identity} responses") } else { identity }
    }

    /// Who answers under the name of `model`, which is one of this provider's. The settings of `sim` are no
    /// part of it: they play what a vendor does without notice.
    pub fn upstream(&self, model: &ModelName) -> Upstream {
        let Place { region, project, api_version } = self.place.clone();
        let asked = self.protocol != Protocol::Sim;
        let renamed = self.quirks.renamed.iter().map(|(from, to)| format!("{from} as {to}"));
        let renamed = renamed.collect::<Vec<_>>().join(", ");
        let structured = self.structured.of(model.vendor_id()).map(|mode| mode.word().to_string());
        Upstream::new([
            ("protocol", Some(self.protocol.word().to_string())),
            ("base_url", asked.then(|| self.base_url.clone())),
            ("api", (self.api == Api::Responses).then(|| "responses".to_string())),
            ("region", region),
            ("project", project),
            ("api_version", api_version),
            ("structured", structured),
            ("renamed", Some(renamed)),
        ])
    }
}

/// A named model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its name.
    pub name: ModelName,
    /// What it costs; `None` if unknown: then calls are recorded with no cost and capped calls refused.
    pub price: Option<Arc<Price>>,
    /// Whether the project vouches that the id never moves.
    pub pinned: bool,
    /// Most tokens that it reads in one call, if known.
    pub max_input: Option<u64>,
    /// Most tokens that it writes in one call, if known.
    pub max_output: Option<u64>,
    /// Most tokens that it reads and writes in one call together, if known.
    pub context_window: Option<u64>,
    /// What is added to our own count of its tokens, in percent, where its tokenizer is not public.
    pub token_margin: Option<u32>,
    /// When its vendor stops serving it, in microseconds since 1970, if that is announced.
    pub ends_at: Option<i64>,
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
    /// How deployments to it take place unless somebody says otherwise; `None` for all at once.
    pub rollout: Option<Plan>,
    /// Which of its calls are judged after they were answered; `None` for none.
    pub evaluate: Option<Evaluate>,
    /// What is watched of the calls there.
    pub monitors: Monitors,
    /// How often the suites of what serves there are asked again, if they are.
    pub probe: Option<Probe>,
    /// Which of its calls people look at, and how soon.
    pub reviewing: Reviewing,
    /// What is looked for in texts and answers of its calls, and what is done about it.
    pub guard: Guards,
    /// What is taken out of texts before they are kept.
    pub redact: Redaction,
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
    /// Bounds of what is spent.
    pub budgets: Vec<Arc<Budget>>,
    /// Bounds of how fast calls come.
    pub limits: Vec<Arc<Limit>>,
    /// Which answers are given again.
    pub caching: Caching,
    /// Who is told what.
    pub alerts: Alerting,
    /// What becomes of prompts in which untrusted text would speak with the application's voice.
    pub structure: Structure,
}

impl Project {
    /// Whether calls to `model` can be sent anywhere.
    pub fn serves(&self, model: &ModelName) -> bool {
        self.providers.contains_key(model.provider())
    }

    /// Who answers for `models` now; models of providers that are not there are left out.
    pub fn upstreams<'a>(&self, models: impl IntoIterator<Item = &'a ModelName>) -> Upstreams {
        let known = models.into_iter().filter_map(|model| {
            let provider = self.providers.get(model.provider())?;
            Some((model.clone(), provider.upstream(model)))
        });
        known.collect()
    }

    /// The price of `model`, if known.
    pub fn price(&self, model: &ModelName) -> Option<Arc<Price>> {
        self.models.get(model).and_then(|model| model.price.clone())
    }
}
