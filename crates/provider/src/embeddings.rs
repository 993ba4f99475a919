//! Our door in the format of OpenAI's embeddings.
//!
//! A vendor of the same format gets the request as it is and its answer passes through. For others the texts
//! are embedded one by one and written in this format; what they cannot be told is refused by name.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use gatemark_core::{Error, Kind, Result};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::answer::Answer;
use crate::dialect::{Dialect, Raw};
use crate::embedding::Embedded;
use crate::object;
use crate::request::{ChatRequest, Messages};
use crate::vendor::Vendor;

/// Most inputs of one request: OpenAI's own bound.
pub const MOST_INPUTS: usize = 2048;

/// How many inputs `input` holds: texts, or texts as arrays of tokens.
///
/// # Errors
/// `Invalid` for anything else, for none, and beyond [`MOST_INPUTS`].
pub fn check(input: &RawValue) -> Result<usize> {
    let refused = |why: String| Err(Error::invalid(format!("`input` {why}")).at("input"));
    if input.get().starts_with('"') {
        return Ok(1);
    }
    let inputs = object::elements(input).unwrap_or_default();
    let kind = |raw: &RawValue| match raw.get().bytes().next() {
        Some(b'"') => 't',
        Some(b'[') => 'a',
        Some(b'0'..=b'9') => 'n',
        _ => '?',
    };
    let first = inputs.first().map_or('?', |raw| kind(raw));
    if first == '?' || inputs.iter().any(|raw| kind(raw) != first) {
        return refused(
            "must be a text, an array of texts, or arrays of tokens, and not empty".into(),
        );
    }
    if first == 'n' {
        return Ok(1);
    }
    if inputs.len() > MOST_INPUTS {
        return refused(format!("holds {} texts; {MOST_INPUTS} are allowed", inputs.len()));
    }
    Ok(inputs.len())
}

/// The texts of a request, provided that nothing is asked but vectors for texts.
fn texts(provider: &str, request: &ChatRequest) -> Result<(Vec<String>, bool)> {
    let refuse = |param: &str, what: &str| {
        let message = format!(
            "`{param}`: {what} cannot be expressed to provider `{provider}`, whose embeddings are not OpenAI's"
        );
        Error::invalid(message).at(param).coded("not_translatable")
    };
    let Messages::Raw(input) = &request.messages else {
        return Err(Error::internal("embeddings without an input"));
    };
    let texts = match object::text(input) {
        Some(text) => Some(vec![text.into_owned()]),
        None => serde_json::from_str::<Vec<String>>(input.get()).ok(),
    };
    let texts = texts.ok_or_else(|| refuse("input", "an input of tokens"))?;
    let mut packed = false;
    for (name, value) in &request.fields {
        match (name.as_str(), value.get()) {
            (_, "null") | ("user", _) | ("encoding_format", "\"float\"") => {}
            ("encoding_format", "\"base64\"") => packed = true,
            ("encoding_format", _) => {
                let message = "`encoding_format` must be float or base64";
                return Err(Error::invalid(message).at("encoding_format"));
            }
            _ => return Err(refuse(name, "this field")),
        }
    }
    Ok((texts, packed))
}

/// Asks a vendor of another format.
///
/// # Errors
/// `Invalid`, naming the place, for what cannot be expressed; else as [`Vendor::embed`].
pub(crate) async fn complete(
    provider: &str,
    vendor: &dyn Vendor,
    request: &ChatRequest,
) -> Result<Answer> {
    let (texts, packed) = texts(provider, request)?;
    let embedded = vendor.embed(&request.model, &texts).await?;
    let usage = embedded.usage;
    let bytes = write(&request.model, &embedded, packed)?;
    let raw = Some(Raw { dialect: Dialect::Embeddings, bytes });
    Ok(Answer { raw, model: request.model.clone(), usage, ..Answer::default() })
}

#[derive(Serialize)]
struct List<'a> {
    object: &'static str,
    data: Vec<Item<'a>>,
    model: &'a str,
    usage: Tokens,
}

#[derive(Serialize)]
struct Item<'a> {
    object: &'static str,
    index: usize,
    embedding: Numbers<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Numbers<'a> {
    Plain(&'a [f32]),
    /// Little-endian `f32`, in base64.
    Packed(String),
}

