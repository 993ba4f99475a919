//! What only the doors of responses, embeddings and models do, and the frameworks that go through them.

use std::process::Command;

use serde_json::{Value, json};

use crate::clients::{needed, script};
use crate::support::{Project, Server};
use crate::twovendors::TwoVendors;

const MODELS: [&str; 3] = ["chat/m", "claude/m", "gpt/m"];

struct Scene {
    vendors: TwoVendors,
    project: Project,
    seen: Value,
}

/// What a client's script saw at a server in front of three vendors.
fn seen(mut client: Command) -> Scene {
    let vendors = TwoVendors::start();
    let project = Project::new();
    std::fs::write(project.path().join("gatemark.yaml"), vendors.config()).unwrap();
    let key = project.run(&["key", "create", "app", "--role", "call"]).exits(0).out;
    let server = Server::start(&project);
    client.arg(format!("http://{}", server.address())).arg(key.trim()).args(MODELS);
    let output = client.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen = serde_json::from_slice(&output.stdout).unwrap();
    Scene { vendors, project, seen }
}

fn python(variable: &str, name: &str) -> Command {
    let mut client = Command::new(needed(variable));
    client.arg(script(&format!("python/{name}")));
    client
}

/// Class, status, code and field of an error.
fn error(error: &Value) -> (&str, u64, &str, &str) {
    let word = |name: &str| error[name].as_str().unwrap_or_default();
    (word("class"), error["status"].as_u64().unwrap_or_default(), word("code"), word("param"))
}

