//! The record of one call through the gateway.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::assign::{Mark, STABLE};
use crate::cache::CacheUse;
use crate::cascade::Climb;
use crate::context::Selection;
use crate::conversation::{Part, Talk};
use crate::error::Kind;
use crate::guarded::Guarded;
use crate::id::{Digest, EnvironmentName, ModelName, PromptName};
use crate::model::{Recording, Usage};
use crate::money::NanoUsd;
use crate::review::read_reasons;

/// Why a call was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallPurpose {
    /// For an application.
    Serve,
    /// By a test run.
    Test,
    /// A copy of an application's call for a candidate whose answer nobody sees.
    Shadow,
    /// By a judge of an answer that an application got before.
    Evaluate,
}

impl CallPurpose {
    /// Every purpose.
    pub const ALL: [CallPurpose; 4] = [Self::Serve, Self::Test, Self::Shadow, Self::Evaluate];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Test => "test",
            Self::Shadow => "shadow",
            Self::Evaluate => "evaluate",
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The model's answer, in the demanded form.
    Ok,
    /// The model said that it lacks information, by the agreed marker.
    Insufficient,
    /// The model's answer was not in the demanded form, and was passed on all the same.
    OffFormat,
    /// The static fallback was served.
    Fallback,
    /// The caller went away before the end.
    Cancelled,
    /// No answer.
    Error,
}

impl Outcome {
    /// The stored word: header value, metric label, column.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Insufficient => "insufficient",
            Self::OffFormat => "off_format",
            Self::Fallback => "fallback",
            Self::Cancelled => "cancelled",
            Self::Error => "error",
        }
    }
}

/// One try at a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The model asked.
    pub model: ModelName,
    /// From sending to the end of the answer, in microseconds.
    pub duration_us: u64,
    /// The error's code; `None` if it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Whether it was asked to judge an answer, and not to give one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub judge: bool,
}

/// What was left out of one part of a request to make it fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// The part: `variables.<name>`, `messages[<index>]`, `examples`, `conversation`.
    pub part: String,
    /// How much, by our own count.
    pub tokens: u64,
}

/// What is known about a call once it has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// UUID version 7; what the answer's header says.
    pub id: String,
    /// When it began, in microseconds since 1970.
    pub at: i64,
    /// Why it was made.
    pub purpose: CallPurpose,
    /// Name of the key or person that called.
    pub caller: String,
    /// The prompt; `None` for a plain model call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptName>,
    /// The version's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// The version's hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Digest>,
    /// The environment that the version was resolved in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<EnvironmentName>,
    /// The side of a rollout or experiment; `stable` outside of one.
    pub arm: String,
    /// The split that it was assigned by, if it took part in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Mark>,
    /// The pseudonym of the unit that was assigned, if that is not the call itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The call that it is a copy of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<String>,
    /// The model that answered or was last asked.
    pub model: ModelName,
    /// Whether the answer was streamed.
    pub stream: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// The error's kind, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// SHA-256 of the bound variables, to find equal inputs without keeping them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables_hash: Option<Digest>,
    /// What of the texts is kept (`metadata`, `content`).
    pub recording: String,
    /// The bound variables or messages as JSON, if texts are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// The answer, if texts are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Tokens.
    pub usage: Usage,
    /// What it cost; zero if the model's price is unknown.
    pub cost: NanoUsd,
    /// What an answer that had been given before would have cost now.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub saved: NanoUsd,
    /// The version of the price that it was priced by, see [`Price::version`](crate::price::Price::version).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// Whether the price was known.
    pub priced: bool,
    /// From accepting the call to the end of the answer, in microseconds.
    pub latency_us: u64,
    /// Of these, waiting for vendors.
    pub vendor_us: u64,
    /// To the first piece of a streamed answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token_us: Option<u64>,
    /// Tries at vendors, in order.
    pub attempts: Vec<Attempt>,
    /// What the caller tagged the call with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What was left out of the request to make it fit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<Dropped>,
    /// Whether the answer had been given before, so that no vendor was asked and nothing paid.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
    /// Its way through the version's cascade, if that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cascade: Option<Climb>,
    /// What a cache had to do with it, if one is about such calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<CacheUse>,
    /// Whether a repair of the answer succeeded; `None` if none was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repaired: Option<bool>,
    /// Why a person is to look at it, see [`Cause`](crate::review::Cause); nobody is if there is no reason.
    #[serde(default, deserialize_with = "read_reasons", skip_serializing_if = "Vec::is_empty")]
    pub review: Vec<String>,
    /// What guards found in its texts, if they found anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<Box<Guarded>>,
    /// Whether its answer is drawn to be judged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub evaluate: bool,
    /// By what its examples were chosen, if its version wants that done by an embedding model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub examples: Option<Selection>,
    /// Its part in a conversation that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Part>,
    /// What the conversation gained. It is in the call log only: the store files it with the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talk: Option<Box<Talk>>,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_nothing(amount: &NanoUsd) -> bool {
    *amount == NanoUsd::ZERO
}

