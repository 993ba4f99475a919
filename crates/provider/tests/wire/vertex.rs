//! Google Cloud's Vertex AI. The key in the fixtures was made for these tests and opens nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gatemark_core::Kind;
use gatemark_core::model::Protocol;
use gatemark_provider::http::Client;
use gatemark_provider::{Clock, Finish, Secret, Vendor, connect};
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::server::{Reply, Server};
use crate::{drain, provider, request, text};

const ANSWER: &str = include_str!("../fixtures/gemini/answer.json");
const STREAM: &str = include_str!("../fixtures/gemini/stream.sse");
const CLAUDE: &str = include_str!("../fixtures/anthropic/answer.json");
const CLAUDE_STREAM: &str = include_str!("../fixtures/anthropic/stream.sse");
const PEM: &str = include_str!("../fixtures/vertex/test_key.pem");
const GRANTED: &str = r#"{"access_token":"ya29.granted","expires_in":3599,"token_type":"Bearer"}"#;

fn vendor(base_url: &str, key: &str, clock: Clock) -> Arc<dyn Vendor> {
    let mut provider = provider(Protocol::Vertex, base_url);
    provider.place.region = Some("europe-west1".into());
    provider.place.project = Some("my-project".into());
    let key = Some(Secret::new(key.into()));
    connect(&provider, key, &Client::new().unwrap(), &crate::home(), clock).unwrap()
}

fn account(token_uri: &str) -> String {
    json!({"type": "service_account", "project_id": "my-project", "private_key_id": "key-1",
        "private_key": PEM, "client_email": "robot@my-project.iam.gserviceaccount.com",
        "token_uri": format!("{token_uri}/token")})
    .to_string()
}

const ROOT: &str = "/v1/projects/my-project/locations/europe-west1/publishers";

#[tokio::test]
async fn geminis_wire_under_a_project_with_a_given_token() {
    let server =
        Server::start(vec![Reply::json("200 OK", ANSWER), Reply::events(STREAM, 64)]).await;
    let vendor = vendor(&server.url, "ya29.given", crate::clock);
    let answer = vendor.complete(&request(&[])).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.finish), ("Let me look.", Finish::ToolCalls));
    let (chunks, error) = drain(vendor.stream(&request(&[])).await.unwrap()).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(text(&chunks), "Grüße, Welt");
    let whole = format!("POST {ROOT}/google/models/m-1:generateContent ");
    assert!(server.request(0).starts_with(&whole), "{}", server.request(0));
    let stream = format!("POST {ROOT}/google/models/m-1:streamGenerateContent?alt=sse ");
    assert!(server.request(1).starts_with(&stream), "{}", server.request(1));
    assert!(server.request(1).contains("authorization: Bearer ya29.given\r\n"));
}

#[tokio::test]
async fn anthropics_models() {
    let server =
        Server::start(vec![Reply::json("200 OK", CLAUDE), Reply::events(CLAUDE_STREAM, 64)]).await;
    let vendor = vendor(&server.url, "ya29.given", crate::clock);
    let mut asked = request(&[("max_tokens", "64")]);
    asked.model = "claude-haiku-4-5@20251001".into();
    let answer = vendor.complete(&asked).await.unwrap();
    assert_eq!(answer.text, "Let me look.");
    let (chunks, error) = drain(vendor.stream(&asked).await.unwrap()).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(text(&chunks), "Grüße, Welt");
    for (rank, method) in [(0, "rawPredict"), (1, "streamRawPredict")] {
        let sent = server.request(rank);
        let line = format!("POST {ROOT}/anthropic/models/claude-haiku-4-5%4020251001:{method} ");
        assert!(sent.starts_with(&line), "{sent}");
        let body: Value = serde_json::from_str(sent.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(body["anthropic_version"], "vertex-2023-10-16");
        assert_eq!((body.get("model"), body["max_tokens"].as_u64()), (None, Some(64)));
        assert_eq!(body["stream"].as_bool(), (rank == 1).then_some(true));
    }
}

/// Seconds that the clock of [`an_accounts_statement_is_exchanged_and_the_token_kept`] has gone on.
static PASSED: AtomicU64 = AtomicU64::new(0);

fn moving() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000 + PASSED.load(Ordering::SeqCst))
}

