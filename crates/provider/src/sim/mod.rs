//! The in-process stand-in for a vendor.

use futures_util::FutureExt;
use gatemark_core::model::SimSettings;
use gatemark_core::{Error, Result};

use crate::answer::{Answer, ChunkStream};
use crate::request::ChatRequest;
use crate::vendor::{BoxFuture, Vendor};

pub(crate) struct Sim {
    name: String,
    settings: SimSettings,
}

impl Sim {
    pub(crate) fn new(name: &str, settings: SimSettings) -> Self {
        Self { name: name.to_string(), settings }
    }
}

impl Vendor for Sim {
    fn complete<'a>(&'a self, _: &'a ChatRequest) -> BoxFuture<'a, Result<Answer>> {
        async move { Err(Error::internal(format!("{} {:?}", self.name, self.settings))) }.boxed()
    }
    fn stream<'a>(&'a self, _: &'a ChatRequest) -> BoxFuture<'a, Result<ChunkStream>> {
        async move { Err(Error::internal("not yet")) }.boxed()
    }
}
