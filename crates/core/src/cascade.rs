//! A cheap model first, dearer ones where its answer is not good enough: when to go up, and what a call's way
//! through the steps was.
//!
//! A sign that was asked for and is not there (no such field, no log-probabilities) counts as missing
//! confidence: whoever sets a threshold does not want answers that nothing vouches for.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{ModelName, PromptName};
use crate::money::NanoUsd;

/// Steps of models and the signs by which a call goes up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cascade {
    /// The models in the order in which they are asked; the first is the one that serves.
    pub steps: Vec<ModelName>,
    /// What makes a call go up; any of these does.
    pub up_when: UpWhen,
}

/// What makes a call go up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UpWhen {
    /// The model says in its answer that it is not sure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// The mean natural logarithm of the probabilities of the answer's tokens is below this, at most 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprob_below: Option<f64>,
    /// The answer does not fit the schema.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off_format: bool,
    /// The answer is the marker for missing information.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub insufficient: bool,
    /// A judge does not find the answer good. It is asked last, where no other sign says so already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<Judge>,
}

/// Who says how good an answer is: a prompt of the registry.
///
/// Version and model are part of what names it, so a version's content, and with it its evidence, says
/// exactly who judges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judge {
    /// The prompt.
    pub prompt: PromptName,
    /// Its semantic version, three numbers.
    pub version: String,
    /// The model that it is asked on.
    pub model: ModelName,
    /// On the judge's own scale: an answer with a lower score goes up. `None` for a judge that gives verdicts
    /// alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// By what to judge, if the judge is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria: Option<String>,
}

impl std::fmt::Display for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{} on {}", self.prompt, self.version, self.model)
    }
}

/// A field of the answer in which the model says how sure it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Confidence {
    /// A JSON pointer to a number.
    pub at: String,
    /// Below this the call goes up.
    pub below: f64,
}

/// Why a call went up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The answer does not fit the schema.
    OffFormat,
    /// The model lacked information.
    Insufficient,
    /// The model said that it is not sure, or not how sure it is.
    Confidence,
    /// Its tokens were improbable, or nobody knows how probable they were.
    Logprob,
    /// The judge did not find the answer good, or gave no verdict.
    Judge,
}

impl Reason {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::OffFormat => "off_format",
            Self::Insufficient => "insufficient",
            Self::Confidence => "confidence",
            Self::Logprob => "logprob",
            Self::Judge => "judge",
        }
    }
}

/// What is seen of an answer.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// It breaks the contract.
    OffFormat,
    /// It is the marker for missing information.
    Insufficient,
    /// It keeps the contract; with what it says if that is JSON.
    Valid(Option<&'a Value>),
}

impl UpWhen {
    /// Why an answer is not good enough, as far as it can be seen, with the mean log-probability of its tokens if
    /// that is known.
    pub fn reason(&self, seen: Seen<'_>, logprob: Option<f64>) -> Option<Reason> {
        let value = match seen {
            Seen::OffFormat if self.off_format => return Some(Reason::OffFormat),
            Seen::Insufficient if self.insufficient => return Some(Reason::Insufficient),
            // The marker has no fields, and is not unsure.
            Seen::Insufficient => return None,
            Seen::OffFormat => None,
            Seen::Valid(value) => value,
        };
        if let Some(confidence) = &self.confidence {
            let found = value.and_then(|value| value.pointer(&confidence.at)?.as_f64());
            if found.is_none_or(|found| found < confidence.below) {
                return Some(Reason::Confidence);
            }
        }
        let least = self.logprob_below?;
        logprob.is_none_or(|found| found < least).then_some(Reason::Logprob)
    }

    /// Who is to be asked about an answer in which no sign was seen. Nobody about the marker, which is what the
    /// version agreed on and no answer to be judged.
    pub fn asks(&self, seen: Seen<'_>) -> Option<&Judge> {
        self.judge.as_ref().filter(|_| !matches!(seen, Seen::Insufficient))
    }

    /// Whether two answers say the same: equal apart from how sure they are.
    pub fn is_same(&self, one: &str, other: &str) -> bool {
        let parsed = |text: &str| serde_json::from_str::<Value>(text.trim()).ok();
        match (parsed(one), parsed(other)) {
            (Some(one), Some(other)) => self.without(one) == self.without(other),
            _ => one.trim() == other.trim(),
        }
    }

