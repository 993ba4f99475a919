//! What each vendor is told of the form of an answer, on the wire.

use std::sync::Arc;

use gatemark_core::model::{Protocol, Structured};
use gatemark_core::prompt::Role;
use gatemark_provider::http::Client;
use gatemark_provider::{ChatRequest, Finish, Form, Messages, Secret, Turn, Vendor, connect};
use serde_json::{Value, json};

use crate::server::{Reply, Server};
use crate::{KEY, clock, drain, home, provider, request, text};

const CHAT: &str = r#"{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{}"},"finish_reason":"stop"}]}"#;
const CHAT_TOOL: &str = r#"{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"I call it.","tool_calls":[{"id":"t","type":"function","function":{"name":"answer","arguments":"{\"a\":1}"}}]},"finish_reason":"tool_calls"}]}"#;
const CLAUDE: &str = r#"{"id":"c","type":"message","model":"m","content":[{"type":"text","text":"{}"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}"#;
const CLAUDE_TOOL: &str = r#"{"id":"c","type":"message","model":"m","content":[{"type":"tool_use","id":"t","name":"answer","input":{"a":1}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}}"#;

fn schema() -> Value {
    json!({"type": "object", "additionalProperties": false, "required": ["a"],
        "properties": {"a": {"type": "integer"}}})
}

/// A request of a version with that schema.
fn told(schema: &Value, marker: Option<&str>, fields: &[(&str, &str)], model: &str) -> ChatRequest {
    let form = Form::new(schema, marker).unwrap();
    assert!(form.is_some());
    let turns = [(Role::System, "Be brief."), (Role::User, "hi")];
    let turn = |(role, text): (Role, &str)| Turn { role, text: text.into() };
    ChatRequest {
        form: form.map(Arc::new),
        model: model.into(),
        messages: Messages::Turns(turns.map(turn).into()),
        ..request(fields)
    }
}

fn vendor(protocol: Protocol, url: &str, mode: Option<Structured>) -> Arc<dyn Vendor> {
    let mut provider = provider(protocol, url);
    provider.structured.default = mode;
    provider.place.region = Some("us-east-1".into());
    provider.place.project = Some("p-1".into());
    let key = Some(Secret::new(KEY.into()));
    connect(&provider, key, &Client::new().unwrap(), &home(), clock).unwrap()
}

