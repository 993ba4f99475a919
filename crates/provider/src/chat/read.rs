//! Reads a vendor's answers in the shape of chat completions.
//!
//! One borrowed pass picks out what the gateway must know; the bytes themselves are what the application
//! gets. Tolerant where vendors differ (content null, absent or in parts; usage odd or in any chunk),
//! strict where tolerance would pass a failure off as an answer.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::usage::usage;
use crate::answer::{Answer, Chunk, Finish};
use crate::dialect::{Dialect, Raw};
use crate::unreadable::Unreadable;

/// Text of a message: a string, `null`, or an array of parts of which the text parts count. Anything
/// else has no text; it still reaches the application in the bytes.
#[derive(Default)]
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Text)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_string()))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self::Value, A::Error> {
        let mut joined = String::new();
        while let Some(part) = parts.next_element::<Text<'de>>()? {
            joined.push_str(&part.0);
        }
        Ok(Cow::Owned(joined))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut part: A) -> Result<Self::Value, A::Error> {
        let mut text = Cow::Borrowed("");
        while let Some(key) = part.next_key::<Cow<'de, str>>()? {
            if key == "text" {
                text = part.next_value::<Text<'de>>()?.0;
            } else {
                part.next_value::<IgnoredAny>()?;
            }
        }
        Ok(text)
    }
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    model: Text<'a>,
    #[serde(borrow, default)]
    object: Text<'a>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: Option<u64>,
    /// In a whole answer.
    #[serde(borrow, default)]
    message: Option<Said<'a>>,
    /// In a stream; some vendors add the whole `message` to the last one.
    #[serde(borrow, default)]
    delta: Option<Said<'a>>,
    #[serde(borrow, default)]
    finish_reason: Text<'a>,
    /// vLLM's word for the stop sequence that was met; a number or null otherwise.
    #[serde(borrow, default)]
    stop_reason: Text<'a>,
    /// Only where they were asked for.
    #[serde(borrow, default)]
    logprobs: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Logprobs {
    #[serde(default)]
    content: Vec<Token>,
}

#[derive(Deserialize)]
struct Token {
    logprob: f64,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow, default)]
    content: Text<'a>,
    /// In place of the content.
    #[serde(borrow, default)]
    refusal: Text<'a>,
    /// DeepSeek's word for thoughts, which vLLM, llama.cpp and others share.
    #[serde(borrow, default)]
    reasoning_content: Text<'a>,
    /// The same with OpenRouter, Ollama and newer servers; where both are sent they say the same.
    #[serde(borrow, default)]
    reasoning: Text<'a>,
    #[serde(borrow, default)]
    tool_calls: Option<&'a RawValue>,
}

fn parse(text: &[u8]) -> Result<Body<'_>, Unreadable> {
    let odd = |why: String| Unreadable::Odd(why);
    let text = std::str::from_utf8(text).map_err(|_| odd("it is not UTF-8".into()))?;
    // Derived readers would also take an array for an object, field by field.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(reported(text).unwrap_or_else(|| odd("it is not a JSON object".into())));
    }
    let body: Body<'_> = serde_json::from_str(text).map_err(|cause| odd(cause.to_string()))?;
    if let Some(error) =
        body.error.filter(|error| !matches!(error.get(), "null" | "false" | "{}" | "\"\""))
    {
        return Err(Unreadable::Says(error.to_owned()));
    }
    if body.object.0 == "error" {
        let whole = serde_json::from_str(text).map_err(|cause| odd(cause.to_string()))?;
        return Err(Unreadable::Says(whole));
    }
    Ok(body)
}

/// The error in a body that wraps it in an array.
fn reported(text: &str) -> Option<Unreadable> {
    #[derive(Deserialize)]
    struct Wrapped<'a> {
        #[serde(borrow)]
        error: &'a RawValue,
    }
    let wrapped: Vec<Wrapped<'_>> = serde_json::from_str(text).ok()?;
    wrapped.first().map(|first| Unreadable::Says(first.error.to_owned()))
}

/// The choice that counts as the answer: number 0, wherever it stands.
fn first<'a>(choices: Vec<Choice<'a>>) -> Option<Choice<'a>> {
    choices.into_iter().find(|choice| choice.index.unwrap_or(0) == 0)
}

fn finish(word: &str) -> Option<Finish> {
    (!word.is_empty()).then(|| Finish::from_word(word))
}

fn present(raw: Option<&RawValue>) -> Option<Box<RawValue>> {
    raw.filter(|raw| !matches!(raw.get(), "null" | "[]")).map(ToOwned::to_owned)
}

/// Reads a whole answer.
pub(crate) fn answer(raw: Bytes) -> Result<Answer, Unreadable> {
    let body = parse(&raw)?;
    let choice = body.choices.and_then(first);
    let choice = choice.ok_or_else(|| Unreadable::Odd("it holds no choices".into()))?;
    let said = choice.message;
    let said = said.ok_or_else(|| Unreadable::Odd("its first choice holds no message".into()))?;
    Ok(Answer {
        id: body.id.0.into_owned(),
        model: body.model.0.into_owned(),
        reasoning: thoughts(said.reasoning_content, said.reasoning),
        refusal: !said.refusal.0.is_empty(),
        text: joined(said.content, said.refusal),
        tool_calls: present(said.tool_calls),
        finish: finish(&choice.finish_reason.0).unwrap_or_default(),
        stop_sequence: some(choice.stop_reason),
        usage: body.usage.and_then(usage),
        logprob: choice.logprobs.and_then(mean),
        raw: Some(Raw { dialect: Dialect::Chat, bytes: raw.clone() }),
    })
}

