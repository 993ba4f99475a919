//! Access tokens for Google Cloud.
//!
//! The key is a token, which is sent as it is, or the file of a service account. With such a file a statement
//! signed by the account's key (a JWT, RFC 7523) is exchanged for a token, which is kept until shortly before it
//! expires. One exchange runs at a time; calls that need a token meanwhile wait for it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use gatemark_core::{Error, Result};
use http::{HeaderMap, HeaderValue, Uri, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::http::{Client, whole};
use crate::peer::Peer;
use crate::secret::Secret;

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long a statement is valid, in seconds: the longest that is accepted.
const LIFETIME: u64 = 3600;
/// A token is renewed this long before it expires, so that it lasts for the way.
const AHEAD: Duration = Duration::from_secs(60);
/// Longest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// Where tokens come from.
pub(super) enum Tokens {
    /// The key itself.
    Given(HeaderValue),
    /// An account.
    Exchanged(Box<Account>),
}

/// A service account.
pub(super) struct Account {
    email: String,
    key_id: String,
    key: RsaKeyPair,
    token_uri: String,
    uri: Uri,
    client: Client,
    clock: Clock,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    bearer: HeaderValue,
    renew_at: SystemTime,
}

#[derive(Deserialize)]
struct File {
    r#type: String,
    #[serde(default)]
    client_email: String,
    #[serde(default)]
    private_key_id: String,
    #[serde(default)]
    private_key: String,
    #[serde(default)]
    token_uri: Option<String>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: u64,
}

impl Tokens {
    /// # Errors
    /// `Invalid` if the key is neither a token nor a service account's file. The key is never repeated.
    pub(super) fn new(
        provider: &str,
        key: Option<&Secret>,
        client: &Client,
        clock: Clock,
    ) -> Result<Self> {
        let text = key.map(Secret::expose).unwrap_or_default();
        let unusable =
            |why: &str| Error::invalid(format!("the key of provider `{provider}` {why}"));
        if !text.starts_with('{') {
            let why = "holds characters that a token does not have";
            return Ok(Self::Given(bearer(text).ok_or_else(|| unusable(why))?));
        }
        let file: File = serde_json::from_str(text)
            .map_err(|_| unusable("is not the JSON file of a service account"))?;
        if file.r#type != "service_account" {
            let why = format!("is a file of type {:?}: use one of a service account", file.r#type);
            return Err(unusable(&why));
        }
        let key = PrivatePkcs8KeyDer::from_pem_slice(file.private_key.as_bytes())
            .ok()
            .and_then(|key| RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).ok())
            .ok_or_else(|| unusable("has no usable `private_key`"))?;
        let token_uri =
            file.token_uri.unwrap_or_else(|| "https://oauth2.googleapis.com/token".into());
        let uri: Uri = token_uri.parse().map_err(|_| unusable("has no usable `token_uri`"))?;
        Ok(Self::Exchanged(Box::new(Account {
            email: file.client_email,
            key_id: file.private_key_id,
            key,
            token_uri,
            uri,
            client: client.clone(),
            clock,
            kept: Mutex::new(None),
        })))
    }

    /// The `authorization` of a request now.
    ///
    /// # Errors
    /// As a vendor's, if the exchange fails.
    pub(super) async fn bearer(&self, peer: &Peer) -> Result<HeaderValue> {
        match self {
            Self::Given(bearer) => Ok(bearer.clone()),
            Self::Exchanged(account) => account.bearer(peer).await,
        }
    }
}

impl Account {
    async fn bearer(&self, peer: &Peer) -> Result<HeaderValue> {
        let mut kept = self.kept.lock().await;
        let now = (self.clock)();
        if let Some(kept) = kept.as_ref().filter(|kept| now < kept.renew_at) {
            return Ok(kept.bearer.clone());
        }
        let granted = self.exchange(now, peer).await?;
        let lifetime = Duration::from_secs(granted.expires_in.min(LIFETIME));
        let renew_at = now.checked_add(lifetime.saturating_sub(AHEAD)).unwrap_or(now);
        let odd = || peer.failed(200, "gave an access token with odd characters");
        let bearer = bearer(&granted.access_token).ok_or_else(odd)?;
        *kept = Some(Kept { bearer: bearer.clone(), renew_at });
        Ok(bearer)
    }

    async fn exchange(&self, now: SystemTime, peer: &Peer) -> Result<Granted> {
        let grant = utf8_percent_encode(GRANT, NON_ALPHANUMERIC);
        let body = format!("grant_type={grant}&assertion={}", self.statement(now)?);
        let mut headers = HeaderMap::new();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(header::CONTENT_TYPE, form);
        let sent = self.client.post(self.uri.clone(), headers, Bytes::from(body)).await;
        let response = sent.map_err(|failure| peer.unreachable(failure))?;
        let status = response.status;
        let body = whole(response.body, MAX_ANSWER).await;
        let body = body.map_err(|failure| peer.unreachable(failure))?;
        if status.is_client_error() {
            let what =
                "gets no access token: the service account's key is refused; its operator must act";
            return Err(peer.failed(status.as_u16(), what));
        }
        if !status.is_success() {
            return Err(
                peer.failed(status.as_u16(), "gets no access token: the token server failed")
            );
        }
        serde_json::from_slice(&body).map_err(|_| {
            peer.failed(
                status.as_u16(),
                "gets no access token: the token server's answer is no token",
            )
        })
    }

    /// The signed statement (RFC 7519): header, claims and signature.
    fn statement(&self, now: SystemTime) -> Result<String> {
        let issued = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let head = json!({"alg": "RS256", "typ": "JWT", "kid": self.key_id});
        let claims = json!({"iss": self.email, "scope": SCOPE, "aud": self.token_uri, "iat": issued,
            "exp": issued + LIFETIME});
        let encoded = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let mut statement = format!("{}.{}", encoded(head), encoded(claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), statement.as_bytes(), &mut signature)
            .map_err(|_| Error::internal("a statement for the token server could not be signed"))?;
        statement.push('.');
        BASE64_URL_SAFE_NO_PAD.encode_string(&signature, &mut statement);
        Ok(statement)
    }
}

fn bearer(token: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}
