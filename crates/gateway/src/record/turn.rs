//! The record of a call that speaks in a conversation, or that puts one's older turns together.
//!
//! What the conversation gains travels in the record: one write makes both safe, before the answer is complete.
//! Kept is a turn whose answer the caller got from the model, whole, also one that is off format and passed on.
//! Not kept are failed, broken and abandoned calls, and those that the static fallback answered: the caller may
//! send such a turn again without its standing there twice.

use std::sync::Arc;

use gatemark_core::call::Outcome;
use gatemark_core::conversation::{Key, Part, Said};
use gatemark_core::error::{Error, Result};
use gatemark_provider::answer::{Answer, Chunk};
use gatemark_provider::{gather, turns};
use serde_json::value::RawValue;

use super::Pending;
use crate::clock::now_us;
use crate::converse::{Due, Past, Seat};
use crate::incoming::Talking;
use crate::resolve::Resolved;

/// What a call has to do with a conversation.
pub(super) enum Place {
    /// It speaks in it.
    Turn(Box<Speaking>),
    /// It puts its older turns together.
    Summary { due: Box<Due>, text: Option<String> },
}

/// A turn as far as it is known.
pub(super) struct Speaking {
    seat: Seat,
    left_out: u64,
    /// What was asked, and whether it begins with a message of the user's.
    question: Option<(String, bool)>,
    answer: Option<String>,
    /// Calls of tools as a stream tells them.
    called: Vec<Chunk>,
}

impl Pending {
    /// Lets the call take its place in a conversation; what was said there before, if it speaks in one.
    pub(crate) fn sit(
        &mut self,
        resolved: &Resolved,
        talking: Option<Talking>,
    ) -> Result<Option<Arc<Past>>> {
        let id = match talking {
            None => return Ok(None),
            Some(Talking::Summary(due)) => {
                self.place = Some(Place::Summary { due, text: None });
                return Ok(None);
            }
            Some(Talking::Turn(id)) => id,
        };
        let (Some(named), Some(environment)) = (&resolved.named, &resolved.environment) else {
            let message = "only prompts keep conversations: name a prompt whose version has `conversation`, or \
                           send the whole conversation without an id";
            return Err(Error::invalid(message).at("conversation").coded("conversation_not_kept"));
        };
        let version = &named.release.version;
        let Some(policy) = &version.content.conversation else {
            let message = format!(
                "version {} of `{}` keeps no conversations: declare `conversation` in its prompt.yaml, or send \
                 the whole conversation without an id",
                version.number, version.prompt
            );
            return Err(Error::invalid(message).at("conversation").coded("conversation_not_kept"));
        };
        let key = Key {
            caller: self.record.caller.clone(),
            prompt: version.prompt.clone(),
            environment: environment.clone(),
            id: id.clone(),
        };
        let mut part = Part { id, turn: None, summary: None, left_out: None };
        self.record.conversation = Some(part.clone());
        let (seat, past) = self.surroundings.conversations.take(key, policy, now_us())?;
        part.summary = past.summary();
        part.left_out = Some(past.left_out()).filter(|count| *count > 0);
        self.record.conversation = Some(part);
        self.place = Some(Place::Turn(Box::new(Speaking {
            seat,
            left_out: past.left_out(),
            question: None,
            answer: None,
            called: vec![],
        })));
        Ok(Some(Arc::new(past)))
    }

    /// Whether the call speaks in a conversation.
    pub(crate) fn speaks(&self) -> bool {
        matches!(self.place, Some(Place::Turn(_)))
    }

    /// The call's own messages, for the target that it is prepared for now.
    pub(crate) fn note_question(
        &mut self,
        messages: impl FnOnce() -> Result<Box<RawValue>>,
    ) -> Result<()> {
        if let (Some(Place::Turn(speaking)), None) = (&mut self.place, &self.aside) {
            let messages = messages()?;
            speaking.question = Some((messages.get().to_string(), turns::opens(&messages)));
        }
        Ok(())
    }

