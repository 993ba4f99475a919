//! Alerts through the real binary: seen, told once, never lost, silenced, acted on.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::receiver::{Postbox, Receiver};
use crate::rollouts::{Stage, call};
use crate::support::{PROMPT, Project, Server};

/// A deployed project whose `gatemark.yaml` says `alerts`.
fn project(alerts: &str) -> Project {
    let project = Project::deployed();
    let path = project.path().join("gatemark.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}\nalerts:\n{alerts}")).unwrap();
    project
}

/// One webhook, told at once.
fn hooked(receiver: &Receiver, more: &str) -> Project {
    let address = receiver.address();
    project(&format!(
        "  channels: {{hook: {{type: webhook, url: \"http://{address}/x\", secret_env: HOOK_SECRET}}}}\n  \
         routes: [{{to: [hook], group_wait: 0s}}]\n{more}"
    ))
}

const SECRET: [(&str, &str); 1] = [("HOOK_SECRET", "s3cret")];

/// Waits until the server's task `alerts` has run `more` times.
fn looked(server: &Server, more: u64) {
    let runs = || {
        let tasks = server.get("/api/v1/tasks", None).json();
        let task = tasks.as_array().unwrap().iter().find(|task| task["name"] == "alerts").cloned();
        task.map_or(0, |task| task["runs"].as_u64().unwrap())
    };
    let (until, wanted) = (Instant::now() + Duration::from_secs(60), runs() + more);
    while runs() < wanted {
        assert!(Instant::now() < until, "the task does not run");
    }
}

fn alerts(project: &Project) -> Vec<Value> {
    project.run(&["alerts", "--json"]).exits(0).json().as_array().unwrap().clone()
}

