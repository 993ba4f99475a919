//! Runs that are interrupted, repeated, capped, and answered by earlier ones.

use std::fmt::Write as _;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::support::{TempDir, command, run_in};
use crate::upstream::{Upstream, last_text};

const NAME: &str = "test/echo";

/// A project with one prompt of `cases` cases `q-0`, `q-1`, … whose expected answer is `a-0`, `a-1`, …
fn project(upstream: &Upstream, cases: usize, suite: &str) -> TempDir {
    let folder = TempDir::new();
    let prompt = folder.path().join("prompts").join(NAME);
    fs::create_dir_all(&prompt).unwrap();
    fs::write(folder.path().join("gatemark.yaml"), upstream.config()).unwrap();
    let text = "version: 1.0.0\nvariables:\n  q: {type: string}\nmessages:\n  - {role: user, text: \"{{ q }}\"}\n\
                models:\n  - {model: mock/m, max_tokens: 20}\nchangelog: first\n";
    fs::write(prompt.join("prompt.yaml"), text).unwrap();
    let mut text = format!("{suite}checks:\n  - equals\ncases:\n");
    for n in 0..cases {
        writeln!(text, "  - {{id: c-{n}, variables: {{q: q-{n}}}, expected: a-{n}}}").unwrap();
    }
    fs::write(prompt.join("suite.yaml"), text).unwrap();
    run_in(folder.path(), &["push"]).exits(0);
    folder
}

fn right(request: &Value, _: u64) -> Result<String, u16> {
    Ok(last_text(request).replace('q', "a"))
}

fn test(folder: &TempDir, more: &[&str]) -> crate::support::Ran {
    let arguments = [&["test", NAME, "--json"], more].concat();
    run_in(folder.path(), &arguments)
}

