//! One attempt: one request to one vendor, up to its answer or the first output of its stream.
//!
//! What a stream sends before its first output (roles, pings, an empty delta) is held back, within bounds:
//! as long as the caller has seen nothing, an error inside the stream can still be met by asking again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::model::Usage;
use gatemark_provider::answer::{Answer, Chunk, ChunkStream};
use gatemark_provider::request::ChatRequest;
use gatemark_provider::vendor::Vendor;
use tokio::time::{Instant, timeout_at};

/// Most pieces held back.
const MOST_HELD: usize = 64;
/// Most bytes held back.
const MOST_HELD_BYTES: usize = 256 * 1024;

/// What an attempt gave.
pub(super) enum Gave {
    /// Everything.
    Whole(Box<Answer>),
    /// The pieces up to the first output, and the rest to come.
    Stream(Vec<Chunk>, ChunkStream),
}

/// Until when an attempt may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// For the answer, or the first output.
    pub(super) until: Instant,
    /// How long that is, for the message.
    pub(super) within: Duration,
    /// What is waited for, for the message.
    pub(super) what: &'static str,
}

/// What an attempt is known to have used, readable when it was dropped half way.
#[derive(Debug, Default)]
pub(super) struct Spent(Mutex<Option<Usage>>);

impl Spent {
    fn note(&self, usage: Usage) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(usage);
    }

    pub(super) fn take(&self) -> Option<Usage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Asks `vendor`.
pub(super) async fn attempt(
    vendor: &dyn Vendor,
    request: &ChatRequest,
    bounds: Bounds,
    spent: &Spent,
) -> Result<Gave> {
    let late = |_| {
        let Bounds { what, within, .. } = bounds;
        Error::new(Kind::Timeout, format!("no {what} within {} ms", within.as_millis()))
    };
    if !request.stream {
        let answer = timeout_at(bounds.until, vendor.complete(request)).await.map_err(late)??;
        return Ok(Gave::Whole(Box::new(answer)));
    }
    timeout_at(bounds.until, begin(vendor, request, spent)).await.map_err(late)?
}

async fn begin(vendor: &dyn Vendor, request: &ChatRequest, spent: &Spent) -> Result<Gave> {
    let mut rest = vendor.stream(request).await?;
    let mut held = Vec::with_capacity(2);
    let mut bytes = 0;
    loop {
        let chunk = rest.next().await.ok_or_else(|| {
            let message = "the vendor ended the stream before its first output";
            Error::new(Kind::VendorFailed, message)
        })??;
        if let Some(usage) = chunk.usage {
            spent.note(usage);
        }
        bytes += chunk.text.len() + chunk.raw.as_ref().map_or(0, |raw| raw.bytes.len());
        let is_output = chunk.is_output();
        held.push(chunk);
        if is_output || held.len() >= MOST_HELD || bytes >= MOST_HELD_BYTES {
            return Ok(Gave::Stream(held, rest));
        }
    }
}
