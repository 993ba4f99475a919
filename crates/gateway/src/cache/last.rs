//! The answer that a cache still has, without asking anybody for anything.
//!
//! For calls that were stopped: they neither wait for another's answer nor bring one, and are compared by
//! meaning only where vectors are made in this process. An answer whose time is over stays over.

use gatemark_core::model::Protocol;
use gatemark_provider::repeat;

use super::{Caches, Found, Look, Plan, identity, key};
use crate::prepare::Prepared;
use crate::resolve::Resolved;
use crate::snapshot::Snapshot;

impl Caches {
    /// The answer to exactly this request or, if the cache allows that, to one of like meaning.
    pub(crate) async fn last(
        &self,
        snapshot: &Snapshot,
        resolved: &Resolved,
        plan: &Plan,
        prepared: &Prepared,
    ) -> Option<Found> {
        if plan.wish.no_store || repeat::is_stateful(&prepared.request) {
            return None;
        }
        let identity = identity(snapshot, resolved);
        let look = Look { snapshot, resolved, plan, prepared, identity: &identity };
        let form = key::Form { dialect: plan.dialect, stream: prepared.request.stream };
        let key = key::of(&look.owner(), &prepared.request, form).ok()?;
        let room = self.room(&plan.cache);
        if let Some(found) = look.exact(&room, &key).await {
            return Some(found);
        }
        let embedder = &plan.cache.similar.as_ref()?.embedder;
        let provider = snapshot.project().providers.get(embedder.provider())?;
        if provider.protocol != Protocol::Local {
            return None;
        }
        let near = look.near(&room).await;
        look.nearest(&room, near.as_ref()).await
    }
}
