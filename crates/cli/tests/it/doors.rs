//! Every door before every vendor, whole and streamed, with tools and images, through the official clients.

use std::process::Command;

use serde_json::{Value, json};

use crate::clients::{needed, script};
use crate::support::{Project, Server};
use crate::twovendors::TwoVendors;

const MODELS: [&str; 3] = ["chat/m", "claude/m", "gpt/m"];

fn serving(vendors: &TwoVendors) -> (Project, Server, String) {
    let project = Project::new();
    std::fs::write(project.path().join("gatemark.yaml"), vendors.config()).unwrap();
    let key = project.run(&["key", "create", "app", "--role", "call"]).exits(0).out;
    let server = Server::start(&project);
    (project, server, key.trim().to_string())
}

fn seen(mut client: Command, server: &Server, key: &str) -> Value {
    client.arg(format!("http://{}", server.address())).arg(key).args(MODELS);
    let output = client.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn python() -> Command {
    let mut client = Command::new(needed("GATEMARK_TEST_PYTHON"));
    client.arg(script("python/doors.py"));
    client
}

/// What each row must hold, whatever the door and the vendor.
fn wanted(case: &str) -> Value {
    let calls = json!([["weather", {"city": "Graz"}], ["weather", {"city": "Bern"}]]);
    let (text, calls, stop) = match case {
        "text" => ("Grüße", json!([]), "end"),
        "tools" => ("Grüße", calls, "tools"),
        "results" => ("Grüße results", json!([]), "end"),
        "image" => ("Grüße image", json!([]), "end"),
        other => panic!("{other}"),
    };
    json!({"text": text, "thinking": "hm", "calls": calls, "stop": stop, "usage": [30, 8, 9]})
}

#[test]
fn every_door_before_every_vendor_for_python() {
    let vendors = TwoVendors::start();
    let (project, server, key) = serving(&vendors);
    let seen = seen(python(), &server, &key);
    let rows = seen["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3 * 3 * 4 * 2);
    for row in rows {
        let wanted = wanted(row["case"].as_str().unwrap());
        for (name, value) in wanted.as_object().unwrap() {
            assert_eq!(&row[name], value, "{name} in {row}");
        }
        match (row["door"].as_str(), row["stream"] == true) {
            (Some("messages"), true) => in_order(row),
            (Some("responses"), true) => numbered(row),
            _ => {}
        }
    }
    refusals(&seen["refusals"]);
    assert_eq!(seen["counts"]["claude/m"], json!([77, null]));
    let estimate = &seen["counts"]["chat/m"];
    assert!(estimate[0].as_u64() > Some(0) && estimate[1] == "true", "{estimate}");
    sent(&vendors);
    paid(&project);
}

/// Blocks are opened, written and closed one after the other.
fn in_order(row: &Value) {
    let order: Vec<&str> =
        row["order"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(order.first(), Some(&"message_start"), "{row}");
    assert_eq!(&order[order.len() - 2..], ["message_delta", "message_stop"], "{row}");
    let mut open = false;
    for event in order {
        match event {
            "content_block_start" => assert!(!std::mem::replace(&mut open, true), "{row}"),
            "content_block_stop" => assert!(std::mem::replace(&mut open, false), "{row}"),
            "content_block_delta" => assert!(open, "{row}"),
            _ => assert!(!open, "{event} inside a block: {row}"),
        }
    }
}

/// Events are numbered, items come one after the other, and the end is the last.
fn numbered(row: &Value) {
    let order = row["order"].as_array().unwrap();
    let names: Vec<&str> = order.iter().map(|event| event[0].as_str().unwrap()).collect();
    for (number, event) in order.iter().enumerate() {
        assert_eq!(event[1], number, "{row}");
    }
    assert_eq!(names[..2], ["response.created", "response.in_progress"], "{row}");
    assert_eq!(names.last(), Some(&"response.completed"), "{row}");
    let mut open = false;
    for name in names.iter().take(names.len() - 1).skip(2) {
        match *name {
            "response.output_item.added" => assert!(!std::mem::replace(&mut open, true), "{row}"),
            "response.output_item.done" => assert!(std::mem::replace(&mut open, false), "{row}"),
            _ => assert!(open, "{name} outside an item: {row}"),
        }
    }
}

fn refusals(refusals: &Value) {
    let document = &refusals["document"];
    assert_eq!(document["claude/m"], Value::Null, "the vendor takes documents");
    assert_eq!(document["gpt/m"]["status"], 400);
    let refused = &document["chat/m"];
    assert_eq!((&refused["class"], &refused["status"]), (&json!("BadRequestError"), &json!(400)));
    assert_eq!(refused["body"]["error"]["type"], "invalid_request_error");
    let message = refused["body"]["error"]["message"].as_str().unwrap();
    for part in ["messages[0].content[0]", "\"document\" block", "provider `chat`"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert_eq!(refused["body"]["request_id"], refused["request"]);
    assert_eq!(refusals["bad_key"]["class"], "AuthenticationError");
    assert_eq!(refusals["bad_key"]["body"]["error"]["type"], "authentication_error");
    assert_eq!(refusals["no_model"]["class"], "NotFoundError");
    for model in MODELS {
        assert!(refusals["broken"][model].is_string(), "a broken stream looked whole: {refusals}");
    }
}

/// What the vendors got.
fn sent(vendors: &TwoVendors) {
    let asked = vendors.asked();
    let beta: Vec<_> =
        asked.iter().filter(|(_, head, _)| head.contains("anthropic-beta: files-1")).collect();
    assert_eq!(beta.len(), 1);
    assert_eq!(beta[0].0, "/v1/messages");
    let (_, _, native) = beta[0];
    assert_eq!(native["messages"][0]["content"][0]["type"], "document");
    assert!(asked.iter().any(|(path, ..)| path == "/v1/messages/count_tokens"));
    for (path, head, body) in &asked {
        assert_eq!(body["model"], "m");
        let (own, foreign) = ("stop_sequences", "stop");
        if path == "/v1/responses" {
            assert!(body.get(own).is_none() && body.get(foreign).is_none(), "{body}");
            assert!(!head.contains("anthropic"), "{head}");
        } else if path == "/v1/chat/completions" {
            assert!(body.get(own).is_none(), "{body}");
            assert!(!head.contains("anthropic"), "{head}");
        } else {
            assert!(body.get(foreign).is_none(), "{body}");
            assert!(head.contains("anthropic-version: 2023-06-01"), "{head}");
        }
    }
}

/// Every whole call was recorded with what the vendor counted, once.
fn paid(project: &Project) {
    let lines = project.run(&["calls", "--json", "--limit", "200"]).exits(0).out;
    let calls: Value = serde_json::from_str(&lines).unwrap_or_else(|_| {
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect()
    });
    let calls = calls.as_array().or_else(|| calls["calls"].as_array()).unwrap().clone();
    let ok: Vec<_> = calls.iter().filter(|call| call["outcome"] == "ok").collect();
    assert_eq!(ok.len(), 73, "72 rows and a document");
    for call in ok {
        let usage = &call["usage"];
        assert_eq!(
            (&usage["input"], &usage["cached_input"], &usage["output"]),
            (&json!(30), &json!(8), &json!(9)),
            "{call}"
        );
    }
}

#[test]
fn every_door_before_every_vendor_for_node() {
    let vendors = TwoVendors::start();
    let (_project, server, key) = serving(&vendors);
    let mut client = Command::new("node");
    client.env("NODE_MODULES", needed("GATEMARK_TEST_NODE_MODULES")).arg(script("node/doors.mjs"));
    let seen = seen(client, &server, &key);
    let rows = seen["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 36);
    for row in rows {
        let wanted = wanted(if row["tools"] == true { "tools" } else { "text" });
        assert_eq!(
            (&row["text"], &row["calls"], &row["output"]),
            (&wanted["text"], &wanted["calls"], &json!(9)),
            "{row}"
        );
    }
}

#[test]
fn a_prompt_by_name_for_clients_of_messages() {
    let project = Project::deployed();
    let server = Server::start(&project);
    let ask = |more: Value| {
        let mut body = json!({"model": "gatemark/support/triage", "max_tokens": 4096, "messages": [],
            "variables": {"message": "The app crashes when I open settings."}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        server.post("/v1/messages", None, &body)
    };
    let whole = ask(json!({}));
    assert_eq!(whole.status, 200, "{}", whole.body);
    assert_eq!(
        whole.json()["content"],
        json!([{"type": "text", "text": "{\"queue\":\"technical\"}"}])
    );
    assert_eq!(whole.header("x-gatemark-version"), Some("1.0.0"));
    assert_eq!(whole.header("request-id"), whole.header("x-gatemark-call-id"));
    let streamed = ask(json!({"stream": true})).body;
    assert!(streamed.starts_with("event: message_start\n"), "{streamed}");
    assert!(
        streamed.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
        "{streamed}"
    );
    let refused = ask(json!({"system": "Be rude."}));
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert!(refused.body.contains("cannot add system messages"), "{}", refused.body);
    let refused = ask(json!({"temperature": 0.9}));
    assert_eq!(refused.json()["error"]["code"], "parameter_fixed", "{}", refused.body);
}

#[test]
fn what_only_a_vendor_of_messages_knows_passes_through() {
    let vendors = TwoVendors::start();
    let project = Project::new();
    std::fs::write(project.path().join("gatemark.yaml"), vendors.config()).unwrap();
    let server = Server::start(&project);
    let signed = json!({"type": "thinking", "thinking": "hm", "signature": "c2ln"});
    let mut body = json!({"model": "claude/m", "max_tokens": 2000, "brand_new": [1.5],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}],
        "tools": [{"type": "web_search_20250305", "name": "web_search"}],
        "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": [signed]},
            {"role": "user", "content": "4 C, 7 C"}]});
    let whole = server.post("/v1/messages", None, &body);
    assert_eq!(whole.json()["content"][0], signed, "{}", whole.body);
    body["stream"] = true.into();
    let streamed = server.post("/v1/messages", None, &body).body;
    for event in ["event: ping\ndata: {\"type\":\"ping\"}\n\n", "signature_delta", "c2ln"] {
        assert!(streamed.contains(event), "{event} in {streamed}");
    }
    assert!(streamed.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
    let asked = vendors.asked();
    assert_eq!(asked.len(), 2);
    body["model"] = "m".into();
    assert_eq!(asked[1].2, body);
    // The same to a vendor that does not know them is refused before anything is sent.
    body["model"] = "chat/m".into();
    let refused = server.post("/v1/messages", None, &body);
    assert_eq!(refused.json()["error"]["code"], "not_translatable", "{}", refused.body);
    assert_eq!(vendors.asked().len(), 2);
}
