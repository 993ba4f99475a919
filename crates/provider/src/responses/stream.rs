//! Writes a streamed answer for applications, event by event.
//!
//! The format wants `response.created` and `response.in_progress`, then items one after the other (each added,
//! its parts opened, written and closed, then done), then one terminal event with the whole response. All
//! events are numbered. A vendor's own events pass through, except that the terminal one waits until the
//! record is written.
//!
//! Calls of tools may be interleaved in chat completions; here the one that was begun first is written as it
//! comes, and what belongs to later ones waits for its end. It ends with the answer, or with text after it.

use bytes::{Bytes, BytesMut};
use gatemark_core::model::Usage;
use gatemark_core::{Error, Result};
use serde::Serialize;
use serde_json::{Value, json};

use super::response::{
    Response, State, function_call, made_id, message, refusal_part, text_part, thoughts,
};
use crate::answer::{Chunk, Finish};
use crate::calls::{self, Piece, Queue};
use crate::dialect::{Dialect, Raw};
use crate::frame::{self, Opening};
use crate::object::{self, Members};

/// The item that is being written.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Open {
    Nothing,
    Thoughts,
    Text,
    Refusal,
    /// The call of this rank in [`Writer::tools`].
    Tool(usize),
}

/// The writer of one stream.
#[derive(Debug)]
pub struct Writer {
    opening: Opening,
    /// The answer's id: ours, or the vendor's where its own events pass.
    id: String,
    /// The number of the next event.
    next: u64,
    begun: bool,
    open: Open,
    /// What was written into the open item.
    written: String,
    /// Items that are done.
    output: Vec<Value>,
    tools: Queue,
    finish: Finish,
    usage: Option<Usage>,
    /// The vendor's own terminal event.
    last: Option<Bytes>,
    out: BytesMut,
}

/// An event and its number.
#[derive(Serialize)]
struct Event<'a, T: Serialize> {
    r#type: &'a str,
    sequence_number: u64,
    #[serde(flatten)]
    said: T,
}

impl Writer {
    /// A writer that has written nothing.
    pub fn new(opening: Opening) -> Self {
        Self {
            id: made_id("resp", &opening.call, None),
            opening,
            next: 0,
            begun: false,
            open: Open::Nothing,
            written: String::new(),
            output: Vec::new(),
            tools: Queue::default(),
            finish: Finish::Stop,
            usage: None,
            last: None,
            out: BytesMut::new(),
        }
    }

    /// The events for `chunk`; `None` if there are none.
    ///
    /// # Errors
    /// `VendorFailed` if its calls of tools cannot be expressed in this format.
    pub fn chunk(&mut self, chunk: &Chunk) -> Result<Option<Bytes>> {
        if let Some(raw) = Raw::in_dialect(chunk.raw.as_ref(), Dialect::Responses) {
            return Ok(self.pass(raw));
        }
        self.begin()?;
        if !chunk.reasoning.is_empty() {
            self.say(Open::Thoughts, &chunk.reasoning)?;
        }
        if !chunk.text.is_empty() {
            let kind = if chunk.refusal { Open::Refusal } else { Open::Text };
            self.say(kind, &chunk.text)?;
        }
        if let Some(raw) = &chunk.tool_calls {
            for piece in calls::read(raw)? {
                self.call(piece)?;
            }
        }
        if let Some(finish) = &chunk.finish {
            self.finish = finish.clone();
        }
        self.usage = chunk.usage.or(self.usage);
        Ok(self.take())
    }

    /// What the whole answer took, where no piece of it says so.
    pub fn usage(&mut self, usage: Usage) {
        self.usage = Some(usage);
    }

    /// The events that end a stream that broke.
    pub fn error(&mut self, error: &Error) -> Bytes {
        self.out.clear();
        // What stands open stays so: a part that broke off is not done. Neither event can fail to be written.
        let _ = self.begin();
        let (code, message, param) = (error.code(), error.message(), error.param());
        let fault: Value =
            serde_json::from_slice(&crate::chat::write_error(error)).unwrap_or_default();
        let said =
            json!({"code": code, "message": message, "param": param, "error": fault["error"]});
        let _ = self.put("error", &said);
        let _ = self.put_response("response.failed", State::Failed(error));
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
        let finish = self.finish.clone();
        let state = State::of(&finish);
        // The last item is as far as the answer is.
        let open = |writer: &Self| {
            writer.tools.unwritten().is_some_and(|rank| writer.open != Open::Tool(rank))
        };
        let last = if open(self) { State::Completed } else { state };
        self.close(last)?;
        while let Some(rank) = self.tools.unwritten() {
            self.write_tool(rank)?;
            self.close(state)?;
        }
        if self.output.is_empty() {
            self.open(Open::Text)?;
            self.close(state)?;
        }
        let name = match state {
            State::Incomplete(_) => "response.incomplete",
            _ => "response.completed",
        };
        self.put_response(name, state)?;
        Ok(self.out.split().freeze())
    }

