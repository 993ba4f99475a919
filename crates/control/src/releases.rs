//! Versions compiled to serve.
//!
//! Compiling is the dear part of a snapshot, and versions never change, so what was compiled is kept across
//! snapshots. A start, which needs them all, reads many in one statement: asked for one by one, a thousand
//! versions are a thousand waits for another thread.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt, stream};
use gatemark_core::id::{ModelName, PromptName};
use gatemark_core::prompt::Version;
use gatemark_core::{Kind, Result};
use gatemark_gateway::Release;
use gatemark_store::Store;

use crate::cascade_judge;
use crate::proof::Proofs;

/// Versions read at once; the next are read while these are compiled.
const AT_ONCE: usize = 64;

/// A version, by prompt and number.
pub(crate) type ReleaseId = (PromptName, u32);

/// A version, and the model in front if that is not the version's first.
pub(crate) type Led = (ReleaseId, Option<ModelName>);

/// Compiled releases, and what was found out about them.
#[derive(Default)]
pub(crate) struct Releases {
    compiled: Mutex<HashMap<Led, Arc<Release>>>,
    pub(crate) proofs: Proofs,
}

impl Releases {
    /// Compiles those of `wanted` that are not known yet. One that cannot be is passed over: who asks for it
    /// with [`Releases::led_by`] is told.
    ///
    /// # Errors
    /// `Unavailable` if the store is away.
    pub(crate) async fn prepare(
        &self,
        store: &Store,
        wanted: impl Iterator<Item = Led>,
    ) -> Result<()> {
        let mut missing: HashMap<ReleaseId, Vec<Option<ModelName>>> = HashMap::new();
        for led in wanted.filter(|led| self.known(led).is_none()) {
            let models = missing.entry(led.0).or_default();
            if !models.contains(&led.1) {
                models.push(led.1);
            }
        }
        let ids: Vec<ReleaseId> = missing.keys().cloned().collect();
        let reads: Vec<_> =
            ids.chunks(AT_ONCE).map(|some| store.versions_of(some.to_vec())).collect();
        let mut reads = stream::iter(reads).buffered(2);
        while let Some(read) = reads.next().await {
            for (id, version) in read? {
                let Ok(version) = version else { continue };
                for model in missing.remove(&id).unwrap_or_default() {
                    match self.compile(store, &version, model.as_ref()).await {
                        Err(error) if error.kind() == Kind::Unavailable => return Err(error),
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// The version compiled, with `model` in front if one is named; `None` if there is none that can be compiled,
    /// which is logged: one bad prompt must not stop the others.
    ///
    /// # Errors
    /// `Unavailable` if the store is away: the snapshot in force is better than one with holes.
    pub(crate) async fn led_by(
        &self,
        store: &Store,
        id: &ReleaseId,
        model: Option<&ModelName>,
    ) -> Result<Option<Arc<Release>>> {
        if let Some(release) = self.known(&(id.clone(), model.cloned())) {
            return Ok(Some(release));
        }
        let read = match store.version(&id.0, id.1).await {
            Ok(Some(version)) => self.compile(store, &version, model).await,
            Ok(None) => return Ok(None),
            Err(error) => Err(error),
        };
        match read {
            Ok(release) => Ok(Some(release)),
            Err(error) if error.kind() == Kind::Unavailable => Err(error),
            Err(error) => {
                tracing::error!(prompt = %id.0, version = id.1, %error, "left out of serving");
                Ok(None)
            }
        }
    }

    fn known(&self, led: &Led) -> Option<Arc<Release>> {
        self.compiled.lock().unwrap_or_else(PoisonError::into_inner).get(led).cloned()
    }

    async fn compile(
        &self,
        store: &Store,
        version: &Version,
        model: Option<&ModelName>,
    ) -> Result<Arc<Release>> {
        let release = match model {
            Some(model) => Release::led_by(version, model)?,
            None => Release::compile(version.clone())?,
        };
        cascade_judge::given(store, &release).await?;
        let release = Arc::new(release);
        let led = ((version.prompt.clone(), version.number), model.cloned());
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        compiled.insert(led, release.clone());
        Ok(release)
    }
}
