//! Writes a streamed answer for applications, event by event.
//!
//! The format wants `message_start`, then one block after the other, each opened, written and closed, then
//! `message_delta` with the reason for stopping and the tokens, then `message_stop`. A vendor's own events
//! pass through, except that `message_stop` waits until the record is written.
//!
//! Blocks cannot be interleaved, calls of tools in chat completions can: the call that was begun first is
//! written as it comes, and what belongs to later ones waits for its end. It ends with the answer, or with
//! text that follows it.

use bytes::{Bytes, BytesMut};
use gatemark_core::{Error, Result};
use serde::Serialize;
use serde_json::{Value, json};

use super::write::{Counts, REFUSAL, made_id, stop_reason};
use super::write_error;
use crate::answer::{Chunk, Finish};
use crate::calls::{self, Piece, Queue};
use crate::dialect::{Dialect, Raw};
use crate::frame::{self, Opening};
use gatemark_core::model::Usage;

#[derive(Debug, PartialEq)]
enum Open {
    Nothing,
    Thinking,
    Text,
    /// The call of this rank in [`Writer::tools`].
    Tool(usize),
}

/// The writer of one stream.
#[derive(Debug)]
pub struct Writer {
    opening: Opening,
    begun: bool,
    open: Open,
    /// Blocks that were opened.
    blocks: u64,
    tools: Queue,
    finish: Finish,
    /// Whether the model has refused.
    refused: bool,
    met: Option<String>,
    usage: Usage,
    /// The vendor's own last event.
    last: Option<Bytes>,
    out: BytesMut,
}

impl Writer {
    /// A writer that has written nothing.
    pub fn new(opening: Opening) -> Self {
        Self {
            opening,
            begun: false,
            open: Open::Nothing,
            blocks: 0,
            tools: Queue::default(),
            finish: Finish::Stop,
            refused: false,
            met: None,
            usage: Usage::default(),
            last: None,
            out: BytesMut::new(),
        }
    }

    /// The events for `chunk`; `None` if there are none.
    ///
    /// # Errors
    /// `VendorFailed` if its calls of tools cannot be expressed in this format.
    pub fn chunk(&mut self, chunk: &Chunk) -> Result<Option<Bytes>> {
        if let Some(raw) = Raw::in_dialect(chunk.raw.as_ref(), Dialect::Messages) {
            return Ok(self.pass(raw));
        }
        self.begin()?;
        if !chunk.reasoning.is_empty() {
            self.say(Open::Thinking, "thinking", "thinking_delta", &chunk.reasoning)?;
        }
        self.refused |= chunk.refusal;
        if !chunk.text.is_empty() {
            self.say(Open::Text, "text", "text_delta", &chunk.text)?;
        }
        if let Some(raw) = &chunk.tool_calls {
            for piece in calls::read(raw)? {
                self.call(piece)?;
            }
        }
        if let Some(finish) = &chunk.finish {
            self.finish = finish.clone();
        }
        self.met = chunk.stop_sequence.clone().or(self.met.take());
        self.usage = chunk.usage.unwrap_or(self.usage);
        Ok(self.take())
    }

    /// What the whole answer took, where no piece of it says so.
    pub fn usage(&mut self, usage: Usage) {
        self.usage = usage;
    }

    /// The event that ends a stream that broke.
    pub fn error(&mut self, error: &Error) -> Bytes {
        self.out.clear();
        frame::put(&mut self.out, "error", &write_error(error, Some(&self.opening.call)));
        self.out.split().freeze()
    }

