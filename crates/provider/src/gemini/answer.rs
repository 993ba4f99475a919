//! Reads an answer: a whole one, or the part of one that an event of a stream holds, which has the same shape.
//!
//! Parts marked as thoughts are the reasoning. A prompt that the filter stops has no candidates and says so in `promptFeedback`.

use gatemark_core::model::Usage;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::signature;
use crate::answer::{Answer, Finish};
use crate::called::{Call, listed};
use crate::unreadable::Unreadable;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(default)]
    response_id: Option<String>,
    #[serde(default)]
    model_version: Option<String>,
    #[serde(borrow, default)]
    candidates: Option<Vec<Candidate<'a>>>,
    #[serde(default)]
    prompt_feedback: Option<Feedback>,
    #[serde(default)]
    usage_metadata: Option<Counts>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(default)]
    index: u64,
    #[serde(borrow, default)]
    content: Option<Content<'a>>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow, default)]
    parts: Vec<Part<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    thought: bool,
    #[serde(default)]
    thought_signature: Option<String>,
    #[serde(borrow, default)]
    function_call: Option<FunctionCall<'a>>,
}

#[derive(Deserialize)]
struct FunctionCall<'a> {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(borrow, default)]
    args: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    #[serde(default)]
    block_reason: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Counts {
    prompt_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    total_token_count: Option<u64>,
}

impl Counts {
    /// The neutral usage. Thoughts are output and usually counted apart; the total tells. `None` if the vendor
    /// has not said how much it read.
    fn usage(self) -> Option<Usage> {
        let tools = self.tool_use_prompt_token_count.unwrap_or(0);
        let input = self.prompt_token_count?.saturating_add(tools);
        let written = self.candidates_token_count.unwrap_or(0);
        let thoughts = self.thoughts_token_count.unwrap_or(0);
        let within = self.total_token_count == Some(input.saturating_add(written));
        let output = if within { written } else { written.saturating_add(thoughts) };
        let cached_input = self.cached_content_token_count.unwrap_or(0);
        Some(Usage { input, cached_input, output, reasoning: thoughts, ..Usage::default() })
    }
}

/// A call that the model asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The vendor's id of it, if it gave one.
    id: Option<String>,
    signature: Option<String>,
    /// The function.
    pub(crate) name: String,
    /// JSON in a text.
    pub(crate) arguments: String,
}

impl Asked {
    /// The id under which the application knows it: unique, and with the signature that the model wants back.
    pub(crate) fn id(&self, response: &str, rank: u64) -> String {
        let signature = self.signature.as_deref();
        match &self.id {
            Some(id) => signature::attach(id, signature),
            None if response.is_empty() => signature::attach(&format!("call_{rank}"), signature),
            None => signature::attach(&format!("call_{response}_{rank}"), signature),
        }
    }
}

/// What one body says.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Told {
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) text: String,
    pub(crate) reasoning: String,
    pub(crate) calls: Vec<Asked>,
    pub(crate) finish: Option<Finish>,
    pub(crate) usage: Option<Usage>,
}

/// The reason in the words of chat completions, where they have one.
fn finish(reason: &str) -> Finish {
    match reason {
        "STOP" => Finish::Stop,
        "MAX_TOKENS" => Finish::Length,
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => Finish::ContentFilter,
        other => Finish::Other(other.to_ascii_lowercase()),
    }
}

/// Reads one body or event.
pub(crate) fn told(body: &[u8]) -> Result<Told, Unreadable> {
    let odd = |why: String| Unreadable::Odd(why);
    let text = std::str::from_utf8(body).map_err(|_| odd("it is not UTF-8".into()))?;
    if !text.trim_ascii_start().starts_with('{') {
        return Err(odd("it is not a JSON object".into()));
    }
    let body: Body<'_> = serde_json::from_str(text).map_err(|cause| odd(cause.to_string()))?;
    if let Some(error) = body.error.filter(|error| error.get() != "null") {
        return Err(Unreadable::Says(error.to_owned()));
    }
    let mut told = Told {
        id: body.response_id.unwrap_or_default(),
        model: body.model_version.unwrap_or_default(),
        usage: body.usage_metadata.and_then(Counts::usage),
        ..Told::default()
    };
    let blocked = body.prompt_feedback.and_then(|feedback| feedback.block_reason);
    if blocked.is_some_and(|reason| reason != "BLOCK_REASON_UNSPECIFIED") {
        told.finish = Some(Finish::ContentFilter);
    }
    let first = body.candidates.unwrap_or_default().into_iter().find(|one| one.index == 0);
    if let Some(candidate) = first {
        let reason = candidate.finish_reason.filter(|why| why != "FINISH_REASON_UNSPECIFIED");
        told.finish = reason.as_deref().map(finish).or(told.finish);
        candidate.content.into_iter().flat_map(|content| content.parts).for_each(|p| told.add(p));
    }
    Ok(told)
}

