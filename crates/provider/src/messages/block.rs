//! One block of a message's content.

use std::borrow::Cow;

use gatemark_core::Result;
use serde_json::json;
use serde_json::value::RawValue;

use crate::object::{self, Members};
use crate::towards::{Towards, malformed, raw};

/// What a block becomes.
pub(super) enum Said<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// A part of a message that is not plain text.
    Part(Box<RawValue>),
    /// The model's call of a tool.
    Call { id: Cow<'a, str>, name: Cow<'a, str>, input: &'a RawValue },
    /// The result of a tool: the call's id, what came out, and whether it failed.
    Result { id: Cow<'a, str>, content: Vec<Said<'a>>, failed: bool },
    /// Thinking that this gateway had written.
    OwnThinking,
}

/// Reads `content`: a text, or an array of blocks.
pub(super) fn content<'a>(
    param: &str,
    value: &'a RawValue,
    towards: &Towards<'_>,
) -> Result<Vec<Said<'a>>> {
    if let Some(text) = object::text(value) {
        return Ok(vec![Said::Text(text)]);
    }
    let blocks = object::elements(value);
    let blocks = blocks.ok_or_else(|| malformed(param, "a text or an array of blocks"))?;
    let said = blocks.into_iter().enumerate();
    said.map(|(rank, raw)| block(&format!("{param}[{rank}]"), raw, towards)).collect()
}

fn block<'a>(param: &str, value: &'a RawValue, towards: &Towards<'_>) -> Result<Said<'a>> {
    let members = Members::of(value).ok_or_else(|| malformed(param, "an object"))?;
    let mut block = Block { param, members, towards };
    let kind = block.text("type")?;
    // A hint; a vendor that knows it gets the block as it is.
    let hinted = block.members.take("cache_control").is_some();
    match kind.as_ref() {
        "text" if towards.knows && (hinted || block.members.0.len() > 1) => {
            Ok(Said::Part(value.to_owned()))
        }
        "text" => {
            let text = block.text("text")?;
            block.members.0.retain(|(key, raw)| key != "citations" || raw.get() != "[]");
            block.done(Said::Text(text))
        }
        "tool_use" => {
            block.members.take("caller");
            let (id, name) = (block.text("id")?, block.text("name")?);
            let input = block.take("input", "an object")?;
            block.done(Said::Call { id, name, input })
        }
        "tool_result" => result(block),
        _ if towards.knows => Ok(Said::Part(value.to_owned())),
        "image" => image(block),
        "thinking" if block.members.take("signature").is_none_or(|s| s.get() == "\"\"") => {
            Ok(Said::OwnThinking)
        }
        other => Err(towards.refuse(param, &format!("a {other:?} block"))),
    }
}

/// An object that is being read.
struct Block<'a, 'b> {
    param: &'b str,
    members: Members<'a>,
    towards: &'b Towards<'b>,
}

impl<'a> Block<'a, '_> {
    fn take(&mut self, name: &str, wanted: &str) -> Result<&'a RawValue> {
        self.members.take(name).ok_or_else(|| malformed(&format!("{}.{name}", self.param), wanted))
    }

    fn text(&mut self, name: &str) -> Result<Cow<'a, str>> {
        let raw = self.take(name, "a text")?;
        object::text(raw).ok_or_else(|| malformed(&format!("{}.{name}", self.param), "a text"))
    }

    /// `said`, provided that nothing of the block is left unread.
    fn done(self, said: Said<'a>) -> Result<Said<'a>> {
        match self.members.left() {
            None => Ok(said),
            Some(key) => {
                Err(self.towards.refuse(&format!("{}.{key}", self.param), "this part of a block"))
            }
        }
    }
}

fn image<'a>(mut block: Block<'a, '_>) -> Result<Said<'a>> {
    let place = format!("{}.source", block.param);
    let source = block.take("source", "an object")?;
    let members = Members::of(source).ok_or_else(|| malformed(&place, "an object"))?;
    let mut source = Block { param: &place, members, towards: block.towards };
    let kind = source.text("type")?;
    let url = match kind.as_ref() {
        "url" => source.text("url")?,
        "base64" => {
            let (media, data) = (source.text("media_type")?, source.text("data")?);
            Cow::Owned(format!("data:{media};base64,{data}"))
        }
        other => {
            return Err(block.towards.refuse(&place, &format!("an image given by {other:?}")));
        }
    };
    let part = raw(&json!({"type": "image_url", "image_url": {"url": url}}))?;
    source.done(Said::OwnThinking)?;
    block.done(Said::Part(part))
}

fn result<'a>(mut block: Block<'a, '_>) -> Result<Said<'a>> {
    let id = block.text("tool_use_id")?;
    let failed = block.members.take("is_error").is_some_and(|raw| raw.get() == "true");
    let param = format!("{}.content", block.param);
    let content = match block.members.take("content") {
        None => Vec::new(),
        Some(value) => content(&param, value, block.towards)?,
    };
    for (rank, said) in content.iter().enumerate() {
        let fits = match said {
            Said::Text(_) => true,
            Said::Part(_) => block.towards.knows,
            _ => false,
        };
        if !fits {
            let place = format!("{param}[{rank}]");
            return Err(block.towards.refuse(&place, "a tool's result that is not text"));
        }
    }
    block.done(Said::Result { id, content, failed })
}
