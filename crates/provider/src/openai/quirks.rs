//! What servers that are compatible with OpenAI's do otherwise.

use std::borrow::Cow;

use bytes::{BufMut, Bytes, BytesMut};
use gatemark_core::Result;
use gatemark_core::model::Quirks;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer::Chunk;
use crate::chat;
use crate::request::ChatRequest;
use crate::unreadable::Unreadable;

/// The body of a request for a server with `quirks`.
pub(crate) fn write(quirks: Quirks, request: &ChatRequest, stream: bool) -> Result<Bytes> {
    let request = renamed(quirks, request);
    if !(stream && quirks.no_stream_options) {
        return chat::body::write(&request, stream);
    }
    let mut request = request.into_owned();
    request.fields.retain(|(key, _)| key != "stream_options");
    let whole = chat::body::write(&request, false)?;
    let open = whole.strip_suffix(b"}").unwrap_or(&whole);
    let mut body = BytesMut::with_capacity(open.len() + 16);
    body.put_slice(open);
    body.put_slice(b",\"stream\":true}");
    Ok(body.freeze())
}

fn renamed(quirks: Quirks, request: &ChatRequest) -> Cow<'_, ChatRequest> {
    let own = |key: &str| quirks.renamed.iter().find(|(from, _)| *from == key).map(|(_, to)| *to);
    if !request.fields.iter().any(|(key, _)| own(key).is_some()) {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    // Both names of one thing: the server's own is the one that it understands.
    let present: Vec<String> = request.fields.iter().map(|(key, _)| key.clone()).collect();
    request
        .fields
        .retain(|(key, _)| own(key).is_none_or(|to| !present.iter().any(|key| key == to)));
    for (key, _) in &mut request.fields {
        if let Some(to) = own(key) {
            *key = to.to_string();
        }
    }
    Cow::Owned(request)
}

/// What Groq adds to a chunk: the usage in the last one, or why the stream fails.
#[derive(Deserialize)]
struct Groq<'a> {
    #[serde(borrow, default)]
    x_groq: Option<Extra<'a>>,
}

#[derive(Deserialize)]
struct Extra<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// Completes a chunk with what one server tells in a place of its own. The usage that all others tell is left as
/// it is.
pub(super) fn complete(chunk: &mut Chunk) -> Result<(), Unreadable> {
    const MARK: &[u8] = b"\"x_groq\"";
    let Some(raw) = chunk.raw.as_ref().map(|raw| raw.bytes.clone()) else { return Ok(()) };
    let holds = raw.windows(MARK.len()).any(|part| part == MARK);
    if !holds || chunk.usage.is_some() {
        return Ok(());
    }
    let Ok(Groq { x_groq: Some(extra) }) = serde_json::from_slice::<Groq<'_>>(&raw) else {
        return Ok(());
    };
    if let Some(error) = extra.error.filter(|error| error.get() != "null") {
        return Err(Unreadable::Says(error.to_owned()));
    }
    if let Some(usage) = extra.usage {
        let wrapped = format!(r#"{{"choices":[],"usage":{}}}"#, usage.get());
        chunk.usage = chat::read::chunk(wrapped.into())?.usage;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Messages;

    const MISTRAL: Quirks = Quirks {
        no_stream_options: true,
        renamed: &[("seed", "random_seed"), ("max_completion_tokens", "max_tokens")],
    };

    fn written(fields: &[(&str, &str)], stream: bool) -> String {
        let raw = |text: &str| RawValue::from_string(text.to_string()).unwrap();
        let request = ChatRequest {
            model: "m".into(),
            messages: Messages::Raw(raw("[]")),
            stream,
            fields: fields.iter().map(|(k, v)| (k.to_string(), raw(v))).collect(),
            ..ChatRequest::default()
        };
        String::from_utf8(write(MISTRAL, &request, stream).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn fields_have_the_servers_names() {
        let fields = [("seed", "1"), ("top_p", "0.50"), ("max_completion_tokens", "9")];
        let wanted = r#"{"model":"m","messages":[],"random_seed":1,"top_p":0.50,"max_tokens":9}"#;
        assert_eq!(written(&fields, false), wanted);
        let both = [("max_completion_tokens", "9"), ("max_tokens", "7")];
        assert_eq!(written(&both, false), r#"{"model":"m","messages":[],"max_tokens":7}"#);
    }

    #[test]
    fn a_stream_asks_for_no_usage() {
        let fields = [("stream_options", r#"{"include_usage":true}"#), ("top_p", "1")];
        assert_eq!(
            written(&fields, true),
            r#"{"model":"m","messages":[],"top_p":1,"stream":true}"#
        );
    }

    #[test]
    fn usage_in_a_place_of_its_own() {
        let read = |text: &str| {
            let mut chunk = chat::read::chunk(Bytes::copy_from_slice(text.as_bytes())).unwrap();
            complete(&mut chunk).map(|()| chunk.usage.map(|usage| (usage.input, usage.output)))
        };
        let last = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],
            "x_groq":{"id":"r","usage":{"prompt_tokens":24,"completion_tokens":7,"total_tokens":31}}}"#;
        assert_eq!(read(last).unwrap(), Some((24, 7)));
        let first = r#"{"choices":[{"index":0,"delta":{"content":""}}],"x_groq":{"id":"r"}}"#;
        assert_eq!(read(first).unwrap(), None);
        let failed = r#"{"choices":[],"usage":null,"x_groq":{"error":"over capacity"}}"#;
        assert!(
            matches!(read(failed), Err(Unreadable::Says(raw)) if raw.get() == "\"over capacity\"")
        );
        let said = r#"{"choices":[{"delta":{"content":"\"x_groq\""}}]}"#;
        assert_eq!(read(said).unwrap(), None);
    }
}
