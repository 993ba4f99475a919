//! Reading request bodies within bounds, and JSON out of them.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use gatemark_core::error::{Error, Kind, Result};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

/// Largest accepted request body: conversations with images are large, and anything more is a mistake.
pub(crate) const MAX_BODY: usize = 20 * 1024 * 1024;

/// Longest wait for a whole request body.
const SLOWEST_BODY: Duration = Duration::from_secs(30);

/// The whole body.
pub(crate) async fn read(body: Body) -> Result<Bytes> {
    let too_large = || {
        let message = format!("the request body is over the bound of {} MiB", MAX_BODY >> 20);
        Error::new(Kind::TooLarge, message).coded("body_too_large")
    };
    if http_body::Body::size_hint(&body).lower() > MAX_BODY as u64 {
        return Err(too_large());
    }
    let collected =
        tokio::time::timeout(SLOWEST_BODY, Limited::new(body, MAX_BODY).collect()).await;
    match collected {
        Err(_) => {
            let message = "the request body did not arrive within 30 seconds";
            Err(Error::new(Kind::Cancelled, message).coded("body_too_slow"))
        }
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => {
            Err(Error::new(Kind::Cancelled, "the request body broke off").because(error))
        }
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
    }
}

/// The body as a `T`; an empty body is read as `{}`.
pub(crate) async fn json<T: DeserializeOwned>(body: Body) -> Result<T> {
    let bytes = read(body).await?;
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    serde_json::from_slice(text).map_err(|error| Error::invalid(format!("request body: {error}")))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{StreamExt, stream};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_arrive_is_given_up() {
        let first = stream::iter([Ok::<_, Infallible>("{")]);
        let began = tokio::time::Instant::now();
        let error = read(Body::from_stream(first.chain(stream::pending()))).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (Kind::Cancelled, "body_too_slow"));
        assert_eq!(began.elapsed(), SLOWEST_BODY);
    }
}