#[tokio::test]
async fn an_accounts_statement_is_exchanged_and_the_token_kept() {
    let granted = || Reply::json("200 OK", GRANTED);
    let answers = |count: usize| (0..count).map(|_| Reply::json("200 OK", ANSWER)).collect();
    let tokens = Server::start(vec![granted(), granted()]).await;
    let server = Server::start(answers(4)).await;
    let vendor = vendor(&server.url, &account(&tokens.url), moving);
    for (passed, exchanges) in [(0, 1), (3500, 1), (3540, 2), (7000, 2)] {
        PASSED.store(passed, Ordering::SeqCst);
        vendor.complete(&request(&[])).await.unwrap();
        assert_eq!(tokens.requests(), exchanges, "after {passed} s");
    }
    assert!(server.request(3).contains("authorization: Bearer ya29.granted\r\n"));
    let sent = tokens.request(0);
    assert!(sent.starts_with("POST /token "), "{sent}");
    assert!(sent.contains("content-type: application/x-www-form-urlencoded\r\n"), "{sent}");
    let form = sent.split_once("\r\n\r\n").unwrap().1;
    let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant%2Dtype%3Ajwt%2Dbearer&assertion=";
    check_statement(form.strip_prefix(grant).unwrap(), &tokens.url);
}

/// Reads a statement as the token server does.
fn check_statement(statement: &str, token_uri: &str) {
    let (signed, signature) = statement.rsplit_once('.').unwrap();
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    let key = PrivatePkcs8KeyDer::from_pem_slice(PEM.as_bytes()).unwrap();
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
    public.verify(signed.as_bytes(), &decode(signature)).unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    let head: Value = serde_json::from_slice(&decode(head)).unwrap();
    assert_eq!(head, json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"}));
    let claims: Value = serde_json::from_slice(&decode(claims)).unwrap();
    let wanted = json!({"iss": "robot@my-project.iam.gserviceaccount.com",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": format!("{token_uri}/token"), "iat": 1_800_000_000_u64, "exp": 1_800_003_600_u64});
    assert_eq!(claims, wanted);
}

#[tokio::test]
async fn an_exchange_that_fails() {
    for (reply, words) in [
        (Reply::json("400 Bad Request", r#"{"error":"invalid_grant"}"#), "its operator must act"),
        (Reply::json("500 Oops", "{}"), "token server failed"),
        (Reply::json("200 OK", "<html>"), "is no token"),
        (Reply::json("302 Found", ""), "token server failed"),
    ] {
        let tokens = Server::start(vec![reply]).await;
        let server = Server::start(vec![]).await;
        let vendor = vendor(&server.url, &account(&tokens.url), crate::clock);
        let error = vendor.complete(&request(&[])).await.unwrap_err();
        assert_eq!(error.kind(), Kind::VendorFailed);
        assert!(error.message().contains(words), "{error}");
        assert_eq!(server.connections(), 0, "nothing is asked without a token");
    }
}

#[tokio::test]
async fn keys_that_are_none() {
    let mut provider = provider(Protocol::Vertex, "http://127.0.0.1:1");
    provider.place.region = Some("global".into());
    provider.place.project = Some("p".into());
    for key in [
        "{\"type\":\"authorized_user\"}",
        "{\"type\":\"service_account\",\"private_key\":\"sk-private\"}",
        "{broken sk-private",
        "a\nb",
    ] {
        let key = Some(Secret::new(key.into()));
        let client = Client::new().unwrap();
        let error = connect(&provider, key, &client, &crate::home(), crate::clock).err().unwrap();
        assert_eq!(error.kind(), Kind::Invalid);
        assert!(!format!("{error:?}").contains("sk-private"), "{error:?}");
    }
}

#[tokio::test]
async fn embeddings() {
    let one =
        r#"{"predictions":[{"embeddings":{"values":[1,2],"statistics":{"token_count":4.0}}}]}"#;
    let server = Server::start(vec![Reply::json("200 OK", one), Reply::json("200 OK", one)]).await;
    let texts = ["a".to_string(), "b".to_string()];
    let vendor = vendor(&server.url, "ya29.given", crate::clock);
    let embedded = vendor.embed("gemini-embedding-001", &texts).await.unwrap();
    assert_eq!((embedded.vectors.len(), embedded.usage.unwrap().input), (2, 8));
    let line = format!("POST {ROOT}/google/models/gemini-embedding-001:predict ");
    assert!(server.request(0).starts_with(&line), "{}", server.request(0));
}
