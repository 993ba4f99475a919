//! The events of a streamed answer.
//!
//! `message_start`, then blocks (`content_block_start`, `_delta`…, `_stop`), `message_delta` with the
//! reason for stopping and the tokens, `message_stop`. Pings and events of unknown types are passed
//! over, as the API's versioning policy asks. Only `message_stop` makes an answer complete.
//!
//! Each event makes one piece that carries it raw, so that callers of the same dialect get exactly what the
//! vendor sent, in its order.

use std::collections::VecDeque;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};

use super::answer::finish;
use super::usage::Counts;
use crate::answer::Chunk;
use crate::called::Call;
use crate::chunks::{Progress, Reader};
use crate::dialect::{Dialect, Raw};
use crate::sse::Event;
use crate::unreadable::Unreadable;

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    index: u64,
    #[serde(default)]
    message: Option<Start>,
    #[serde(default)]
    content_block: Option<Block>,
    #[serde(default)]
    delta: Option<Delta>,
    #[serde(default)]
    usage: Option<Counts>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Start {
    #[serde(default)]
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    thinking: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Delta {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    thinking: String,
    #[serde(default)]
    partial_json: String,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    stop_sequence: Option<String>,
}

/// A tool's block that is being written.
struct Tool {
    /// The block's index among all blocks.
    block: u64,
    /// Its rank among the tools.
    rank: u64,
    /// Whether any argument has come.
    argued: bool,
}

/// The state of one stream.
#[derive(Default)]
pub(crate) struct Reading {
    counts: Counts,
    tools: u64,
    tool: Option<Tool>,
    finished: bool,
}

impl Reader for Reading {
    fn read(&mut self, event: &Event, out: &mut VecDeque<Chunk>) -> Result<Progress, Unreadable> {
        let odd = |why: String| Unreadable::Odd(why);
        let text = std::str::from_utf8(&event.data).map_err(|_| odd("it is not UTF-8".into()))?;
        let wire: Wire<'_> = serde_json::from_str(text).map_err(|cause| odd(cause.to_string()))?;
        let mut chunk = Chunk::default();
        let mut progress = Progress::Running;
        match wire.r#type.as_str() {
            "error" => {
                let words = wire.error.ok_or_else(|| odd("an error without words".into()))?;
                return Err(Unreadable::Says(words.to_owned()));
            }
            "message_start" => {
                self.counts.update(wire.message.and_then(|m| m.usage).unwrap_or_default());
            }
            "content_block_start" => self.open(wire.index, wire.content_block, &mut chunk)?,
            "content_block_delta" => self.extend(wire.index, wire.delta, &mut chunk)?,
            "content_block_stop" => self.close(wire.index, &mut chunk)?,
            "message_delta" => {
                self.counts.update(wire.usage.unwrap_or_default());
                chunk.usage = self.counts.usage();
                if let Some(delta) = wire.delta {
                    chunk.finish = delta.stop_reason.as_deref().map(finish);
                    chunk.stop_sequence = delta.stop_sequence;
                    self.finished |= chunk.finish.is_some();
                }
            }
            "message_stop" => {
                chunk.finish = (!self.finished).then(Default::default);
                chunk.usage = self.counts.usage();
                progress = Progress::Complete;
            }
            _ => {}
        }
        chunk.raw = Some(Raw { dialect: Dialect::Messages, bytes: one_line(&event.data) });
        out.push_back(chunk);
        Ok(progress)
    }

    fn may_end(&self) -> bool {
        false
    }
}

impl Reading {
    fn open(
        &mut self,
        index: u64,
        block: Option<Block>,
        out: &mut Chunk,
    ) -> Result<(), Unreadable> {
        let Some(block) = block else { return Ok(()) };
        match block.r#type.as_str() {
            "text" => out.text = block.text,
            "thinking" => out.reasoning = block.thinking,
            "tool_use" => {
                let rank = self.tools;
                self.tools += 1;
                self.tool = Some(Tool { block: index, rank, argued: false });
                out.tool_calls = Some(called(Call::begun(rank, &block.id, &block.name, ""))?);
            }
            _ => {}
        }
        Ok(())
    }

    fn extend(
        &mut self,
        index: u64,
        delta: Option<Delta>,
        out: &mut Chunk,
    ) -> Result<(), Unreadable> {
        let Some(delta) = delta else { return Ok(()) };
        match delta.r#type.as_str() {
            "text_delta" => out.text = delta.text,
            "thinking_delta" => out.reasoning = delta.thinking,
            "input_json_delta" if !delta.partial_json.is_empty() => {
                if let Some(tool) = self.tool.as_mut().filter(|tool| tool.block == index) {
                    tool.argued = true;
                    out.tool_calls = Some(called(Call::more(tool.rank, &delta.partial_json))?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A call without arguments sends none; chat completions want an empty object there.
    fn close(&mut self, index: u64, out: &mut Chunk) -> Result<(), Unreadable> {
        if let Some(tool) = self.tool.take_if(|tool| tool.block == index)
            && !tool.argued
        {
            out.tool_calls = Some(called(Call::more(tool.rank, "{}"))?);
        }
        Ok(())
    }
}

fn called(call: Call<'_>) -> Result<Box<RawValue>, Unreadable> {
    to_raw_value(&[call]).map_err(|cause| Unreadable::Odd(cause.to_string()))
}

/// Data without line breaks, which can only stand between tokens, where a space means the same.
fn one_line(data: &Bytes) -> Bytes {
    if data.contains(&b'\n') {
        data.iter().map(|&c| if c == b'\n' { b' ' } else { c }).collect()
    } else {
        data.clone()
    }
}
