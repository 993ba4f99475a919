//! The cheapest model that holds: against a vendor whose models are as good as their names say.

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

use crate::support::{TempDir, run_in};
use crate::upstream::{Said, Upstream, last_text};

const NAME: &str = "test/echo";
const CASES: u64 = 200;

/// Models answer the first so many of `CASES` cases right: `good` all, `close` 184, `bad` 150.
fn upstream() -> Upstream {
    Upstream::start(|request, _| {
        let text = last_text(request);
        let place: u64 = text.trim_start_matches("q-").parse().unwrap();
        let right = match request["model"].as_str().unwrap() {
            "close" => 184,
            "bad" => 150,
            _ => CASES,
        };
        Said::Ok(if place < right { text.replace('q', "a") } else { "?".into() })
    })
}

fn project(upstream: &Upstream, suite: &str) -> TempDir {
    let folder = TempDir::new();
    let prompt = folder.path().join("prompts").join(NAME);
    fs::create_dir_all(&prompt).unwrap();
    let mut models = String::from("models:\n");
    for (name, input) in [("good", "0.5"), ("close", "0.1"), ("bad", "0.01")] {
        writeln!(
            models,
            "  mock/{name}: {{input_usd_per_million: {input}, output_usd_per_million: 2}}"
        )
        .unwrap();
    }
    let keyed = "  keyed: {protocol: openai, base_url: \"http://127.0.0.1:9/v1\", key_env: NOT_SET_ANYWHERE}\n";
    let config = upstream
        .config()
        .replacen("models:\n", &models, 1)
        .replacen("providers:\n", &format!("providers:\n{keyed}"), 1)
        .replacen(
            "models:\n",
            "models:\n  keyed/m: {input_usd_per_million: 0, output_usd_per_million: 0}\n",
            1,
        )
        .replacen("  production: {}", "  production: {policy: open}", 1);
    fs::write(folder.path().join("gatemark.yaml"), config).unwrap();
    let text = "version: 1.0.0\nvariables:\n  q: {type: string}\nmessages:\n  - {role: user, text: \"{{ q }}\"}\n\
                models:\n  - {model: mock/m, max_tokens: 20}\nchangelog: first\n";
    fs::write(prompt.join("prompt.yaml"), text).unwrap();
    let mut text = format!("{suite}checks:\n  - equals\ncases:\n");
    for n in 0..CASES {
        writeln!(text, "  - {{id: c-{n}, variables: {{q: q-{n}}}, expected: a-{n}}}").unwrap();
    }
    fs::write(prompt.join("suite.yaml"), text).unwrap();
    run_in(folder.path(), &["push"]).exits(0);
    folder
}

fn model<'a>(advice: &'a Value, name: &str) -> &'a Value {
    let models = advice["models"].as_array().unwrap();
    models.iter().find(|one| one["model"] == name).unwrap_or_else(|| panic!("{name}: {advice}"))
}

#[test]
fn the_cheapest_that_is_proved_is_advised() {
    let upstream = upstream();
    let folder = project(&upstream, "thresholds: {accuracy: 0.9}\n");
    let moved = || {
        let log = run_in(folder.path(), &["log", NAME]).exits(0).out;
        // Reports are what a version's stage follows from.
        let lasting = |line: &str| {
            let words = line.split_whitespace().filter(|word| !["draft", "tested"].contains(word));
            words.collect::<Vec<_>>().join(" ")
        };
        log.lines().filter(|line| !line.contains(" test ")).map(lasting).collect::<Vec<_>>()
    };
    let before = moved();
    let advice = run_in(folder.path(), &["advise", "model", NAME, "--json"]).exits(0).json();
    assert_eq!((&advice["advised"], &advice["threshold"]), (&json!("mock/good"), &json!(0.9)));
    // Four models, so each is judged at 1 - 0.05/4.
    assert!((advice["level"].as_f64().unwrap() - 0.9875).abs() < 1e-9);
    assert_eq!(model(&advice, "mock/m")["verdict"], "holds");
    assert_eq!(model(&advice, "mock/m")["serves"], true);
    assert_eq!(model(&advice, "mock/bad")["verdict"], "does_not");
    let close = model(&advice, "mock/close");
    assert_eq!((&close["verdict"], &close["accuracy"]), (&json!("cannot_tell"), &json!(0.92)));
    // z² · 0.9 · 0.1 / 0.02² with z = 2.2414 is 1130.4; 200 are there.
    assert_eq!(close["more_cases"], 931);
    // 100 tokens read at $0.5 and 10 written at $2 for a million, a thousand times, in nano-dollars.
    assert_eq!(model(&advice, "mock/good")["cost_per_1000_nano_usd"], 70_000_000);
    assert!(advice["skipped"]["keyed/m"].as_str().unwrap().contains("NOT_SET_ANYWHERE"));
    let asked = upstream.asked();
    assert_eq!(asked, 4 * CASES);
    let shown = run_in(folder.path(), &["advise", "model", NAME]).exits(0);
    shown.says(&[
        "wanted: accuracy at least 0.900",
        "about 931 more cases",
        "keyed/m: not tried: its key NOT_SET_ANYWHERE is not in the environment",
        "advice: mock/good is the cheapest that holds: $0.07 for 1,000 calls, 42 % less",
    ]);
    assert_eq!(upstream.asked(), asked, "answers of the first run are taken");
    assert_eq!(moved(), before, "nothing but reports was added");
}

#[test]
fn without_a_threshold_the_serving_model_is_the_measure() {
    let upstream = upstream();
    let folder = project(&upstream, "");
    let ask = |more: &[&str]| {
        run_in(folder.path(), &[&["advise", "model", NAME, "--json"], more].concat())
    };
    let advice = ask(&["--models", "mock/good,mock/close"]).exits(0).json();
    assert_eq!((&advice["threshold"], &advice["margin"]), (&Value::Null, &json!(0.02)));
    assert_eq!(advice["advised"], "mock/m", "{advice}");
    assert_eq!(model(&advice, "mock/close")["verdict"], "does_not");
    // 200 cases of which none differs leave a loss of 2.2 points possible.
    let good = model(&advice, "mock/good");
    assert_eq!(good["verdict"], "cannot_tell");
    assert!((20..70).contains(&good["more_cases"].as_u64().unwrap()), "{good}");
    let advice = ask(&["--models", "mock/good,mock/close", "--margin", "3"]).exits(0).json();
    assert_eq!(advice["advised"], "mock/good", "{advice}");
    let advice = ask(&["--models", "mock/close", "--margin", "20"]).exits(0).json();
    assert_eq!(advice["advised"], "mock/close", "{advice}");
}

#[test]
fn nothing_that_holds_is_exit_code_4() {
    let upstream = upstream();
    let folder = project(&upstream, "thresholds: {accuracy: 1}\n");
    let ran = run_in(folder.path(), &["advise", "model", NAME, "--models", "mock/bad"]).exits(4);
    ran.says(&["no model is proved to hold what is wanted", "does not hold"]);
    let unknown =
        run_in(folder.path(), &["advise", "model", NAME, "--models", "nobody/m"]).exits(2);
    unknown.complains(&["nobody/m"]);
    let far = run_in(folder.path(), &["advise", "model", NAME, "--margin", "0"]).exits(2);
    far.complains(&["percentage points"]);
}
