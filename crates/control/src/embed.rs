//! Embeddings of texts, each asked for once: what is known is in the store, by the hash of model and
//! text.
//!
//! The key holds what identifies the model beyond its name (a digest of its files, or its address), so a
//! local model that is replaced in its folder does not meet the vectors of the one before.

use std::collections::HashMap;
use std::sync::Arc;

use gatemark_core::id::ModelName;
use gatemark_core::model::{Protocol, Provider, Usage};
use gatemark_core::money::NanoUsd;
use gatemark_core::{Digest, Error, Kind, Result};
use gatemark_gateway::clock;
use gatemark_provider::embedding::MOST_TEXTS;
use gatemark_provider::{Embedded, TokenVectors, Vendor};

use crate::Control;
use crate::lanes::Lanes;

/// Vectors with what they cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Priced {
    /// A vector for each text, in order.
    pub vectors: Vec<Arc<[f32]>>,
    /// What was paid for those that had to be asked for; `None` if the model's price is unknown, and for
    /// models that are run here.
    pub cost: Option<NanoUsd>,
}

impl Control {
    /// A vector for each text.
    ///
    /// # Errors
    /// `Invalid` if the model's provider is not configured, offers no embeddings, or refuses the texts;
    /// else what the vendor or the store says.
    pub async fn embed(
        &self,
        model: &ModelName,
        texts: &[String],
        lanes: &Lanes,
    ) -> Result<Vec<Arc<[f32]>>> {
        Ok(self.embed_priced(model, texts, lanes).await?.vectors)
    }

    /// The same with what it cost.
    ///
    /// # Errors
    /// As [`Control::embed`].
    pub async fn embed_priced(
        &self,
        model: &ModelName,
        texts: &[String],
        lanes: &Lanes,
    ) -> Result<Priced> {
        let (provider, vendor) = self.embedder(model)?;
        let name = model.vendor_id();
        let identity = vendor.embedder(name).await.map_err(|error| about(model, error))?;
        let keys: Vec<Digest> = texts.iter().map(|text| key(model, &identity, text)).collect();
        let kept = self.store.embeddings(&keys).await?;
        let mut known: HashMap<Digest, Arc<[f32]>> =
            kept.into_iter().map(|(key, vector)| (key, vector.into())).collect();
        let mut missing: HashMap<Digest, &String> = HashMap::new();
        for (key, text) in keys.iter().zip(texts).filter(|(key, _)| !known.contains_key(*key)) {
            missing.insert(*key, text);
        }
        let missing: Vec<(Digest, &String)> = missing.into_iter().collect();
        let local = provider.protocol == Protocol::Local;
        let mut cost = (!local && self.project.price(model).is_some()).then_some(NanoUsd::ZERO);
        for batch in missing.chunks(MOST_TEXTS) {
            let asked: Vec<String> = batch.iter().map(|(_, text)| (*text).clone()).collect();
            let lane = lanes.enter(model.provider()).await;
            if !local {
                self.gateway.may_ask()?;
            }
            let embedded = ask(provider, vendor.as_ref(), name, &asked).await;
            drop(lane);
            let Embedded { vectors, usage } = embedded.map_err(|error| about(model, error))?;
            if let (Some(cost), Some(price)) = (&mut cost, self.project.price(model)) {
                *cost += price.of(&usage.unwrap_or_else(|| estimate(&asked)));
            }
            let rows: Vec<(Digest, &[f32])> =
                batch.iter().zip(&vectors).map(|((key, _), vector)| (*key, &**vector)).collect();
            self.store.keep_embeddings(&rows, clock::now_us()).await?;
            known.extend(batch.iter().zip(vectors).map(|((key, _), v)| (*key, v.into())));
        }
        let vectors: Vec<Arc<[f32]>> =
            keys.iter().filter_map(|key| known.get(key).map(Arc::clone)).collect();
        if vectors.len() != texts.len() {
            return Err(Error::internal(format!("the model `{model}` gave too few vectors")));
        }
        Ok(Priced { vectors, cost })
    }

    /// Vectors for the tokens of each text; only models that are run here give them. They are not kept:
    /// they are large, and computing them costs no money.
    ///
    /// # Errors
    /// As [`Control::embed`].
    pub async fn embed_tokens(
        &self,
        model: &ModelName,
        texts: &[String],
        lanes: &Lanes,
    ) -> Result<Vec<TokenVectors>> {
        let (_, vendor) = self.embedder(model)?;
        let _lane = lanes.enter(model.provider()).await;
        let tokens = vendor.embed_tokens(model.vendor_id(), texts).await;
        tokens.map_err(|error| about(model, error))
    }

    /// Whether `model` is run by this process, and so costs no money.
    pub(crate) fn is_run_here(&self, model: &ModelName) -> bool {
        let provider = self.project.providers.get(model.provider());
        provider.is_some_and(|provider| provider.protocol == Protocol::Local)
    }

    fn embedder(&self, model: &ModelName) -> Result<(&Provider, &Arc<dyn Vendor>)> {
        let provider = self.project.providers.get(model.provider());
        provider.zip(self.vendors.first.get(model.provider())).ok_or_else(|| {
            let known: Vec<&str> = self.project.providers.keys().map(String::as_str).collect();
            let message = format!(
                "the embedding model `{model}` has no provider here: gatemark.yaml declares {}",
                known.join(", ")
            );
            Error::invalid(message).at("model").coded("model_not_found")
        })
    }
}

/// Asks the vendor, as often and as long as the provider is configured for. A model that is run here is
/// asked once and waited for: it may have to be fetched first.
async fn ask(
    provider: &Provider,
    vendor: &dyn Vendor,
    model: &str,
    texts: &[String],
) -> Result<Embedded> {
    if provider.protocol == Protocol::Local {
        return vendor.embed(model, texts).await;
    }
    let mut left = provider.retries;
    loop {
        let asked = tokio::time::timeout(provider.timeout, vendor.embed(model, texts)).await;
        let answer = asked.unwrap_or_else(|_| {
            let seconds = provider.timeout.as_secs_f64();
            let message = format!("no answer of provider `{}` in {seconds} s", provider.name);
            Err(Error::new(Kind::Timeout, message))
        });
        match answer {
            Err(error) if error.kind().may_retry() && left > 0 => left -= 1,
            answer => return answer,
        }
    }
}

/// The error with the model's name in front.
fn about(model: &ModelName, error: Error) -> Error {
    let message = format!("no embeddings from `{model}`: {}", error.message());
    let about = Error::new(error.kind(), message).at("model");
    match error.vendor().cloned() {
        Some(said) => about.from_vendor(said).because(error),
        None => about.because(error),
    }
}

fn key(model: &ModelName, identity: &str, text: &str) -> Digest {
    Digest::of(format!("{model}\0{identity}\0{text}").as_bytes())
}

/// Tokens as we count them, for vendors that do not say.
fn estimate(texts: &[String]) -> Usage {
    let input: usize = texts.iter().map(|text| gatemark_text::tokens::count(text)).sum();
    let input = u64::try_from(input).unwrap_or(u64::MAX);
    Usage { input, estimated: true, ..Usage::default() }
}
