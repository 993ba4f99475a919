//! Cheap models first: when a call goes up, what that costs, what is told, and what the gate asks for.

use std::fs;

use serde_json::{Value, json};

use crate::http::Response;
use crate::support::{Project, Server, TempDir, run_in};
use crate::upstream::{Said, Upstream, last_text};

const NAME: &str = "support/sort";

/// `cheap` is sure of short messages and wrong about those with `hard`; `top` is always right and fails for
/// messages with `down`.
fn upstream() -> Upstream {
    Upstream::start(|request, _| {
        let text = last_text(request);
        let queue = if text.contains("bill") { "billing" } else { "delivery" };
        if request["model"] == "top" {
            let answer = json!({"queue": queue, "confidence": 0.99}).to_string();
            return if text.contains("down") { Said::Err(500) } else { Said::Ok(answer) };
        }
        let sure = if text.contains("unsure") || text.contains("hard") { 0.3 } else { 0.9 };
        let queue = if text.contains("hard") { "account" } else { queue };
        let answer = json!({"queue": queue, "confidence": sure}).to_string();
        Said::Ok(if text.contains("garbage") { "no idea".into() } else { answer })
    })
}

fn prompt(cascade: &str) -> String {
    format!(
        "version: 1.0.0\nvariables:\n  message: {{type: string}}\nmessages:\n  - {{role: user, text: \"{{{{ message }}}}\"}}\n\
         output:\n  schema: {{type: object, required: [queue, confidence], properties: {{queue: {{type: string}}, confidence: {{type: number}}}}}}\n\
         models:\n  - {{model: mock/cheap, max_tokens: 20}}\n  - {{model: mock/top, max_tokens: 20}}\n{cascade}changelog: first\n"
    )
}

const CASCADE: &str = "cascade: {steps: [mock/cheap, mock/top], up_when: {confidence_below: 0.7, off_format: true}}\n";

fn project(upstream: &Upstream, policy: &str, cascade: &str) -> Project {
    let project = Project::new();
    let folder = project.path().join("prompts").join(NAME);
    fs::remove_dir_all(project.path().join("prompts")).unwrap();
    fs::create_dir_all(&folder).unwrap();
    let models = "models:\n  mock/cheap: {input_usd_per_million: 0.1, output_usd_per_million: 0.2, pinned: true}\n  \
                  mock/top: {input_usd_per_million: 10, output_usd_per_million: 20, pinned: true}\n";
    let config = upstream.config().replacen("models:\n", models, 1).replacen(
        "  production: {}",
        &format!("  production: {{policy: {policy}}}"),
        1,
    );
    fs::write(project.path().join("gatemark.yaml"), config).unwrap();
    fs::write(folder.join("prompt.yaml"), prompt(cascade)).unwrap();
    let mut suite = String::from("checks:\n  - equals: {at: /queue}\ncases:\n");
    for (id, text, queue) in
        [("a", "a bill", "billing"), ("b", "a parcel", "delivery"), ("c", "a hard bill", "billing")]
    {
        suite += &format!("  - {{id: {id}, variables: {{message: {text}}}, expected: {queue}}}\n");
    }
    fs::write(folder.join("suite.yaml"), suite).unwrap();
    project
}

fn deployed(upstream: &Upstream) -> (Project, Server) {
    let project = project(upstream, "open", CASCADE);
    project.run(&["push"]).exits(0);
    project.run(&["deploy", NAME, "--to", "production"]).exits(0);
    let server = Server::start(&project);
    (project, server)
}

fn call(server: &Server, message: &str, stream: bool) -> Response {
    let body = json!({"model": format!("gatemark/{NAME}"), "messages": [], "stream": stream,
        "variables": {"message": message}});
    server.post("/v1/chat/completions", None, &body)
}

fn said(answer: &Response) -> Value {
    let body = answer.json();
    serde_json::from_str(body["choices"][0]["message"]["content"].as_str().unwrap()).unwrap()
}