impl Told {
    fn add(&mut self, part: Part<'_>) {
        let place = if part.thought { &mut self.reasoning } else { &mut self.text };
        place.push_str(&part.text.unwrap_or_default());
        if let Some(FunctionCall { id, name, args }) = part.function_call {
            let id = id.filter(|id| !id.is_empty());
            let arguments = args.map_or("{}", RawValue::get).to_string();
            self.calls.push(Asked { id, signature: part.thought_signature, name, arguments });
        }
    }
}

/// Reads a whole answer.
pub(crate) fn read(body: &[u8]) -> Result<Answer, Unreadable> {
    let told = told(body)?;
    let finish = told.finish.clone();
    if finish.is_none() && told.text.is_empty() && told.calls.is_empty() {
        return Err(Unreadable::Odd("it holds no candidate".into()));
    }
    let ids: Vec<String> =
        (0..).zip(&told.calls).map(|(rank, call)| call.id(&told.id, rank)).collect();
    let calls = ids.iter().zip(&told.calls);
    let calls: Vec<_> =
        calls.map(|(id, call)| Call::whole(id, &call.name, &call.arguments)).collect();
    Ok(Answer {
        text: told.text,
        reasoning: told.reasoning,
        tool_calls: listed(&calls)?,
        finish: with_calls(finish.unwrap_or(Finish::Stop), !calls.is_empty()),
        usage: told.usage,
        id: told.id.clone(),
        model: told.model,
        ..Answer::default()
    })
}

/// The API says `STOP` when it wants tools called.
pub(crate) fn with_calls(finish: Finish, called: bool) -> Finish {
    if called && finish == Finish::Stop { Finish::ToolCalls } else { finish }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usage(text: &str) -> Option<(u64, u64, u64)> {
        let body = format!(r#"{{"usageMetadata":{text}}}"#);
        told(body.as_bytes()).unwrap().usage.map(|u| (u.input, u.cached_input, u.output))
    }

    #[test]
    fn tokens() {
        let apart = r#"{"promptTokenCount":10,"cachedContentTokenCount":4,"candidatesTokenCount":3,
            "thoughtsTokenCount":20,"totalTokenCount":33}"#;
        assert_eq!(usage(apart), Some((10, 4, 23)));
        let within = r#"{"promptTokenCount":10,"candidatesTokenCount":23,"thoughtsTokenCount":20,
            "totalTokenCount":33}"#;
        assert_eq!(usage(within), Some((10, 0, 23)));
        assert_eq!(
            usage(r#"{"promptTokenCount":7,"toolUsePromptTokenCount":5}"#),
            Some((12, 0, 0))
        );
        assert_eq!(usage("{}"), None);
    }

    #[test]
    fn reasons() {
        let of = |reason: &str| {
            let body = format!(r#"{{"candidates":[{{"finishReason":"{reason}"}}]}}"#);
            read(body.as_bytes()).unwrap().finish
        };
        assert_eq!(of("STOP"), Finish::Stop);
        assert_eq!(of("MAX_TOKENS"), Finish::Length);
        for filter in ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"] {
            assert_eq!(of(filter), Finish::ContentFilter);
        }
        assert_eq!(
            of("MALFORMED_FUNCTION_CALL"),
            Finish::Other("malformed_function_call".to_string())
        );
        let blocked = read(br#"{"promptFeedback":{"blockReason":"SAFETY"}}"#).unwrap();
        assert_eq!((blocked.finish, blocked.text.as_str()), (Finish::ContentFilter, ""));
    }

    #[test]
    fn what_is_no_answer() {
        for odd in
            ["", "[]", "{}", "<html>", r#"{"candidates":[]}"#, r#"{"candidates":[{}]}"#, "\u{1}"]
        {
            assert!(matches!(read(odd.as_bytes()), Err(Unreadable::Odd(_))), "{odd}");
        }
        let error = read(br#"{"error":{"code":503}}"#);
        assert!(matches!(error, Err(Unreadable::Says(raw)) if raw.get() == r#"{"code":503}"#));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(body in proptest::collection::vec(any::<u8>(), 0..100)) {
            drop(read(&body));
        }

        #[test]
        fn any_shape_is_answered(a in "[a-z{}\\[\\]:\",0-9]{0,40}") {
            drop(read(format!(r#"{{"candidates":[{{"content":{{"parts":[{a}]}}}}]}}"#).as_bytes()));
        }
    }
}
