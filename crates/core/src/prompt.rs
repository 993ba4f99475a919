//! A version's content: everything that reaches a model or decides about its answer.
//!
//! These types derive serde because their serialised form *is* the canonical form that versions are
//! identified by (see [`crate::canonical`]). Adding a field is safe as long as its absence is skipped;
//! renaming or reordering one changes every hash and needs a new format number.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cascade::{Cascade, Judge};
use crate::context::{Choose, PRIORITY_OF_TEXTS, Truncate};
use crate::conversation::Conversation;
use crate::guard_policy::GuardPolicy;
use crate::id::{Digest, ModelName, PromptName};
use crate::money::NanoUsd;
use crate::variable::Variable;

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The application's instructions.
    System,
    /// The person, or data on their behalf.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// The word used in files and on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One message; its text is a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// A Jinja template over the declared variables.
    pub text: String,
    /// What stays of the rendered text if the request is too long; `None` if nothing may be cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncate: Option<Truncate>,
    /// How important it is among the parts that may be cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
}

impl Message {
    /// A message that is never cut.
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, text: text.into(), truncate: None, priority: None }
    }

    /// How important it is among the parts that may be cut.
    pub fn priority(&self) -> u8 {
        self.priority.unwrap_or(PRIORITY_OF_TEXTS)
    }
}

/// A worked example: what the prompt's variables might hold and the answer wanted for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Values for the prompt's variables; absent ones take their defaults.
    pub variables: Map<String, Value>,
    /// The wanted answer: text, or JSON that is written compactly.
    pub output: Value,
}

/// What an answer must look like, and what is served when it cannot be had.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// JSON Schema that the answer must satisfy; `None` for free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// The exact text by which the model says that it lacks information.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insufficient: Option<String>,
    /// Served when the model fails or answers off format: text, or JSON that fits the schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Value>,
    /// How often an answer off format is sent back to the model with what is wrong with it, 0 or 1; see
    /// [`Output::repairs`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<u32>,
    /// How a streamed answer is judged; `None` for [`Streaming::Validate`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<Streaming>,
    /// Which answers a person looks at afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
}

impl Output {
    /// How often an answer off format is repaired: as often as the version says, else once if there is a
    /// schema that can be told to the model, and never without one.
    pub fn repairs(&self) -> u32 {
        if self.schema.is_none() { 0 } else { self.repair.unwrap_or(1) }
    }

    /// How a streamed answer is judged.
    pub fn streaming(&self) -> Streaming {
        self.stream.unwrap_or_default()
    }
}

/// How a streamed answer is judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Streaming {
    /// Piece by piece while it is passed on; it is broken off when it cannot fit the schema any more.
    #[default]
    Validate,
    /// As a whole before any of it is passed on.
    Hold,
}

/// Which answers a person looks at afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// A condition over the answer's fields, such as `confidence < 0.7`.
    pub when: String,
}

/// What a version changes for one model. The first variant is the one that serves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// The model.
    pub model: ModelName,
    /// Request fields in the vocabulary of chat completions (`temperature`, `max_tokens`, `top_p`, …).
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// Replaces, role by role in order, messages of the version for this model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
}

/// Bounds of one call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Most that one call may cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_per_call: Option<NanoUsd>,
    /// Longest wait for the whole answer, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Most tokens that the model is to read, whatever its window holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
}

impl Limits {
    /// The timeout, if the version sets one.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout_ms.map(Duration::from_millis)
    }
}

/// The immutable content of a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// Declared inputs by name.
    pub variables: BTreeMap<String, Variable>,
    /// The conversation that is sent, in order; at least one.
    pub messages: Vec<Message>,
    /// Worked examples, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
    /// Which of them a call gets; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choose: Option<Choose>,
    /// What an answer must look like.
    pub output: Output,
    /// The models it runs on; at least one.
    pub models: Vec<Variant>,
    /// Which of them answers first, and when the next is asked; `None` if the first one alone answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cascade: Option<Cascade>,
    /// How conversations go on; `None` if the prompt keeps none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Conversation>,
    /// What is looked for in its texts and answers; `None` where only its environment says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<GuardPolicy>,
    /// Bounds of one call.
    pub limits: Limits,
}

impl Content {
    /// The messages that `variant` sends: the version's own, with the variant's in place of those of the
    /// same role and rank (its second user message replaces the second user message).
    pub fn messages_for(&self, variant: &Variant) -> Vec<Message> {
        let mut messages = self.messages.clone();
        for role in [Role::System, Role::User, Role::Assistant] {
            let own = variant.messages.iter().filter(|m| m.role == role);
            let base = messages.iter_mut().filter(|m| m.role == role);
            base.zip(own).for_each(|(base, own)| base.clone_from(own));
        }
        messages
    }

    /// The models beyond the first that the cascade may ask.
    pub fn upper_steps(&self) -> &[ModelName] {
        let steps = self.cascade.as_ref().map(|cascade| cascade.steps.as_slice());
        steps.and_then(|steps| steps.get(1..)).unwrap_or_default()
    }

    /// Who judges the answers of the cascade's lower steps, if somebody does.
    pub fn judge(&self) -> Option<&Judge> {
        self.cascade.as_ref()?.up_when.judge.as_ref()
    }

    /// The models that are asked where `model` is: on the first step of the cascade those of all steps, and
    /// that of its judge.
    pub fn answering<'a>(&'a self, model: &'a ModelName) -> Vec<&'a ModelName> {
        let Some(cascade) = self.cascade.as_ref().filter(|it| it.steps.first() == Some(model))
        else {
            return vec![model];
        };
        let mut asked: Vec<&ModelName> = cascade.steps.iter().collect();
        asked.extend(self.judge().map(|judge| &judge.model).filter(|m| !cascade.steps.contains(m)));
        asked
    }

    /// The variant for `model`, if the version has one.
    pub fn variant(&self, model: &ModelName) -> Option<&Variant> {
        self.models.iter().find(|variant| variant.model == *model)
    }
}

/// A registered version: content, and what is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// The prompt it belongs to.
    pub prompt: PromptName,
    /// 1, 2, 3 … in order of registration.
    pub number: u32,
    /// The semantic version that its author gave it.
    pub semver: semver::Version,
    /// Identity of the content.
    pub hash: Digest,
    /// What was registered.
    pub content: Content,
    /// Why it exists, in the author's words.
    pub changelog: Option<String>,
    /// Who registered it.
    pub author: String,
    /// When, in microseconds since 1970.
    pub created_at: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(role: Role, text: &str) -> Message {
        Message::new(role, text)
    }

    #[test]
    fn a_variant_replaces_messages_by_role_and_rank() {
        let variant = Variant {
            model: "anthropic/claude-haiku-4-5-20251001".parse().unwrap(),
            parameters: Map::new(),
            messages: vec![message(Role::System, "short")],
        };
        let content = Content {
            variables: BTreeMap::new(),
            messages: vec![message(Role::System, "long"), message(Role::User, "hi")],
            examples: vec![],
            choose: None,
            cascade: None,
            conversation: None,
            guard: None,
            output: Output::default(),
            models: vec![variant.clone()],
            limits: Limits::default(),
        };
        let texts: Vec<_> = content.messages_for(&variant).into_iter().map(|m| m.text).collect();
        assert_eq!(texts, ["short", "hi"]);
    }
}
