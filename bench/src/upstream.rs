//! A mock vendor: fixed answers in the shape of chat completions.
//!
//! A stream's events leave one by one, a millisecond apart. Were they all ready at once, they would travel
//! as one packet, and a proxy's work per event would not show.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use serde::Deserialize;

use crate::serve::Body;
use crate::{Fault, Result, payload};

/// Between two events of a stream, where nothing else is asked for.
const PACE: Duration = Duration::from_millis(1);

/// The vendor; clones share its counter.
#[derive(Clone)]
pub(crate) struct Upstream {
    answer: Bytes,
    events: Arc<[Bytes]>,
    served: Arc<AtomicU64>,
    pace: Duration,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    stream: bool,
}

impl Default for Upstream {
    fn default() -> Self {
        Self {
            answer: payload::answer(),
            events: payload::events().into(),
            served: Arc::new(AtomicU64::new(0)),
            pace: PACE,
        }
    }
}

impl Upstream {
    /// One whose streams take `pace` between two events.
    pub(crate) fn paced(pace: Option<u64>) -> Self {
        Self { pace: pace.map_or(PACE, Duration::from_millis), ..Self::default() }
    }

    /// Answers one request. `GET /served` tells how many completions were answered.
    pub(crate) async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>> {
        match (request.method(), request.uri().path()) {
            (&Method::POST, "/v1/chat/completions") => {
                let body = request.into_body().collect().await?.to_bytes();
                let asked: Asked = serde_json::from_slice(&body)?;
                self.served.fetch_add(1, Ordering::Relaxed);
                Ok(if asked.stream { self.streamed() } else { self.whole() })
            }
            (&Method::GET, "/served") => {
                let count = self.served.load(Ordering::Relaxed).to_string();
                Ok(Response::new(full(count.into())))
            }
            _ => {
                let mut response = Response::new(full(Bytes::new()));
                *response.status_mut() = StatusCode::NOT_FOUND;
                Ok(response)
            }
        }
    }

    fn whole(&self) -> Response<Body> {
        described(full(self.answer.clone()), "application/json")
    }

    fn streamed(&self) -> Response<Body> {
        let pace = self.pace;
        let frames = stream::unfold((self.events.clone(), 0), move |(events, index)| async move {
            let event = events.get(index)?.clone();
            if index > 0 {
                tokio::time::sleep(pace).await;
            }
            Some((Ok::<_, Fault>(Frame::data(event)), (events, index + 1)))
        });
        described(StreamBody::new(frames).boxed(), "text/event-stream")
    }
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}

fn described(body: Body, kind: &'static str) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers
        .insert("x-request-id", HeaderValue::from_static("req_7d9f3f0c8a4e4f6bb5a0c1d2e3f40516"));
    headers.insert("openai-processing-ms", HeaderValue::from_static("412"));
    response
}
