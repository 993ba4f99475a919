//! Reads what an application sends to a door.
//!
//! Keys that we act on are picked out and checked; everything else is kept as it was written. Equal keys
//! are refused: which of the two counts differs between JSON readers, so one that we check could differ
//! from the one that a vendor obeys.

use gatemark_core::{Error, Result};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::dialect::Dialect;
use crate::embeddings;
use crate::object::Members;

/// Names that decide who is asked, what, and at which price. Written otherwise they would pass us by, and some
/// servers read names whatever their case.
const ACTED_ON: [&str; 14] = [
    "model",
    "models",
    "prompt",
    "variables",
    "stream",
    "stream_options",
    "messages",
    "input",
    "instructions",
    "system",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "n",
];

/// Most top-level fields of a request. Real ones have about twenty.
const MAX_FIELDS: usize = 128;

/// A request as it came in.
#[derive(Debug, Clone, Default)]
pub struct DoorRequest {
    /// `model`.
    pub model: Option<String>,
    /// `prompt`, an object; see [`read_prompt`].
    pub prompt: Option<Box<RawValue>>,
    /// `variables`, an object.
    pub variables: Option<Box<RawValue>>,
    /// The conversation: `messages`, an array; `input` at the door of responses, an array or a text.
    pub messages: Option<Box<RawValue>>,
    /// `stream`.
    pub stream: bool,
    /// `stream_options.include_usage`.
    pub usage_wanted: bool,
    /// `user`; also among `fields`.
    pub user: Option<String>,
    /// All fields but `model`, `prompt`, `variables`, the conversation and `stream`, in the caller's order.
    pub fields: Vec<(String, Box<RawValue>)>,
}

fn not_json(cause: &serde_json::Error) -> Error {
    Error::invalid(format!("the request body is not valid JSON: {cause}")).coded("invalid_json")
}

fn wrong_type(param: &str, wanted: &str, value: &RawValue) -> Error {
    let found = match value.get().bytes().next() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    };
    Error::invalid(format!("`{param}` must be {wanted}, not {found}")).at(param)
}

fn string(param: &str, value: &RawValue) -> Result<String> {
    serde_json::from_str(value.get()).map_err(|_| wrong_type(param, "a string", value))
}

fn boolean(param: &str, value: &RawValue) -> Result<bool> {
    serde_json::from_str(value.get()).map_err(|_| wrong_type(param, "a boolean", value))
}

/// A value that starts like an object or an array is one: the whole body was parsed before.
fn bracketed(param: &str, wanted: &str, open: char, value: &RawValue) -> Result<Box<RawValue>> {
    if value.get().starts_with(open) {
        Ok(value.to_owned())
    } else {
        Err(wrong_type(param, wanted, value))
    }
}

fn include_usage(value: &RawValue) -> Result<bool> {
    #[derive(Deserialize)]
    struct Options<'a> {
        #[serde(borrow)]
        include_usage: Option<&'a RawValue>,
    }
    bracketed("stream_options", "an object", '{', value)?;
    let options: Options<'_> = serde_json::from_str(value.get()).map_err(|cause| {
        Error::invalid(format!("`stream_options` is not usable: {cause}")).at("stream_options")
    })?;
    options.include_usage.map_or(Ok(false), |raw| boolean("stream_options.include_usage", raw))
}

/// Reads the body of a request in `dialect`. `null` counts as absent for the fields that we act on.
///
/// # Errors
/// `Invalid` for anything but one JSON object in UTF-8 with distinct keys, at most 128 of them, and the
/// right types for the fields of [`DoorRequest`]; names the field, or the line and column.
pub fn read_request(dialect: Dialect, body: &[u8]) -> Result<DoorRequest> {
    let text = std::str::from_utf8(body).map_err(|cause| {
        let place = cause.valid_up_to();
        Error::invalid(format!("the request body is not UTF-8: broken at byte {place}"))
            .coded("invalid_json")
    })?;
    let fields = match serde_json::from_str::<Members<'_>>(text) {
        Ok(fields) => fields.0,
        Err(cause) if cause.is_data() => {
            return Err(Error::invalid("the request body must be a JSON object"));
        }
        Err(cause) => return Err(not_json(&cause)),
    };
    if fields.len() > MAX_FIELDS {
        let count = fields.len();
        let message = format!("the request has {count} top-level fields; {MAX_FIELDS} are allowed");
        return Err(Error::invalid(message));
    }
    for (rank, (key, _)) in fields.iter().enumerate() {
        if fields.iter().take(rank).any(|(earlier, _)| earlier.eq_ignore_ascii_case(key)) {
            return Err(Error::invalid(format!("`{key}` is given twice")).at(key.as_ref()));
        }
        if let Some(known) =
            ACTED_ON.iter().find(|known| known.eq_ignore_ascii_case(key) && *known != key)
        {
            let message =
                format!("`{key}` must be written `{known}`: not every server tells them apart");
            return Err(Error::invalid(message).at(key.as_ref()));
        }
    }
    let mut request = DoorRequest::default();
    for (key, value) in fields {
        place(&mut request, dialect, &key, value)?;
    }
    Ok(request)
}

