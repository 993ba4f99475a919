//! What a door hands to the gateway.

use std::collections::BTreeMap;
use std::sync::Arc;

use gatemark_core::access::Caller;
use gatemark_core::call::CallPurpose;
use gatemark_core::conversation::ConversationId;
use gatemark_core::error::{Error, Result};
use gatemark_core::guard_policy::Place;
use gatemark_core::id::{EnvironmentName, ModelName, PromptName};
use gatemark_provider::Dialect;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::converse::{Due, Past};
use crate::recall::Recall;
use crate::release::Release;
use crate::wish::CacheWish;

/// One call as a door understood it.
#[derive(Debug)]
pub struct Incoming {
    /// Who calls, from [`admit`](crate::Gateway::admit).
    pub caller: Caller,
    /// Why.
    pub purpose: CallPurpose,
    /// What is called.
    pub target: Target,
    /// In whose words `messages` and `fields` are, and the answer is wanted.
    pub dialect: Dialect,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Whether the caller asked for a usage chunk at the stream's end.
    pub usage_wanted: bool,
    /// The caller's own messages: the whole conversation of a plain call, or what follows a prompt's.
    pub messages: Option<Box<RawValue>>,
    /// All other request fields in the caller's order.
    pub fields: Vec<(String, Box<RawValue>)>,
    /// Headers that belong to the dialect and are meant for the vendor.
    pub headers: Vec<(&'static str, String)>,
    /// What the caller tagged the call with, for budgets, limits and the record.
    pub tags: BTreeMap<String, String>,
    /// What the caller wants of caches.
    pub cache: CacheWish,
    /// Whom or what the call is for, as the caller named it: what rollouts assign to arms.
    pub unit: Option<String>,
    /// The conversation that it is about, if that is kept.
    pub talking: Option<Talking>,
    /// How its texts are looked at, in place of what its environment says.
    pub guard: Option<Arc<Place>>,
}

/// What a call has to do with a conversation that is kept.
#[derive(Debug)]
pub enum Talking {
    /// It speaks in it.
    Turn(ConversationId),
    /// It puts older turns together.
    Summary(Box<Due>),
}

impl Incoming {
    /// A call in the words of chat completions that asks for a whole answer and adds nothing.
    pub fn new(caller: Caller, purpose: CallPurpose, target: Target) -> Self {
        Self {
            caller,
            purpose,
            target,
            dialect: Dialect::Chat,
            stream: false,
            usage_wanted: false,
            messages: None,
            fields: Vec::new(),
            headers: Vec::new(),
            tags: BTreeMap::new(),
            cache: CacheWish::default(),
            unit: None,
            talking: None,
            guard: None,
        }
    }
}

/// The part of a request that shapes the answer.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) dialect: Dialect,
    pub(crate) stream: bool,
    pub(crate) usage_wanted: bool,
    pub(crate) messages: Option<Box<RawValue>>,
    pub(crate) fields: Vec<(String, Box<RawValue>)>,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// What was said before, if it speaks in a conversation that is kept.
    pub(crate) past: Option<Arc<Past>>,
    /// The vector of what is asked, if examples are chosen by one.
    pub(crate) near: Option<Arc<[f32]>>,
}

/// What is called.
#[derive(Debug)]
pub enum Target {
    /// A prompt by name.
    Named {
        /// Which.
        prompt: PromptRef,
        /// The caller's values.
        variables: Map<String, Value>,
    },
    /// A model, with the caller's own messages.
    Plain(ModelName),
    /// A route of the project by its name, with the caller's own messages.
    Route(String),
    /// One release on one of its models, as test runs call it.
    Exact {
        /// The release.
        release: Arc<Release>,
        /// One of the models that the release was compiled for.
        model: ModelName,
        /// The case's values.
        variables: Map<String, Value>,
        /// Whether answers of earlier runs are taken, and where from.
        recall: Option<Recall>,
    },
}

/// A prompt as callers write it: `service/name`, `service/name@staging`, `service/name@2.1.0`,
/// `service/name@7`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptRef {
    /// The name.
    pub name: PromptName,
    /// Which version of it.
    pub selector: Selector,
}

/// Which version of a prompt is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// The one deployed to the default environment.
    Default,
    /// The one deployed to this environment.
    Environment(EnvironmentName),
    /// The one with this semantic version, if the default environment has admitted it.
    Semver(semver::Version),
    /// The one with this number, if the default environment has admitted it.
    Number(u32),
}

/// The prefix of `model` by which a prompt is called.
const PREFIX: &str = "gatemark/";

impl PromptRef {
    /// Reads a `model` field: `Some` if it names a prompt (`gatemark/…`), `None` if it names a model.
    pub fn from_model(model: &str) -> Option<Result<Self>> {
        model.strip_prefix(PREFIX).map(|rest| Self::parse(rest, "model"))
    }

    /// Reads `service/name[@selector]`; `param` is the request field named in errors.
    pub fn parse(text: &str, param: &str) -> Result<Self> {
        let text = text.strip_prefix(PREFIX).unwrap_or(text);
        let (name, selector) = match text.split_once('@') {
            Some((name, selector)) => (name, Selector::parse(selector, param)?),
            None => (text, Selector::Default),
        };
        let name = name.parse().map_err(|error| Error::from(error).at(param))?;
        Ok(Self { name, selector })
    }
}

impl Selector {
    /// Reads what follows the `@`: a semantic version, a version number or an environment.
    pub fn parse(text: &str, param: &str) -> Result<Self> {
        if let Ok(version) = text.parse() {
            return Ok(Self::Semver(version));
        }
        if let Ok(number) = text.parse() {
            return Ok(Self::Number(number));
        }
        text.parse().map(Self::Environment).map_err(|_| {
            let message = format!(
                "{text:?} selects nothing: write an environment, a semantic version or a version number"
            );
            Error::invalid(message).at(param)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selector(text: &str) -> Selector {
        PromptRef::from_model(text).unwrap().unwrap().selector
    }

    #[test]
    fn prompts_as_callers_write_them() {
        assert_eq!(selector("gatemark/support/triage"), Selector::Default);
        assert_eq!(
            selector("gatemark/support/triage@staging"),
            Selector::Environment("staging".parse().unwrap())
        );
        assert_eq!(
            selector("gatemark/support/triage@2.1.0"),
            Selector::Semver("2.1.0".parse().unwrap())
        );
        assert_eq!(selector("gatemark/support/triage@7"), Selector::Number(7));
        assert!(PromptRef::from_model("openai/gpt-4o").is_none());
        assert!(PromptRef::from_model("gatemark/support").unwrap().is_err());
        assert!(PromptRef::from_model("gatemark/a/b@No Such").unwrap().is_err());
    }
}