#[test]
fn a_killed_run_goes_on_and_pays_for_nothing_twice() {
    let upstream = Upstream::start(|request, n| {
        // The first half comes at once, so that the kill lands in the middle.
        std::thread::sleep(Duration::from_millis(if n < 1000 { 0 } else { 5 }));
        right(request, n)
    });
    let folder = project(&upstream, 2000, "");
    let mut child = command(folder.path(), &["test", NAME, "--concurrency", "16"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while upstream.asked() < 1100 {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it was killed");
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = upstream.asked();
    assert!(before < 2000, "killed too late");
    let report = test(&folder, &["--concurrency", "16"]).exits(0).json();
    let resumed = report["verdicts"][0]["resumed"].as_u64().unwrap();
    let summary = &report["reports"][0]["summary"];
    assert!(resumed > 900, "{resumed} rows were kept of {before} calls");
    assert_eq!(summary["total"]["passed"], 2000);
    assert_eq!(summary["rows"], 2000);
    // Only what was under way when the process died is asked again.
    assert!(upstream.asked() <= 2000 + 16, "{} calls for 2000 rows", upstream.asked());
    // What is derived from the stored rows is what the report says.
    let id = report["reports"][0]["id"].as_str().unwrap();
    let stored = run_in(folder.path(), &["report", id, "--json"]).exits(0).json();
    assert_eq!(stored["rows"].as_array().unwrap().len(), 2000);
}

#[test]
fn answers_of_earlier_runs_are_taken_flagged_and_not_timed() {
    let upstream = Upstream::start(right);
    let folder = project(&upstream, 20, "");
    test(&folder, &[]).exits(0);
    assert_eq!(upstream.asked(), 20);
    // Another suite over the same questions: the answers are known.
    let suite = folder.path().join("prompts").join(NAME).join("suite.yaml");
    let text = fs::read_to_string(&suite)
        .unwrap()
        .replace("  - equals\n", "  - equals\n  - contains: a\n");
    fs::write(&suite, text).unwrap();
    run_in(folder.path(), &["push"]).exits(0);
    let again = test(&folder, &[]).exits(0).json();
    let summary = &again["reports"][0]["summary"];
    assert_eq!(upstream.asked(), 20);
    assert_eq!((&summary["cached"], &summary["spent"]), (&20.into(), &0.into()));
    assert_eq!(summary["p95_latency_us"], 0);
    assert_eq!(again["reports"][0]["rows"][0]["cached"], true);
    // The gate sees what each answer had cost, and that nobody knows how fast the model is now.
    assert!(summary["total_cost"].as_u64().unwrap() > 0);
    test(&folder, &["--no-cache"]).exits(0);
    assert_eq!(upstream.asked(), 40);
}

#[test]
fn repeats_are_asked_apart_and_flaky_cases_told() {
    // Right when asked for the first time, wrong for the second, for odd cases.
    let upstream = Upstream::start(|request, n| {
        let odd = last_text(request).ends_with(['1', '3', '5', '7', '9']);
        if odd && n >= 10 { Ok("?".into()) } else { right(request, n) }
    });
    let folder = project(&upstream, 10, "thresholds: {accuracy: 0.9}\n");
    let report = test(&folder, &["--repeats", "2", "--concurrency", "1"]).exits(4).json();
    let summary = &report["reports"][0]["summary"];
    assert_eq!(upstream.asked(), 20);
    assert_eq!(summary["total"]["passed"], 5);
    assert_eq!(summary["total"]["flaky"], 5);
    assert_eq!(summary["pass_at"], serde_json::json!([0.75, 1.0]));
    assert_eq!(summary["pass_hat"], serde_json::json!([0.75, 0.5]));
    // Repeats of one request are different answers, also in the cache.
    test(&folder, &["--repeats", "2", "--fresh"]).exits(4);
    assert_eq!(upstream.asked(), 20);
}

#[test]
fn a_cap_stops_the_run_and_a_higher_one_goes_on() {
    let upstream = Upstream::start(right);
    let folder = project(&upstream, 50, "");
    // A call costs 100 × $1/M + 10 × $2/M = $0.00012.
    let stopped = test(&folder, &["--max-cost", "0.0024"]).exits(1);
    stopped.complains(&["stopped at the cap of $0.0024"]);
    let asked = upstream.asked();
    assert!((12..=20).contains(&asked), "{asked} calls under a cap of 20");
    let report = test(&folder, &["--max-cost", "1"]).exits(0).json();
    assert_eq!(report["reports"][0]["summary"]["total"]["passed"], 50);
    assert_eq!(upstream.asked(), 50);
}

#[test]
fn a_run_that_cannot_reach_its_threshold_any_more_may_stop_and_is_no_pass() {
    let upstream = Upstream::start(|_, _| Ok("?".into()));
    let folder = project(&upstream, 200, "thresholds: {accuracy: 0.9}\n");
    let report = test(&folder, &["--stop-early"]).exits(4).json();
    assert!(upstream.asked() < 60, "{} calls", upstream.asked());
    let summary = &report["reports"][0]["summary"];
    assert_eq!(summary["total"]["cases"], 200);
    assert!(summary["total"]["untested"].as_u64().unwrap() > 100);
    let unmet = report["verdicts"][0]["unmet"].to_string();
    assert!(unmet.contains("decided: 21 of 200"), "{unmet}");
}

#[test]
fn cases_without_an_answer_are_asked_again_and_the_others_are_not() {
    let upstream =
        Upstream::start(|request, n| if n % 2 == 1 { Err(500) } else { right(request, n) });
    let folder = project(&upstream, 10, "");
    let report = test(&folder, &["--concurrency", "1"]).exits(4).json();
    assert_eq!(report["reports"][0]["summary"]["total"]["errors"], 5);
    assert_eq!(upstream.asked(), 10);
    test(&folder, &["--concurrency", "1"]).exits(4);
    assert_eq!(upstream.asked(), 15, "only the five without an answer");
}

#[test]
fn the_same_run_is_not_made_twice_at_once() {
    let upstream = Upstream::start(|request, n| {
        std::thread::sleep(Duration::from_millis(50));
        right(request, n)
    });
    let folder = project(&upstream, 100, "");
    let mut child = command(folder.path(), &["test", NAME, "--concurrency", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while upstream.asked() < 1 {
        std::thread::yield_now();
    }
    test(&folder, &[]).exits(2).complains(&["under way in another process"]);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn only_prompts_that_a_diff_touches_are_tested() {
    let upstream = Upstream::start(right);
    let folder = project(&upstream, 3, "");
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
        let mut git = std::process::Command::new("git");
        let done = git.current_dir(folder.path()).args(identity).args(arguments).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    };
    fs::write(folder.path().join(".gitignore"), ".gatemark/\n").unwrap();
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    git(&["switch", "-q", "-c", "work"]);
    let nothing = run_in(folder.path(), &["test", "--changed"]).exits(0);
    nothing.complains(&["no prompt with a suite differs from main"]);
    assert_eq!(upstream.asked(), 0);
    fs::write(folder.path().join("prompts").join(NAME).join("notes.md"), "x").unwrap();
    run_in(folder.path(), &["test", "--changed", "--base", "main"]).exits(0);
    assert_eq!(upstream.asked(), 3);
    run_in(folder.path(), &["test", "--changed", "--base", "no-such"])
        .exits(2)
        .complains(&["cannot compare with `no-such`"]);
}

#[test]
fn a_draft_is_tested_as_the_files_are_and_leaves_no_evidence() {
    let upstream = Upstream::start(right);
    let folder = project(&upstream, 3, "");
    let prompt = folder.path().join("prompts").join(NAME).join("prompt.yaml");
    let text = fs::read_to_string(&prompt).unwrap().replace("{{ q }}", "Please: {{ q }}");
    fs::write(&prompt, text).unwrap();
    let tried = test(&folder, &["--draft"]).exits(4).json();
    assert_eq!(tried["reports"][0]["rows"][0]["actual"], "Please: a-0");
    assert_eq!(upstream.asked(), 3);
    run_in(folder.path(), &["report", NAME]).exits(2).complains(&["there is no report"]);
    // Tried again, nothing is asked again.
    test(&folder, &["--draft"]).exits(4);
    assert_eq!(upstream.asked(), 3);
}

#[test]
fn watching_tests_again_when_a_file_changes() {
    let upstream = Upstream::start(right);
    let folder = project(&upstream, 3, "");
    let mut child = command(folder.path(), &["test", NAME, "--watch"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let wait_for = |asked| {
        while upstream.asked() < asked {
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    wait_for(3);
    let prompt = folder.path().join("prompts").join(NAME).join("prompt.yaml");
    let text = fs::read_to_string(&prompt).unwrap();
    fs::write(&prompt, text.replace("{{ q }}", "Well, {{ q }}")).unwrap();
    wait_for(6);
    child.kill().unwrap();
    child.wait().unwrap();
}