    /// The events that end a whole stream.
    ///
    /// # Errors
    /// As [`Writer::chunk`].
    pub fn end(&mut self) -> Result<Bytes> {
        if let Some(last) = self.last.take() {
            return Ok(last);
        }
        self.begin()?;
        self.close()?;
        while let Some(rank) = self.tools.unwritten() {
            self.write_tool(rank)?;
            self.close()?;
        }
        let reason = match self.refused {
            true => REFUSAL,
            false => stop_reason(&self.finish, self.met.as_deref(), !self.tools.is_empty()),
        };
        let delta = json!({"stop_reason": reason, "stop_sequence": self.met});
        let usage = Counts::from(self.usage);
        let ended = Ended { r#type: "message_delta", delta, usage };
        self.put("message_delta", &ended)?;
        self.put("message_stop", &json!({"type": "message_stop"}))?;
        Ok(self.out.split().freeze())
    }

    /// The vendor's own event.
    fn pass(&mut self, raw: &Bytes) -> Option<Bytes> {
        let name = frame::event_name(raw);
        frame::put(&mut self.out, &name, raw);
        if name != "message_stop" {
            return self.take();
        }
        self.last = self.take();
        None
    }

    fn take(&mut self) -> Option<Bytes> {
        (!self.out.is_empty()).then(|| self.out.split().freeze())
    }

    fn put(&mut self, name: &str, payload: &impl Serialize) -> Result<()> {
        let payload = serde_json::to_vec(payload)
            .map_err(|cause| Error::internal("cannot write an event").because(cause))?;
        frame::put(&mut self.out, name, &payload);
        Ok(())
    }

    fn begin(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let usage = Counts::from(Usage::default());
        let id = format!("msg_{}", self.opening.call);
        let message = json!({"id": id, "type": "message", "role": "assistant", "content": [],
            "model": self.opening.model, "stop_reason": null, "stop_sequence": null,
            "usage": serde_json::to_value(usage).unwrap_or_default()});
        self.put("message_start", &json!({"type": "message_start", "message": message}))
    }

    /// Writes a piece of text or thinking, in the block that is open if it is of that kind.
    fn say(&mut self, kind: Open, block: &str, delta: &str, text: &str) -> Result<()> {
        if self.open != kind {
            let empty = match kind {
                Open::Thinking => json!({"type": block, "thinking": "", "signature": ""}),
                _ => json!({"type": block, "text": ""}),
            };
            self.open(kind, &empty)?;
        }
        self.delta(&json!({"type": delta, block: text}))
    }

    /// Closes what is open and opens a block.
    fn open(&mut self, kind: Open, block: &Value) -> Result<()> {
        self.close()?;
        self.open = kind;
        self.blocks += 1;
        let index = self.blocks - 1;
        let event = json!({"type": "content_block_start", "index": index, "content_block": block});
        self.put("content_block_start", &event)
    }

    fn delta(&mut self, delta: &Value) -> Result<()> {
        let index = self.blocks.saturating_sub(1);
        let event = json!({"type": "content_block_delta", "index": index, "delta": delta});
        self.put("content_block_delta", &event)
    }

    fn close(&mut self) -> Result<()> {
        let open = std::mem::replace(&mut self.open, Open::Nothing);
        if open == Open::Nothing {
            return Ok(());
        }
        if let Open::Tool(rank) = open
            && let Some(tool) = self.tools.get_mut(rank)
        {
            tool.closed = true;
        }
        let index = self.blocks.saturating_sub(1);
        self.put("content_block_stop", &json!({"type": "content_block_stop", "index": index}))
    }

    /// Takes in a piece of a call, and writes it unless an earlier call is being written.
    fn call(&mut self, piece: Piece) -> Result<()> {
        let rank = self.tools.take_in(piece, |rank| made_id(&self.opening.call, rank))?;
        match self.open {
            Open::Tool(open) if open != rank => Ok(()),
            _ => self.write_tool(rank),
        }
    }

    /// Writes what waits of a call.
    fn write_tool(&mut self, rank: usize) -> Result<()> {
        let Some(tool) = self.tools.get_mut(rank) else { return Ok(()) };
        let waiting = std::mem::take(&mut tool.waiting);
        let block = json!({"type": "tool_use", "id": tool.id, "name": tool.name, "input": {}});
        if self.open != Open::Tool(rank) {
            self.open(Open::Tool(rank), &block)?;
        }
        if waiting.is_empty() {
            return Ok(());
        }
        self.delta(&json!({"type": "input_json_delta", "partial_json": waiting}))
    }
}

#[derive(Serialize)]
struct Ended {
    r#type: &'static str,
    delta: Value,
    usage: Counts,
}
