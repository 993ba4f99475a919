//! A receiver of alerts: keeps what it is sent and answers as a test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) path: String,
    head: String,
    pub(crate) bytes: Vec<u8>,
    /// What it was answered.
    pub(crate) status: u16,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }
}

/// The receiver. Lives as long as the test process.
pub(crate) struct Receiver {
    address: String,
    status: Arc<AtomicU16>,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    /// One that answers every request with `status`.
    pub(crate) fn start(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (status, received) =
            (Arc::new(AtomicU16::new(status)), Arc::<Mutex<Vec<_>>>::default());
        let (answers, kept) = (status.clone(), received.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, kept) = (answers.clone(), kept.clone());
                std::thread::spawn(move || converse(&stream, &answers, &kept));
            }
        });
        Self { address, status, received }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// From now on it answers so.
    pub(crate) fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until `fits` holds for one of the requests, and gives the first.
    #[track_caller]
    pub(crate) fn wait_for(&self, fits: impl Fn(&Received) -> bool) -> Received {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let received = self.received();
            if let Some(found) = received.iter().find(|one| fits(one)) {
                return found.clone();
            }
            let bodies: Vec<_> = received
                .iter()
                .map(|one| String::from_utf8_lossy(&one.bytes).into_owned())
                .collect();
            assert!(Instant::now() < until, "never came; there were {bodies:#?}");
            std::thread::yield_now();
        }
    }

    /// The first notice of a webhook that fits: its message and itself.
    #[track_caller]
    pub(crate) fn notice(&self, kind: &str, rule: &str) -> (Received, Value) {
        let find = |one: &Received| {
            let message: Value = serde_json::from_slice(&one.bytes).ok()?;
            let notices = message["notices"].as_array()?.clone();
            notices.into_iter().find(|n| n["kind"] == kind && n["alert"]["rule"] == rule)
        };
        let received = self.wait_for(|one| one.status == 200 && find(one).is_some());
        let notice = find(&received).unwrap();
        (received, notice)
    }
}

fn converse(stream: &TcpStream, status: &AtomicU16, kept: &Mutex<Vec<Received>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let (mut head, mut length) = (String::new(), 0);
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
            head.push_str(&line);
        }
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes).ok()?;
        let path = head.split(' ').nth(1)?.to_string();
        let status = status.load(Ordering::SeqCst);
        kept.lock().unwrap().push(Received { path, head, bytes, status });
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
        writer.write_all(answer.as_bytes()).ok()?;
    }
}

/// A mail server that takes everything in the clear and keeps it: one text for each mail, commands included.
pub(crate) struct Postbox {
    address: String,
    mails: Arc<Mutex<Vec<String>>>,
}

impl Postbox {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mails = Arc::<Mutex<Vec<String>>>::default();
        let kept = mails.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                take(&stream, &kept);
            }
        });
        Self { address, mails }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }
}

/// RFC 5321 as far as a client needs it that sends one mail.
fn take(stream: &TcpStream, mails: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    let mut say = |text: &str| writer.write_all(format!("{text}\r\n").as_bytes()).ok();
    say("220 postbox ready")?;
    let (mut mail, mut in_data) = (String::new(), false);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        mail.push_str(&line);
        if in_data {
            if line == ".\r\n" {
                in_data = false;
                mails.lock().unwrap().push(std::mem::take(&mut mail));
                say("250 taken")?;
            }
            continue;
        }
        match line.get(..4).unwrap_or_default().to_uppercase().as_str() {
            "DATA" => {
                in_data = true;
                say("354 go on")?;
            }
            "QUIT" => {
                say("221 bye")?;
                return None;
            }
            _ => say("250 fine")?,
        }
    }
}
