//! What the gateway may ask of any vendor.

pub use futures_util::future::BoxFuture;
use gatemark_core::Result;

use crate::answer::{Answer, ChunkStream};
use crate::request::ChatRequest;

/// A vendor's API. Errors carry what the vendor said ([`gatemark_core::Error::vendor`]) and never a key.
/// There is no timeout inside apart from that for connecting: the caller drops what takes too long.
pub trait Vendor: Send + Sync {
    /// Asks for a whole answer.
    ///
    /// # Errors
    /// `Invalid` if the vendor cannot express the request; `VendorRejected`, `VendorFailed`, `Limited`,
    /// `Timeout` by what it answers; `Unavailable` without a key.
    fn complete<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>>;

    /// Asks for an answer in pieces. Resolves when the vendor has accepted the request and begun.
    ///
    /// # Errors
    /// As [`Vendor::complete`]; later ones come out of the stream.
    fn stream<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>>;
}
