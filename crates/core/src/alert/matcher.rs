//! Which alerts are meant, by routes and silences.

use serde::{Deserialize, Serialize};

use crate::signal::{Severity, Signal};

/// What an alert must be like: every field that is there has to fit. An empty matcher fits everything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matcher {
    /// Its key, or the beginning of it and a star.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its rule, or the beginning of it and a star.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Its prompt, or `service/*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Its environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The least severity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
}

impl Matcher {
    /// Whether `signal` is meant. What is about no prompt or environment is not meant by one that names one.
    pub fn fits(&self, signal: &Signal) -> bool {
        let prompt = signal.prompt.as_ref().map(|prompt| prompt.as_str());
        let environment = signal.environment.as_ref().map(|environment| environment.as_str());
        text_fits(self.key.as_deref(), Some(&signal.key))
            && text_fits(self.rule.as_deref(), Some(&signal.rule))
            && text_fits(self.prompt.as_deref(), prompt)
            && text_fits(self.environment.as_deref(), environment)
            && self.severity.is_none_or(|least| signal.severity >= least)
    }

    /// Whether it fits everything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// `rule=breaker_open prompt=support/*`, or `everything`.
    pub fn shown(&self) -> String {
        let severity = self.severity.map(|least| least.word().to_string());
        let parts = [
            ("key", &self.key),
            ("rule", &self.rule),
            ("prompt", &self.prompt),
            ("environment", &self.environment),
            ("severity", &severity),
        ];
        let parts = parts
            .into_iter()
            .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}={value}")));
        let shown = parts.collect::<Vec<_>>().join(" ");
        if shown.is_empty() { "everything".to_string() } else { shown }
    }
}

fn text_fits(pattern: Option<&str>, text: Option<&str>) -> bool {
    let Some(pattern) = pattern else { return true };
    let Some(text) = text else { return false };
    match pattern.strip_suffix('*') {
        Some(beginning) => text.starts_with(beginning),
        None => text == pattern,
    }
}
