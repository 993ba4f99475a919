//! A small HTTP client for a running server.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::support::Server;

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// `error.code` of an error in OpenAI's shape.
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        assert!(
            body["error"]["message"].as_str().is_some_and(|message| message.len() > 8),
            "{body}"
        );
        assert!(body["error"]["type"].is_string(), "{body}");
        body["error"]["code"].as_str().unwrap_or_default().to_string()
    }
}

impl Server {
    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.address())
    }

    pub(crate) fn get(&self, path: &str, key: Option<&str>) -> Response {
        self.send("GET", path, &authorization(key), b"")
    }

    pub(crate) fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Response {
        self.send("POST", path, &authorization(key), body.to_string().as_bytes())
    }

    /// A call to `support/triage`, whose body has `more` fields.
    pub(crate) fn call(&self, more: Value) -> Response {
        let mut body = serde_json::json!({
            "model": "gatemark/support/triage",
            "messages": [],
            "variables": {"message": "The app crashes when I open settings."},
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post("/v1/chat/completions", None, &body)
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Response {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n{headers}connection: close\r\n\r\n",
            self.address(),
            body.len()
        );
        self.raw(&[head.as_bytes(), body].concat())
    }

    /// Sends bytes as they are and reads until the server closes; status 0 if there is no server or no
    /// answer.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Response {
        let Ok(mut stream) = TcpStream::connect(self.address()) else {
            return Response { status: 0, head: String::new(), body: String::new() };
        };
        // A server that refuses early may close before everything is written.
        let _ = stream.write_all(bytes);
        let mut answer = vec![];
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let chunked = head.to_lowercase().contains("transfer-encoding: chunked");
        let body = if chunked { unchunked(body) } else { body.to_string() };
        Response { status, head: head.to_string(), body }
    }
}

fn authorization(key: Option<&str>) -> String {
    key.map(|key| format!("authorization: Bearer {key}\r\n")).unwrap_or_default()
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        let Some(chunk) = rest.get(..size).filter(|chunk| !chunk.is_empty()) else { break };
        whole.push_str(chunk);
        body = rest.get(size + 2..).unwrap_or_default();
    }
    whole
}
