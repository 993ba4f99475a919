//! A vendor that speaks raw TCP and misbehaves as the requested model's name says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Longer than every deadline of the tests, and the tests end before it.
const FOR_EVER: Duration = Duration::from_secs(30);

/// Starts it; its address.
pub(super) fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || misbehave(stream));
        }
    });
    address
}

/// An address where nobody listens.
pub(super) fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// An address whose listener accepts nobody and has no room for more who wait: connections stall.
pub(super) fn full() -> String {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&any.into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let wait = Duration::from_millis(100);
    let mut waiting = vec![];
    while let Ok(stream) = TcpStream::connect_timeout(&address, wait) {
        waiting.push(stream);
        assert!(waiting.len() < 100, "the queue has no end");
    }
    // They live as long as the test process.
    std::mem::forget((socket, waiting));
    address.to_string()
}

const COMPLETION: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"said"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}"#;
const ERROR: &str = r#"{"error":{"message":"by the fault","type":"server_error"}}"#;
const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

/// An event with this delta.
fn delta(delta: &str, finish: &str) -> String {
    event(&format!(
        r#"{{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}"#
    ))
}

fn role() -> String {
    delta(r#"{"role":"assistant","content":""}"#, "null")
}

fn said(text: &str) -> String {
    delta(&format!(r#"{{"content":"{text}"}}"#), "null")
}

fn whole(status: &str, headers: &str, length: usize, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}connection: close\r\n\r\n{body}"
    )
}

/// What is done after everything was written.
enum Then {
    Close,
    Stall,
    Reset,
}

use Then::{Close, Reset, Stall};

fn misbehave(mut stream: TcpStream) -> Option<()> {
    let name = requested(&stream)?;
    let half = &COMPLETION[..COMPLETION.len() / 2];
    let full = COMPLETION.len();
    let (text, then) = match name.as_str() {
        "garbage" => ("\0\u{1}not http at all\r\n\r\n".to_string(), Close),
        "html" => {
            let page = "<html><body>welcome</body></html>";
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n";
            (format!("{head}content-length: {}\r\n\r\n{page}", page.len()), Close)
        }
        "broken-json" => (whole("200", "", half.len(), half), Close),
        "short-body" => (whole("200", "", full + 10, COMPLETION), Close),
        "long-body" => (whole("200", "", full - 10, COMPLETION), Close),
        "error-in-200" => (whole("200", "", ERROR.len(), ERROR), Close),
        "stall-headers" | "s-stall-headers" => (String::new(), Stall),
        "stall-body" => (whole("200", "", full, half), Stall),
        "reset-at-once" => (String::new(), Reset),
        "reset-headers" => ("HTTP/1.1 200 OK\r\ncontent-ty".to_string(), Reset),
        "reset-body" => (whole("200", "", full, half), Reset),
        "redirect" => (whole("302", "location: http://127.0.0.1:1/\r\n", 0, ""), Close),
        "gzip" => (whole("200", "content-encoding: gzip\r\n", full, COMPLETION), Close),
        "huge" => return huge(&mut stream),
        "s-garbage" => (format!("{HEAD}{}{}", event("{not json"), event("[DONE]")), Close),
        "s-half-event" => (format!("{HEAD}data: {{\"choices\":[{{\"delta\":{{\"con"), Close),
        "s-error-before" => (format!("{HEAD}{}{}", role(), event(ERROR)), Close),
        "s-empty" => (format!("{HEAD}{}{}", role(), event("[DONE]")), Close),
        "s-stall-first" => (format!("{HEAD}{}", role()), Stall),
        "s-reset-first" => (format!("{HEAD}{}", role()), Reset),
        "s-error-after" => (format!("{HEAD}{}{}", said("said"), event(ERROR)), Close),
        "s-no-end" => (format!("{HEAD}{}", said("said")), Close),
        "s-stall-mid" => (format!("{HEAD}{}", said("said")), Stall),
        "s-reset-mid" => (format!("{HEAD}{}", said("said")), Reset),
        "s-endless" => return endless(&mut stream),
        "s-slow" => return slow(&mut stream),
        "s-flood" => return flood(&mut stream),
        "s-no-reason" => (format!("{HEAD}{}{}", said("said"), event("[DONE]")), Close),
        "s-half-after" => {
            (format!("{HEAD}{}data: {{\"choices\":[{{\"delta\":{{\"con", said("said")), Close)
        }
        "s-html" => {
            let page = "<html><body>welcome</body></html>";
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n";
            (format!("{head}content-length: {}\r\n\r\n{page}", page.len()), Close)
        }
        "s-redirect" => (whole("307", "location: http://127.0.0.1:1/\r\n", 0, ""), Close),
        "s-gzip" => (whole("200", "content-encoding: gzip\r\n", full, COMPLETION), Close),
        "s-reset-headers" => ("HTTP/1.1 200 OK\r\ncontent-ty".to_string(), Reset),
        "s-huge-event" => return huge_event(&mut stream),
        "s-usage-after" => {
            let usage = r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}"#;
            let end = delta("{}", "\"stop\"");
            (format!("{HEAD}{}{end}{}{}", said("said"), event(usage), event("[DONE]")), Close)
        }
        status => {
            let status = status.strip_prefix("status-")?;
            (whole(status, "", ERROR.len(), ERROR), Close)
        }
    };
    stream.write_all(text.as_bytes()).ok()?;
    match then {
        Close => {}
        Stall => std::thread::sleep(FOR_EVER),
        Reset => {
            // Time for what was written to be read: a reset throws away what was not.
            std::thread::sleep(Duration::from_millis(100));
            let none = Some(Duration::ZERO);
            socket2::SockRef::from(&stream).set_linger(none).ok()?;
        }
    }
    Some(())
}

/// 100 MB, until the reader has had enough.
fn huge(stream: &mut TcpStream) -> Option<()> {
    let megabyte = "x".repeat(1 << 20);
    stream.write_all(whole("200", "", 100 << 20, "").as_bytes()).ok()?;
    (0..100).try_for_each(|_| stream.write_all(megabyte.as_bytes()).ok())
}

/// One event of 100 MB, until the reader has had enough.
fn huge_event(stream: &mut TcpStream) -> Option<()> {
    let megabyte = "x".repeat(1 << 20);
    stream
        .write_all(format!("{HEAD}data: {{\"choices\":[{{\"delta\":{{\"content\":\"").as_bytes())
        .ok()?;
    (0..100).try_for_each(|_| stream.write_all(megabyte.as_bytes()).ok())
}

/// As many events as anybody takes.
fn flood(stream: &mut TcpStream) -> Option<()> {
    let event = said(&"word ".repeat(400));
    stream.write_all(HEAD.as_bytes()).ok()?;
    loop {
        stream.write_all(event.as_bytes()).ok()?;
    }
}

/// Events without an end.
fn endless(stream: &mut TcpStream) -> Option<()> {
    stream.write_all(HEAD.as_bytes()).ok()?;
    loop {
        stream.write_all(said("said ").as_bytes()).ok()?;
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A stream of half a second.
fn slow(stream: &mut TcpStream) -> Option<()> {
    stream.write_all(HEAD.as_bytes()).ok()?;
    for _ in 0..5 {
        stream.write_all(said("on and on ").as_bytes()).ok()?;
        std::thread::sleep(Duration::from_millis(100));
    }
    let end = format!("{}{}{}", said("the end"), delta("{}", "\"stop\""), event("[DONE]"));
    stream.write_all(end.as_bytes()).ok()
}

/// The model that the request names.
fn requested(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body: Value = serde_json::from_slice(&body).ok()?;
    body["model"].as_str().map(String::from)
}