    fn without(&self, mut value: Value) -> Value {
        let at = self.confidence.as_ref().map(|confidence| confidence.at.as_str());
        if let Some(field) = at.and_then(|at| value.pointer_mut(at)) {
            *field = Value::Null;
        }
        value
    }
}

/// What came of asking the judge about the answer of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The step, from 1.
    pub step: u32,
    /// The score on the judge's own scale, or 1 for pass and 0 for fail; `None` if it gave no verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// What the judge's reply cost when it was given, if it replied and its price is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<NanoUsd>,
}

/// A call's way through the steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Climb {
    /// The step whose answer was served, from 1.
    pub step: u32,
    /// How many steps there are.
    pub of: u32,
    /// Why it went up, once for each time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<Reason>,
    /// Whether the answer served is the same as that of the step below: going up was for nothing. `None` if
    /// it did not go up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same: Option<bool>,
    /// What the judge said, in the order in which it was asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judged: Vec<Judged>,
    /// What the last step alone would have cost for an answer of as many tokens, less what the call cost;
    /// below zero if going up made it dearer. `None` without a price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<NanoUsd>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn signs() -> UpWhen {
        UpWhen {
            confidence: Some(Confidence { at: "/confidence".into(), below: 0.7 }),
            logprob_below: Some(-0.5),
            off_format: true,
            insufficient: true,
            judge: None,
        }
    }

    #[test]
    fn any_sign_goes_up_and_a_missing_one_too() {
        let signs = signs();
        let (sure, unsure) = (json!({"confidence": 0.7}), json!({"confidence": 0.69}));
        let (text, none) = (json!({"confidence": "high"}), json!({}));
        let of = |value, logprob| signs.reason(Seen::Valid(Some(value)), logprob);
        assert_eq!(of(&sure, Some(-0.5)), None);
        assert_eq!(of(&sure, Some(-0.51)), Some(Reason::Logprob));
        assert_eq!(of(&sure, None), Some(Reason::Logprob));
        for value in [&unsure, &text, &none] {
            assert_eq!(of(value, Some(0.0)), Some(Reason::Confidence));
        }
        assert_eq!(signs.reason(Seen::OffFormat, Some(0.0)), Some(Reason::OffFormat));
        assert_eq!(signs.reason(Seen::Insufficient, None), Some(Reason::Insufficient));
        let calm = UpWhen { off_format: false, insufficient: false, ..signs };
        assert_eq!(calm.reason(Seen::Insufficient, None), None);
        assert_eq!(calm.reason(Seen::OffFormat, Some(0.0)), Some(Reason::Confidence));
        assert_eq!(UpWhen::default().reason(Seen::Valid(None), None), None);
    }

    #[test]
    fn a_judge_is_asked_about_answers_and_not_about_the_marker() {
        let judge = serde_json::json!({"prompt": "judges/rubric", "version": "1.2.0",
            "model": "p/m", "below": 4.0});
        let signs: UpWhen = serde_json::from_value(json!({"judge": judge})).unwrap();
        assert!(signs.reason(Seen::Valid(None), None).is_none());
        let shown = signs.asks(Seen::Valid(None)).map(ToString::to_string);
        assert_eq!(shown.as_deref(), Some("judges/rubric@1.2.0 on p/m"));
        assert!(signs.asks(Seen::OffFormat).is_some() && signs.asks(Seen::Insufficient).is_none());
        assert_eq!(serde_json::to_value(&signs).unwrap(), json!({"judge": judge}));
        assert_eq!(UpWhen::default().asks(Seen::OffFormat), None);
    }

    #[test]
    fn answers_are_the_same_apart_from_how_sure_they_are() {
        let signs = signs();
        assert!(signs.is_same(r#"{"a": 1, "confidence": 0.2}"#, r#"{"confidence":0.9,"a":1}"#));
        assert!(!signs.is_same(r#"{"a": 1, "confidence": 0.2}"#, r#"{"a":2,"confidence":0.2}"#));
        assert!(signs.is_same(" yes\n", "yes"));
        assert!(!signs.is_same("yes", "Yes"));
    }
}
