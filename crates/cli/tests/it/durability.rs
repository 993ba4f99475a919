//! What survives: records of answered calls over `kill -9`, and service over a lost database.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Project, Server};

/// Calls from `threads` threads until a call gets no answer; the ids of all answered calls.
fn load(server: &Server, threads: usize, kill_after: usize) -> BTreeSet<String> {
    let answered = Mutex::new(BTreeSet::new());
    let killed = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let response = server.call(json!({}));
                    let Some(id) = response.header("x-gatemark-call-id") else { return };
                    if response.body.is_empty() {
                        return;
                    }
                    let mut answered = answered.lock().unwrap();
                    answered.insert(id.to_string());
                    if answered.len() >= kill_after && !killed.swap(true, Ordering::SeqCst) {
                        let pid = server.id().to_string();
                        assert!(
                            std::process::Command::new("kill")
                                .args(["-9", &pid])
                                .status()
                                .unwrap()
                                .success()
                        );
                    }
                }
            });
        }
    });
    answered.into_inner().unwrap()
}

#[test]
fn the_record_of_every_answered_call_survives_kill_9() {
    let project = Project::deployed();
    let server = Server::start(&project);
    let answered = load(&server, 8, 400);
    drop(server);
    assert!(answered.len() >= 400, "{}", answered.len());
    let listed =
        project.run(&["calls", "--purpose", "serve", "--limit", "100000", "--json"]).exits(0).out;
    let recorded: BTreeSet<String> = listed
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_string()
        })
        .collect();
    let lost: Vec<&String> = answered.difference(&recorded).collect();
    assert!(lost.is_empty(), "{} of {} answered calls have no record", lost.len(), answered.len());
}

#[test]
fn a_rollback_by_another_process_is_served_within_a_second() {
    let project = Project::deployed();
    project.reword();
    project.run(&["push"]).exits(0);
    project.admit();
    let server = Server::start(&project);
    assert_eq!(server.call(json!({})).header("x-gatemark-version"), Some("1.0.1"));
    project.run(&["rollback", "support/triage"]).exits(0);
    let done = Instant::now();
    while server.call(json!({})).header("x-gatemark-version") != Some("1.0.0") {
        assert!(done.elapsed() < Duration::from_secs(1), "the old version still serves");
    }
    let moves = project.run(&["audit", "--json"]).exits(0).out;
    assert!(moves.contains("rollback"), "{moves}");
}

#[test]
fn calls_are_served_while_the_database_is_broken() {
    let project = Project::deployed();
    let server = Server::start(&project);
    assert_eq!(server.get("/api/v1/prompts", None).status, 200);
    // In place, so that the server's open files see it.
    for file in ["gatemark.db", "gatemark.db-wal"] {
        let path = project.path().join(".gatemark").join(file);
        let mut damaged = std::fs::OpenOptions::new().write(true).open(path).unwrap();
        std::io::Write::write_all(&mut damaged, &[b'x'; 65_536]).unwrap();
        damaged.set_len(65_536).unwrap();
    }
    let until = Instant::now() + Duration::from_secs(5);
    while server.get("/api/v1/prompts", None).status < 500 {
        assert!(Instant::now() < until, "the database is not broken");
    }
    for _ in 0..20 {
        let answer = server.call(json!({}));
        assert_eq!((answer.status, answer.header("x-gatemark-outcome")), (200, Some("ok")));
    }
}

#[test]
fn a_terminated_server_ships_its_records_and_exits_cleanly() {
    let project = Project::deployed();
    let mut server = Server::start(&project);
    assert_eq!(server.call(json!({})).status, 200);
    assert_eq!(server.signal("TERM"), Some(0));
    let left = std::fs::read_dir(project.path().join(".gatemark/calls")).unwrap().count();
    assert!(left <= 1, "{left} files are left in the call log");
}

#[test]
fn calls_are_served_while_the_disk_is_full() {
    let project = Project::deployed();
    // The call log and the database's own log are full after some dozens of records.
    let server = Server::start_on_small_disk(&project, 64);
    let lost = || {
        let metrics = server.get("/metrics", None).body;
        let name = "gatemark_call_records_lost_total ";
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_string();
        line.parse::<f64>().unwrap()
    };
    let mut calls = 0;
    while lost() < 3.0 {
        for _ in 0..20 {
            let answer = server.call(json!({}));
            assert_eq!((answer.status, answer.header("x-gatemark-outcome")), (200, Some("ok")));
        }
        calls += 20;
        assert!(calls < 3_000, "the disk is not full");
    }
    assert_eq!(server.get("/health/ready", None).status, 200);
    // What had a record before has it still.
    drop(server);
    let listed =
        project.run(&["calls", "--purpose", "serve", "--limit", "100000", "--json"]).exits(0).out;
    assert!(listed.lines().count() > 10, "{}", listed.lines().count());
}