#[test]
fn calls_go_up_when_the_cheap_answer_is_not_good_enough() {
    let upstream = upstream();
    let (project, server) = deployed(&upstream);
    let told = |answer: &Response| {
        let header = |name: &str| answer.header(name).unwrap_or_default().to_string();
        (header("x-gatemark-cascade"), header("x-gatemark-attempts"), header("x-gatemark-cost-usd"))
    };
    let told_as = |step: &str, attempts: &str, cost: &str| {
        (step.to_string(), attempts.to_string(), cost.to_string())
    };
    // 100 tokens read and 10 written, at 0.1 and 0.2, or 10 and 20 dollars for a million.
    let sure = call(&server, "a bill", false);
    assert_eq!((sure.status, said(&sure)["queue"].clone()), (200, json!("billing")));
    assert_eq!(told(&sure), told_as("1/2", "1", "0.000012"));
    let hard = call(&server, "a hard bill", false);
    assert_eq!(said(&hard), json!({"queue": "billing", "confidence": 0.99}));
    assert_eq!(told(&hard), told_as("2/2", "2", "0.001212"));
    let same = call(&server, "an unsure bill", false);
    assert_eq!(told(&same).0, "2/2");
    let garbage = call(&server, "garbage", false);
    assert_eq!(
        (told(&garbage).0.as_str(), said(&garbage)["queue"].clone()),
        ("2/2", json!("delivery"))
    );
    // The step above fails: the answer that is there is served, and paid.
    let down = call(&server, "an unsure parcel while it is down", false);
    assert_eq!((down.status, said(&down)["confidence"].clone()), (200, json!(0.3)));
    assert_eq!(told(&down), told_as("1/2", "2", "0.000012"));
    let stream = call(&server, "a hard bill", true);
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    assert_eq!(stream.header("x-gatemark-cascade"), Some("2/2"));
    assert!(stream.body.contains("billing") && stream.body.contains("[DONE]"), "{}", stream.body);
    let metrics = server.get("/metrics", None).body;
    assert!(
        metrics.contains(
            r#"gatemark_cascade_calls_total{prompt="support/sort",step="2",same="true"} 1"#
        ),
        "{metrics}"
    );
    drop(server);
    let report = project.run(&["cascade", "report", NAME, "--json"]).exits(0).json();
    assert_eq!(
        (&report["calls"], &report["went_up"], &report["same"]),
        (&json!(6), &json!(4), &json!(1))
    );
    assert_eq!(report["reasons"], json!({"off_format": 1, "confidence": 3}));
    let (one, two) = (&report["steps"][0], &report["steps"][1]);
    assert_eq!((&one["calls"], &one["cost"]), (&json!(2), &json!(24_000)));
    assert_eq!((&two["calls"], &two["cost"]), (&json!(4), &json!(4 * 1_212_000)));
    // Two calls spared 1.2 thousandths of a dollar less their own cost; four paid the lower step in vain.
    assert_eq!(report["saved"], 2 * (1_200_000 - 12_000) - 4 * 12_000);
    project
        .run(&["cascade", "report", NAME])
        .exits(0)
        .says(&["regret    1 of 4", "went up   3 times for confidence"]);
}