fn place(request: &mut DoorRequest, dialect: Dialect, key: &str, value: &RawValue) -> Result<()> {
    let conversation = dialect.conversation();
    let ours = matches!(key, "model" | "prompt" | "variables" | "stream") || key == conversation;
    if value.get() != "null" {
        match key {
            "model" => request.model = Some(string("model", value)?),
            "prompt" => request.prompt = Some(bracketed("prompt", "an object", '{', value)?),
            "variables" => {
                request.variables = Some(bracketed("variables", "an object", '{', value)?);
            }
            "stream" => request.stream = boolean("stream", value)?,
            "stream_options" => request.usage_wanted = include_usage(value)?,
            "user" => request.user = Some(string("user", value)?),
            _ if key == conversation => request.messages = Some(said(dialect, value)?),
            _ => {}
        }
    }
    if !ours {
        request.fields.push((key.to_string(), value.to_owned()));
    }
    Ok(())
}

/// The conversation.
fn said(dialect: Dialect, value: &RawValue) -> Result<Box<RawValue>> {
    if dialect == Dialect::Embeddings {
        embeddings::check(value)?;
        return Ok(value.to_owned());
    }
    if dialect == Dialect::Responses && value.get().starts_with('"') {
        return Ok(value.to_owned());
    }
    bracketed(dialect.conversation(), "an array", '[', value)
}

/// The `prompt` object: which prompt, which version, with which values.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptReference {
    /// The prompt's name.
    pub id: String,
    /// A version or environment in the caller's words; a number is taken as its digits.
    pub version: Option<String>,
    /// Values by variable.
    pub variables: Map<String, Value>,
}

/// Reads a `prompt` object.
///
/// # Errors
/// `Invalid`, naming `prompt.id`, `prompt.version` or `prompt.variables`; unknown keys are refused, since
/// a misspelt `variables` would otherwise render an empty prompt.
pub fn read_prompt(raw: &RawValue) -> Result<PromptReference> {
    let Members(fields) = Members::of(raw).ok_or_else(|| wrong_type("prompt", "an object", raw))?;
    let mut id = None;
    let mut version = None;
    let mut variables = Map::new();
    for (key, value) in fields {
        match key.as_ref() {
            "id" => id = Some(string("prompt.id", value)?),
            _ if value.get() == "null" && matches!(key.as_ref(), "version" | "variables") => {}
            "version" => version = Some(version_text(value)?),
            "variables" => {
                variables = serde_json::from_str(value.get())
                    .map_err(|_| wrong_type("prompt.variables", "an object", value))?;
                variables.values_mut().for_each(unwrap_text);
            }
            other => {
                let message =
                    format!("`prompt` has no field `{other}`: use id, version, variables");
                return Err(Error::invalid(message).at(format!("prompt.{other}")));
            }
        }
    }
    let id = id.ok_or_else(|| Error::invalid("`prompt.id` is missing").at("prompt.id"))?;
    Ok(PromptReference { id, version, variables })
}

/// OpenAI's clients may give a text as a part of a message: `{"type": "input_text", "text": "…"}`.
fn unwrap_text(value: &mut Value) {
    let Some(part) = value.as_object_mut().filter(|part| part.len() == 2) else { return };
    if part.get("type").is_some_and(|kind| kind == "input_text")
        && let Some(text @ Value::String(_)) = part.get_mut("text").map(Value::take)
    {
        *value = text;
    }
}

