//! The in-context learner behind the sim vendor.
//!
//! This is a stand-in for a large language model, and no more than that: it understands nothing. It looks
//! at the messages of one request, finds the solved examples in them, learns from these which words, word
//! pairs and pieces of words speak for which answer (see [`classify`]), judges the last user message by
//! that, and writes the result in the shape that the prompt asks for. It holds no canned answers, no
//! dictionary and no label of any data set, and it remembers nothing from one prompt to the next but a
//! cache of what it computed.
//!
//! What makes it useful for trying out a release system is that it degrades as a model does: fewer
//! examples make it worse, wrong examples make it wrong, a prompt without examples leaves it with the
//! names and descriptions of the labels, a prompt that does not say how to answer gets chatter, and a
//! prompt that does not say that the message is data lets the message give orders.

mod cache;
mod classify;
mod drift;
mod examples;
mod features;
mod labels;
mod marks;
mod prompt;
mod schema;
mod shape;
mod taught;
mod write;

use cache::Cache;
use features::head;
use prompt::Request;
use serde_json::Value;
use taught::{Lore, Taught};

/// Who wrote a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The prompt's author.
    System,
    /// Whoever asks.
    User,
    /// The model.
    Assistant,
}

/// One message of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Turn<'a> {
    /// Who wrote it.
    pub role: Role,
    /// Its text.
    pub text: &'a str,
}

/// The vendor's settings for one call.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Behaviour {
    /// Whether to write the answer in a broken format, which `seed` chooses.
    pub malformed: bool,
    /// Share of the words, 0..=1, that the learner has silently come to take for others. The same words
    /// change in every call, and those of a smaller share are among those of a larger one.
    pub drift: f64,
    /// Chooses what is left to chance.
    pub seed: u64,
}

/// Learns from the examples of a prompt and answers its message. See the module's text for what it is.
pub struct Learner {
    /// By everything but the message.
    prompts: Cache<Taught>,
    /// By the examples and descriptions.
    lore: Cache<Lore>,
}

impl Default for Learner {
    fn default() -> Self {
        Self::new()
    }
}

impl Learner {
    /// A learner that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { prompts: Cache::new(), lore: Cache::new() }
    }

    /// The answer to a request; `schema` is the JSON Schema that the request binds the answer to, if any.
    /// The same arguments give the same answer in every process.
    #[must_use]
    pub fn reply(
        &self,
        turns: &[Turn<'_>],
        schema: Option<&Value>,
        behaviour: &Behaviour,
    ) -> String {
        let request = Request::new(turns);
        let taught = self.prompts.get(request.key(schema), || {
            let taught = Taught::new(request.read(schema), &self.lore);
            let size = taught.size();
            (taught, size)
        });
        taught.reply(head(request.last.message, features::READ_LIMIT), behaviour)
    }
}

#[cfg(test)]
mod tests;