#[test]
fn a_stop_is_told_once_and_so_is_its_end() {
    let receiver = Receiver::start(200);
    let project = hooked(&receiver, "");
    let server = Server::start_with(&project, &SECRET);
    let _other = Server::start_with(&project, &SECRET);
    project.run(&["stop", PROMPT, "--reason", "wrong refunds", "--as", "ann"]).exits(0);
    let (message, notice) = receiver.notice("firing", "stopped");
    assert_eq!(
        (message.path.as_str(), message.header("content-type")),
        ("/x", Some("application/json"))
    );
    let body = message.json();
    assert_eq!(message.header("idempotency-key"), body["id"].as_str());
    assert!(
        message.header("x-gatemark-timestamp").unwrap().parse::<u64>().unwrap() > 1_700_000_000
    );
    let signature = message.header("x-gatemark-signature").unwrap().strip_prefix("v1=").unwrap();
    assert!(signature.len() == 64 && signature.bytes().all(|c| c.is_ascii_hexdigit()));
    assert_eq!(notice["alert"]["prompt"], PROMPT);
    assert_eq!(notice["alert"]["severity"], "critical");
    let summary = notice["alert"]["summary"].as_str().unwrap();
    assert!(summary.contains("ann") && summary.contains("wrong refunds"), "{summary}");
    // What came shortly before is said with it.
    let change = notice["alert"]["context"]["change"].as_str().unwrap();
    assert!(change.contains("after version 1 came to production"), "{change}");
    let found = alerts(&project);
    assert_eq!((found.len(), &found[0]["status"]), (1, &json!("firing")));
    looked(&server, 2);
    let metrics = server.get("/metrics", None).body;
    for line in ["gatemark_alerts{state=\"firing\"} 1", "gatemark_alert_messages{state=\"dead\"} 0"]
    {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    project.run(&["resume", PROMPT]).exits(0);
    let (_, over) = receiver.notice("resolved", "stopped");
    assert_eq!(over["incident"], notice["incident"]);
    assert_eq!(receiver.received().len(), 2, "nothing is told twice");
    assert!(alerts(&project).is_empty());
}

#[test]
fn what_was_decided_is_told_after_a_kill() {
    let receiver = Receiver::start(503);
    let project = hooked(&receiver, "");
    let mut server = Server::start_with(&project, &SECRET);
    project.run(&["stop", "--service", "support"]).exits(0);
    let refused = receiver.wait_for(|_| true);
    assert_eq!(server.signal("KILL"), None);
    let before = receiver.received().len();
    receiver.answers(200);
    let _again = Server::start_with(&project, &SECRET);
    let (taken, notice) = receiver.notice("firing", "stopped");
    assert_eq!(taken.json(), refused.json(), "the same message under the same id");
    assert_eq!(notice["incident"], "stopped/service=support#1");
    assert!(before >= 1);
    let sent = project.run(&["alert", "deliveries", "--state", "sent", "--json"]).exits(0).json();
    assert_eq!(sent.as_array().unwrap().len(), 1, "{sent}");
}

#[test]
fn what_is_given_up_is_shown_and_can_be_tried_again() {
    let receiver = Receiver::start(400);
    let project = hooked(&receiver, "");
    let _server = Server::start_with(&project, &SECRET);
    project.run(&["stop", "--all"]).exits(0);
    let until = Instant::now() + Duration::from_secs(60);
    let dead = loop {
        let dead =
            project.run(&["alert", "deliveries", "--state", "dead", "--json"]).exits(0).json();
        if let Some(dead) = dead.as_array().unwrap().first().cloned() {
            break dead;
        }
        assert!(Instant::now() < until, "never given up");
    };
    assert!(dead["error"].as_str().unwrap().contains("answered 400"), "{dead}");
    receiver.answers(200);
    project.run(&["alert", "retry"]).exits(0).says(&["1 tried again"]);
    let (taken, _) = receiver.notice("firing", "stopped");
    assert_eq!(taken.header("idempotency-key"), dead["id"].as_str());
}

#[test]
fn a_silence_tells_nobody_and_loses_nothing() {
    let receiver = Receiver::start(200);
    let project = hooked(&receiver, "");
    project.run(&["alert", "silence", "--for", "1h"]).exits(2).complains(&["--everything"]);
    let silence = project.run(&[
        "alert",
        "silence",
        "--prompt",
        "support/*",
        "--for",
        "1h",
        "--reason",
        "INC-7",
    ]);
    let id = silence.exits(0).out.trim().to_string();
    let server = Server::start_with(&project, &SECRET);
    project.run(&["stop", PROMPT]).exits(0);
    project.run(&["stop", "--environment", "staging"]).exits(0);
    // The other stop is told, so this one has had its turn.
    receiver.notice("firing", "stopped");
    looked(&server, 2);
    let found = alerts(&project);
    let quiet = found.iter().find(|alert| alert["prompt"] == PROMPT).unwrap();
    assert_eq!(quiet["status"], "firing");
    assert!(quiet["quiet"].as_str().unwrap().contains("INC-7"), "{quiet}");
    assert_eq!(receiver.received().len(), 1);
    let listed = project.run(&["alert", "silences", "--json"]).exits(0).json();
    assert_eq!(listed[0]["means"], "prompt=support/*");
    let ended = server.send("DELETE", &format!("/api/v1/alerts/silences/{id}"), "", b"");
    assert_eq!(ended.status, 200, "{}", ended.body);
    receiver.wait_for(|one| one.json()["notices"][0]["alert"]["prompt"] == PROMPT);
    project.run(&["alert", "unsilence", &id]).exits(2);
    // Taken on: that is told too, and noted.
    let key = format!("stopped/prompt={PROMPT}");
    project.run(&["alert", "ack", &key, "--as", "bob", "--note", "on it"]).exits(0);
    let (_, notice) = receiver.notice("acknowledged", "stopped");
    assert_eq!(notice["actor"], "bob");
    let taken = server.post("/api/v1/alerts/acknowledge", None, &json!({"key": "no/such"}));
    assert_eq!((taken.status, taken.code().as_str()), (404, "alert_not_found"));
    let log = project.run(&["audit", "--json"]).exits(0).json();
    let actions: Vec<_> =
        log.as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
    for action in ["alert.silence", "alert.unsilence", "alert.ack"] {
        assert!(actions.contains(&action), "{actions:?}");
    }
}

#[test]
fn a_rollback_announces_itself_whoever_does_it() {
    let receiver = Receiver::start(200);
    let project = hooked(&receiver, "");
    let mut server = Server::start_with(&project, &SECRET);
    looked(&server, 2);
    server.signal("TERM");
    project.reword();
    project.run(&["push"]).exits(0);
    project.admit();
    project.run(&["rollback", PROMPT, "--as", "ann"]).exits(0);
    let _server = Server::start_with(&project, &SECRET);
    let (_, notice) = receiver.notice("event", "rollback");
    let summary = notice["alert"]["summary"].as_str().unwrap();
    assert!(summary.starts_with(&format!("{PROMPT} was rolled back by ann")), "{summary}");
    assert_eq!(notice["alert"]["environment"], "production");
}

#[test]
fn an_alert_acts() {
    let receiver = Receiver::start(200);
    let project = hooked(&receiver, "  rules: {rollout_paused: {act: stop}}\n");
    project.reword();
    project.run(&["push"]).exits(0);
    project.run(&["test", PROMPT]).exits(0);
    project.run(&["approve", PROMPT, "--as", "other"]).exits(0);
    project.run(&["rollout", "start", PROMPT, "--to", "production"]).exits(0);
    let _server = Server::start_with(&project, &SECRET);
    project.run(&["rollout", "pause", PROMPT, "--reason", "odd answers"]).exits(0);
    let (_, notice) = receiver.notice("firing", "rollout_paused");
    assert_eq!(notice["act"], "stop");
    assert!(notice["alert"]["summary"].as_str().unwrap().contains("odd answers"));
    let (_, stopped) = receiver.notice("firing", "stopped");
    let summary = stopped["alert"]["summary"].as_str().unwrap();
    assert!(summary.contains("alert:rollout_paused"), "{summary}");
}

/// A prompt whose every answer is too slow, and what that does.
fn slow(act: &str) -> Stage {
    let stage = Stage::new();
    let path = stage.project.path().join("gatemark.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let watched = "production: {policy: open, monitors: {latency: {above_ms: 0.001, least: 10}}}";
    let text = text.replace("production: {policy: open}", watched);
    fs::write(&path, format!("{text}\nalerts: {{rules: {{latency: {{act: {act}}}}}}}\n")).unwrap();
    stage
}

/// Waits until `fits` holds for what `arguments` print.
fn until(project: &Project, arguments: &[&str], fits: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let found = project.run(arguments).exits(0).json();
        if fits(&found) {
            return found;
        }
        assert!(Instant::now() < deadline, "still {found:#}");
    }
}

#[test]
fn an_alert_pauses_a_rollout() {
    let stage = slow("pause");
    let project = &stage.project;
    let server = Server::start(project);
    let start = ["rollout", "start", PROMPT, "--to", "production", "--steps", "1%:1h"];
    project.run(&start).exits(0);
    (0..20).for_each(|person| drop(call(&server, &format!("u{person}"))));
    project.run(&["monitor", "signals", "--state", "breach"]).exits(0).says(&["latency"]);
    let status =
        until(project, &["rollout", "status", PROMPT, "--json"], |it| it["state"] == "paused");
    let metrics = server.get("/metrics", None).body;
    assert!(metrics.contains(r#"gatemark_signals{rule="latency",state="breach"} 1"#), "{metrics}");
    let reason = status["reason"].as_str().unwrap();
    assert!(reason.starts_with("alert monitor/production/support/triage/latency"), "{reason}");
    let told = project.run(&["audit", "--limit", "1", "--json"]).exits(0).json();
    assert_eq!(
        (&told[0]["action"], &told[0]["actor"]),
        (&json!("rollout.pause"), &json!("alert:latency"))
    );
}

#[test]
fn an_alert_rolls_back_and_only_once() {
    let stage = slow("rollback");
    let project = &stage.project;
    let server = Server::start(project);
    project.run(&["deploy", PROMPT, "--to", "production"]).exits(0);
    let version = |person: usize| {
        let answer = call(&server, &format!("u{person}"));
        answer.header("x-gatemark-version-number").unwrap().to_string()
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    while version(0) != "2" {
        assert!(Instant::now() < deadline, "version 2 does not serve");
    }
    (0..20).for_each(|person| drop(version(person)));
    project.run(&["monitor", "signals", "--state", "breach"]).exits(0).says(&["latency"]);
    let rollbacks = |found: &Value| -> Vec<Value> {
        let all = found.as_array().unwrap().iter();
        all.filter(|entry| entry["action"] == "rollback").cloned().collect()
    };
    let log = ["audit", "--limit", "100", "--json"];
    let found = until(project, &log, |found| !rollbacks(found).is_empty());
    assert_eq!(rollbacks(&found)[0]["actor"], "alert:latency");
    // Version 1 is as slow, and the alert goes on: it took back what served when it began, and does no more.
    let deadline = Instant::now() + Duration::from_secs(10);
    while version(0) != "1" {
        assert!(Instant::now() < deadline, "version 1 does not serve again");
    }
    (0..20).for_each(|person| drop(version(person)));
    project.run(&["monitor", "signals", "--state", "breach"]).exits(0).says(&["version 1"]);
    looked(&server, 3);
    assert_eq!(rollbacks(&project.run(&log).exits(0).json()).len(), 1);
    let deeds = project.run(&["alert", "deliveries", "--json"]).exits(0).json();
    let deeds = deeds.as_array().unwrap();
    assert!(deeds.iter().all(|deed| deed["channel"] == "!rollback" && deed["state"] == "sent"));
    assert_eq!(deeds.len(), 1, "{deeds:#?}");
}

/// Every receiver gets the shape that it documents.
#[test]
fn every_channel_speaks_its_receivers_format() {
    let receiver = Receiver::start(202);
    let address = receiver.address();
    let project = project(&format!(
        "  channels:\n    slack: {{type: slack, url_env: SLACK_URL}}\n    pager: {{type: pagerduty, key_env: \
         PAGER_KEY, url: \"http://{address}/pd\"}}\n    am: {{type: alertmanager, url: \"http://{address}/am\", \
         token_env: AM_TOKEN}}\n  routes: [{{to: [slack, pager, am], group_wait: 0s}}]\n"
    ));
    let slack = format!("http://{address}/hook/T0/B0/zzz");
    let environment =
        [("SLACK_URL", slack.as_str()), ("PAGER_KEY", "R0UTE"), ("AM_TOKEN", "t0ken")];
    let _server = Server::start_with(&project, &environment);
    project.run(&["stop", PROMPT, "--reason", "a <b> & c"]).exits(0);
    let text = receiver.wait_for(|one| one.path == "/hook/T0/B0/zzz").json();
    let text = text["text"].as_str().unwrap().to_string();
    assert!(text.starts_with("*FIRING stopped (critical) support/triage*\n"), "{text}");
    assert!(text.contains("a &lt;b&gt; &amp; c"), "{text}");
    let trigger = receiver.wait_for(|one| one.path == "/pd/v2/enqueue").json();
    assert_eq!(trigger["routing_key"], "R0UTE");
    assert_eq!(
        (&trigger["event_action"], &trigger["dedup_key"]),
        (&json!("trigger"), &json!("stopped/prompt=support/triage#1"))
    );
    assert_eq!(trigger["payload"]["severity"], "critical");
    assert_eq!(trigger["payload"]["source"], PROMPT);
    assert!(trigger["payload"]["summary"].as_str().unwrap().contains("a <b> & c"));
    let sent = receiver.wait_for(|one| one.path == "/am/api/v2/alerts");
    assert_eq!(sent.header("authorization"), Some("Bearer t0ken"));
    let sent = sent.json();
    assert_eq!(sent[0]["labels"]["alertname"], "stopped");
    assert_eq!(sent[0]["labels"]["prompt"], PROMPT);
    let moment = |one: &Value, name: &str| one[0][name].as_str().unwrap().to_string();
    assert!(moment(&sent, "endsAt") > moment(&sent, "startsAt"), "{sent}");
    project.run(&["resume", PROMPT]).exits(0);
    let over = receiver
        .wait_for(|one| one.path == "/pd/v2/enqueue" && one.json()["event_action"] == "resolve");
    assert_eq!(over.json()["dedup_key"], trigger["dedup_key"]);
    assert!(over.json().get("payload").is_none());
    let ends = |one: &Value| one[0]["endsAt"].as_str().unwrap().to_string();
    receiver.wait_for(|one| one.path == "/am/api/v2/alerts" && ends(&one.json()) < ends(&sent));
}

#[test]
fn a_mail_is_sent_and_a_channel_can_be_tried() {
    let (postbox, receiver) = (Postbox::start(), Receiver::start(404));
    let (mail, hook) = (postbox.address(), receiver.address());
    let project = project(&format!(
        "  channels:\n    mail: {{type: email, server: \"{mail}\", tls: none, from: gatemark@a.example, to: \
         [ops@b.example, \"boss@c.example\"]}}\n    gone: {{type: webhook, url: \"http://{hook}/x\"}}\n    \
         unset: {{type: slack, url_env: NOT_SET_ANYWHERE}}\n    inner: {{type: webhook, url: \
         \"http://10.0.0.1/x\"}}\n"
    ));
    let tried = project.run(&["alert", "test", "mail", "--json", "--as", "ann"]).exits(0).json();
    assert_eq!((&tried["kind"], &tried["delivered"]), (&json!("email"), &json!(true)));
    let mails = postbox.mails();
    assert_eq!(mails.len(), 1);
    for part in [
        "MAIL FROM:<gatemark@a.example>",
        "RCPT TO:<ops@b.example>",
        "RCPT TO:<boss@c.example>",
        "Subject: [Gatemark] test",
        "Message-ID: <",
        "ann tries the channel mail",
    ] {
        assert!(mails[0].contains(part), "{part} is not in\n{}", mails[0]);
    }
    project.run(&["alert", "test", "gone"]).exits(1).says(&["answered 404"]);
    project.run(&["alert", "test", "unset"]).exits(1).says(&["NOT_SET_ANYWHERE is not set"]);
    project.run(&["alert", "test", "inner"]).exits(1).says(&["allow_private"]);
    project.run(&["alert", "test", "nobody"]).exits(2).complains(&["gone, inner, mail, unset"]);
}