fn sent(server: &Server, rank: usize) -> Value {
    let request = server.request(rank);
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// The body that the vendor got for `request`, and what was read from its answer.
async fn asked(
    (protocol, mode): (Protocol, Option<Structured>),
    answer: &str,
    request: &ChatRequest,
) -> (Value, String, Finish) {
    let server = Server::start(vec![Reply::json("200 OK", answer)]).await;
    let got = vendor(protocol, &server.url, mode).complete(request).await.unwrap();
    (sent(&server, 0), got.text, got.finish)
}

#[tokio::test]
async fn chat_completions_have_a_field_for_it() {
    let strict = (Protocol::Openai, Some(Structured::Strict));
    let (body, ..) = asked(strict, CHAT, &told(&schema(), None, &[], "m")).await;
    let wanted = json!({"type": "json_schema",
        "json_schema": {"name": "answer", "schema": schema(), "strict": true}});
    assert_eq!(body["response_format"], wanted);
    assert_eq!(body["messages"][0]["content"], "Be brief.");
    // Outside of the subset that strict modes take it is a hint.
    let open = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    let (body, ..) = asked(strict, CHAT, &told(&open, None, &[], "m")).await;
    assert_eq!(body["response_format"]["json_schema"]["strict"], false);
}

#[tokio::test]
async fn unknown_servers_are_told_nothing() {
    let (body, ..) =
        asked((Protocol::Openai, None), CHAT, &told(&schema(), None, &[], "gpt-4o")).await;
    let keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["model", "messages"]);
    assert_eq!(body["messages"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn words_and_json_of_any_shape() {
    let json_mode = (Protocol::Openai, Some(Structured::Json));
    let (body, ..) = asked(json_mode, CHAT, &told(&schema(), None, &[], "m")).await;
    assert_eq!(body["response_format"], json!({"type": "json_object"}));
    let system = body["messages"][0]["content"].as_str().unwrap();
    assert!(system.starts_with("Be brief.\n\nAnswer with exactly one JSON value"), "{system}");
    assert!(system.contains(&schema().to_string()), "{system}");
    let words = (Protocol::Openai, Some(Structured::Prompt));
    let (body, ..) = asked(words, CHAT, &told(&schema(), Some("NO DATA"), &[], "m")).await;
    assert_eq!(body.get("response_format"), None);
    assert!(body["messages"][0]["content"].as_str().unwrap().ends_with("instead: NO DATA"));
    // A marker that no schema allows would be forbidden by the stronger modes.
    let strict = (Protocol::Openai, Some(Structured::Strict));
    let (body, ..) = asked(strict, CHAT, &told(&schema(), Some("NO DATA"), &[], "m")).await;
    assert_eq!(body.get("response_format"), None);
    // A caller's messages follow a version's: then the conversation is raw.
    let mut raw = told(&schema(), None, &[], "m");
    raw.messages = request(&[]).messages;
    let (body, ..) = asked(words, CHAT, &raw).await;
    assert_eq!(body["messages"][0]["role"], "system");
    assert_eq!(body["messages"][1]["content"], "hi");
}

#[tokio::test]
async fn a_tool_stands_for_the_answer() {
    let tool = (Protocol::Openai, Some(Structured::Tool));
    let (body, text, finish) = asked(tool, CHAT_TOOL, &told(&schema(), None, &[], "m")).await;
    assert_eq!((text.as_str(), finish), (r#"{"a":1}"#, Finish::Stop));
    assert_eq!(body["tools"][0]["function"]["parameters"], schema());
    assert_eq!(body["tool_choice"], json!({"type": "function", "function": {"name": "answer"}}));
    // Beside the caller's own tools it cannot be forced.
    let own = r#"[{"type":"function","function":{"name":"f"}}]"#;
    let (body, ..) = asked(tool, CHAT, &told(&schema(), None, &[("tools", own)], "m")).await;
    assert_eq!(body["tools"][0]["function"]["name"], "f");
    assert!(body["messages"][0]["content"].as_str().unwrap().contains("JSON Schema"));
}

#[tokio::test]
async fn a_streamed_tool_is_a_streamed_answer() {
    let piece = |delta: Value, finish: Value| {
        let chunk = json!({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
        format!("data: {chunk}\n\n")
    };
    let call = |arguments: &str, more: Value| {
        let mut call = json!({"index": 0, "function": {"arguments": arguments}});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"tool_calls": [call]})
    };
    let body = [
        piece(json!({"role": "assistant", "content": "I "}), Value::Null),
        piece(call("", json!({"id": "t"})), Value::Null),
        piece(call("{\"a\"", json!({})), Value::Null),
        piece(call(":1}", json!({})), Value::Null),
        piece(json!({}), json!("tool_calls")),
        "data: [DONE]\n\n".to_string(),
    ];
    let server = Server::start(vec![Reply::events(&body.concat(), 64)]).await;
    let vendor = vendor(Protocol::Openai, &server.url, Some(Structured::Tool));
    let request = told(&schema(), None, &[], "m");
    let (chunks, error) = drain(vendor.stream(&request).await.unwrap()).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(text(&chunks), r#"{"a":1}"#);
    assert!(chunks.iter().all(|chunk| chunk.raw.is_none() && chunk.tool_calls.is_none()));
    assert_eq!(chunks.iter().find_map(|chunk| chunk.finish.clone()), Some(Finish::Stop));
}

#[tokio::test]
async fn claude_by_generation_and_schema() {
    let known = (Protocol::Anthropic, None);
    let new = "claude-haiku-4-5-20251001";
    let (body, ..) = asked(known, CLAUDE, &told(&schema(), None, &[], new)).await;
    let wanted = json!({"format": {"type": "json_schema", "schema": schema()}});
    assert_eq!(body["output_config"], wanted);
    assert_eq!((body.get("tools"), body.get("response_format")), (None, None));
    let old = "claude-sonnet-4-20250514";
    let bounded = json!({"type": "object", "additionalProperties": false, "required": ["a"],
        "properties": {"a": {"type": "integer", "minimum": 1}}});
    for (schema, model) in [(schema(), old), (bounded, new)] {
        let (body, text, finish) =
            asked(known, CLAUDE_TOOL, &told(&schema, None, &[], model)).await;
        assert_eq!((text.as_str(), finish), (r#"{"a":1}"#, Finish::Stop), "{model}");
        assert_eq!(body["tools"][0]["input_schema"], schema);
        assert_eq!(body["tool_choice"], json!({"type": "tool", "name": "answer"}));
        assert_eq!(body.get("output_config"), None);
    }
    let thinking = [("thinking", r#"{"type":"enabled","budget_tokens":1024}"#)];
    let (body, ..) = asked(known, CLAUDE, &told(&schema(), None, &thinking, old)).await;
    assert_eq!(body.get("tools"), None);
    assert!(body["system"].to_string().contains("JSON Schema"), "{body}");
}

#[tokio::test]
async fn a_callers_own_wish_is_kept_or_refused() {
    let wish = |strict: bool, schema: &Value| {
        json!({"type": "json_schema", "json_schema": {"name": "x", "strict": strict, "schema": schema}})
            .to_string()
    };
    let known = (Protocol::Anthropic, None);
    let plain = |model: &str, wish: &str| ChatRequest {
        model: model.into(),
        ..request(&[("response_format", wish)])
    };
    let new = "claude-opus-4-5";
    let (body, ..) = asked(known, CLAUDE, &plain(new, &wish(true, &schema()))).await;
    assert_eq!(body["output_config"]["format"]["schema"], schema());
    let old = "claude-3-5-haiku-20241022";
    let (body, text, _) = asked(known, CLAUDE_TOOL, &plain(old, &wish(false, &schema()))).await;
    assert_eq!((text.as_str(), &body["tools"][0]["name"]), (r#"{"a":1}"#, &json!("answer")));
    let vendor = vendor(Protocol::Anthropic, "http://127.0.0.1:1", None);
    for refused in [
        plain(old, &wish(true, &schema())),
        plain(old, &wish(false, &json!({"type": "array"}))),
        plain(new, r#"{"type":"json_object"}"#),
    ] {
        let error = vendor.complete(&refused).await.unwrap_err();
        assert_eq!(error.param(), Some("response_format"), "{error}");
    }
    // At a vendor of the same words it passes untouched, whatever is configured.
    let wish = r#"{"type": "json_schema", "json_schema": {"schema": {"type":"array"}}}"#;
    let tool = (Protocol::Openai, Some(Structured::Tool));
    let server_got = asked(tool, CHAT, &plain("m", wish)).await.0;
    assert_eq!(server_got["response_format"], serde_json::from_str::<Value>(wish).unwrap());
}

const GEMINI: &str = r#"{"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"{}"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1}}"#;
const BEDROCK: &str = r#"{"output":{"message":{"role":"assistant","content":[{"text":"{}"}]}},"stopReason":"end_turn","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}"#;
const BEDROCK_TOOL: &str = r#"{"output":{"message":{"role":"assistant","content":[{"toolUse":{"toolUseId":"t","name":"answer","input":{"a":1}}}]}},"stopReason":"tool_use","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2}}"#;

/// A schema that is outside of the subsets.
fn bounded() -> Value {
    json!({"type": "object", "additionalProperties": false, "required": ["a"],
        "properties": {"a": {"type": "integer", "minimum": 1}}})
}

#[tokio::test]
async fn googles_models_take_a_schema_as_it_is() {
    for protocol in [Protocol::Gemini, Protocol::Vertex] {
        let request = |schema: &Value, model: &str| told(schema, None, &[], model);
        let (body, text, _) =
            asked((protocol, None), GEMINI, &request(&bounded(), "gemini-2.5-flash")).await;
        let config = &body["generationConfig"];
        assert_eq!(config["responseMimeType"], "application/json", "{body}");
        assert_eq!((&config["responseJsonSchema"], text.as_str()), (&bounded(), "{}"));
        let (body, ..) =
            asked((protocol, None), GEMINI, &request(&schema(), "gemini-2.0-flash")).await;
        assert_eq!(body.get("generationConfig"), None, "{body}");
        let json = Some(Structured::Json);
        let (body, ..) =
            asked((protocol, json), GEMINI, &request(&schema(), "gemini-2.0-flash")).await;
        assert_eq!(body["generationConfig"], json!({"responseMimeType": "application/json"}));
        assert!(body["systemInstruction"].to_string().contains("JSON Schema"), "{body}");
    }
}

#[tokio::test]
async fn claude_at_vertex_calls_a_tool() {
    let request = told(&schema(), None, &[], "claude-sonnet-4-5@20250929");
    let (body, text, finish) = asked((Protocol::Vertex, None), CLAUDE_TOOL, &request).await;
    assert_eq!((text.as_str(), finish), (r#"{"a":1}"#, Finish::Stop));
    assert_eq!(body["tools"][0]["input_schema"], schema());
    assert_eq!(body["tool_choice"], json!({"type": "tool", "name": "answer"}));
}

#[tokio::test]
async fn deployments_at_azure_go_by_their_names() {
    let azure = (Protocol::Azure, None);
    let (body, ..) = asked(azure, CHAT, &told(&schema(), None, &[], "gpt-4o-eu")).await;
    assert_eq!(body["response_format"]["json_schema"]["schema"], schema());
    assert_eq!(body["response_format"]["json_schema"]["strict"], true);
    let (body, ..) = asked(azure, CHAT, &told(&schema(), None, &[], "our-model")).await;
    assert_eq!(body.get("response_format"), None);
}

#[tokio::test]
async fn bedrock_by_generation_and_schema() {
    let bedrock = (Protocol::Bedrock, None);
    let (new, old) =
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-3-haiku-20240307-v1:0");
    let (body, text, _) = asked(bedrock, BEDROCK, &told(&schema(), None, &[], new)).await;
    let format = &body["outputConfig"]["textFormat"];
    let told_schema = &format["structure"]["jsonSchema"];
    assert_eq!((&format["type"], &told_schema["name"]), (&json!("json_schema"), &json!("answer")));
    let written = told_schema["schema"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(written).unwrap(), schema(), "a schema as text");
    assert_eq!((body.get("toolConfig"), text.as_str()), (None, "{}"));
    for (schema, model) in [(schema(), old), (bounded(), new)] {
        let (body, text, finish) =
            asked(bedrock, BEDROCK_TOOL, &told(&schema, None, &[], model)).await;
        assert_eq!((text.as_str(), finish), (r#"{"a":1}"#, Finish::Stop), "{model}");
        let tool = &body["toolConfig"]["tools"][0]["toolSpec"];
        assert_eq!((&tool["name"], &tool["inputSchema"]["json"]), (&json!("answer"), &schema));
        assert_eq!(body["toolConfig"]["toolChoice"], json!({"tool": {"name": "answer"}}));
        assert_eq!(body.get("outputConfig"), None);
    }
    let nova = "amazon.nova-pro-v1:0";
    let (body, ..) = asked(bedrock, BEDROCK, &told(&schema(), None, &[], nova)).await;
    assert_eq!((body.get("outputConfig"), body.get("toolConfig")), (None, None));
}