    /// The vendor's own event.
    fn pass(&mut self, raw: &Bytes) -> Option<Bytes> {
        let name = frame::event_name(raw);
        if !std::mem::replace(&mut self.begun, true)
            && let Some(id) = id_of(raw)
        {
            self.id = id;
        }
        self.next += 1;
        frame::put(&mut self.out, &name, raw);
        if !matches!(name.as_str(), "response.completed" | "response.incomplete") {
            return self.take();
        }
        self.last = self.take();
        None
    }

    fn take(&mut self) -> Option<Bytes> {
        (!self.out.is_empty()).then(|| self.out.split().freeze())
    }

    fn put(&mut self, name: &str, said: &impl Serialize) -> Result<()> {
        let event = Event { r#type: name, sequence_number: self.next, said };
        self.next += 1;
        let payload = serde_json::to_vec(&event)
            .map_err(|cause| Error::internal("cannot write an event").because(cause))?;
        frame::put(&mut self.out, name, &payload);
        Ok(())
    }

    fn put_response(&mut self, name: &str, state: State<'_>) -> Result<()> {
        #[derive(Serialize)]
        struct Said<'a> {
            response: Response<'a>,
        }
        let response = Response {
            id: &self.id,
            opening: &self.opening,
            model: &self.opening.model,
            state,
            output: &self.output,
            usage: if matches!(state, State::Running) { None } else { self.usage },
        };
        let sequence_number = self.next;
        let event = Event { r#type: name, sequence_number, said: Said { response } };
        let payload = serde_json::to_vec(&event)
            .map_err(|cause| Error::internal("cannot write an event").because(cause))?;
        self.next += 1;
        frame::put(&mut self.out, name, &payload);
        Ok(())
    }

    fn begin(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        self.put_response("response.created", State::Running)?;
        self.put_response("response.in_progress", State::Running)
    }

    /// The place of the open item in the output, and its id.
    fn place(&self) -> (usize, String) {
        let rank = self.output.len();
        let kind = match self.open {
            Open::Thoughts => "rs",
            Open::Tool(_) => "fc",
            Open::Text | Open::Refusal | Open::Nothing => "msg",
        };
        (rank, made_id(kind, &self.opening.call, Some(rank)))
    }

    /// Writes a piece of text or thoughts, in the item that is open if it is of that kind.
    fn say(&mut self, kind: Open, text: &str) -> Result<()> {
        if self.open != kind {
            self.close(State::Completed)?;
            self.open(kind)?;
        }
        self.written.push_str(text);
        let (rank, id) = self.place();
        if kind == Open::Thoughts {
            let said =
                json!({"item_id": id, "output_index": rank, "summary_index": 0, "delta": text});
            return self.put("response.reasoning_summary_text.delta", &said);
        }
        let mut said =
            json!({"item_id": id, "output_index": rank, "content_index": 0, "delta": text});
        if kind == Open::Refusal {
            return self.put("response.refusal.delta", &said);
        }
        said["logprobs"] = json!([]);
        self.put("response.output_text.delta", &said)
    }

    /// Opens an item; none is open.
    fn open(&mut self, kind: Open) -> Result<()> {
        self.open = kind;
        self.written.clear();
        let (rank, id) = self.place();
        let item = match kind {
            Open::Nothing => return Ok(()),
            Open::Thoughts => json!({"id": id, "type": "reasoning", "summary": []}),
            Open::Text | Open::Refusal => json!({"id": id, "type": "message",
                "status": "in_progress", "role": "assistant", "content": []}),
            Open::Tool(tool) => {
                let tool = self.tools.get_mut(tool);
                let (call, name) = tool.map(|t| (t.id.clone(), t.name.clone())).unwrap_or_default();
                json!({"id": id, "type": "function_call", "status": "in_progress",
                    "arguments": "", "call_id": call, "name": name})
            }
        };
        self.put("response.output_item.added", &json!({"output_index": rank, "item": item}))?;
        match kind {
            Open::Thoughts => {
                let said = json!({"item_id": id, "output_index": rank, "summary_index": 0,
                    "part": {"type": "summary_text", "text": ""}});
                self.put("response.reasoning_summary_part.added", &said)
            }
            Open::Text | Open::Refusal => {
                let part = if kind == Open::Refusal { refusal_part } else { text_part };
                let said = json!({"item_id": id, "output_index": rank, "content_index": 0,
                    "part": part("")});
                self.put("response.content_part.added", &said)
            }
            _ => Ok(()),
        }
    }

    /// Closes what is open.
    fn close(&mut self, state: State<'_>) -> Result<()> {
        let (rank, id) = self.place();
        let open = self.open;
        let text = std::mem::take(&mut self.written);
        let at = |more: Value| {
            let mut said = json!({"item_id": id, "output_index": rank});
            if let (Some(said), Value::Object(more)) = (said.as_object_mut(), more) {
                said.extend(more);
            }
            said
        };
        let item = match open {
            Open::Nothing => return Ok(()),
            Open::Thoughts => {
                let part = json!({"type": "summary_text", "text": text});
                let said = at(json!({"summary_index": 0, "text": text}));
                self.put("response.reasoning_summary_text.done", &said)?;
                let said = at(json!({"summary_index": 0, "part": part}));
                self.put("response.reasoning_summary_part.done", &said)?;
                thoughts(&id, &text)
            }
            Open::Text => {
                let said = at(json!({"content_index": 0, "text": text, "logprobs": []}));
                self.put("response.output_text.done", &said)?;
                let part = text_part(&text);
                self.put(
                    "response.content_part.done",
                    &at(json!({"content_index": 0, "part": part})),
                )?;
                message(&id, &part, state.word())
            }
            Open::Refusal => {
                let said = at(json!({"content_index": 0, "refusal": text}));
                self.put("response.refusal.done", &said)?;
                let part = refusal_part(&text);
                self.put(
                    "response.content_part.done",
                    &at(json!({"content_index": 0, "part": part})),
                )?;
                message(&id, &part, state.word())
            }
            Open::Tool(tool) => {
                let Some(tool) = self.tools.get_mut(tool) else { return Ok(()) };
                tool.closed = true;
                let item = function_call(&id, &tool.id, &tool.name, &text, state.word());
                let said = at(json!({"name": item["name"], "arguments": item["arguments"]}));
                if text.is_empty() {
                    self.put(
                        "response.function_call_arguments.delta",
                        &at(json!({"delta": "{}"})),
                    )?;
                }
                self.put("response.function_call_arguments.done", &said)?;
                item
            }
        };
        self.open = Open::Nothing;
        self.put("response.output_item.done", &json!({"output_index": rank, "item": item}))?;
        self.output.push(item);
        Ok(())
    }

    /// Takes in a piece of a call, and writes it unless an earlier call is being written.
    fn call(&mut self, piece: Piece) -> Result<()> {
        let made = |rank| made_id("call", &self.opening.call, Some(rank));
        let rank = self.tools.take_in(piece, made)?;
        match self.open {
            Open::Tool(open) if open != rank => Ok(()),
            _ => self.write_tool(rank),
        }
    }

    /// Writes what waits of a call.
    fn write_tool(&mut self, rank: usize) -> Result<()> {
        if self.open != Open::Tool(rank) {
            self.close(State::Completed)?;
            self.open(Open::Tool(rank))?;
        }
        let Some(tool) = self.tools.get_mut(rank) else { return Ok(()) };
        let waiting = std::mem::take(&mut tool.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        self.written.push_str(&waiting);
        let (place, id) = self.place();
        let said = json!({"item_id": id, "output_index": place, "delta": waiting});
        self.put("response.function_call_arguments.delta", &said)
    }
}

/// The id of the response in a vendor's first event.
fn id_of(raw: &Bytes) -> Option<String> {
    let event: &serde_json::value::RawValue = serde_json::from_slice(raw).ok()?;
    let response = Members::of(event)?.take("response")?;
    let id = Members::of(response)?.take("id")?;
    object::text(id).map(Into::into)
}
