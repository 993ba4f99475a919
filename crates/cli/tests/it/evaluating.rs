//! Online evaluation: production's answers judged after they were given, within a day's amount.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Project, Server};
use crate::upstream::{Said, Upstream, last_text};

const NAME: &str = "support/sort";

/// Answers with what it is told, and judges: 5, or 2 where it reads `bad`.
fn upstream() -> Upstream {
    Upstream::start(|request, _| {
        let text = last_text(request);
        if request["model"] == "judge" {
            let score = if text.contains("bad") { 2 } else { 5 };
            return Said::Ok(json!({"reason": "so it is", "score": score}).to_string());
        }
        Said::Ok(text)
    })
}

/// A server whose environment has `evaluate`.
fn serving(upstream: &Upstream, evaluate: &str) -> (Project, Server) {
    let project = Project::new();
    let prompts = project.path().join("prompts");
    fs::remove_dir_all(&prompts).unwrap();
    for name in [NAME, "judges/rubric"] {
        fs::create_dir_all(prompts.join(name)).unwrap();
    }
    let judge = "models:\n  mock/judge: {input_usd_per_million: 10, output_usd_per_million: 20}\n";
    let environment =
        format!("  production: {{policy: open, record: content, evaluate: {evaluate}}}");
    let config = upstream.config().replacen("models:\n", judge, 1);
    let config = config.replacen("  production: {}", &environment, 1);
    fs::write(project.path().join("gatemark.yaml"), config).unwrap();
    let prompt = "version: 1.0.0\nvariables:\n  message: {type: string}\nmessages:\n  - {role: user, text: \"{{ message }}\"}\n\
                  models:\n  - {model: mock/m, max_tokens: 20}\nchangelog: first\n";
    fs::write(prompts.join(NAME).join("prompt.yaml"), prompt).unwrap();
    let suite = "checks:\n  - equals\n  - contains: answer\n  - judge: {prompt: judges/rubric, votes: 1}\n\
                 cases:\n  - {id: a, variables: {message: an answer}, expected: an answer}\n";
    fs::write(prompts.join(NAME).join("suite.yaml"), suite).unwrap();
    let rubric = "version: 1.0.0\nvariables:\n  answer: {type: string, trust: untrusted}\nmessages:\n  - {role: user, text: \"{{ answer | tojson }}\"}\n\
                  output:\n  schema: {type: object, required: [reason, score], properties: {reason: {type: string}, score: {type: integer, minimum: 1, maximum: 5}}}\n\
                  models:\n  - {model: mock/judge, max_tokens: 50}\nchangelog: first\n";
    fs::write(prompts.join("judges/rubric/prompt.yaml"), rubric).unwrap();
    project.run(&["push"]).exits(0);
    project.run(&["deploy", NAME, "--to", "production"]).exits(0);
    let server = Server::start(&project);
    (project, server)
}

fn call(server: &Server, message: &str) -> String {
    let body = json!({"model": format!("gatemark/{NAME}"), "messages": [],
        "variables": {"message": message}});
    let answer = server.post("/v1/chat/completions", None, &body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.header("x-gatemark-call-id").unwrap().to_string()
}

/// Waits until as many calls have been judged and none waits.
fn judged(project: &Project, count: u64) -> Value {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let standing = project.run(&["evaluation", "--json"]).exits(0).json()[0].clone();
        if standing["judged"] == count && standing["waiting"] == 0 {
            return standing;
        }
        assert!(Instant::now() < until, "still {standing}");
    }
}

fn scores(server: &Server, call: &str) -> Value {
    let found = server.get(&format!("/api/v1/calls/{call}/scores"), None).json();
    let found = found["scores"].as_array().or(found.as_array()).unwrap().clone();
    let each = found.iter().map(|score| {
        let name = score["name"].as_str().unwrap().to_string();
        (name, json!([score["value"], score["source"]]))
    });
    Value::Object(each.collect())
}

