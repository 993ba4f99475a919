//! Writes a streamed answer for applications, event by event.

use bytes::Bytes;
use gatemark_core::Error;
use gatemark_core::model::Usage;

use super::{DONE, write, write_error};
use crate::answer::Chunk;
use crate::dialect::{Dialect, Raw};
use crate::frame::{self, Opening};

/// The writer of one stream. A vendor's own events pass through; from others' pieces events are made, and
/// then the usage stands at the end whatever place the vendor gave it.
#[derive(Debug)]
pub struct Writer {
    opening: Opening,
    begun: bool,
    usage: Option<Usage>,
}

impl Writer {
    /// A writer that has written nothing.
    pub fn new(mut opening: Opening) -> Self {
        opening.call.insert_str(0, "chatcmpl-");
        Self { opening, begun: false, usage: None }
    }

    /// The event for `chunk`; `None` if it has nothing to say to this caller.
    pub fn chunk(&mut self, chunk: &Chunk) -> Option<Bytes> {
        if chunk.usage_only && !self.opening.usage_wanted {
            return None;
        }
        if let Some(raw) = Raw::in_dialect(chunk.raw.as_ref(), Dialect::Chat) {
            self.begun = true;
            return Some(frame::data(&[raw]));
        }
        self.usage = chunk.usage.or(self.usage);
        if chunk.usage_only || chunk.is_silent() {
            return None;
        }
        let first = !std::mem::replace(&mut self.begun, true);
        Some(frame::data(&[&write::write_chunk(chunk, &self.opening, first)]))
    }

    /// What the whole answer took, where no piece of it says so.
    pub fn usage(&mut self, usage: Usage) {
        self.usage = Some(usage);
    }

    /// The events that end a stream that broke.
    pub fn error(&mut self, error: &Error) -> Bytes {
        frame::data(&[&write_error(error), DONE.as_bytes()])
    }

    /// The events that end a whole stream.
    pub fn end(&mut self) -> Bytes {
        match self.usage.filter(|_| self.opening.usage_wanted) {
            Some(usage) => {
                frame::data(&[&write::write_usage(&usage, &self.opening), DONE.as_bytes()])
            }
            None => frame::data(&[DONE.as_bytes()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Answer, Finish};

    fn streamed(answer: Answer, usage_wanted: bool) -> String {
        let opening = Opening {
            call: "id1".into(),
            model: "m".into(),
            created: 7,
            usage_wanted,
            ..Opening::default()
        };
        let mut writer = Writer::new(opening);
        let chunks = answer.into_chunks();
        let mut bytes: Vec<Bytes> = chunks.iter().filter_map(|c| writer.chunk(c)).collect();
        bytes.push(writer.end());
        String::from_utf8(bytes.concat()).unwrap()
    }

    #[test]
    fn a_whole_answer_as_a_stream() {
        let answer = Answer {
            text: "hi \"you\"\n".into(),
            reasoning: "hm".into(),
            finish: Finish::Stop,
            usage: Some(Usage { input: 3, output: 2, cached_input: 1, ..Usage::default() }),
            ..Answer::default()
        };
        let head = r#"data: {"id":"chatcmpl-id1","object":"chat.completion.chunk","created":7,"model":"m","choices":["#;
        let delta = |delta: &str, finish: &str| {
            format!(
                "{head}{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{finish}}}]}}\n\n"
            )
        };
        let body = [
            delta(r#"{"role":"assistant","reasoning_content":"hm"}"#, "null"),
            delta(r#"{"content":"hi \"you\"\n"}"#, "null"),
            delta("{}", "\"stop\""),
        ]
        .concat();
        let usage = r#"],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":1}}}"#;
        let done = "data: [DONE]\n\n";
        assert_eq!(streamed(answer.clone(), true), format!("{body}{head}{usage}\n\n{done}"));
        assert_eq!(streamed(answer, false), format!("{body}{done}"));
    }

    #[test]
    fn the_vendors_own_events_pass_and_others_do_not() {
        let mut writer = Writer::new(Opening::default());
        let raw = |dialect, text: &'static str| Chunk {
            raw: Some(Raw { dialect, bytes: Bytes::from_static(text.as_bytes()) }),
            ..Chunk::default()
        };
        assert_eq!(writer.chunk(&raw(Dialect::Chat, "{ }")).unwrap(), "data: { }\n\n");
        assert_eq!(writer.chunk(&raw(Dialect::Messages, "{}")), None);
        let usage = Chunk::of_usage(Usage::default());
        assert_eq!(writer.chunk(&usage), None);
        assert_eq!(writer.end(), "data: [DONE]\n\n");
    }
}
