//! Writes the body that a vendor of chat completions gets.

use bytes::Bytes;
use gatemark_core::{Error, Result};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::request::{ChatRequest, Messages, Turn};

/// The request as one JSON object: model, messages, the fields in the caller's order, stream. A stream
/// always asks for usage, because cost must not depend on what the client thought of; the gateway drops
/// the extra chunk for clients who did not ask.
///
/// # Errors
/// `Invalid` if `stream_options` is not an object.
pub(crate) fn write(request: &ChatRequest, stream: bool) -> Result<Bytes> {
    let mut out = Vec::with_capacity(estimate(request));
    out.extend_from_slice(b"{\"model\":");
    string(&mut out, &request.model)?;
    out.extend_from_slice(b",\"messages\":");
    messages(&mut out, &request.messages)?;
    let mut options_written = !stream;
    for (key, value) in &request.fields {
        // These three are written by this function alone.
        if matches!(key.as_str(), "model" | "messages" | "stream") {
            continue;
        }
        out.push(b',');
        string(&mut out, key)?;
        out.push(b':');
        if stream && key == "stream_options" {
            json(&mut out, &with_usage(value)?)?;
            options_written = true;
        } else {
            out.extend_from_slice(value.get().as_bytes());
        }
    }
    if stream {
        out.extend_from_slice(b",\"stream\":true");
    }
    if !options_written {
        out.extend_from_slice(b",\"stream_options\":{\"include_usage\":true}");
    }
    out.push(b'}');
    Ok(out.into())
}

fn estimate(request: &ChatRequest) -> usize {
    let messages = match &request.messages {
        Messages::Raw(raw) => raw.get().len(),
        Messages::Turns(turns) => turns.iter().map(|t| t.text.len() + t.text.len() / 8 + 48).sum(),
    };
    let fields: usize = request.fields.iter().map(|(k, v)| k.len() + v.get().len() + 4).sum();
    messages + fields + request.model.len() + 128
}

fn messages(out: &mut Vec<u8>, messages: &Messages) -> Result<()> {
    let turns = match messages {
        Messages::Raw(raw) => {
            out.extend_from_slice(raw.get().as_bytes());
            return Ok(());
        }
        Messages::Turns(turns) => turns,
    };
    out.push(b'[');
    for (rank, Turn { role, text }) in turns.iter().enumerate() {
        if rank > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"role\":\"");
        out.extend_from_slice(role.word().as_bytes());
        out.extend_from_slice(b"\",\"content\":");
        string(out, text)?;
        out.push(b'}');
    }
    out.push(b']');
    Ok(())
}

fn string(out: &mut Vec<u8>, text: &str) -> Result<()> {
    json(out, text)
}

fn json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> Result<()> {
    serde_json::to_writer(out, value)
        .map_err(|cause| Error::internal("cannot write the vendor's request").because(cause))
}

/// The caller's `stream_options` with usage switched on.
fn with_usage(options: &RawValue) -> Result<Map<String, Value>> {
    let mut options: Option<Map<String, Value>> = serde_json::from_str(options.get())
        .map_err(|_| Error::invalid("`stream_options` must be an object").at("stream_options"))?;
    let mut options = options.take().unwrap_or_default();
    options.insert("include_usage".into(), Value::Bool(true));
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_core::prompt::Role;

    fn request(messages: Messages, fields: &[(&str, &str)]) -> ChatRequest {
        let raw = |text: &str| RawValue::from_string(text.to_string()).unwrap();
        ChatRequest {
            model: "gpt-4o-2024-08-06".into(),
            messages,
            fields: fields.iter().map(|(k, v)| (k.to_string(), raw(v))).collect(),
            ..ChatRequest::default()
        }
    }

    fn written(request: &ChatRequest, stream: bool) -> String {
        String::from_utf8(write(request, stream).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn raw_parts_pass_bit_by_bit() {
        let messages =
            RawValue::from_string(r#"[ {"role":"user","content":"é"} ]"#.into()).unwrap();
        let request =
            request(Messages::Raw(messages), &[("temperature", "1.50"), ("new", "[1e3]")]);
        let wanted = r#"{"model":"gpt-4o-2024-08-06","messages":[ {"role":"user","content":"é"} ],"temperature":1.50,"new":[1e3]}"#;
        assert_eq!(written(&request, false), wanted);
    }

    #[test]
    fn a_stream_always_asks_for_usage() {
        let turns = vec![Turn { role: Role::System, text: "say \"hi\"".into() }];
        let plain = request(Messages::Turns(turns.clone()), &[]);
        let head =
            r#"{"model":"gpt-4o-2024-08-06","messages":[{"role":"system","content":"say \"hi\""}]"#;
        let tail = r#","stream":true,"stream_options":{"include_usage":true}}"#;
        assert_eq!(written(&plain, true), format!("{head}{tail}"));
        let own = [("stream_options", r#"{"x":1,"include_usage":false}"#)];
        let own = request(Messages::Turns(turns), &own);
        let tail = r#","stream_options":{"x":1,"include_usage":true},"stream":true}"#;
        assert_eq!(written(&own, true), format!("{head}{tail}"));
    }
}
