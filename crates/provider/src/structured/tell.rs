//! Puts a schema into a request, and what a tool was called with back into the answer's text.

use futures_util::StreamExt;
use gatemark_core::prompt::Role;
use gatemark_core::{Error, Result};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::answer::{Answer, Chunk, ChunkStream, Finish};
use crate::calls;
use crate::form::Form;
use crate::request::{ChatRequest, Messages, Turn};

/// The tool that stands for the answer.
const TOOL: &str = "answer";

/// Fields beside which no tool can be forced.
const AGAINST_TOOLS: [&str; 5] =
    ["tools", "tool_choice", "functions", "thinking", "reasoning_effort"];

/// Whether a tool can be forced on the model.
pub(super) fn can_force(request: &ChatRequest) -> bool {
    !AGAINST_TOOLS.iter().any(|name| request.field(name).is_some())
}

/// `request` with a tool that must be called with what `schema` allows.
pub(super) fn by_tool(request: &ChatRequest, schema: &Value) -> Result<ChatRequest> {
    let mut request = bare(request);
    let described = "Gives the answer.";
    let function = json!({"name": TOOL, "description": described, "parameters": schema});
    add(&mut request, "tools", &json!([{"type": "function", "function": function}]))?;
    let choice = json!({"type": "function", "function": {"name": TOOL}});
    add(&mut request, "tool_choice", &choice)?;
    Ok(request)
}

/// `request` with the vendor's own mode.
pub(super) fn by_field(request: &ChatRequest, form: &Form) -> ChatRequest {
    let mut request = bare(request);
    request.fields.push(("response_format".into(), form.field.clone()));
    request
}

/// `request` with an instruction, and with the mode for JSON of any shape if the vendor has one.
pub(super) fn by_words(request: &ChatRequest, form: &Form, json_mode: bool) -> Result<ChatRequest> {
    let mut request = bare(request);
    if json_mode {
        add(&mut request, "response_format", &json!({"type": "json_object"}))?;
    }
    match &mut request.messages {
        Messages::Turns(turns) => {
            match turns.first_mut().filter(|turn| turn.role == Role::System) {
                Some(first) => {
                    first.text.push_str("\n\n");
                    first.text.push_str(&form.words);
                }
                None => turns.insert(0, Turn { role: Role::System, text: form.words.clone() }),
            }
        }
        Messages::Raw(raw) => *raw = instructed(raw, &form.words)?,
    }
    Ok(request)
}

/// The conversation with `words` behind its first system message, or before everything.
fn instructed(raw: &RawValue, words: &str) -> Result<Box<RawValue>> {
    let cannot = |cause| Error::internal("messages could not be written").because(cause);
    let mut messages: Vec<Value> = serde_json::from_str(raw.get()).map_err(cannot)?;
    let first = messages.first_mut().filter(|first| first.get("role") == Some(&json!("system")));
    match first.and_then(|first| first.get_mut("content")) {
        Some(Value::String(text)) => {
            text.push_str("\n\n");
            text.push_str(words);
        }
        _ => messages.insert(0, json!({"role": "system", "content": words})),
    }
    to_raw_value(&messages).map_err(cannot)
}

fn bare(request: &ChatRequest) -> ChatRequest {
    let mut request = ChatRequest { form: None, ..request.clone() };
    request.fields.retain(|(name, _)| name != "response_format");
    request
}

fn add(request: &mut ChatRequest, name: &str, value: &Value) -> Result<()> {
    let raw = to_raw_value(value)
        .map_err(|cause| Error::internal("a field cannot be written").because(cause))?;
    request.fields.push((name.to_string(), raw));
    Ok(())
}

/// The answer with what the tool was called with as its text.
pub(super) fn whole_from_tool(mut answer: Answer) -> Result<Answer> {
    answer.raw = None;
    let Some(called) = answer.tool_calls.take() else { return Ok(answer) };
    if let Some(first) = calls::read(&called)?.into_iter().next() {
        answer.text = first.arguments;
    }
    answer.finish = stopped(answer.finish);
    Ok(answer)
}

/// The same for an answer in pieces. What the model says before it calls the tool is kept back, and is the
/// answer if it calls none.
pub(super) fn pieces_from_tool(chunks: ChunkStream) -> ChunkStream {
    let mut said = String::new();
    let mut called = false;
    Box::pin(chunks.map(move |chunk| piece(chunk?, &mut said, &mut called)))
}

fn piece(mut chunk: Chunk, said: &mut String, called: &mut bool) -> Result<Chunk> {
    chunk.raw = None;
    said.push_str(&std::mem::take(&mut chunk.text));
    if let Some(calls) = chunk.tool_calls.take() {
        *called = true;
        let first = calls::read(&calls)?.into_iter().filter(|call| call.index.unwrap_or(0) == 0);
        chunk.text = first.map(|call| call.arguments).collect();
    }
    if let Some(finish) = chunk.finish.take() {
        chunk.finish = Some(stopped(finish));
        if !*called {
            chunk.text = std::mem::take(said);
        }
    }
    Ok(chunk)
}

fn stopped(finish: Finish) -> Finish {
    if finish == Finish::ToolCalls { Finish::Stop } else { finish }
}