#[test]
fn answers_that_stayed_below_and_were_found_wrong_are_told() {
    let upstream = upstream();
    let project = project(&upstream, "open", CASCADE);
    let file = project.path().join("prompts").join(NAME).join("prompt.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let review = "output:\n  review: {when: \"confidence > 0.5\"}\n";
    fs::write(&file, text.replacen("output:\n", review, 1)).unwrap();
    project.run(&["push"]).exits(0);
    project.run(&["deploy", NAME, "--to", "production"]).exits(0);
    let server = Server::start(&project);
    // Two stay at the first step, one goes up; nobody looks at a fourth.
    let calls = ["a bill", "a parcel", "a hard bill", "another bill"].map(|message| {
        call(&server, message, false).header("x-gatemark-call-id").unwrap().to_string()
    });
    drop(server);
    for (id, finding) in calls.iter().zip(["wrong", "right", "wrong"]) {
        project.run(&["review", "resolve", id, finding]).exits(0);
    }
    let report = project.run(&["cascade", "report", NAME, "--json"]).exits(0).json();
    assert_eq!(
        (&report["stayed_reviewed"], &report["stayed_wrong"]),
        (&json!(2), &json!(1)),
        "{report}"
    );
    let two = &report["steps"][1];
    assert_eq!((&two["reviewed"], &two["wrong"]), (&json!(1), &json!(1)), "{report}");
    project
        .run(&["cascade", "report", NAME])
        .exits(0)
        .says(&["1 of 2 answers of lower steps that a person looked at were wrong (50.0 %)"]);
}

#[test]
fn the_gate_wants_evidence_for_the_cascade_and_for_each_step() {
    let upstream = upstream();
    let policy = "{min_cases: 1, categories: off, accuracy: 0.9, approvals: off, fallback: off, p95_latency: off}";
    let project = project(&upstream, policy, CASCADE);
    project.run(&["push"]).exits(0);
    let run = project.run(&["test", NAME, "--json"]).exits(0);
    assert_eq!(upstream.asked(), 4, "three cases, of which one goes up");
    assert!(run.out.contains("\"passed\": 3") || run.out.contains("\"passed\":3"), "{}", run.out);
    // Again: the answers of both steps are known, and cost what they cost.
    let again = project.run(&["test", NAME, "--json"]).exits(0);
    assert_eq!(upstream.asked(), 4);
    let total = |run: &str| -> String {
        let after = run.split("\"total_cost\":").nth(1).unwrap();
        after.trim_start().chars().take_while(char::is_ascii_digit).collect()
    };
    assert_eq!((total(&run.out), total(&again.out)), ("1236000".into(), "1236000".into()));
    let refused = project.run(&["deploy", NAME, "--to", "production"]).exits(3);
    assert!(
        format!("{}{}", refused.out, refused.err).contains("mock/top"),
        "{}{}",
        refused.out,
        refused.err
    );
    project.run(&["test", NAME, "--model", "mock/top"]).exits(0);
    // What the cascade had asked of it is taken from there.
    assert_eq!(upstream.asked(), 6);
    project.run(&["deploy", NAME, "--to", "production"]).exits(0);
    let shown = project.run(&["gate", NAME]);
    assert!(shown.out.contains("18"), "{}", shown.out);
}

#[test]
fn mistakes_are_told_at_push() {
    let upstream = upstream();
    let told = |cascade: &str, parts: &[&str]| {
        let project = project(&upstream, "open", cascade);
        project.run(&["push"]).exits(2).complains(parts);
    };
    told(
        "cascade: {steps: [mock/top, mock/cheap], up_when: {off_format: true}}\n",
        &["the first step must be"],
    );
    told(
        "cascade: {steps: [mock/cheap, mock/other], up_when: {}}\n",
        &["not among the prompt's `models`", "has no sign"],
    );
    let judged = |judge: &str| {
        format!("cascade: {{steps: [mock/cheap, mock/top], up_when: {{judge: {judge}}}}}\n")
    };
    told(
        &judged("{prompt: judges/rubric, model: mock/judge, below: 4}"),
        &["must be named in one version", "write `judges/rubric@`"],
    );
    told(
        &judged("{prompt: support/sort@1.0.0, model: nobody/m, blow: 4}"),
        &["cannot judge its own answers", "nobody", "`blow`"],
    );
    told(
        &judged("{prompt: judges/rubric@1.0.0, model: mock/judge, below: 4}"),
        &["`judges/rubric@1.0.0` is not registered", "prompt.yaml:"],
    );
    told(
        "cascade: {steps: [mock/cheap, mock/top], up_when: {logprob_below: -0.5, insufficient: true}}\n",
        &["logprobs: true", "no marker for missing information"],
    );
    let folder = TempDir::new();
    run_in(folder.path(), &["init"]).exits(0);
    run_in(folder.path(), &["cascade", "report", "support/triage"])
        .exits(0)
        .complains(&["no call went through"]);
}

const JUDGED: &str = "cascade: {steps: [mock/cheap, mock/top], up_when: {judge: {prompt: judges/rubric@1.0.0, \
                      model: other/judge, below: 4}}}\n";

/// The same vendor, whose `judge` finds hard things wrong and has no opinion on odd ones.
fn judged_upstream() -> Upstream {
    Upstream::start(|request, _| {
        let text = last_text(request);
        if request["model"] == "judge" {
            let score = if text.contains("account") { 2 } else { 5 };
            let reply = json!({"reason": "it is what it is", "score": score}).to_string();
            return Said::Ok(if text.contains("odd") { "hm".into() } else { reply });
        }
        let queue = if text.contains("bill") { "billing" } else { "delivery" };
        let wrong = request["model"] == "cheap" && text.contains("hard");
        let queue = if wrong { "account" } else { queue };
        Said::Ok(json!({"queue": queue, "confidence": 0.9}).to_string())
    })
}

fn judged_project(upstream: &Upstream, policy: &str) -> Project {
    let project = project(upstream, policy, JUDGED);
    let config = project.path().join("gatemark.yaml");
    let text = fs::read_to_string(&config).unwrap();
    let judge =
        "  other/judge: {input_usd_per_million: 1, output_usd_per_million: 2, pinned: true}\n";
    let provider = format!(
        "providers:\n  other: {{protocol: openai, base_url: \"http://{}/v1\", retries: 0}}\n",
        upstream.address()
    );
    let text = text.replacen("models:\n", &format!("models:\n{judge}"), 1);
    fs::write(&config, text.replacen("providers:\n", &provider, 1)).unwrap();
    let folder = project.path().join("prompts/judges/rubric");
    fs::create_dir_all(&folder).unwrap();
    let prompt = "version: 1.0.0\nvariables:\n  answer: {type: string, trust: untrusted}\n  \
                  input: {type: string, trust: untrusted}\nmessages:\n  - {role: user, text: \"{{ input | tojson }} {{ answer | tojson }}\"}\n\
                  output:\n  schema: {type: object, required: [reason, score], properties: {reason: {type: string}, score: {type: integer, minimum: 1, maximum: 5}}}\n\
                  models:\n  - {model: other/judge, max_tokens: 50}\nchangelog: first\n";
    fs::write(folder.join("prompt.yaml"), prompt).unwrap();
    let suite = "checks:\n  - equals: {at: /score}\ncases:\n  - {id: a, variables: {answer: account, input: x}, expected: 2}\n";
    fs::write(folder.join("suite.yaml"), suite).unwrap();
    project
}

#[test]
fn a_judge_says_which_answers_go_up() {
    let upstream = judged_upstream();
    let project = judged_project(&upstream, "open");
    project.run(&["push"]).exits(0);
    // It is not asked where it was never let in.
    let refused = project.run(&["deploy", NAME, "--to", "production"]).exits(3);
    assert!(format!("{}{}", refused.out, refused.err).contains("was never deployed to production"));
    project.run(&["deploy", "judges/rubric@1.0.0", "--to", "production"]).exits(0);
    project.run(&["deploy", NAME, "--to", "production"]).exits(0);
    let server = Server::start(&project);
    let cost = |answer: &Response| answer.header("x-gatemark-cost-usd").unwrap().to_string();
    // 100 tokens read and 10 written each time: 0.000012 at the first step, 0.00012 at the judge, 0.0012 above.
    let good = call(&server, "a bill", false);
    assert_eq!((said(&good)["queue"].clone(), cost(&good)), (json!("billing"), "0.000132".into()));
    assert_eq!(good.header("x-gatemark-cascade"), Some("1/2"));
    let hard = call(&server, "a hard bill", true);
    assert_eq!(hard.header("x-gatemark-cascade"), Some("2/2"));
    assert!(hard.body.contains("billing") && hard.body.contains("[DONE]"), "{}", hard.body);
    let odd = call(&server, "an odd bill", false);
    assert_eq!((odd.header("x-gatemark-cascade"), cost(&odd)), (Some("2/2"), "0.001332".into()));
    let metrics = server.get("/metrics", None).body;
    for line in [
        r#"gatemark_cascade_judged_total{prompt="support/sort",verdict="given"} 2"#,
        r#"gatemark_cascade_judged_total{prompt="support/sort",verdict="none"} 1"#,
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    drop(server);
    // Another version of the judge serves now, and the cascade goes on by the one that it names.
    let rubric = project.path().join("prompts/judges/rubric/prompt.yaml");
    let text = fs::read_to_string(&rubric).unwrap().replace("version: 1.0.0", "version: 1.0.1");
    fs::write(&rubric, text.replace("tojson }} {{", "tojson }}: {{")).unwrap();
    project.run(&["push"]).exits(0);
    project.run(&["deploy", "judges/rubric@1.0.1", "--to", "production"]).exits(0);
    project.run(&["retire", "judges/rubric@1.0.0"]).exits(3).complains(&[
        "judges for the cascade of version 1 of `support/sort` in production",
        "deploy one with another judge first",
    ]);
    let report = project.run(&["cascade", "report", NAME, "--json"]).exits(0).json();
    assert_eq!(report["reasons"], json!({"judge": 2}));
    let judge = json!({"answers": 3, "without_verdict": 1, "cost": 360_000});
    assert_eq!(report["judge"], judge);
    assert_eq!(report["steps"][0]["cost"], 132_000);
    project.run(&["cascade", "report", NAME]).exits(0).says(&[
        "went up   2 times for judge",
        "judged    3 answers for",
        "without a verdict on 1",
    ]);
}

#[test]
fn evidence_is_of_the_judge_too() {
    let upstream = judged_upstream();
    let policy = "{min_cases: 1, categories: off, accuracy: 0.9, approvals: off, fallback: off, p95_latency: off}";
    let project = judged_project(&upstream, policy);
    project.run(&["push"]).exits(0);
    let run = project.run(&["test", NAME, "--json"]).exits(0);
    assert_eq!(upstream.asked(), 7, "three cases, each judged, of which one goes up");
    let again = project.run(&["test", NAME, "--json"]).exits(0);
    assert_eq!(upstream.asked(), 7);
    let total = |run: &str| -> String {
        let after = run.split("\"total_cost\":").nth(1).unwrap();
        after.trim_start().chars().take_while(char::is_ascii_digit).collect()
    };
    assert_eq!((total(&run.out), total(&again.out)), ("1596000".into(), "1596000".into()));
    project.run(&["test", NAME, "--model", "mock/top"]).exits(0);
    // The judge's own suite is what lets it in.
    project.run(&["deploy", "judges/rubric", "--to", "production"]).exits(3);
    project.run(&["test", "judges/rubric"]).exits(0);
    project.run(&["deploy", "judges/rubric", "--to", "production"]).exits(0);
    project.run(&["deploy", NAME, "--to", "production"]).exits(0);
    let shown = project.run(&["gate", NAME]);
    assert!(shown.out.contains("judges/rubric@1.0.0 on other/judge"), "{}", shown.out);
    // Another provider behind the judge's name is another judge.
    project.run(&["gate", NAME]).exits(0);
    let config = project.path().join("gatemark.yaml");
    let text = fs::read_to_string(&config).unwrap();
    let other = text.replacen("retries: 0}", "retries: 0, structured: off}", 1);
    fs::write(&config, other).unwrap();
    let refused = project.run(&["gate", NAME]).exits(3);
    assert!(refused.out.contains("other/judge: structured was not set"), "{}", refused.out);
}