#[test]
fn drawn_answers_are_judged_by_what_needs_no_wanted_answer() {
    let upstream = upstream();
    let (project, server) = serving(&upstream, "{share: 1, usd_per_day: 1}");
    let good = call(&server, "an answer");
    let bad = call(&server, "a bad one");
    let standing = judged(&project, 2);
    // 100 tokens read and 10 written for each.
    assert_eq!(standing["spent"], 2 * (100 * 10_000 + 10 * 20_000));
    assert_eq!(
        scores(&server, &good),
        json!({"contains": [1.0, "check"], "judge": [1.0, "judge"], "quality": [1.0, "judge"]})
    );
    assert_eq!(
        scores(&server, &bad),
        json!({"contains": [0.0, "check"], "judge": [0.25, "judge"], "quality": [0.125, "judge"]})
    );
    // Who judges is told apart from who calls, and pays for itself.
    let out = project.run(&["calls", "--purpose", "evaluate", "--json"]).exits(0).out;
    let calls: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call["caller"] == "gatemark evaluation"), "{calls:?}");
    project.run(&["evaluation"]).exits(0).says(&["production", "100.00 %"]);
    let shown = server.get("/api/v1/evaluation", None).json();
    assert_eq!((&shown[0]["judged"], &shown[0]["environment"]), (&json!(2), &json!("production")));
    drop(server);
    // Nothing is judged twice.
    let server = Server::start(&project);
    call(&server, "an answer");
    judged(&project, 3);
    assert_eq!(upstream.asked(), 6);
}

#[test]
fn the_day_has_an_amount() {
    let upstream = upstream();
    // Room for one judgement, and not for two.
    let (project, server) = serving(&upstream, "{share: 1, usd_per_day: 0.002}");
    let stands = |judged: u64, waiting: u64| {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let standing = project.run(&["evaluation", "--json"]).exits(0).json()[0].clone();
            assert!(standing["spent"].as_i64() <= Some(2_000_000), "{standing}");
            if standing["judged"] == judged && standing["waiting"] == waiting {
                return;
            }
            assert!(Instant::now() < until, "still {standing}");
        }
    };
    call(&server, "an answer");
    stands(1, 0);
    for waiting in 1..=2 {
        call(&server, "an answer");
        stands(1, waiting);
    }
    assert_eq!(upstream.asked(), 4);
}

/// What judges say of production's answers takes a candidate back by itself.
#[test]
fn a_candidate_whose_answers_are_judged_worse_is_taken_back() {
    let upstream = upstream();
    let (project, server) = serving(
        &upstream,
        "{share: 1, usd_per_day: 5}, rollout: {steps: \"50%:1h\", guardrails: {quality: {margin: 0.05}}}",
    );
    let file = project.path().join("prompts").join(NAME).join("prompt.yaml");
    let text = fs::read_to_string(&file).unwrap().replace("version: 1.0.0", "version: 2.0.0");
    fs::write(&file, text.replace("\"{{ message }}\"", "\"bad: {{ message }}\"")).unwrap();
    project.run(&["push"]).exits(0);
    project.run(&["rollout", "start", NAME, "--to", "production"]).exits(0);
    let until = Instant::now() + Duration::from_secs(120);
    let status = loop {
        (0..10).for_each(|_| drop(call(&server, "an answer")));
        let status = project.run(&["rollout", "status", NAME, "--json"]).exits(0).json();
        if status["state"] == "aborted" {
            break status;
        }
        assert!(Instant::now() < until, "still {status:#}");
    };
    let reason = status["reason"].as_str().unwrap();
    assert!(reason.contains("`quality` is worse"), "{reason}");
    let told = project.run(&["audit", "--limit", "3", "--json"]).exits(0).json();
    let abort = told.as_array().unwrap().iter().find(|entry| entry["action"] == "rollout.abort");
    assert_eq!(abort.unwrap()["actor"], "rollout", "{told:#}");
}

#[test]
fn mistakes_are_told() {
    let project = Project::new();
    let file = project.path().join("gatemark.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let config = format!("{text}\nenvironments:\n  production: {{evaluate: {{share: 0}}}}\n");
    let config = if text.contains("\nenvironments:") {
        text.replacen("  production:", "  other: {evaluate: {share: 0}}\n  production:", 1)
    } else {
        config
    };
    fs::write(&file, config).unwrap();
    project.run(&["push"]).exits(2).complains(&[
        "`share` draws no call",
        "`usd_per_day`",
        "record: content",
    ]);
}
