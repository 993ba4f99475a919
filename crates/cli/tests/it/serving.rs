//! `gatemark serve` as a process: it starts, says where, refuses to be open to all, and stops cleanly.
//! What it answers is tested elsewhere.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::{Project, Server};

fn get(address: &str, path: &str) -> String {
    let mut socket = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_says_where_it_listens_and_stops_on_a_signal() {
    let project = Project::new();
    for signal in ["TERM", "INT"] {
        let mut server = Server::start(&project);
        let answer = get(server.address(), "/health/live");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(server.signal(signal), Some(0), "{signal}");
    }
}

#[test]
fn without_keys_it_does_not_open_to_other_machines() {
    let project = Project::new();
    let refused = project.run(&["serve", "--listen", "0.0.0.0:0"]).exits(2);
    refused.complains(&["no API keys", "gatemark key create"]);
}

#[test]
fn a_port_in_use_is_a_failure() {
    let project = Project::new();
    let server = Server::start(&project);
    let other = Project::new();
    let failed = other.run(&["serve", "--listen", server.address()]).exits(1);
    failed.complains(&["cannot listen on", "--listen"]);
}

#[test]
fn a_broken_configuration_stops_it_before_it_listens() {
    let project = Project::new();
    std::fs::write(project.path().join("gatemark.yaml"), "name: x\nprovider: {}\n").unwrap();
    let refused = project.run(&["serve", "--listen", "127.0.0.1:0"]).exits(2);
    refused.complains(&["gatemark.yaml:2:1", "cannot be used"]);
    assert!(!refused.err.contains("listens"));
}
