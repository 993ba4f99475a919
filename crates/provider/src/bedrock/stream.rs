//! The events of a streamed answer.
//!
//! `messageStart`, then blocks (`contentBlockStart` for tools, `contentBlockDelta`…, `contentBlockStop`),
//! `messageStop` with the reason, `metadata` with the tokens, which is the last one. Events of unknown types are
//! passed over.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::{Counts, finish};
use crate::amazon::EXCEPTION;
use crate::answer::Chunk;
use crate::called::Call;
use crate::chunks::{Progress, Reader};
use crate::sse::Event;
use crate::unreadable::Unreadable;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wire {
    content_block_index: u64,
    start: Option<Start>,
    delta: Option<Delta>,
    stop_reason: Option<String>,
    usage: Option<Counts>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    #[serde(default)]
    tool_use: Option<Begun>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    #[serde(default)]
    tool_use_id: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delta {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    tool_use: Option<More>,
    #[serde(default)]
    reasoning_content: Option<Thoughts>,
}

#[derive(Deserialize)]
struct Thoughts {
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct More {
    #[serde(default)]
    input: String,
}

/// A tool's block that is being written.
struct Tool {
    block: u64,
    rank: u64,
    argued: bool,
}

/// The state of one stream.
#[derive(Default)]
pub(crate) struct Reading {
    tools: u64,
    tool: Option<Tool>,
    stopped: bool,
}

impl Reader for Reading {
    fn read(&mut self, event: &Event, out: &mut VecDeque<Chunk>) -> Result<Progress, Unreadable> {
        let name = event.event.as_deref().unwrap_or_default();
        if name == EXCEPTION {
            return Err(exception(&event.data));
        }
        let odd = |cause: serde_json::Error| Unreadable::Odd(cause.to_string());
        let wire = || serde_json::from_slice::<Wire>(&event.data).map_err(odd);
        match name {
            "contentBlockStart" => self.open(wire()?, out)?,
            "contentBlockDelta" => self.extend(wire()?, out)?,
            "contentBlockStop" => self.close(&wire()?, out)?,
            "messageStop" => {
                self.stopped = true;
                let reason = wire()?.stop_reason;
                let finish = Some(finish(reason.as_deref().unwrap_or("end_turn")));
                out.push_back(Chunk { finish, ..Chunk::default() });
            }
            "metadata" => {
                out.extend(wire()?.usage.and_then(Counts::usage).map(Chunk::of_usage));
                if self.stopped {
                    return Ok(Progress::Complete);
                }
            }
            _ => {}
        }
        Ok(Progress::Running)
    }

    fn may_end(&self) -> bool {
        self.stopped
    }
}

impl Reading {
    fn open(&mut self, wire: Wire, out: &mut VecDeque<Chunk>) -> Result<(), Unreadable> {
        if let Some(begun) = wire.start.and_then(|start| start.tool_use) {
            let rank = self.tools;
            self.tools += 1;
            self.tool = Some(Tool { block: wire.content_block_index, rank, argued: false });
            out.push_back(Call::begun(rank, &begun.tool_use_id, &begun.name, "").chunk()?);
        }
        Ok(())
    }

    fn extend(&mut self, wire: Wire, out: &mut VecDeque<Chunk>) -> Result<(), Unreadable> {
        let Some(Delta { text, tool_use, reasoning_content }) = wire.delta else { return Ok(()) };
        let reasoning = reasoning_content.map(|thoughts| thoughts.text).unwrap_or_default();
        if !reasoning.is_empty() {
            out.push_back(Chunk { reasoning, ..Chunk::default() });
        }
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            out.push_back(Chunk { text, ..Chunk::default() });
        }
        let tool = self.tool.as_mut().filter(|tool| tool.block == wire.content_block_index);
        if let (Some(More { input }), Some(tool)) = (tool_use, tool)
            && !input.is_empty()
        {
            tool.argued = true;
            out.push_back(Call::more(tool.rank, &input).chunk()?);
        }
        Ok(())
    }

    /// A call without arguments may send none; chat completions want an empty object there.
    fn close(&mut self, wire: &Wire, out: &mut VecDeque<Chunk>) -> Result<(), Unreadable> {
        if let Some(tool) = self.tool.take_if(|tool| tool.block == wire.content_block_index)
            && !tool.argued
        {
            out.push_back(Call::more(tool.rank, "{}").chunk()?);
        }
        Ok(())
    }
}

/// An exception with the status that the same one has outside a stream.
fn exception(data: &[u8]) -> Unreadable {
    let mut said: Value = serde_json::from_slice(data).unwrap_or_else(|_| json!({}));
    let kind = said.get("type").and_then(Value::as_str).unwrap_or_default();
    let status = match kind.to_ascii_lowercase().as_str() {
        "throttlingexception" => 429,
        "validationexception" => 400,
        "accessdeniedexception" => 403,
        "modelstreamerrorexception" => 424,
        "modeltimeoutexception" => 408,
        "serviceunavailableexception" => 503,
        _ => 500,
    };
    if let Some(said) = said.as_object_mut() {
        said.insert("code".into(), status.into());
    }
    match RawValue::from_string(said.to_string()) {
        Ok(raw) => Unreadable::Says(raw),
        Err(cause) => Unreadable::Odd(cause.to_string()),
    }
}
