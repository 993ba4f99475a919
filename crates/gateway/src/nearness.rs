//! Part of step 4: what a call's examples are chosen by, where its version chooses them by an embedding model.
//!
//! The examples' own vectors are made when the version is compiled to serve or to be tested, by the control
//! plane. The call's is asked for here, and is part of what the call costs. If either is not to be had, an
//! application's call gets the examples that are nearest in words, which its record says; a test does not go
//! on that way, because it would speak for something else than it tested.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gatemark_core::call::CallPurpose;
use gatemark_core::context::{By, Selection};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::ModelName;
use gatemark_core::money::NanoUsd;
use gatemark_core::prompt::Example;
use gatemark_core::variable;
use serde_json::Value;
use tokio::time::timeout;

use crate::record::Pending;
use crate::release::Release;
use crate::resolve::Resolved;
use crate::shorten;
use crate::shots;
use crate::snapshot::Snapshot;

/// Longest wait for a vector of an application's call, and of a test's.
const SERVING: Duration = Duration::from_secs(2);
const TESTING: Duration = Duration::from_secs(30);

impl Release {
    /// The embedding model that examples are chosen by.
    fn embedder(&self) -> Option<&ModelName> {
        let choose = self.version.content.choose.as_ref()?;
        choose.model.as_ref().filter(|_| choose.by == By::Embedding)
    }

    /// The embedding model and the texts whose vectors are to be set by [`Release::set_vectors`]; `None` if
    /// there is nothing to be set.
    pub fn wants_vectors(&self) -> Option<(&ModelName, Vec<String>)> {
        let embedder = self.embedder().filter(|_| self.vectors.get().is_none())?;
        let examples = &self.version.content.examples;
        let texts: Vec<String> = examples.iter().map(|example| self.words(example)).collect();
        (!texts.is_empty()).then_some((embedder, texts))
    }

    fn words(&self, example: &Example) -> String {
        let bound = variable::bind(&self.version.content.variables, &example.variables);
        shots::words(&bound.unwrap_or_default())
    }

    /// Sets the vectors of the version's examples, in their order.
    pub fn set_vectors(&self, vectors: Vec<Arc<[f32]>>) {
        if vectors.len() == self.version.content.examples.len() {
            // Whoever was first has the same.
            self.vectors.set(vectors).ok();
        }
    }
}

/// The vector of what is asked, if examples are chosen by one and it is to be had.
///
/// # Errors
/// For tests, why it is not.
pub(crate) async fn query(
    snapshot: &Snapshot,
    resolved: &Resolved,
    record: &mut Pending,
) -> Result<Option<Arc<[f32]>>> {
    let Some(named) = &resolved.named else { return Ok(None) };
    let release = &named.release;
    let Some(embedder) = release.embedder() else { return Ok(None) };
    let is_test = record.record().purpose == CallPurpose::Test;
    let declared = &release.version.content.variables;
    // Variables that do not fit are told by the step itself.
    let Ok(mut variables) = variable::bind(declared, &named.variables) else { return Ok(None) };
    shorten::to_bounds(declared, &mut variables).ok();
    let found = match release.vectors.get() {
        None => Err(Error::new(Kind::Unavailable, "the examples' vectors are not there yet")),
        Some(known) => ask(snapshot, embedder, &variables, is_test).await.and_then(|found| {
            let width = known.first().map_or(0, |first| first.len());
            if found.0.len() == width {
                return Ok(found);
            }
            let message =
                format!("a vector has {} numbers, the examples' have {width}", found.0.len());
            Err(Error::new(Kind::VendorFailed, message))
        }),
    };
    match found {
        Ok((vector, cost)) => {
            record.note_selection(Selection::Embedding, cost);
            Ok(Some(vector))
        }
        Err(error) if is_test => {
            let message = format!("examples cannot be chosen by {embedder}: {}", error.message());
            Err(Error::new(error.kind(), message).because(error))
        }
        Err(error) => {
            tracing::warn!(%embedder, %error, "examples are chosen by their words");
            record.note_selection(Selection::Words, NanoUsd::ZERO);
            Ok(None)
        }
    }
}

async fn ask(
    snapshot: &Snapshot,
    embedder: &ModelName,
    variables: &BTreeMap<String, Value>,
    is_test: bool,
) -> Result<(Arc<[f32]>, NanoUsd)> {
    let vendor = snapshot.vendor(embedder).ok_or_else(|| {
        Error::new(Kind::Unavailable, format!("there is no provider `{}`", embedder.provider()))
    })?;
    let texts = [shots::words(variables)];
    let longest = if is_test { TESTING } else { SERVING };
    let embedded = timeout(longest, vendor.embed(embedder.vendor_id(), &texts)).await;
    let late = |_| Error::new(Kind::Timeout, "no vector in time");
    let embedded = embedded.map_err(late)??;
    let price = snapshot.project().price(embedder);
    let cost = price.zip(embedded.usage).map(|(price, usage)| price.of(&usage));
    let vector = embedded.vectors.into_iter().next();
    let vector = vector.ok_or_else(|| Error::new(Kind::VendorFailed, "no vector was given"))?;
    Ok((vector.into(), cost.unwrap_or_default()))
}
