//! One file from a web server onto the disk, hashed on the way.

use std::path::Path;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Uri, header};
use http_body_util::BodyExt;
use sha2::Digest as _;
use tokio::io::AsyncWriteExt;

use crate::http::{Client, Response};

/// Is told how the fetching of a model goes on.
pub trait Watcher: Send + Sync {
    /// A file is being fetched; its length in bytes, if the server says.
    fn begin(&self, file: &str, bytes: Option<u64>);
    /// So many more bytes are there.
    fn more(&self, bytes: u64);
    /// The file is there, or will not come.
    fn end(&self);
}

/// Tells nobody.
pub struct Silent;

impl Watcher for Silent {
    fn begin(&self, _: &str, _: Option<u64>) {}
    fn more(&self, _: u64) {}
    fn end(&self) {}
}

/// Most redirects that are followed: a hub sends to its storage with one or two.
const REDIRECTS: usize = 5;
/// Longest silence of the server.
const SILENCE: Duration = Duration::from_secs(60);

/// A file that arrived.
#[derive(Debug)]
pub(super) struct Fetched {
    /// What its bytes hash to, in hexadecimal.
    pub(super) sha256: String,
    /// What the server said that they hash to, if it did.
    pub(super) promised: Option<String>,
}

/// Fetches `url` into the file `to`, of at most `limit` bytes. `None` if the server has no such file.
/// The error says what happened, without the address.
pub(super) async fn fetch(
    client: &Client,
    url: &str,
    to: &Path,
    limit: u64,
    watcher: &dyn Watcher,
) -> Result<Option<Fetched>, String> {
    let mut uri: Uri = url.parse().map_err(|_| "the address is not usable".to_string())?;
    let mut promised = None;
    for _ in 0..=REDIRECTS {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let agent = concat!("gatemark/", env!("CARGO_PKG_VERSION"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
        let sent = tokio::time::timeout(SILENCE, client.get(uri.clone(), headers)).await;
        let sent = sent.map_err(|_| "the server does not answer".to_string())?;
        let response =
            sent.map_err(|failure| format!("the server cannot be reached ({failure:?})"))?;
        promised = promised.or_else(|| sha256(&response.headers));
        match response.status.as_u16() {
            200 => {
                let sha256 = receive(response, to, limit, watcher).await?;
                return Ok(Some(Fetched { sha256, promised }));
            }
            404 => return Ok(None),
            301 | 302 | 303 | 307 | 308 => uri = elsewhere(&uri, &response.headers)?,
            status @ (401 | 403) => {
                return Err(format!(
                    "the server answers {status}: the repository does not exist or is not public"
                ));
            }
            status => return Err(format!("the server answers {status}")),
        }
    }
    Err("the server redirects in a circle".into())
}

/// The SHA-256 that a hub gives for files in its storage; its etags of other files are none.
fn sha256(headers: &HeaderMap) -> Option<String> {
    ["x-linked-etag", "etag"].iter().find_map(|name| {
        let text = headers.get(*name)?.to_str().ok()?;
        let text = text.trim_start_matches("W/").trim_matches('"').to_ascii_lowercase();
        (text.len() == 64 && text.bytes().all(|c| c.is_ascii_hexdigit())).then_some(text)
    })
}

fn elsewhere(from: &Uri, headers: &HeaderMap) -> Result<Uri, String> {
    let odd = || "the server redirects to an address that is not usable".to_string();
    let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
    let location = location.ok_or_else(odd)?;
    let (scheme, host) = (from.scheme_str().unwrap_or_default(), from.authority());
    let uri: Uri = match (location.starts_with('/'), host) {
        (true, Some(host)) => format!("{scheme}://{host}{location}").parse(),
        _ => location.parse(),
    }
    .map_err(|_| odd())?;
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if scheme == "http" => Ok(uri),
        _ => Err(odd()),
    }
}

async fn receive(
    response: Response,
    to: &Path,
    limit: u64,
    watcher: &dyn Watcher,
) -> Result<String, String> {
    let length = response.headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse().ok());
    let name = to.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    watcher.begin(&name, length);
    let received = write(response, to, limit, watcher).await;
    watcher.end();
    received
}

async fn write(
    response: Response,
    to: &Path,
    limit: u64,
    watcher: &dyn Watcher,
) -> Result<String, String> {
    let unwritten = |cause| format!("{} cannot be written: {cause}", to.display());
    let mut file = tokio::fs::File::create(to).await.map_err(unwritten)?;
    let mut hash = sha2::Sha256::new();
    let (mut body, mut left) = (response.body, limit);
    loop {
        let next = tokio::time::timeout(SILENCE, body.frame()).await;
        let next = next.map_err(|_| "the server fell silent".to_string())?;
        let Some(frame) = next else { break };
        let frame = frame.map_err(|cause| format!("the connection broke ({cause})"))?;
        let Ok(bytes) = frame.into_data() else { continue };
        let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        left = left.checked_sub(count).ok_or_else(|| format!("it is longer than {limit} bytes"))?;
        hash.update(&bytes);
        file.write_all(&bytes).await.map_err(unwritten)?;
        watcher.more(count);
    }
    file.sync_all().await.map_err(unwritten)?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
