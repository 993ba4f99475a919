//! Whole answers of every vendor.

use bytes::Bytes;
use gatemark_core::Result;

use super::{class, fixtures, said, target};
use crate::answer::Answer;
use crate::unreadable::Unreadable;
use crate::{anthropic, bedrock, chat, gemini, openai};

fn run(
    name: &str,
    vendors: &[&str],
    words: &[&str],
    read: impl Fn(Bytes) -> Result<Answer, Unreadable>,
) {
    let seeds = vendors.iter().flat_map(|vendor| fixtures(vendor, ".json")).collect();
    target(name, seeds, words).run(|bytes| match read(Bytes::copy_from_slice(bytes)) {
        Ok(answer) => {
            let calls = answer.tool_calls.is_some();
            let outcome = format!("{:?} {calls} {}", answer.finish.word(), answer.usage.is_some());
            said::answer(answer, bytes.len());
            class(&outcome)
        }
        Err(Unreadable::Odd(why)) => class(&why),
        Err(Unreadable::Says(_)) => "says".into(),
    });
}

#[test]
fn of_chat_completions() {
    let words = [
        "\"content\":",
        "\"tool_calls\":",
        "\"finish_reason\":",
        "\"choices\":",
        "\"index\":",
        "\"refusal\":\"no\"",
    ];
    run("chat", &["openai", "llamacpp"], &words, chat::read::answer);
}

#[test]
fn of_responses() {
    let words = [
        "\"output\":",
        "\"status\":\"incomplete\"",
        "\"type\":\"function_call\"",
        "\"error\":",
        "\"summary\":",
    ];
    run("responses", &["responses"], &words, |raw| openai::responses::answer::read(&raw));
}

#[test]
fn of_anthropic() {
    let words = [
        "\"content\":",
        "\"type\":\"tool_use\"",
        "\"thinking\":",
        "\"input\":",
        "\"stop_reason\":",
        "\"usage\":",
    ];
    run("anthropic", &["anthropic"], &words, |raw| anthropic::answer::read(&raw));
}

#[test]
fn of_gemini() {
    let words = [
        "\"parts\":",
        "\"functionCall\":",
        "\"thought\":true",
        "\"finishReason\":",
        "\"candidates\":",
        "\"promptFeedback\":{\"blockReason\":\"SAFETY\"}",
    ];
    run("gemini", &["gemini"], &words, |raw| gemini::answer::read(&raw));
}

#[test]
fn of_bedrock() {
    let words = [
        "\"toolUse\":",
        "\"stopReason\":",
        "\"reasoningContent\":",
        "\"output\":",
        "\"inputTokens\":",
    ];
    run("bedrock", &["bedrock"], &words, |raw| bedrock::answer::read(&raw));
}

/// Vectors: as many as were asked for, of one length, or an error.
#[test]
fn of_embeddings() {
    let seeds = vec![
        br#"{"object":"list","data":[{"index":0,"embedding":[0.1,-2e-3]},{"index":1,"embedding":[1,2]}],"usage":{"prompt_tokens":4}}"#.to_vec(),
        br#"{"data":[{"embedding":[1]},{"embedding":[2]}]}"#.to_vec(),
    ];
    let words = ["\"embedding\":", "\"index\":", "[0.5,1]", "\"data\":", "1e40"];
    target("vectors", seeds, &words).run(|bytes| match openai::embeddings::read(bytes, 2) {
        Ok(read) => {
            let lengths: Vec<usize> = read.vectors.iter().map(Vec::len).collect();
            assert!(lengths.len() == 2 && lengths[0] == lengths[1], "{lengths:?}");
            assert!(read.vectors.iter().flatten().all(|number| number.is_finite()), "{read:?}");
            "read".into()
        }
        Err(Unreadable::Odd(why)) => class(&why),
        Err(Unreadable::Says(_)) => "says".into(),
    });
}
