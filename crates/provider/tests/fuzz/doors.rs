//! What applications send, at every door, and what each vendor would be sent for it.

use std::borrow::Cow;

use gatemark_core::model::Quirks;
use gatemark_core::{Error, Kind};
use serde_json::value::RawValue;

use super::{class, said, target};
use crate::dialect::Dialect;
use crate::door::{DoorRequest, read_prompt, read_request};
use crate::object::{self, Members};
use crate::request::{ChatRequest, Messages};
use crate::towards::Towards;
use crate::{anthropic, bedrock, gemini, messages, native, openai, responses, turns, wishes};

const CHAT: &str = r#"{"model":"acme/m","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}}]},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"c1","content":"7"}],"max_tokens":10,"temperature":0.5,"stop":["x"],"stream":true,"stream_options":{"include_usage":true},"user":"u","tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{"a":{"type":"integer"}}}}}],"tool_choice":"auto","response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object"}}}}"#;
const PROMPT: &str = r#"{"model":"gatemark","prompt":{"id":"a/b","version":"2","variables":{"x":1}},"messages":[{"role":"user","content":"more"}],"n":1,"seed":7,"logprobs":true}"#;
const MESSAGES: &str = r#"{"model":"acme/m","max_tokens":64,"system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"},{"type":"tool_use","id":"t1","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"7"}]},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]}],"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"},"thinking":{"type":"enabled","budget_tokens":1024},"stop_sequences":["x"],"metadata":{"user_id":"u"},"stream":true}"#;
const RESPONSES: &str = r#"{"model":"acme/m","instructions":"Be brief.","input":[{"role":"user","content":[{"type":"input_text","text":"Hi"},{"type":"input_image","image_url":"data:image/png;base64,iVBORw0KGgo="}]},{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":"7"},{"type":"reasoning","id":"rs_1","summary":[]}],"max_output_tokens":64,"tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":true}],"tool_choice":{"type":"function","name":"f"},"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"}},"verbosity":"low"},"reasoning":{"effort":"low"},"store":false,"parallel_tool_calls":false}"#;
const TEXT: &str =
    r#"{"model":"gatemark/a/b@staging","input":"Hi","variables":{"x":[1,2]},"stream":true}"#;
const EMBEDDINGS: &str =
    r#"{"model":"acme/e","input":["a","b"],"encoding_format":"base64","dimensions":8,"user":"u"}"#;

const WORDS: &[&str] = &[
    "\"role\":\"user\"",
    "\"role\":\"system\"",
    "\"role\":\"tool\"",
    "\"role\":\"developer\"",
    "\"content\":null",
    "\"content\":[]",
    "\"type\":\"text\"",
    "\"type\":\"image\"",
    "\"Model\":\"x\"",
    "\"model\":\"x\"",
    "\"stream\":1",
    "\"n\":2",
    "\"tools\":[]",
    "\"tool_choice\":\"none\"",
    "\"arguments\":\"{\"",
    "\"input\":[[1,2]]",
    "\"input\":[\"\"]",
    "\"cache_control\":{\"type\":\"ephemeral\"}",
    "\"type\":\"tool_result\"",
    "\"system\":\"x\"",
    "\"prompt\":{}",
    "{\"type\":\"text\",\"text\":\"x\"}",
    "data:image/png;base64,",
    "https://a.example/i.png",
    "\"top_k\":3",
    "\"seed\":1",
];

#[test]
fn of_chat_completions() {
    run("door_chat", Dialect::Chat, &[CHAT, PROMPT]);
}

#[test]
fn of_messages() {
    run("door_messages", Dialect::Messages, &[MESSAGES]);
}

#[test]
fn of_responses() {
    run("door_responses", Dialect::Responses, &[RESPONSES, TEXT]);
}