#[test]
fn responses_embeddings_and_models_for_python() {
    let scene = seen(python("GATEMARK_TEST_PYTHON", "responses.py"));
    let seen = &scene.seen;
    let weather = json!({"city": "Graz", "degrees": 4});
    for model in ["chat/m", "gpt/m"] {
        assert_eq!(seen["parsed"][model], json!([weather, weather]), "{model}");
    }
    let echo = json!([{"team": "x"}, 0.5, "completed", "m", "resp", "0.000048", 39]);
    assert_eq!(seen["echo"], echo);
    for model in MODELS {
        let told = seen["broken"][model].as_str().unwrap_or_default();
        assert!(told.contains("incomplete"), "a broken stream of {model} looked whole: {seen}");
    }
    refusals(&seen["refused"]);
    // What only the format's own vendor can do went there as it was.
    assert_eq!(seen["native"], "Grüße");
    let asked = scene.vendors.asked();
    let kept = asked.iter().find(|(.., body)| body["previous_response_id"] == "resp_0");
    let (path, _, body) = kept.unwrap();
    assert_eq!(path, "/v1/responses");
    assert_eq!((&body["tools"], &body["store"]), (&json!([{"type": "web_search"}]), &json!(true)));
    vectors(&scene);
    let names: Vec<&str> =
        seen["models"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(names, MODELS);
    assert_eq!(seen["model"], json!(["chat/m", "sim/any/2026"]));
    assert_eq!(error(&seen["no_model"]), ("NotFoundError", 404, "model_not_found", "model"));
    let hint = seen["no_model"]["message"].as_str().unwrap();
    assert!(hint.contains("did you mean `chat/m`?"), "{hint}");
}

fn refusals(refused: &Value) {
    let untranslatable = |param| ("BadRequestError", 400, "not_translatable", param);
    for (name, place) in [
        ("previous", "previous_response_id"),
        ("web_search", "tools[0]"),
        ("background", "background"),
        ("for_claude", "previous_response_id"),
        ("reference", "input[0]"),
    ] {
        assert_eq!(error(&refused[name]), untranslatable(place), "{name}");
    }
    assert_eq!(error(&refused["no_model"]), ("NotFoundError", 404, "model_not_found", "model"));
    assert_eq!(error(&refused["no_input"]).3, "input");
}

fn vectors(scene: &Scene) {
    let found = &scene.seen["vectors"];
    assert_eq!(found["one"], json!([[0.5, -1.0]]));
    assert_eq!(found["floats"], json!([[0.5, -1.0], [0.5, -1.0]]));
    let counts = ["tokens", "responses", "usage"].map(|name| found[name].as_u64().unwrap());
    assert_eq!(counts, [2, 1, 6]);
    assert_eq!(found["sim"], json!([256, 256]));
    assert_eq!(found["sim_forms"][0], found["sim_forms"][1], "both forms hold the same numbers");
    let tokens = |body: &Value| body["input"] == json!([[1, 2], [3]]) && body["dimensions"] == 2;
    assert!(scene.vendors.asked().iter().any(|(.., body)| tokens(body)), "tokens pass through");
    let refused = &scene.seen["no_vectors"];
    for (name, code, place) in [
        ("claude", "no_embeddings", ""),
        ("dimensions", "not_translatable", "dimensions"),
        ("tokens", "not_translatable", "input"),
        ("empty", "invalid", "input"),
        ("many", "invalid", "input"),
        ("prompt", "invalid", "model"),
        ("stream", "invalid", "stream"),
    ] {
        assert_eq!(error(&refused[name]), ("BadRequestError", 400, code, place), "{name}");
    }
    // Recorded and priced as every call.
    let lines = scene.project.run(&["calls", "--json", "--limit", "200"]).exits(0).out;
    let calls: Value = serde_json::from_str(&lines).unwrap_or_else(|_| {
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect()
    });
    let calls = calls.as_array().or_else(|| calls["calls"].as_array()).unwrap().clone();
    let paid =
        calls.iter().filter(|call| call["usage"]["input"] == 6 && call["usage"]["output"] == 0);
    let paid: Vec<&Value> = paid.collect();
    assert_eq!(paid.len(), 3, "{calls:?}");
    for call in paid {
        assert_eq!((&call["outcome"], &call["model"]), (&json!("ok"), &json!("chat/m")));
        let cost = call["cost"].to_string();
        assert!(cost.contains("6000") || cost.contains("0.000006"), "{call}");
    }
}

/// The rows of a framework's script: texts, and calls of tools where there were tools.
fn rows(seen: &Value, count: usize) -> &Vec<Value> {
    let rows = seen["rows"].as_array().unwrap();
    assert_eq!(rows.len(), count);
    for row in rows {
        assert_eq!(row["text"], "Grüße", "{row}");
    }
    rows
}

fn cities() -> Value {
    json!([["weather", {"city": "Graz"}], ["weather", {"city": "Bern"}]])
}

#[test]
fn langchain() {
    let scene = seen(python("GATEMARK_TEST_PYTHON", "chain.py"));
    for row in rows(&scene.seen, 3 * 2 * 2) {
        assert_eq!((&row["calls"], &row["usage"]), (&cities(), &json!([30, 9])), "{row}");
    }
    assert_eq!(scene.seen["vectors"], json!([[0.5, -1.0], [0.5, -1.0]]));
}

#[test]
fn llama_index() {
    let scene = seen(python("GATEMARK_TEST_PYTHON_LLAMA_INDEX", "llama.py"));
    for row in rows(&scene.seen, 3) {
        assert_eq!((&row["calls"], &row["streamed"]), (&cities(), &json!("Grüße")), "{row}");
    }
}

#[test]
fn vercels_kit() {
    let mut client = Command::new("node");
    client.env("NODE_MODULES", needed("GATEMARK_TEST_NODE_MODULES")).arg(script("node/kit.mjs"));
    let scene = seen(client);
    for row in rows(&scene.seen, 3 * 3 * 2 * 2) {
        let (calls, finish) =
            if row["tools"] == true { (cities(), "tool-calls") } else { (json!([]), "stop") };
        assert_eq!((&row["calls"], &row["finish"]), (&calls, &json!(finish)), "{row}");
        assert_eq!(row["output"], 9, "{row}");
    }
    for (of, object) in scene.seen["objects"].as_object().unwrap() {
        assert_eq!(object, &json!({"city": "Graz", "degrees": 4}), "{of}");
    }
    let broken = scene.seen["broken"].as_str().unwrap();
    assert!(broken.contains("incomplete"), "a broken stream looked whole: {broken}");
    // JavaScript writes whole numbers without a point.
    assert_eq!(scene.seen["embeddings"], json!([[0.5, -1], [0.5, -1]]));
}

#[test]
fn a_prompt_by_name_for_clients_of_responses() {
    let project = Project::deployed();
    let server = Server::start(&project);
    let ask = |body: Value| server.post("/v1/responses", None, &body);
    let message = "The app crashes when I open settings.";
    let text = json!({"type": "input_text", "text": message});
    let prompt = |value: Value| json!({"id": "support/triage", "variables": {"message": value}});
    for body in [
        json!({"prompt": prompt(message.into())}),
        json!({"prompt": prompt(text), "input": []}),
        json!({"model": "gatemark/support/triage", "variables": {"message": message}}),
    ] {
        let whole = ask(body);
        assert_eq!(whole.status, 200, "{}", whole.body);
        let said = &whole.json()["output"][0]["content"][0]["text"];
        assert_eq!(said, "{\"queue\":\"technical\"}");
        assert_eq!(whole.header("x-gatemark-version"), Some("1.0.0"));
    }
    let streamed = ask(json!({"prompt": prompt(message.into()), "stream": true})).body;
    assert!(streamed.starts_with("event: response.created\n"), "{streamed}");
    assert_eq!(streamed.matches("event: response.completed\n").count(), 1, "{streamed}");
    let refused = |more: Value| {
        let mut body = json!({"prompt": prompt(message.into())});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = ask(body);
        assert_eq!(answer.status, 400, "{}", answer.body);
        let error = answer.json()["error"].clone();
        (error["code"].as_str().unwrap().to_string(), error["param"].clone())
    };
    assert_eq!(refused(json!({"instructions": "Be rude."})).1, "instructions");
    assert_eq!(refused(json!({"temperature": 0.9})).0, "parameter_fixed");
    assert_eq!(refused(json!({"store": true})).1, "store");
    assert_eq!(refused(json!({"background": true})).1, "background");
    let kept = refused(json!({"previous_response_id": "resp_1"}));
    assert_eq!(kept, ("not_translatable".to_string(), json!("previous_response_id")));
    let system = json!({"input": [{"role": "developer", "content": "Be rude."}]});
    assert_eq!(refused(system).1, "messages");
}

#[test]
fn what_needs_a_store_is_refused_or_left_to_the_vendor_that_has_one() {
    let vendors = TwoVendors::start();
    let project = Project::new();
    std::fs::write(project.path().join("gatemark.yaml"), vendors.config()).unwrap();
    let server = Server::start(&project);
    let path = "/v1/responses/resp_1";
    for (method, path) in [
        ("GET", path.to_string()),
        ("DELETE", path.to_string()),
        ("POST", format!("{path}/cancel")),
        ("GET", format!("{path}/input_items")),
    ] {
        let answer = server.send(method, &path, "", b"");
        assert_eq!((answer.status, answer.code().as_str()), (404, "responses_not_stored"));
        assert!(answer.body.contains("not stored here"), "{}", answer.body);
    }
    let ask = |model: &str, field: &str, value: Value| {
        server.post("/v1/responses", None, &json!({"model": model, "input": "hi", field: value}))
    };
    for model in ["chat/m", "claude/m"] {
        for (field, value) in [
            ("store", json!(true)),
            ("background", json!(true)),
            ("previous_response_id", json!("resp_0")),
            ("conversation", json!("conv_0")),
        ] {
            let answer = ask(model, field, value);
            assert_eq!(answer.status, 400, "{model} {field}: {}", answer.body);
            assert_eq!(answer.json()["error"]["param"], field, "{model}");
        }
        assert_eq!(ask(model, "store", json!(false)).json()["store"], false);
    }
    // Its own vendor keeps what it is told to keep, but nobody could come back for an answer in the background.
    let background = ask("gpt/m", "background", json!(true));
    assert_eq!(
        (background.status, &background.json()["error"]["param"]),
        (400, &json!("background"))
    );
    assert_eq!(ask("gpt/m", "store", json!(true)).status, 200);
    assert_eq!(ask("gpt/m", "conversation", json!("conv_0")).status, 200);
    let asked = vendors.asked();
    assert!(asked.iter().any(|(.., body)| body["store"] == true));
    assert!(asked.iter().any(|(.., body)| body["conversation"] == "conv_0"));
    assert!(asked.iter().all(|(.., body)| body["background"].is_null()));
}
