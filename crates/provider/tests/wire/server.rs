//! A server that says exactly what a test tells it to, byte by byte if need be.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What follows the last byte of a reply.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum End {
    /// The connection waits for the next request.
    Keep,
    /// It is closed.
    Close,
    /// Nothing ever happens.
    Stall,
}

/// One reply: the pieces are written one by one.
pub(crate) struct Reply {
    pub(crate) pieces: Vec<Vec<u8>>,
    pub(crate) end: End,
}

impl Reply {
    /// A whole body with its length.
    pub(crate) fn whole(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n");
        Self { pieces: vec![head.into_bytes(), body.as_bytes().to_vec()], end: End::Keep }
    }

    pub(crate) fn json(status: &str, body: &str) -> Self {
        Self::whole(status, "content-type: application/json\r\n", body)
    }

    /// An event stream in HTTP chunks of `size` bytes.
    pub(crate) fn events(body: &str, size: usize) -> Self {
        let mut reply = Self::begun(body, size);
        reply.pieces.push(b"0\r\n\r\n".to_vec());
        reply.end = End::Keep;
        reply
    }

    /// As [`Reply::events`], but the connection is closed before the end of the body.
    pub(crate) fn begun(body: &str, size: usize) -> Self {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
                    transfer-encoding: chunked\r\n\r\n";
        let mut pieces = vec![head.as_bytes().to_vec()];
        for piece in body.as_bytes().chunks(size) {
            let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
            chunk.extend_from_slice(piece);
            chunk.extend_from_slice(b"\r\n");
            pieces.push(chunk);
        }
        Self { pieces, end: End::Close }
    }

    pub(crate) fn then(mut self, end: End) -> Self {
        self.end = end;
        self
    }
}

/// What the server has seen.
#[derive(Default)]
pub(crate) struct Seen {
    /// Requests, head and body.
    pub(crate) requests: Vec<String>,
    /// Connections accepted.
    pub(crate) connections: usize,
}

/// A server; it ends with the value.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Seen>>,
    _task: JoinSet<()>,
}

impl Server {
    /// Answers one request after the other with `replies`.
    pub(crate) async fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut task = JoinSet::new();
        let seen_there = Arc::clone(&seen);
        task.spawn(async move {
            let mut replies = VecDeque::from(replies);
            let mut stalled = Vec::new();
            while let Ok((mut socket, _)) = listener.accept().await {
                socket.set_nodelay(true).unwrap();
                seen_there.lock().unwrap().connections += 1;
                if serve(&mut socket, &mut replies, &seen_there).await == End::Stall {
                    stalled.push(socket);
                }
            }
        });
        Self { url, seen, _task: task }
    }

    pub(crate) fn request(&self, rank: usize) -> String {
        self.seen.lock().unwrap().requests[rank].clone()
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.lock().unwrap().requests.len()
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }
}

async fn serve(socket: &mut TcpStream, replies: &mut VecDeque<Reply>, seen: &Mutex<Seen>) -> End {
    while let Some(request) = read(socket).await {
        seen.lock().unwrap().requests.push(request);
        let Some(reply) = replies.pop_front() else { return End::Close };
        for piece in &reply.pieces {
            if socket.write_all(piece).await.is_err() {
                return End::Close;
            }
            // Lets the client see this piece by itself.
            tokio::task::yield_now().await;
        }
        if reply.end != End::Keep {
            return reply.end;
        }
    }
    End::Close
}

/// One request with its body; `None` when the client has left.
async fn read(socket: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return Some(text);
            }
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
