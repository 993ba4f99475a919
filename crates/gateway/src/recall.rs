//! Step 6, recall: an answer that was given before to exactly this request.
//!
//! Today only test runs recall, from answers that the control plane hands in as [`Answers`]: the gateway
//! still has no path to a database, and no application's call waits here. The key holds what was sent to
//! the vendor and which repeat it is, and nothing about how the answer will be judged: changing a check
//! asks no model again, and two repeats never share an answer.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::{Digest, ModelName};
use gatemark_core::model::Usage;
use gatemark_core::prompt::Role;
use gatemark_provider::Form;
use gatemark_provider::answer::{Answer, Finish};
use gatemark_provider::request::{ChatRequest, Messages};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Where answers are kept.
pub trait Answers: Send + Sync {
    /// The answer kept under `key`.
    fn get<'a>(&'a self, key: &'a Digest) -> BoxFuture<'a, Result<Option<Remembered>>>;

    /// Keeps an answer; resolves when it would survive the end of the process.
    fn put<'a>(&'a self, key: &'a Digest, answer: &'a Remembered) -> BoxFuture<'a, Result<()>>;
}

/// How one call recalls.
#[derive(Clone)]
pub struct Recall {
    /// Where answers are kept.
    pub answers: Arc<dyn Answers>,
    /// Which time the same request is made, from 1.
    pub repeat: u32,
}

impl std::fmt::Debug for Recall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recall").field("repeat", &self.repeat).finish_non_exhaustive()
    }
}

/// An answer as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    /// The vendor's id of the answer.
    id: String,
    /// The model that the vendor said had answered.
    model: String,
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tool_calls: Option<String>,
    finish: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    logprob: Option<f64>,
    /// How long the vendor took, in microseconds.
    pub latency_us: u64,
}

impl Remembered {
    pub(crate) fn of(answer: &Answer, latency_us: u64) -> Self {
        Self {
            id: answer.id.clone(),
            model: answer.model.clone(),
            text: answer.text.clone(),
            tool_calls: answer.tool_calls.as_ref().map(|calls| calls.get().to_string()),
            finish: answer.finish.word().to_string(),
            usage: answer.usage,
            logprob: answer.logprob,
            latency_us,
        }
    }

    fn into_answer(self) -> Result<Answer> {
        let raw = |json| {
            RawValue::from_string(json)
                .map_err(|cause| Error::internal("a kept answer is not JSON").because(cause))
        };
        Ok(Answer {
            id: self.id,
            model: self.model,
            text: self.text,
            tool_calls: self.tool_calls.map(raw).transpose()?,
            finish: Finish::from_word(&self.finish),
            usage: self.usage,
            logprob: self.logprob,
            ..Answer::default()
        })
    }
}

/// What identifies a request. Versioned: another layout must not meet keys of this one.
#[derive(Serialize)]
struct Key<'a> {
    format: u8,
    model: &'a ModelName,
    /// Who answers under the model's name.
    provider: &'a str,
    repeat: u32,
    turns: Vec<(Role, &'a str)>,
    raw: Option<&'a RawValue>,
    fields: Vec<(&'a str, &'a RawValue)>,
    /// The form that the vendor is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    form: Option<&'a str>,
}

pub(crate) fn key(
    model: &ModelName,
    provider: &str,
    request: &ChatRequest,
    repeat: u32,
) -> Result<Digest> {
    let (turns, raw) = match &request.messages {
        Messages::Raw(raw) => (vec![], Some(&**raw)),
        Messages::Turns(turns) => {
            (turns.iter().map(|turn| (turn.role, turn.text.as_str())).collect(), None)
        }
    };
    let fields = request.fields.iter().map(|(name, value)| (name.as_str(), &**value)).collect();
    let form = request.form.as_deref().map(Form::identity);
    let key = Key { format: 1, model, provider, repeat, turns, raw, fields, form };
    let bytes = serde_json::to_vec(&key)
        .map_err(|cause| Error::internal("a request cannot be identified").because(cause))?;
    Ok(Digest::of(&bytes))
}

/// The answer to `key` and how long it took when it was given, in microseconds.
pub(crate) async fn recall(recall: &Recall, key: &Digest) -> Result<Option<(Answer, u64)>> {
    let Some(found) = recall.answers.get(key).await? else { return Ok(None) };
    let latency_us = found.latency_us;
    Ok(Some((found.into_answer()?, latency_us)))
}
