//! Silences: people who know already.

use serde::{Deserialize, Serialize};

use super::matcher::Matcher;
use crate::signal::Signal;

/// A time in which what fits is not told. States go on changing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Its id.
    pub id: String,
    /// Which alerts.
    pub matcher: Matcher,
    /// Its end, in microseconds since 1970.
    pub until: i64,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who wants it.
    pub actor: String,
    /// When it began, in microseconds since 1970.
    pub at: i64,
}

impl Silence {
    /// Why `signal` is not told at `now`, if this is why.
    pub fn quiets(&self, signal: &Signal, now: i64) -> Option<String> {
        let is_on = self.at <= now && now < self.until;
        (is_on && self.matcher.fits(signal)).then(|| match &self.reason {
            Some(reason) => format!("silenced by {}: {reason}", self.actor),
            None => format!("silenced by {}", self.actor),
        })
    }
}
