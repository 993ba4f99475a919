//! Which answers are kept to be given again, as the project declares it.
//!
//! A cache changes neither what a model is asked nor how its answer is judged, only how often it is asked:
//! it is not content of a version. Switching it on needs no new evidence, and its rules stand in the
//! project's configuration.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{EnvironmentName, ModelName, PromptName};

/// Bytes of answers that a cache keeps unless it says otherwise.
pub const DEFAULT_BYTES: u64 = 64 << 20;

/// Most answers that are compared by meaning; a search looks at every one.
pub const MOST_COMPARED: u32 = 10_000;

/// What the project says about caches.
#[derive(Debug, Clone, PartialEq)]
pub struct Caching {
    /// Caches in the order in which they are tried; the first that is about a call serves it.
    pub caches: Vec<Cache>,
    /// Whether vendors that want it are told which part of a prompt is the same in every call.
    pub prompt_cache: bool,
}

impl Default for Caching {
    fn default() -> Self {
        Self { caches: Vec::new(), prompt_cache: true }
    }
}

/// One cache.
#[derive(Debug, Clone, PartialEq)]
pub struct Cache {
    /// Its name, by which it is cleared and measured.
    pub name: String,
    /// Which calls it is about.
    pub about: About,
    /// How long an answer is given again.
    pub ttl: Duration,
    /// Who may be given whose answers.
    pub share: Share,
    /// Most bytes that its answers take; half of them are for vectors if it compares by meaning.
    pub max_bytes: u64,
    /// How it compares by meaning, if it does so beside comparing exactly.
    pub similar: Option<Similar>,
}

/// Which calls a cache is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// Calls to prompts by a pattern of their names: `service/name`, `service/*` or `*`.
    Prompts {
        /// The pattern.
        pattern: String,
        /// Only in this environment.
        environment: Option<EnvironmentName>,
    },
    /// Plain calls by a pattern of the model's name: `provider/model`, `provider/*` or `*`.
    Models(String),
}

/// Who may be given whose answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Share {
    /// Each caller its own only.
    #[default]
    Caller,
    /// Everyone everyone's.
    All,
}

/// How answers are found by meaning.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar {
    /// The model that makes vectors of texts.
    pub embedder: ModelName,
    /// Least cosine similarity at which an answer is given, over 0 to 1.
    pub threshold: f32,
    /// Most answers that are compared, up to [`MOST_COMPARED`].
    pub max_entries: u32,
}

impl Caching {
    /// The cache for a call to `prompt`, or to the plain `model`.
    pub fn find(
        &self,
        prompt: Option<(&PromptName, Option<&EnvironmentName>)>,
        model: &ModelName,
    ) -> Option<&Cache> {
        self.caches.iter().find(|cache| match (&cache.about, prompt) {
            (About::Prompts { pattern, environment }, Some((name, place))) => {
                covers(pattern, name.as_str())
                    && environment.as_ref().is_none_or(|wanted| Some(wanted) == place)
            }
            (About::Models(pattern), None) => covers(pattern, model.as_str()),
            _ => false,
        })
    }
}

/// Whether `pattern` means `name`: the same text, or a beginning of it before a `*`.
pub fn covers(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

/// What a cache had to do with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheUse {
    /// The answer had been given before to exactly this request.
    Hit,
    /// It had been given before to a request of like meaning.
    Similar,
    /// It was given at the same time to another caller of exactly this request.
    Coalesced,
    /// There was none, so the vendor was asked.
    Miss,
    /// The caller wanted none.
    Bypass,
}

impl CacheUse {
    /// The stored word: header value and metric label.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Similar => "similar",
            Self::Coalesced => "coalesced",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(name: &str, about: About) -> Cache {
        Cache {
            name: name.into(),
            about,
            ttl: Duration::from_secs(1),
            share: Share::Caller,
            max_bytes: 1,
            similar: None,
        }
    }

    #[test]
    fn the_first_that_is_about_a_call_serves_it() {
        let staging: EnvironmentName = "staging".parse().unwrap();
        let prompts = |pattern: &str, environment: Option<&EnvironmentName>| About::Prompts {
            pattern: pattern.into(),
            environment: environment.cloned(),
        };
        let caching = Caching {
            caches: vec![
                cache("staging", prompts("*", Some(&staging))),
                cache("service", prompts("support/*", None)),
                cache("models", About::Models("openai/*".into())),
            ],
            prompt_cache: true,
        };
        let model = |name: &str| name.parse::<ModelName>().unwrap();
        let found = |prompt: &str, place: Option<&EnvironmentName>| {
            let prompt: PromptName = prompt.parse().unwrap();
            let found = caching.find(Some((&prompt, place)), &model("openai/x"));
            found.map(|cache| cache.name.clone())
        };
        assert_eq!(found("support/triage", Some(&staging)).as_deref(), Some("staging"));
        assert_eq!(found("support/triage", None).as_deref(), Some("service"));
        assert_eq!(found("supporters/x", None), None, "a plain model's cache keeps no prompts");
        let plain = |name: &str| caching.find(None, &model(name)).map(|cache| cache.name.clone());
        assert_eq!(plain("openai/gpt").as_deref(), Some("models"));
        assert_eq!(plain("other/gpt"), None);
    }
}
