//! A call's targets: what serves it, and what may in its place.

use std::sync::Arc;
use std::time::Duration;

use gatemark_core::error::{Error, Result};
use gatemark_core::id::ModelName;
use gatemark_core::model::Provider;
use gatemark_core::price::Price;
use tokio::time::Instant;

use super::Job;
use crate::health::ModelHealth;
use crate::prepare::{self, Prepared};
use crate::record::Pending;
use crate::reserve;
use crate::resolve::Resolved;

/// One of a call's models, ready to be asked.
pub(super) struct Target<'a> {
    pub(super) index: usize,
    pub(super) provider: &'a Provider,
    pub(super) health: Arc<ModelHealth>,
    first: (&'a Resolved, &'a Prepared),
    /// For all but the first.
    own: Option<Box<(Resolved, Prepared)>>,
}

impl Target<'_> {
    pub(super) fn model(&self) -> &ModelName {
        self.own.as_ref().map_or(&self.first.0.model, |own| &own.0.model)
    }

    pub(super) fn price(&self) -> Option<&Arc<Price>> {
        self.resolved().price.as_ref()
    }

    pub(super) fn resolved(&self) -> &Resolved {
        self.own.as_ref().map_or(self.first.0, |own| &own.0)
    }

    pub(super) fn prepared(&self) -> &Prepared {
        self.own.as_ref().map_or(self.first.1, |own| &own.1)
    }

    /// What was prepared for it, if that is not what was prepared first.
    pub(super) fn into_prepared(self) -> Option<Box<Prepared>> {
        self.own.map(|own| Box::new(own.1))
    }
}

impl<'a> Job<'a> {
    /// How many targets there are.
    pub(super) fn targets(&self) -> usize {
        1 + self.resolved.others.as_ref().map_or(0, |others| others.len())
    }

    fn model(&self, index: usize) -> Option<&'a ModelName> {
        match index.checked_sub(1) {
            None => Some(&self.resolved.model),
            Some(other) => self.resolved.others.as_ref()?.get(other),
        }
    }

    fn provider(&self, model: &ModelName) -> Result<&'a Provider> {
        let provider = self.snapshot.project().providers.get(model.provider());
        provider.ok_or_else(|| Error::internal(format!("no connection for {model}")))
    }

    /// How long the call may take in all: the version's own limit, else that of the first target.
    pub(super) fn timeout(&self) -> Result<Duration> {
        let named = self.resolved.named.as_ref();
        let own = named.and_then(|named| named.release.version.content.limits.timeout());
        Ok(own.unwrap_or(self.provider(&self.resolved.model)?.timeout))
    }

    /// The target, prepared by its own variant and reserved by its own price, beside what a request to `flying`
    /// may cost that is under way.
    pub(super) fn target(
        &self,
        index: usize,
        flying: Option<&ModelName>,
        record: &mut Pending,
    ) -> Result<Target<'a>> {
        let model =
            self.model(index).ok_or_else(|| Error::internal("a call has no such target"))?;
        let provider = self.provider(model)?;
        let own = match (index, self.ask) {
            (0, _) => None,
            (_, None) => return Err(Error::internal("another target cannot be prepared")),
            (_, Some(ask)) => {
                let price = self.snapshot.project().price(model);
                let resolved = Resolved { model: model.clone(), price, ..self.resolved.clone() };
                let prepared = prepare::prepare(self.snapshot, &resolved, ask.clone(), record)?;
                reserve::beside(self.snapshot, (&resolved, &prepared), flying, record)?;
                Some(Box::new((resolved, prepared)))
            }
        };
        let health = self.health.of(model);
        Ok(Target { index, provider, health, first: (self.resolved, self.prepared), own })
    }

    /// The first target after `index` that could be asked now.
    pub(super) fn next_ready(&self, index: usize) -> Option<usize> {
        let now = Instant::now();
        (index + 1..self.targets()).find(|next| {
            let model = self.model(*next);
            model.is_some_and(|model| {
                let keys = self.snapshot.keys(model);
                self.provider(model)
                    .is_ok_and(|provider| self.health.of(model).is_ready(provider, keys, now))
            })
        })
    }

    pub(super) fn is_another_ready(&self, index: usize) -> bool {
        index + 1 < self.targets() && self.next_ready(index).is_some()
    }
}
