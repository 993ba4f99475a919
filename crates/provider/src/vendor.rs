//! What the gateway may ask of any vendor.

use futures_util::FutureExt;
pub use futures_util::future::BoxFuture;
use gatemark_core::Result;
use gatemark_core::model::Structured;

use crate::answer::{Answer, ChunkStream};
use crate::dialect::Dialect;
use crate::embedding::{self, Embedded, TokenVectors};
use crate::request::ChatRequest;

/// A vendor's API. Errors carry what the vendor said ([`gatemark_core::Error::vendor`]) and never a key.
/// There is no timeout inside apart from that for connecting: the caller drops what takes too long.
pub trait Vendor: Send + Sync {
    /// Whether it takes requests in `dialect` as they are. Every vendor takes the words of chat completions;
    /// what comes in another dialect that it does not speak is translated into them before it sees it.
    fn speaks(&self, dialect: Dialect) -> bool {
        dialect == Dialect::Chat
    }

    /// The name under which it wants the bound on the answer's tokens when a request is translated into chat
    /// completions: OpenAI's newer models refuse the old name, most other servers do not know the new one.
    fn output_bound(&self) -> &'static str {
        "max_tokens"
    }

    /// How `model` is told the form of an answer ([`ChatRequest::form`]).
    fn structured(&self, model: &str) -> Structured {
        let _ = model;
        Structured::Off
    }

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

    /// How many tokens the model would read, by the vendor's own count; `None` from vendors that offer none.
    /// Only asked in a dialect that the vendor speaks.
    ///
    /// # Errors
    /// As [`Vendor::complete`].
    fn count<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, Result<Option<u64>>> {
        let _ = request;
        async { Ok(None) }.boxed()
    }

    /// A vector for each text, so that texts of like meaning have vectors of like direction. `model` is
    /// the vendor's own id. Any number of texts may be given; they are sent in batches.
    ///
    /// # Errors
    /// `Invalid` from a vendor that offers no embeddings, or not with this model; else as
    /// [`Vendor::complete`].
    fn embed<'a>(&'a self, model: &'a str, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded>> {
        let _ = (model, texts);
        async { embedding::refused("embeddings") }.boxed()
    }

    /// Vectors for the tokens of each text, as only models that are run here give them.
    ///
    /// # Errors
    /// `Invalid` from every other vendor; else as [`Vendor::embed`].
    fn embed_tokens<'a>(
        &'a self,
        model: &'a str,
        texts: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<TokenVectors>>> {
        let _ = (model, texts);
        async { embedding::refused("vectors of tokens") }.boxed()
    }

    /// What identifies the embedding model beyond its name: its address, or a digest of its files. Vectors
    /// may be kept and used again as long as this is the same.
    ///
    /// # Errors
    /// As [`Vendor::embed`].
    fn embedder<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<String>> {
        let _ = model;
        async { embedding::refused("embeddings") }.boxed()
    }
}
