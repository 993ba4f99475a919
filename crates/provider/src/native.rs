//! Writes a request in the caller's own dialect for a vendor that speaks it: its fields in their order and
//! spelling, with the model and the form of the answer put in.

use bytes::Bytes;
use gatemark_core::{Error, Result};

use crate::request::{ChatRequest, Messages};

/// The body.
///
/// # Errors
/// `Internal` if the conversation is not in the caller's words.
pub(crate) fn write(request: &ChatRequest, stream: bool) -> Result<Bytes> {
    let Messages::Raw(said) = &request.messages else {
        return Err(Error::internal("rendered messages are in the words of chat completions"));
    };
    let fields: usize = request.fields.iter().map(|(k, v)| k.len() + v.get().len() + 4).sum();
    let mut out = Vec::with_capacity(fields + said.get().len() + request.model.len() + 64);
    out.extend_from_slice(b"{\"model\":");
    string(&mut out, &request.model)?;
    member(&mut out, request.dialect.conversation(), said.get())?;
    for (key, value) in &request.fields {
        member(&mut out, key, value.get())?;
    }
    if stream {
        member(&mut out, "stream", "true")?;
    }
    out.push(b'}');
    Ok(out.into())
}

fn member(out: &mut Vec<u8>, key: &str, value: &str) -> Result<()> {
    out.push(b',');
    string(out, key)?;
    out.push(b':');
    out.extend_from_slice(value.as_bytes());
    Ok(())
}

fn string(out: &mut Vec<u8>, text: &str) -> Result<()> {
    serde_json::to_writer(out, text)
        .map_err(|cause| Error::internal("cannot write the vendor's request").because(cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use serde_json::value::RawValue;

    #[test]
    fn the_callers_own_words_with_another_model() {
        let raw = |text: &str| RawValue::from_string(text.into()).unwrap();
        let mut request = ChatRequest {
            dialect: Dialect::Messages,
            model: "m".into(),
            messages: Messages::Raw(raw(r#"[ {"role":"user"} ]"#)),
            fields: vec![("max_tokens".into(), raw("1e2")), ("new".into(), raw("[1.50]"))],
            ..ChatRequest::default()
        };
        let head = r#"{"model":"m","messages":[ {"role":"user"} ],"max_tokens":1e2,"new":[1.50]"#;
        assert_eq!(write(&request, false).unwrap(), format!("{head}}}"));
        assert_eq!(write(&request, true).unwrap(), format!("{head},\"stream\":true}}"));
        request.messages = Messages::default();
        assert!(write(&request, false).is_err());
    }
}
