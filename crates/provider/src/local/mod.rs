//! Embedding models that are run in this process: sentence-transformers of the BERT family.
//!
//! The runtime is our own, because the libraries that do it bring a C++ compiler, a download in a build
//! script or hundreds of packages, and what is needed of them is small: one kind of encoder, one kind of
//! tokenizer, plain `f32`. What a folder asks for beyond that is refused with the file and the field. The
//! test compares with sentence-transformers over 200 texts.
//!
//! A model is loaded when it is first used and kept. One call at a time computes, on all cores: two at
//! once would only take each other's cache.
//!
//! Modules form one line: `folder`, `kernel` ← `recipe`, `normal`, `wordpiece`, `weights` ← `tokenizer`,
//! `bert` ← `model`; `fetch` ← `hub`; and this one above both.

mod bert;
mod fetch;
mod folder;
mod hub;
mod kernel;
mod model;
mod normal;
mod recipe;
mod tokenizer;
mod weights;
mod wordpiece;

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt;
use gatemark_core::model::{LocalModel, Provider};
use gatemark_core::{Error, Kind, Result};
use tokio::sync::{Mutex, OnceCell};

use crate::answer::{Answer, ChunkStream};
use crate::embedding::{Embedded, TokenVectors};
use crate::http::Client;
use crate::request::ChatRequest;
use crate::vendor::{BoxFuture, Vendor};
pub use fetch::{Silent, Watcher};
use hub::Hub;
pub use model::Model;

/// Where fetched models are kept, and who is told while one is fetched.
#[derive(Clone)]
pub struct Home {
    /// A folder; made when it is first needed.
    pub folder: PathBuf,
    /// Is told.
    pub watcher: Arc<dyn Watcher>,
}

impl Home {
    /// A home in which nobody watches.
    pub fn silent(folder: PathBuf) -> Self {
        Self { folder, watcher: Arc::new(Silent) }
    }
}

/// The vendor.
pub(crate) struct Local {
    provider: String,
    name: String,
    source: Source,
    model: OnceCell<Arc<Model>>,
    turn: Mutex<()>,
}

enum Source {
    Folder(PathBuf),
    Hub(Box<Hub>),
}

impl Local {
    pub(crate) fn new(provider: &Provider, client: &Client, home: &Home) -> Result<Self> {
        let Some(model) = &provider.local else {
            let message = format!("provider `{}` names no model to run", provider.name);
            return Err(Error::invalid(message).at("path"));
        };
        let source = match model {
            LocalModel::Folder(folder) => Source::Folder(folder.clone()),
            LocalModel::Hub { repository, revision, sha256 } => Source::Hub(Box::new(Hub {
                client: client.clone(),
                home: home.clone(),
                base_url: provider.base_url.trim_end_matches('/').to_string(),
                repository: repository.clone(),
                revision: revision.clone(),
                sha256: sha256.clone(),
            })),
        };
        Ok(Self {
            provider: provider.name.clone(),
            name: model.name(),
            source,
            model: OnceCell::new(),
            turn: Mutex::new(()),
        })
    }

    /// The model, loaded. A failure is not kept: the next call tries again.
    async fn model(&self, name: &str) -> Result<&Arc<Model>> {
        if name != self.name {
            let message = format!(
                "provider `{}` has the one model `{}`, not `{name}`",
                self.provider, self.name
            );
            return Err(Error::invalid(message).at("model").coded("model_not_found"));
        }
        let load = async || {
            let folder = match &self.source {
                Source::Folder(folder) => folder.clone(),
                Source::Hub(hub) => hub.folder().await?,
            };
            aside(move || Model::load(&folder)).await?.map(Arc::new)
        };
        self.model.get_or_try_init(load).await
    }

    async fn compute<T: Send + 'static>(
        &self,
        name: &str,
        texts: &[String],
        work: impl FnOnce(&Model, &[String]) -> T + Send + 'static,
    ) -> Result<T> {
        let model = Arc::clone(self.model(name).await?);
        let _turn = self.turn.lock().await;
        let texts = texts.to_vec();
        aside(move || work(&model, &texts)).await
    }

    fn no_chat(&self) -> Error {
        let message = format!(
            "provider `{}` runs the embedding model `{}`, which cannot chat",
            self.provider, self.name
        );
        Error::new(Kind::Invalid, message).at("model").coded("no_chat")
    }
}

/// Runs `work` where it keeps nobody waiting.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|cause| Error::internal("the local model was aborted").because(cause))
}

impl Vendor for Local {
    fn complete<'a>(&'a self, _: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>> {
        async move { Err(self.no_chat()) }.boxed()
    }

    fn stream<'a>(&'a self, _: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>> {
        async move { Err(self.no_chat()) }.boxed()
    }

    fn embed<'a>(&'a self, model: &'a str, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded>> {
        async move {
            let vectors = self.compute(model, texts, Model::embed).await?;
            Embedded::checked(vectors, texts.len()).map_err(|why| {
                Error::internal(format!("the model `{}/{model}` gave {why}", self.provider))
            })
        }
        .boxed()
    }

    fn embed_tokens<'a>(
        &'a self,
        model: &'a str,
        texts: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<TokenVectors>>> {
        self.compute(model, texts, Model::tokens).boxed()
    }

    fn embedder<'a>(&'a self, model: &'a str) -> BoxFuture<'a, Result<String>> {
        async move { Ok(self.model(model).await?.identity().to_string()) }.boxed()
    }
}
