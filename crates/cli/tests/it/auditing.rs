//! The audit chain through the real binary: what is verified, what is found, who can write at once.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{Project, Server, command};

fn python(script: &str, arguments: &[&str]) -> String {
    let output = Command::new(std::env::var("GATEMARK_REFERENCE_PYTHON").unwrap())
        .args(["-c", script])
        .args(arguments)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

/// Changes the database behind gatemark's back.
fn tamper(project: &Project, sql: &str) {
    let database = project.path().join(".gatemark/gatemark.db");
    let script = "import sqlite3, sys\n\
        with sqlite3.connect(sys.argv[1]) as database: database.executescript(sys.argv[2])";
    python(script, &[database.to_str().unwrap(), sql]);
}

fn verdict(project: &Project, more: &[&str], code: i32) -> Value {
    let arguments = [&["audit", "verify", "--json"], more].concat();
    project.run(&arguments).exits(code).json()
}

#[track_caller]
fn broken(project: &Project, sql: &str, id: i64, flaw: &str) {
    tamper(project, sql);
    let found = verdict(project, &[], 6);
    assert_eq!(
        (found["ok"].as_bool(), found["broken"]["id"].as_i64()),
        (Some(false), Some(id)),
        "{found}"
    );
    assert_eq!(found["broken"]["flaw"], flaw, "{found}");
}

/// A project with entries 1 to 5 or so.
fn project() -> Project {
    let project = Project::pushed();
    for name in ["one", "two", "three", "four"] {
        project.run(&["key", "create", name, "--role", "call"]).exits(0);
    }
    project
}

#[test]
fn another_program_computes_the_same_chain() {
    let project = project();
    project.run(&["key", "revoke", "one"]).exits(0);
    project.run(&["stop", "--all", "--reason", "\"quoted\" ü \u{1f600} \\ / <b>"]).exits(0);
    let entries = project.run(&["audit", "--json"]).exits(0).out;
    let script = r#"
import hashlib, json, sys
previous = hashlib.sha256(b"gatemark audit chain 1").hexdigest()
for entry in reversed(json.loads(sys.argv[1])):
    content = [entry[name] for name in ("id", "at", "actor", "action", "subject", "detail")]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    previous = hashlib.sha256((previous + "\n" + text).encode()).hexdigest()
    assert entry["hash"] == previous, entry
print(f"{entry['id']}:{previous}")
"#;
    let theirs = python(script, &[&entries]);
    let head = project.run(&["audit", "head"]).exits(0).out;
    assert_eq!(theirs, head);
    let found = verdict(&project, &["--expect", head.trim()], 0);
    assert_eq!((found["ok"].as_bool(), found["sealed"].as_i64()), (Some(true), Some(0)), "{found}");
    let text = project.run(&["audit"]).exits(0).out;
    assert!(text.contains(&head.trim().split(':').nth(1).unwrap()[..12]), "{text}");
}

#[test]
fn the_first_broken_entry_is_named() {
    let sound = project();
    assert_eq!(verdict(&sound, &[], 0)["ok"], true);
    broken(&sound, "UPDATE audit_entries SET actor = 'nobody' WHERE id = 3", 3, "changed");
    sound.run(&["audit", "verify"]).exits(6).says(&["entry 3 (key.create two)"]);
    // Later entries go on; the place stays named.
    sound.run(&["key", "create", "five", "--role", "call"]).exits(0);
    assert_eq!(verdict(&sound, &[], 6)["broken"]["id"], 3);
    broken(&project(), "DELETE FROM audit_entries WHERE id = 2", 2, "missing");
    let slip = "INSERT INTO audit_entries SELECT 0, at, actor, action, subject, detail, hash FROM \
                audit_entries WHERE id = 1";
    broken(&project(), slip, 0, "inserted");
}

#[test]
fn a_log_cut_off_and_mended_is_told_by_a_head_kept_elsewhere() {
    let project = project();
    let kept = project.run(&["audit", "head"]).exits(0).out;
    let (id, _) = kept.trim().split_once(':').unwrap();
    let id: i64 = id.parse().unwrap();
    broken(&project, &format!("DELETE FROM audit_entries WHERE id = {id}"), id, "missing");
    // With the counter set back too, the log alone cannot tell.
    tamper(&project, "UPDATE counters SET value = value - 1 WHERE name = 'audit'");
    assert_eq!(verdict(&project, &[], 0)["entries"], id - 1);
    let found = verdict(&project, &["--expect", kept.trim()], 6);
    assert_eq!(found["broken"]["flaw"], "unexpected", "{found}");
    project.run(&["audit", "verify", "--expect", "nonsense"]).exits(2).complains(&["audit head"]);
}

#[test]
fn processes_that_write_at_once_make_one_chain() {
    let project = Project::pushed();
    let server = Server::start(&project);
    let writers: Vec<_> = (0..4)
        .map(|number| {
            let name = format!("cli-{number}");
            let arguments = ["key", "create", &name, "--role", "admin"];
            let mut writer = command(project.path(), &arguments);
            writer.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for scope in ["all", "service=a", "service=b", "service=c"] {
        // The first key closes the door of the server without keys; what came before is in the log.
        server.post("/api/v1/stops", None, &serde_json::json!({"scope": scope}));
    }
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    drop(server);
    let found = verdict(&project, &[], 0);
    assert!(found["entries"].as_i64().unwrap() >= 5, "{found}");
    let entries = project.run(&["audit", "--json"]).exits(0).json();
    assert_eq!(
        entries.as_array().unwrap().len(),
        usize::try_from(found["entries"].as_i64().unwrap()).unwrap()
    );
}

#[test]
fn the_api_verifies_too() {
    let project = project();
    let server = Server::start(&project);
    let secret = project.run(&["key", "create", "admin", "--role", "admin"]).exits(0).out;
    let ask = |path: &str| {
        let answer = server.get(path, Some(secret.trim()));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    };
    let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while server.get("/api/v1/audit", Some(secret.trim())).status != 200 {
        assert!(std::time::Instant::now() < until, "the key is not known");
    }
    let sound = ask("/api/v1/audit/verify");
    assert_eq!(
        (sound["ok"].as_bool(), sound["head"]["id"].as_i64()),
        (Some(true), sound["entries"].as_i64())
    );
    let head = sound["head"]["hash"].as_str().unwrap();
    assert_eq!(ask(&format!("/api/v1/audit/verify?expect={head}"))["ok"], true);
    assert_eq!(ask("/api/v1/audit?limit=1")[0]["hash"].as_str(), Some(head));
    tamper(&project, "UPDATE audit_entries SET detail = 'else' WHERE id = 4");
    assert_eq!(ask("/api/v1/audit/verify")["broken"]["flaw"], "changed");
}
