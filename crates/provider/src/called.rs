//! Calls of tools in the shape of chat completions, for vendors that tell them otherwise.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::answer::Chunk;
use crate::unreadable::Unreadable;

/// A call, whole or a piece of one.
#[derive(Debug, Serialize)]
pub(crate) struct Call<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    function: Function<'a>,
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

impl<'a> Call<'a> {
    /// A call in a whole answer; `arguments` is JSON in a text.
    pub(crate) fn whole(id: &'a str, name: &'a str, arguments: &'a str) -> Self {
        let function = Function { name: Some(name), arguments };
        Self { index: None, id: Some(id), r#type: Some("function"), function }
    }

    /// The call of that rank in a stream: all of it, or its beginning if `arguments` are to come.
    pub(crate) fn begun(rank: u64, id: &'a str, name: &'a str, arguments: &'a str) -> Self {
        Self { index: Some(rank), ..Self::whole(id, name, arguments) }
    }

    /// More of its arguments.
    pub(crate) fn more(rank: u64, arguments: &'a str) -> Self {
        let function = Function { name: None, arguments };
        Self { index: Some(rank), id: None, r#type: None, function }
    }

    /// The piece of a stream that tells this.
    pub(crate) fn chunk(self) -> Result<Chunk, Unreadable> {
        Ok(Chunk { tool_calls: listed(&[self])?, ..Chunk::default() })
    }
}

/// The `tool_calls` of a message; `None` without any.
pub(crate) fn listed(calls: &[Call<'_>]) -> Result<Option<Box<RawValue>>, Unreadable> {
    if calls.is_empty() {
        return Ok(None);
    }
    let raw = to_raw_value(calls).map_err(|cause| Unreadable::Odd(cause.to_string()))?;
    Ok(Some(raw))
}
