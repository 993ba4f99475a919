//! Step 7, dispatch: ask the vendor, and again while that is safe and there is time.
//!
//! An attempt is repeated only if nothing has been answered yet and the failure is of a kind that may go
//! away. The wait doubles from 50 ms with full jitter, or is what the vendor asked for; when it would
//! end after the deadline, the error is returned at once instead of late.

use std::time::Duration;

use futures_util::StreamExt;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_provider::answer::{Answer, Chunk, ChunkStream};
use gatemark_provider::request::ChatRequest;
use gatemark_provider::vendor::Vendor;
use tokio::time::{Instant, timeout_at};

use crate::prepare::Prepared;
use crate::record::Pending;
use crate::resolve::Resolved;
use crate::snapshot::Snapshot;

/// What a vendor gave.
pub(crate) enum Got {
    /// Everything.
    Whole(Box<Answer>),
    /// The first piece and the rest to come.
    Stream(Box<Chunk>, ChunkStream, Instant),
}

const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

pub(crate) async fn dispatch(
    snapshot: &Snapshot,
    resolved: &Resolved,
    prepared: &Prepared,
    record: &mut Pending,
) -> Result<Got> {
    let model = &resolved.model;
    let project = snapshot.project();
    let (Some(vendor), Some(provider)) =
        (snapshot.vendor(model), project.providers.get(model.provider()))
    else {
        return Err(Error::internal(format!("no connection for {model}")));
    };
    let own =
        resolved.named.as_ref().and_then(|named| named.release.version.content.limits.timeout());
    let timeout = own.unwrap_or(provider.timeout);
    let deadline = Instant::now() + timeout;
    let mut tries_left = provider.retries;
    loop {
        record.begin_attempt(model);
        let result = attempt(vendor.as_ref(), &prepared.request, deadline, timeout).await;
        record.end_attempt(result.as_ref().err());
        let error = match result {
            Ok(got) => return Ok(got),
            Err(error) => error,
        };
        let wait = backoff(provider.retries - tries_left, error.wait());
        if tries_left == 0 || !error.kind().may_retry() || Instant::now() + wait >= deadline {
            return Err(error);
        }
        tries_left -= 1;
        tokio::time::sleep(wait).await;
        record.note_backoff(wait);
    }
}

fn backoff(tries: u32, asked: Option<Duration>) -> Duration {
    asked.unwrap_or_else(|| {
        let ceiling = FIRST_WAIT.saturating_mul(1 << tries.min(10)).min(LONGEST_WAIT);
        ceiling.mul_f64(fastrand::f64())
    })
}

async fn attempt(
    vendor: &dyn Vendor,
    request: &ChatRequest,
    deadline: Instant,
    timeout: Duration,
) -> Result<Got> {
    let late =
        |_| Error::new(Kind::Timeout, format!("no answer within {} ms", timeout.as_millis()));
    if !request.stream {
        let answer = timeout_at(deadline, vendor.complete(request)).await.map_err(late)??;
        return Ok(Got::Whole(Box::new(answer)));
    }
    let mut chunks = timeout_at(deadline, vendor.stream(request)).await.map_err(late)??;
    let first = timeout_at(deadline, chunks.next()).await.map_err(late)?.ok_or_else(|| {
        Error::new(Kind::VendorFailed, "the vendor ended the stream before its first event")
    })??;
    Ok(Got::Stream(Box::new(first), chunks, deadline))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        for tries in 0..40 {
            assert!(backoff(tries, None) <= LONGEST_WAIT);
        }
        assert!(backoff(0, None) <= FIRST_WAIT);
        assert_eq!(backoff(0, Some(Duration::from_secs(9))), Duration::from_secs(9));
    }
}