impl CallRecord {
    /// A call that has begun at `at` (microseconds since 1970) and of which nothing else is known: a plain one, kept
    /// without its texts, that counts as cancelled until something comes of it.
    pub fn begun(
        id: String,
        at: i64,
        purpose: CallPurpose,
        caller: String,
        model: ModelName,
    ) -> Self {
        Self {
            id,
            at,
            purpose,
            caller,
            prompt: None,
            number: None,
            version: None,
            environment: None,
            arm: STABLE.to_string(),
            split: None,
            unit: None,
            copy_of: None,
            model,
            stream: false,
            outcome: Outcome::Cancelled,
            error: None,
            variables_hash: None,
            recording: Recording::Metadata.word().to_string(),
            input: None,
            output: None,
            usage: Usage::default(),
            cost: NanoUsd::ZERO,
            saved: NanoUsd::ZERO,
            price: None,
            priced: false,
            latency_us: 0,
            vendor_us: 0,
            first_token_us: None,
            attempts: vec![],
            tags: BTreeMap::new(),
            dropped: vec![],
            cached: false,
            cache: None,
            cascade: None,
            repaired: None,
            review: vec![],
            guard: None,
            evaluate: false,
            conversation: None,
            examples: None,
            talk: None,
        }
    }

    /// Whether a vendor was asked again for an answer that it should have given: not to judge one, and not
    /// because a cascade went up.
    pub fn is_retried(&self) -> bool {
        let answering = self.attempts.iter().filter(|attempt| !attempt.judge).count();
        let steps = 1 + self.cascade.as_ref().map_or(0, |climb| climb.why.len());
        answering > steps || self.repaired.is_some()
    }

    /// Time spent in the gateway itself, in microseconds.
    pub fn gateway_us(&self) -> u64 {
        self.latency_us.saturating_sub(self.vendor_us)
    }

    /// Marks the record as ended by an error of `kind`.
    pub fn fail(&mut self, kind: Kind) {
        self.outcome = if kind == Kind::Cancelled { Outcome::Cancelled } else { Outcome::Error };
        self.error = Some(kind.code().to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As written before prices had versions and calls had tags.
    const OLD: &str = r#"{"id":"x","at":1,"purpose":"serve","caller":"app","prompt":null,"number":null,"version":null,"environment":null,"arm":"stable","model":"p/m","stream":false,"outcome":"ok","error":null,"variables_hash":null,"recording":"metadata","usage":{"input":9,"cached_input":4,"cache_write":1,"output":3,"estimated":false},"cost":7,"priced":true,"latency_us":5,"vendor_us":4,"first_token_us":null,"attempts":[]}"#;

    /// What is absent was written as `null` once, and is left out now.
    fn without_nulls(text: &str) -> String {
        let fields = ["prompt", "number", "version", "environment", "error", "variables_hash"];
        let absent = fields.iter().map(|field| format!("\"{field}\":null,"));
        let text = absent.fold(text.to_string(), |text, field| text.replace(&field, ""));
        text.replace("\"first_token_us\":null,", "")
    }

    #[test]
    fn records_of_the_first_form_are_read() {
        let record: CallRecord = serde_json::from_str(OLD).unwrap();
        assert_eq!(
            (record.price.as_deref(), record.saved, record.tags.len()),
            (None, NanoUsd(0), 0)
        );
        assert_eq!((record.usage.reasoning, record.cost), (0, NanoUsd(7)));
        let review = |text: &str| {
            let text = OLD.replacen('{', text, 1);
            serde_json::from_str::<CallRecord>(&text).unwrap().review
        };
        assert_eq!(review(r#"{"review":"sure < 0.7","#), ["sure < 0.7"]);
        assert_eq!(review(r#"{"review":["sample","guard: x"],"#).len(), 2);
        assert!(review(r#"{"review":null,"#).is_empty());
        assert_eq!(
            serde_json::to_string(&record).unwrap(),
            without_nulls(OLD),
            "nothing is added that is not there"
        );
    }
}