    /// The answer that the caller gets.
    pub(crate) fn note_said(&mut self, answer: &Answer) {
        match &mut self.place {
            Some(Place::Turn(speaking)) => speaking.answer = turns::answered(answer),
            Some(Place::Summary { text, .. }) => *text = Some(answer.text.clone()),
            None => {}
        }
    }

    /// A piece of a stream.
    pub(crate) fn note_piece(&mut self, chunk: &Chunk) {
        if let (Some(Place::Turn(speaking)), Some(calls)) = (&mut self.place, &chunk.tool_calls) {
            let tool_calls = Some(calls.clone());
            speaking.called.push(Chunk { tool_calls, ..Chunk::default() });
        }
    }

    /// The stream is complete.
    pub(crate) fn note_streamed(&mut self, text: &str) {
        let Some(Place::Turn(speaking)) = &mut self.place else { return };
        match gather::whole(&speaking.called) {
            Ok(answer) => {
                speaking.answer = turns::answered(&Answer { text: text.to_string(), ..answer });
            }
            Err(error) => tracing::warn!(%error, "calls of tools cannot be kept with the turn"),
        }
    }

    /// The call's part in its conversation; the turn that a stream will be is told before it has ended.
    pub(crate) fn part(&self) -> Option<Part> {
        let part = self.record.conversation.clone()?;
        match &self.place {
            Some(Place::Turn(speaking)) if !self.written => {
                Some(Part { turn: Some(speaking.seat.number()), ..part })
            }
            _ => Some(part),
        }
    }

    /// Puts what the conversation gains into the record.
    pub(super) fn write_part(&mut self) {
        let (call, at) = (self.record.id.as_str(), self.record.at);
        let outcome = self.record.outcome;
        match &mut self.place {
            Some(Place::Turn(speaking)) => {
                let from_model =
                    matches!(outcome, Outcome::Ok | Outcome::Insufficient | Outcome::OffFormat);
                let said = speaking.question.take().zip(speaking.answer.take());
                let Some(((question, opens), answer)) = said.filter(|_| from_model) else { return };
                let Ok(messages) = turns::together([&*question, &answer]) else { return };
                let messages = messages.get().to_string();
                let talk = speaking.seat.turn(call, at, (messages, opens));
                if let Some(part) = &mut self.record.conversation {
                    part.turn = Some(speaking.seat.number());
                    part.left_out = Some(speaking.left_out).filter(|count| *count > 0);
                }
                self.record.talk = Some(Box::new(talk));
            }
            Some(Place::Summary { due, text, .. }) => {
                let id = due.key.id.clone();
                let text = text.take().filter(|text| !text.trim().is_empty());
                let text = text.filter(|_| outcome == Outcome::Ok);
                let summary = text.is_some().then_some(due.number);
                let part = Part { id, turn: None, summary, left_out: None };
                self.record.conversation = Some(part);
                let Some(text) = text else { return };
                let version = self.record.number.unwrap_or_default();
                let talk = due.summary(&text, (call, at), version);
                self.record.talk = Some(Box::new(talk));
            }
            None => {}
        }
    }

    /// What the conversation gained is written down: the next call goes on from there.
    pub(super) fn keep_part(&mut self) {
        let talk = self.record.talk.take();
        match self.place.take() {
            Some(Place::Turn(speaking)) => {
                if let Some(talk) = &talk {
                    speaking.seat.keep(talk, &self.record.tags);
                }
            }
            Some(Place::Summary { due, .. }) => {
                let conversations = &self.surroundings.conversations;
                match talk.as_deref().filter(|talk| matches!(talk.said, Said::Summary(_))) {
                    Some(talk) => conversations.summarised(&due, talk),
                    None => {
                        let error = self.record.error.as_deref();
                        let why = error.unwrap_or(self.record.outcome.word());
                        let why = format!("`{}`: {why} (call {})", due.prompt, self.record.id);
                        conversations.failed(&due, now_us(), &why);
                    }
                }
            }
            None => {}
        }
    }
}
