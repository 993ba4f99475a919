//! What a signal is about.

use crate::id::{EnvironmentName, PromptName};

/// The version of a prompt that serves in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// The prompt.
    pub prompt: PromptName,
    /// Where.
    pub environment: EnvironmentName,
    /// The version's number.
    pub number: u32,
}

impl Series {
    /// The key of a rule's signals, the same for every version that serves there.
    pub fn key(&self, rule: &str) -> String {
        format!("monitor/{}/{}/{rule}", self.environment, self.prompt)
    }
}
