//! Mail by TLS, with a server that keeps what it hears.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use gatemark_core::alert::{Notice, NoticeKind};
use gatemark_core::signal::{Severity, Signal, SignalState};
use lettre::transport::smtp::client::Certificate;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::*;

const AUTHORITY: &[u8] = include_bytes!("../../../tests/fixtures/mail/ca.pem");
const CERTIFICATE: &[u8] = include_bytes!("../../../tests/fixtures/mail/server.pem");
const KEY: &[u8] = include_bytes!("../../../tests/fixtures/mail/server.key");
const LOGIN: Option<(&str, &str)> = Some(("gatemark", "pa55"));

/// What was said to a server: in the clear, and under TLS.
type Heard = Arc<Mutex<[Vec<String>; 2]>>;

/// How a server is.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Tls,
    StartTls,
    /// It has no TLS.
    Plain,
}

/// A server for one connection on a free port.
fn serve(kind: Kind) -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Heard::default();
    let kept = heard.clone();
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let clear = match kind {
            Kind::Tls => Some(stream),
            Kind::StartTls => {
                let offers = "250 STARTTLS\r\n";
                greet(stream).and_then(|stream| converse(stream, offers, (&kept, 0)))
            }
            Kind::Plain => {
                let offers = "250 AUTH PLAIN\r\n";
                greet(stream).and_then(|stream| converse(stream, offers, (&kept, 0)))
            }
        };
        let Some(stream) = clear else { return };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        let stream = StreamOwned::new(connection, stream);
        let stream = if kind == Kind::Tls { greet(stream) } else { Some(stream) };
        stream.and_then(|stream| converse(stream, "250 AUTH PLAIN\r\n", (&kept, 1)));
    });
    (port, heard)
}

fn greet<S: Write>(mut stream: S) -> Option<S> {
    stream.write_all(b"220 here\r\n").ok()?;
    Some(stream)
}

fn line(stream: &mut impl Read) -> Option<String> {
    let (mut line, mut byte) = (vec![], [0]);
    while !line.ends_with(b"\r\n") {
        stream.read_exact(&mut byte).ok()?;
        line.extend(byte);
    }
    Some(String::from_utf8(line).unwrap())
}

/// RFC 5321 as far as a client needs it that sends one mail. Gives the stream back where TLS is to begin.
fn converse<S: Read + Write>(
    mut stream: S,
    offers: &str,
    (heard, place): (&Heard, usize),
) -> Option<S> {
    loop {
        let said = line(&mut stream)?;
        heard.lock().unwrap()[place].push(said.trim_end().to_string());
        let word = said.split_whitespace().next().unwrap_or_default().to_uppercase();
        let answer = match word.as_str() {
            "EHLO" => format!("250-here\r\n{offers}"),
            "AUTH" => "235 welcome\r\n".to_string(),
            "STARTTLS" => "220 go on\r\n".to_string(),
            "DATA" => "354 go on\r\n".to_string(),
            "QUIT" => "221 bye\r\n".to_string(),
            _ => "250 fine\r\n".to_string(),
        };
        stream.write_all(answer.as_bytes()).ok()?;
        match word.as_str() {
            "STARTTLS" => return Some(stream),
            "QUIT" => return None,
            "DATA" => {
                while line(&mut stream)? != ".\r\n" {}
                stream.write_all(b"250 taken\r\n").ok()?;
            }
            _ => {}
        }
    }
}

fn message() -> Message {
    let signal = Signal {
        key: "k".into(),
        rule: "stopped".into(),
        prompt: None,
        environment: None,
        state: SignalState::Breach,
        severity: Severity::Critical,
        value: None,
        threshold: None,
        unit: String::new(),
        window: String::new(),
        since: 0,
        summary: "everything is stopped".into(),
        context: Default::default(),
    };
    let kind = NoticeKind::Firing;
    let notice = Notice { kind, signal, episode: 1, since: 0, at: 0, actor: None, act: None };
    Message {
        id: "019a".into(),
        channel: "mail".into(),
        group: String::new(),
        at: 0,
        notices: vec![notice],
    }
}

/// Sends a mail to a server of that kind: what comes of it, and what the server heard.
async fn sent(
    kind: Kind,
    wanted: Wanted,
    trusted: bool,
) -> (Result<(), Undelivered>, [Vec<String>; 2]) {
    let (port, heard) = serve(kind);
    let mail = Mail {
        host: "127.0.0.1".into(),
        port,
        tls: wanted,
        from: "gatemark@a.example".into(),
        to: vec!["ops@b.example".into()],
        login: None,
    };
    let mut parameters = TlsParameters::builder(mail.host.clone());
    if trusted {
        parameters = parameters.add_root_certificate(Certificate::from_pem(AUTHORITY).unwrap());
    }
    let tls = tls(&mail, parameters).unwrap();
    let letter = letter(&mail, &message(), 1).unwrap();
    let outcome = submit(&mail, (LOGIN, tls), false, letter).await;
    let heard = heard.lock().unwrap().clone();
    (outcome, heard)
}

fn said(heard: &[String], word: &str) -> bool {
    heard.iter().any(|line| line.starts_with(word))
}

#[tokio::test]
async fn a_mail_goes_by_tls_and_nothing_is_said_in_the_clear() {
    for (kind, wanted, clear) in
        [(Kind::Tls, Wanted::Tls, 0), (Kind::StartTls, Wanted::StartTls, 2)]
    {
        let (outcome, [before, under]) = sent(kind, wanted, true).await;
        assert_eq!(outcome, Ok(()));
        assert_eq!(before.len(), clear, "{before:?}");
        assert!(clear == 0 || (said(&before, "EHLO") && said(&before, "STARTTLS")));
        for word in ["EHLO", "AUTH PLAIN", "MAIL FROM:<gatemark@a.example>", "DATA"] {
            assert!(said(&under, word), "{word} is not in {under:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_hears_nothing() {
    for (kind, wanted) in [(Kind::Tls, Wanted::Tls), (Kind::StartTls, Wanted::StartTls)] {
        let (outcome, [before, under]) = sent(kind, wanted, false).await;
        let failure = outcome.unwrap_err();
        assert!(failure.message.contains("certificate"), "{}", failure.message);
        assert!(under.is_empty() && !said(&before, "AUTH") && !said(&before, "MAIL"), "{before:?}");
    }
}

#[tokio::test]
async fn a_server_without_tls_hears_no_password() {
    let (outcome, [before, _]) = sent(Kind::Plain, Wanted::StartTls, true).await;
    assert!(outcome.is_err());
    assert!(!said(&before, "AUTH") && !said(&before, "MAIL"), "{before:?}");
}