/// The mean over tokens; `None` if there are none, or in a form that is not known.
#[allow(clippy::cast_precision_loss)]
fn mean(raw: &RawValue) -> Option<f64> {
    let found: Logprobs = serde_json::from_str(raw.get()).ok()?;
    let sum: f64 = found.content.iter().map(|token| token.logprob).sum();
    (!found.content.is_empty()).then(|| sum / found.content.len() as f64)
}

fn thoughts(by_content: Text<'_>, by_name: Text<'_>) -> String {
    if by_content.0.is_empty() { by_name.0.into_owned() } else { by_content.0.into_owned() }
}

/// What was said, a refusal being said too.
fn joined(content: Text<'_>, refusal: Text<'_>) -> String {
    let mut text = content.0.into_owned();
    text.push_str(&refusal.0);
    text
}

fn some(text: Text<'_>) -> Option<String> {
    (!text.0.is_empty()).then(|| text.0.into_owned())
}

/// Reads the data of one event of a stream.
pub(crate) fn chunk(raw: Bytes) -> Result<Chunk, Unreadable> {
    // Line breaks can only stand between tokens, where a space means the same; our own framing needs one line.
    let raw = if raw.contains(&b'\n') {
        raw.iter().map(|&c| if c == b'\n' { b' ' } else { c }).collect()
    } else {
        raw
    };
    let body = parse(&raw)?;
    let usage = body.usage.and_then(usage);
    let choices = match body.choices {
        Some(choices) => choices,
        None if usage.is_some() => Vec::new(),
        None => return Err(Unreadable::Odd("it holds no choices".into())),
    };
    let usage_only = choices.is_empty() && usage.is_some();
    let mut chunk = Chunk { usage, usage_only, ..Chunk::default() };
    if let Some(choice) = first(choices) {
        chunk.finish = finish(&choice.finish_reason.0);
        chunk.stop_sequence = some(choice.stop_reason);
        if let Some(said) = choice.delta {
            chunk.reasoning = thoughts(said.reasoning_content, said.reasoning);
            chunk.refusal = !said.refusal.0.is_empty();
            chunk.text = joined(said.content, said.refusal);
            chunk.tool_calls = present(said.tool_calls);
        }
    }
    chunk.raw = Some(Raw { dialect: Dialect::Chat, bytes: raw });
    Ok(chunk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Chunk {
        chunk(Bytes::copy_from_slice(text.as_bytes())).unwrap()
    }

    #[test]
    fn chunks_of_many_dialects() {
        let plain = read(
            r#"{"choices":[{"index":0,"delta":{"content":"a\n"},"finish_reason":null}],"usage":null}"#,
        );
        assert_eq!((plain.text.as_str(), plain.finish, plain.usage), ("a\n", None, None));
        let parts = read(
            r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"type":"x"},{"text":"b"}]}}]}"#,
        );
        assert_eq!(parts.text, "ab");
        assert_eq!(
            read(r#"{"choices":[{"delta":null,"finish_reason":"stop"}]}"#).finish,
            Some(Finish::Stop)
        );
        assert_eq!(read(r#"{"choices":[{"index":1,"delta":{"content":"other"}}]}"#).text, "");
        let usage = read(r#"{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#);
        assert!(usage.usage_only);
        let broken_usage = read(r#"{"choices":[],"usage":{"prompt_tokens":"many"}}"#);
        assert!(!broken_usage.usage_only && broken_usage.usage.is_none());
        let lines = read("{\n\"choices\":[]\n}");
        assert_eq!(lines.raw.unwrap().bytes, "{ \"choices\":[] }");
    }

    #[test]
    fn errors_are_not_answers() {
        let says = |text: &str| match chunk(Bytes::copy_from_slice(text.as_bytes())) {
            Err(Unreadable::Says(raw)) => raw.get().to_string(),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(says(r#"{"error":{"message":"m"}}"#), r#"{"message":"m"}"#);
        assert_eq!(says(r#"{"choices":[],"error":"m"}"#), "\"m\"");
        assert_eq!(says(r#"[{"error":{"code":400}}]"#), r#"{"code":400}"#);
        assert_eq!(says(r#"{"object":"error","code":4}"#), r#"{"object":"error","code":4}"#);
        for odd in ["{}", "<html>", "", "[1]", "\"x\"", r#"{"choices":5}"#] {
            let found = chunk(Bytes::copy_from_slice(odd.as_bytes()));
            assert!(matches!(found, Err(Unreadable::Odd(_))), "{odd}");
        }
        let empty = answer(Bytes::from_static(br#"{"choices":[]}"#));
        assert!(matches!(empty, Err(Unreadable::Odd(_))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(body in proptest::collection::vec(any::<u8>(), 0..100)) {
            drop(chunk(Bytes::from(body.clone())));
            drop(answer(Bytes::from(body)));
        }
    }
}