#[derive(Serialize)]
struct Tokens {
    prompt_tokens: u64,
    total_tokens: u64,
}

fn write(model: &str, embedded: &Embedded, packed: bool) -> Result<Bytes> {
    let numbers = |vector: &'_ [f32]| -> String {
        let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
        BASE64_STANDARD.encode(bytes)
    };
    let data = embedded.vectors.iter().enumerate().map(|(index, vector)| Item {
        object: "embedding",
        index,
        embedding: if packed { Numbers::Packed(numbers(vector)) } else { Numbers::Plain(vector) },
    });
    let read = embedded.usage.map_or(0, |usage| usage.input);
    let usage = Tokens { prompt_tokens: read, total_tokens: read };
    let list = List { object: "list", data: data.collect(), model, usage };
    serde_json::to_vec(&list)
        .map(Bytes::from)
        .map_err(|cause| Error::internal("cannot write the vectors").because(cause))
}

/// The answer as it came, or as [`complete`] wrote it.
///
/// # Errors
/// `VendorFailed` for an answer that holds no vectors.
pub fn write_answer(answer: &Answer) -> Result<Bytes> {
    let raw = Raw::in_dialect(answer.raw.as_ref(), Dialect::Embeddings).cloned();
    raw.ok_or_else(|| Error::new(Kind::VendorFailed, "the vendor's answer holds no vectors"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.into()).unwrap()
    }

    fn asked(input: &str, fields: &[(&str, &str)]) -> Result<(Vec<String>, bool), String> {
        let request = ChatRequest {
            dialect: Dialect::Embeddings,
            messages: Messages::Raw(raw(input)),
            fields: fields.iter().map(|(k, v)| (k.to_string(), raw(v))).collect(),
            ..ChatRequest::default()
        };
        texts("x", &request).map_err(|error| error.param().unwrap_or_default().to_string())
    }

    #[test]
    fn inputs_of_every_form_are_counted() {
        let count = |text: &str| check(&raw(text)).map_err(|error| error.param().map(String::from));
        assert_eq!(count("\"a\""), Ok(1));
        assert_eq!(count(r#"["a", "b"]"#), Ok(2));
        assert_eq!(count("[1, 2, 3]"), Ok(1));
        assert_eq!(count("[[1], [2, 3]]"), Ok(2));
        for odd in ["[]", "{}", "5", "null", "[\"a\", 1]", "[null]", "[{}]"] {
            assert_eq!(count(odd), Err(Some("input".into())), "{odd}");
        }
        let many = |texts: usize| count(&format!("[{}]", vec!["\"a\""; texts].join(",")));
        assert_eq!(many(MOST_INPUTS), Ok(MOST_INPUTS));
        assert!(many(MOST_INPUTS + 1).is_err());
    }

    #[test]
    fn what_others_cannot_be_told_is_refused_by_name() {
        assert_eq!(asked("\"a\"", &[("user", "\"u\"")]), Ok((vec!["a".into()], false)));
        let packed =
            asked(r#"["a"]"#, &[("encoding_format", "\"base64\""), ("dimensions", "null")]);
        assert_eq!(packed, Ok((vec!["a".into()], true)));
        assert_eq!(asked("[1, 2]", &[]), Err("input".into()));
        assert_eq!(asked("\"a\"", &[("dimensions", "8")]), Err("dimensions".into()));
        assert_eq!(asked("\"a\"", &[("encoding_format", "\"x\"")]), Err("encoding_format".into()));
    }

    #[test]
    fn vectors_in_both_forms() {
        let embedded = Embedded { vectors: vec![vec![0.5, -1.0]], usage: None };
        let text =
            |packed| String::from_utf8(write("m", &embedded, packed).unwrap().to_vec()).unwrap();
        assert!(text(false).contains(r#""index":0,"embedding":[0.5,-1.0]}"#), "{}", text(false));
        // 0x3f000000 and 0xbf800000, the low byte first.
        assert!(text(true).contains(r#""embedding":"AAAAPwAAgL8="}"#), "{}", text(true));
    }
}