fn version_text(value: &RawValue) -> Result<String> {
    if let Ok(number) = serde_json::from_str::<u32>(value.get()) {
        return Ok(number.to_string());
    }
    string("prompt.version", value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(body: &str) -> (String, Option<String>) {
        let error = read_request(Dialect::Chat, body.as_bytes()).unwrap_err();
        (error.message().to_string(), error.param().map(str::to_string))
    }

    #[test]
    fn known_fields_are_picked_and_the_rest_kept_in_order() {
        let body = r#"{"temperature": 1.50, "model": "a/b", "zeta": {"x" : [1e5]}, "stream": true,
            "messages": [ {"role":"user"} ], "user": "u1", "stream_options": {"include_usage": true},
            "n": null}"#;
        let request = read_request(Dialect::Chat, body.as_bytes()).unwrap();
        assert_eq!(request.model.as_deref(), Some("a/b"));
        assert!(request.stream && request.usage_wanted);
        assert_eq!(request.user.as_deref(), Some("u1"));
        assert_eq!(request.messages.unwrap().get(), r#"[ {"role":"user"} ]"#);
        let fields: Vec<_> = request.fields.iter().map(|(k, v)| (k.as_str(), v.get())).collect();
        let options = r#"{"include_usage": true}"#;
        assert_eq!(
            fields,
            [
                ("temperature", "1.50"),
                ("zeta", r#"{"x" : [1e5]}"#),
                ("user", "\"u1\""),
                ("stream_options", options),
                ("n", "null")
            ]
        );
    }

    #[test]
    fn refusals_name_the_field_or_the_place() {
        assert_eq!(refused(r#"{"model": 5}"#).1.as_deref(), Some("model"));
        assert_eq!(refused(r#"{"stream": "yes"}"#).0, "`stream` must be a boolean, not a string");
        assert_eq!(refused(r#"{"messages": {}}"#).1.as_deref(), Some("messages"));
        assert_eq!(refused(r#"{"variables": []}"#).1.as_deref(), Some("variables"));
        assert_eq!(refused(r#"{"stream_options": 1}"#).1.as_deref(), Some("stream_options"));
        let usage = refused(r#"{"stream_options": {"include_usage": 1}}"#);
        assert_eq!(usage.1.as_deref(), Some("stream_options.include_usage"));
        assert_eq!(refused(r#"{"a":1,"a":1}"#), ("`a` is given twice".into(), Some("a".into())));
        assert_eq!(refused("[]").0, "the request body must be a JSON object");
        assert!(refused("{\n\"model\": x}").0.contains("line 2 column 10"));
        assert!(refused("").0.contains("not valid JSON"));
        assert!(refused("{} {}").0.contains("trailing characters"));
        assert!(
            read_request(Dialect::Chat, b"{\"a\":\"\xff\"}")
                .unwrap_err()
                .message()
                .contains("byte 6")
        );
        let many: Vec<_> = (0..200).map(|i| format!("\"k{i}\":0")).collect();
        assert!(refused(&format!("{{{}}}", many.join(","))).0.contains("200 top-level"));
    }

    #[test]
    fn a_prompt_reference() {
        let raw = |t: &str| RawValue::from_string(t.to_string()).unwrap();
        let read = |t: &str| read_prompt(&raw(t));
        let full = read(r#"{"id":"a/b","version":2,"variables":{"x":1}}"#).unwrap();
        assert_eq!((full.id.as_str(), full.version.as_deref()), ("a/b", Some("2")));
        assert_eq!(full.variables.get("x"), Some(&Value::from(1)));
        let bare = read(r#"{"id":"a/b","version":null,"variables":null}"#).unwrap();
        assert_eq!((bare.version, bare.variables.len()), (None, 0));
        let param = |t: &str| read(t).unwrap_err().param().map(str::to_string);
        assert_eq!(param(r"{}").as_deref(), Some("prompt.id"));
        assert_eq!(param(r#"{"id":"a","vars":{}}"#).as_deref(), Some("prompt.vars"));
        assert_eq!(param(r#"{"id":"a","variables":[]}"#).as_deref(), Some("prompt.variables"));
        assert_eq!(param(r#"{"id":"a","version":{}}"#).as_deref(), Some("prompt.version"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(read_request(Dialect::Chat, &body));
        }

        #[test]
        fn nested_brackets_do_not_overflow_the_stack(depth in 1usize..40_000) {
            let body = format!("{{\"a\":{}", "[".repeat(depth));
            prop_assert!(read_request(Dialect::Chat, body.as_bytes()).is_err());
        }
    }
}