#[test]
fn of_embeddings() {
    run(
        "door_embeddings",
        Dialect::Embeddings,
        &[EMBEDDINGS, r#"{"model":"a/e","input":[[1,2],[3]]}"#],
    );
}

fn run(name: &str, dialect: Dialect, seeds: &[&str]) {
    let seeds = seeds.iter().map(|text| text.as_bytes().to_vec()).collect();
    target(name, seeds, WORDS).run(|bytes| match read_request(dialect, bytes) {
        Ok(read) => {
            let raw: &RawValue = serde_json::from_slice(bytes).expect("what was read is JSON");
            let Members(body) = Members::of(raw).expect("an object");
            as_it_came(dialect, &read, &body);
            if let Some(prompt) = &read.prompt {
                let _ = read_prompt(prompt).map_err(refused);
            }
            plain(dialect, read, &body)
        }
        Err(error) => refused(error),
    });
}

/// A caller's own fault, told in words.
fn refused(error: Error) -> String {
    assert_eq!(error.kind(), Kind::Invalid, "{error}");
    assert!(!error.message().is_empty());
    class(error.message())
}

type Body<'a> = Vec<(Cow<'a, str>, &'a RawValue)>;

fn of<'a>(body: &Body<'a>, name: &str) -> Option<&'a RawValue> {
    body.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
}

/// Nothing is lost and nothing is added in reading.
fn as_it_came(dialect: Dialect, read: &DoorRequest, body: &Body<'_>) {
    let model = of(body, "model").and_then(object::text);
    assert_eq!(read.model.as_deref(), model.as_deref());
    assert_eq!(read.stream, of(body, "stream").is_some_and(|value| value.get() == "true"));
    let ours = ["model", "prompt", "variables", "stream", dialect.conversation()];
    let left: Vec<_> = body.iter().filter(|(key, _)| !ours.contains(&key.as_ref())).collect();
    assert_eq!(read.fields.len(), left.len());
    for ((name, value), (key, said)) in read.fields.iter().zip(left) {
        assert_eq!((name.as_str(), value.get()), (key.as_ref(), said.get()));
    }
}

/// A call of a plain model, for vendors of every kind.
fn plain(dialect: Dialect, read: DoorRequest, body: &Body<'_>) -> String {
    let Some(conversation) = read.messages else { return "no conversation".into() };
    for (name, value) in &read.fields {
        let _ = wishes::is_for_nothing(name, value);
    }
    if dialect != Dialect::Embeddings {
        said::repeated(dialect, &read.fields);
    }
    let request = ChatRequest {
        dialect,
        model: "m".into(),
        messages: Messages::Raw(conversation),
        stream: read.stream,
        fields: read.fields,
        ..ChatRequest::default()
    };
    let native = native::write(&request, false).unwrap();
    let native: &RawValue = serde_json::from_slice(&native).unwrap();
    let said = Members::of(native).unwrap().take(dialect.conversation()).map(RawValue::get);
    assert_eq!(
        said,
        of(body, dialect.conversation()).map(RawValue::get),
        "what was said changed on its way"
    );
    let mut outcome = String::new();
    for knows in [true, false] {
        let towards = Towards { provider: "acme", knows, bound: "max_tokens" };
        let in_chat = match dialect {
            Dialect::Chat => Ok(request.clone()),
            Dialect::Messages => messages::to_chat(&request, &towards),
            Dialect::Responses => responses::to_chat(&request, &towards),
            Dialect::Embeddings => return "embeddings".into(),
        };
        match in_chat {
            Ok(request) => outcome.push_str(&vendors(&request)),
            Err(error) => outcome.push_str(&refused(error)),
        }
    }
    if dialect == Dialect::Messages {
        outcome.push_str(&sent(anthropic::request::write(&request, true)));
    }
    outcome
}

fn vendors(request: &ChatRequest) -> String {
    assert_eq!(request.dialect, Dialect::Chat);
    if let Messages::Raw(said) = &request.messages {
        let exchanges = turns::exchanges(said).map(|exchanges| exchanges.len());
        let _ = (
            exchanges.map_err(refused),
            turns::transcript(said).map_err(refused),
            turns::opens(said),
        );
    }
    let responses = openai::responses::request::translate(request);
    let responses = responses.and_then(|request| native::write(&request, false));
    [
        openai::quirks::write(Quirks::default(), request, true),
        anthropic::request::write(request, false),
        gemini::request::write(request),
        bedrock::request::write(request),
        responses,
    ]
    .map(sent)
    .map(|outcome| outcome.chars().take(12).collect::<String>())
    .join(" ")
}

/// What a vendor is sent is JSON, or the caller is told what it does not take.
fn sent(written: Result<bytes::Bytes, Error>) -> String {
    match written {
        Ok(body) => {
            let value = serde_json::from_slice::<&RawValue>(&body);
            assert!(
                value.is_ok_and(|value| Members::of(value).is_some()),
                "{}",
                body.escape_ascii()
            );
            "sent".into()
        }
        Err(error) => refused(error),
    }
}
