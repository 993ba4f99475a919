//! One part of a message's content, or of a tool's result.

use std::borrow::Cow;

use gatemark_core::Result;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::object::{self, Members};
use crate::towards::{Towards, malformed};

/// A part in the words of chat completions.
pub(super) enum Part<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// An image or a file, which only a user can send.
    Media(Value),
}

/// Reads a content: a text, or an array of parts.
pub(super) fn parts<'a>(
    param: &str,
    value: &'a RawValue,
    towards: &Towards<'_>,
) -> Result<Vec<Part<'a>>> {
    if let Some(text) = object::text(value) {
        return Ok(vec![Part::Text(text)]);
    }
    let parts = object::elements(value);
    let parts = parts.ok_or_else(|| malformed(param, "a text or an array of parts"))?;
    let read = parts.into_iter().enumerate();
    read.map(|(rank, raw)| part(&format!("{param}[{rank}]"), raw, towards)).collect()
}

fn part<'a>(param: &str, value: &'a RawValue, towards: &Towards<'_>) -> Result<Part<'a>> {
    let mut members = Members::of(value).ok_or_else(|| malformed(param, "an object"))?;
    let kind = members.take("type").and_then(object::text);
    let kind = kind.ok_or_else(|| malformed(&format!("{param}.type"), "a text"))?;
    let mut text = |name: &str| {
        let text = members.take(name).and_then(object::text);
        text.ok_or_else(|| malformed(&format!("{param}.{name}"), "a text"))
    };
    let read = match kind.as_ref() {
        "input_text" | "text" => Part::Text(text("text")?),
        "output_text" => {
            let said = text("text")?;
            // How sure the model was says nothing to another one.
            members.take("logprobs");
            members.0.retain(|(key, raw)| key != "annotations" || raw.get() != "[]");
            Part::Text(said)
        }
        "refusal" => Part::Text(text("refusal")?),
        "input_image" => image(param, &mut members, towards)?,
        "input_file" => file(param, &mut members, towards)?,
        other => return Err(towards.refuse(param, &format!("a {other:?} part"))),
    };
    match members.left() {
        Some(key) => Err(towards.refuse(&format!("{param}.{key}"), "this property of a part")),
        None => Ok(read),
    }
}

fn image<'a>(param: &str, members: &mut Members<'a>, towards: &Towards<'_>) -> Result<Part<'a>> {
    let Some(url) = members.take("image_url") else {
        return Err(by_reference(param, members, towards, "image_url"));
    };
    let mut image = Map::new();
    image.insert("url".into(), value(&format!("{param}.image_url"), url)?);
    if let Some(detail) = members.take("detail").filter(|raw| raw.get() != "\"auto\"") {
        image.insert("detail".into(), value(&format!("{param}.detail"), detail)?);
    }
    Ok(Part::Media(json!({"type": "image_url", "image_url": image})))
}

fn file<'a>(param: &str, members: &mut Members<'a>, towards: &Towards<'_>) -> Result<Part<'a>> {
    let Some(data) = members.take("file_data") else {
        return Err(by_reference(param, members, towards, "file_data"));
    };
    let mut file = Map::new();
    file.insert("file_data".into(), value(&format!("{param}.file_data"), data)?);
    if let Some(name) = members.take("filename") {
        file.insert("filename".into(), value(&format!("{param}.filename"), name)?);
    }
    Ok(Part::Media(json!({"type": "file", "file": file})))
}

/// The refusal of something that the vendor would have to fetch or to have.
fn by_reference(
    param: &str,
    members: &mut Members<'_>,
    towards: &Towards<'_>,
    wanted: &str,
) -> gatemark_core::Error {
    let given = ["file_id", "file_url"].into_iter().find(|name| members.take(name).is_some());
    match given {
        Some(name) => towards.refuse(&format!("{param}.{name}"), "a reference to a file"),
        None => malformed(&format!("{param}.{wanted}"), "a text"),
    }
}

/// A text as a value.
fn value(param: &str, raw: &RawValue) -> Result<Value> {
    let text = object::text(raw).ok_or_else(|| malformed(param, "a text"))?;
    Ok(text.into_owned().into())
}
