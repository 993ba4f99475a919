//! Step 6 for applications: an answer that was given before.
//!
//! Three ways in the order of their price. *Exact*: the same request from the same caller under the same
//! version. *At the same time*: somebody is asking it now, and it is waited for. *Similar*: another request
//! whose free texts mean nearly the same, by the distance of their vectors, if the cache allows that. What
//! is found was checked when it was kept, by the version that would check it now, and is not checked again.
//!
//! The first two cost nothing and come before budgets are asked: an answer that is there is given however
//! little money is left. To compare by meaning a vector has to be paid for, which nobody does for a call that
//! could not be paid itself, so that comes after.
//!
//! A call that no cache is about costs two comparisons here, and nothing is hashed for it.

mod flight;
mod keeper;
mod kept;
mod key;
mod meaning;
mod nearest;
mod room;
mod shelf;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use gatemark_core::cache::{About, Cache, CacheUse, DEFAULT_BYTES, Share, Similar};
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::id::{Digest, EnvironmentName, PromptName};
use gatemark_core::model::Provider;
use gatemark_core::variable;
use gatemark_provider::{Dialect, repeat};
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout};

use crate::Gateway;
use crate::prepare::Prepared;
use crate::record::Pending;
use crate::resolve::Resolved;
use crate::snapshot::Snapshot;
use crate::wish::CacheWish;
use flight::{Entered, Flights, Landed, Lead, Waited};
use kept::{Kept, Pieces};
use meaning::Meaning;
use room::Room;

pub(crate) use keeper::Keeper;
pub use room::CacheStats;

/// The cache of plain calls whose callers ask for one.
const BY_REQUEST: &str = "by-request";

/// Longest wait for a vector: one that comes later saves nobody time.
const EMBEDDING: Duration = Duration::from_secs(2);

/// Every cache of this process.
#[derive(Default)]
pub(crate) struct Caches {
    rooms: RwLock<HashMap<String, Arc<Room>>>,
    flights: Flights,
}

/// What the caches have to know of a call before it is prepared.
pub(crate) struct Plan {
    cache: Cache,
    wish: CacheWish,
    caller: String,
    dialect: Dialect,
    /// What the caller adds to the conversation, where calls are compared by meaning.
    added: Option<Box<RawValue>>,
    /// Whether it goes on with what was said before: then it is not compared by meaning, because what is
    /// compared does not hold that.
    converses: bool,
}

/// What there is for a call.
pub(crate) enum Recalled<T> {
    /// An answer.
    Found(Found),
    /// None.
    Ask(T),
}

/// A question to which there is no answer that costs nothing, and the duty to bring one if others wait for it.
pub(crate) struct Question {
    room: Arc<Room>,
    key: Digest,
    lead: Option<Lead>,
}

/// An answer that is given again.
pub(crate) struct Found {
    pub(crate) kept: Arc<Kept>,
    pub(crate) how: CacheUse,
    pub(crate) similarity: Option<f32>,
    room: Arc<Room>,
}

impl Found {
    /// How long ago it was first given.
    pub(crate) fn age(&self) -> Duration {
        self.kept.at.elapsed()
    }

    /// Writes down that it was given again.
    pub(crate) fn note(&self, record: &mut Pending) {
        record.note_cache(self.how);
        record.note_kept(&self.kept.text(), self.kept.usage, self.kept.latency_us);
        self.room.count(self.how, record.record().saved);
    }
}

/// Who asks, and what of the request is gone once it has been prepared.
pub(crate) struct Asking<'a> {
    pub(crate) caller: &'a str,
    pub(crate) dialect: Dialect,
    pub(crate) wish: CacheWish,
    pub(crate) added: Option<&'a RawValue>,
    pub(crate) converses: bool,
}

/// The cache that is about a call, if there is one.
pub(crate) fn plan(snapshot: &Snapshot, resolved: &Resolved, asking: &Asking<'_>) -> Option<Plan> {
    let caching = &snapshot.project().caching;
    if (caching.caches.is_empty() && asking.wish.ttl.is_none()) || resolved.recall.is_some() {
        return None;
    }
    let prompt = resolved.named.as_ref().map(|named| &named.release.version.prompt);
    let place = prompt.map(|name| (name, resolved.environment.as_ref()));
    let cache = caching
        .find(place, &resolved.model)
        .cloned()
        .or_else(|| asking.wish.ttl.filter(|_| prompt.is_none()).map(by_request))?;
    let added = cache.similar.as_ref().and_then(|_| asking.added.map(RawValue::to_owned));
    let (wish, dialect) = (asking.wish, asking.dialect);
    let (caller, converses) = (asking.caller.to_string(), asking.converses);
    Some(Plan { cache, wish, caller, dialect, added, converses })
}

fn by_request(ttl: Duration) -> Cache {
    Cache {
        name: BY_REQUEST.to_string(),
        about: About::Models("*".to_string()),
        ttl,
        share: Share::Caller,
        max_bytes: DEFAULT_BYTES,
        similar: None,
    }
}

impl Gateway {
    /// What every cache did that was used since the start.
    pub fn caches(&self) -> Vec<CacheStats> {
        self.shared.caches.stats()
    }

    /// Forgets the answers of the cache `name`, or of all; the names of those that were emptied.
    pub fn clear_caches(&self, name: Option<&str>) -> Vec<String> {
        self.shared.caches.clear(name)
    }
}

impl Caches {
    /// Every cache that was used.
    pub(crate) fn stats(&self) -> Vec<CacheStats> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        let mut stats: Vec<_> = rooms.values().map(|room| room.stats()).collect();
        stats.sort_by(|a, b| a.name.cmp(&b.name));
        stats
    }

    /// Forgets the answers of the cache `name`, or of all; the names of those that were emptied.
    pub(crate) fn clear(&self, name: Option<&str>) -> Vec<String> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        let meant = rooms.iter().filter(|(known, _)| name.is_none_or(|name| name == *known));
        let mut cleared = vec![];
        for (name, room) in meant {
            room.clear();
            cleared.push(name.clone());
        }
        cleared.sort();
        cleared
    }

    fn room(&self, cache: &Cache) -> Arc<Room> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(room) = rooms.get(&cache.name).filter(|room| room.fits(cache)) {
            return room.clone();
        }
        drop(rooms);
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        let room = rooms.entry(cache.name.clone()).or_insert_with(|| Arc::new(Room::new(cache)));
        if !room.fits(cache) {
            *room = Arc::new(Room::new(cache));
        }
        room.clone()
    }

    /// Looks for an answer to exactly this; at the end of a wait in vain, `Timeout`.
    pub(crate) async fn recall(
        &self,
        snapshot: &Snapshot,
        resolved: &Resolved,
        plan: &Plan,
        prepared: &Prepared,
        record: &mut Pending,
    ) -> Result<Recalled<Option<Question>>> {
        if plan.wish.no_store || repeat::is_stateful(&prepared.request) {
            record.note_cache(CacheUse::Bypass);
            return Ok(Recalled::Ask(None));
        }
        let identity = identity(snapshot, resolved);
        Look { snapshot, resolved, plan, prepared, identity: &identity }.exactly(self).await
    }

    /// Looks for an answer to a question of like meaning; else somebody takes in what the vendor says.
    pub(crate) async fn recall_alike(
        &self,
        question: Question,
        (snapshot, resolved): (&Snapshot, &Resolved),
        plan: &Plan,
        prepared: &Prepared,
        record: &mut Pending,
    ) -> Recalled<Box<Keeper>> {
        let identity = identity(snapshot, resolved);
        let look = Look { snapshot, resolved, plan, prepared, identity: &identity };
        let recalled = look.alike(question).await;
        if let Recalled::Ask(keeper) = &recalled {
            record.note_cache(CacheUse::Miss);
            keeper.room.count(CacheUse::Miss, gatemark_core::NanoUsd::ZERO);
        }
        recalled
    }
}

/// Who answers under the model's name.
fn identity(snapshot: &Snapshot, resolved: &Resolved) -> String {
    let provider = snapshot.project().providers.get(resolved.model.provider());
    provider.map(Provider::identity).unwrap_or_default()
}

/// Gives what was found to those who wait for it.
fn land(lead: Option<Lead>, found: &Found) {
    if let Some(lead) = lead {
        lead.land(Some(Landed { kept: found.kept.clone(), similarity: found.similarity }));
    }
}

/// One search.
struct Look<'a> {
    snapshot: &'a Snapshot,
    resolved: &'a Resolved,
    plan: &'a Plan,
    prepared: &'a Prepared,
    identity: &'a str,
}

impl Look<'_> {
    async fn exactly(&self, caches: &Caches) -> Result<Recalled<Option<Question>>> {
        let form = key::Form { dialect: self.plan.dialect, stream: self.prepared.request.stream };
        let key = key::of(&self.owner(), &self.prepared.request, form)?;
        let room = caches.room(&self.plan.cache);
        if self.plan.wish.refresh {
            return Ok(Recalled::Ask(Some(Question { room, key, lead: None })));
        }
        if let Some(found) = self.exact(&room, &key).await {
            return Ok(Recalled::Found(found));
        }
        let lead = match caches.flights.enter(key) {
            Entered::Lead(lead) => Some(lead),
            Entered::Follow(follow) => match follow.wait(self.deadline()).await {
                Waited::Landed(Landed { kept, similarity }) => {
                    let how = CacheUse::Coalesced;
                    return Ok(Recalled::Found(Found { kept, how, similarity, room }));
                }
                Waited::Lead(lead) => Some(lead),
                Waited::Alone => None,
                Waited::Late => {
                    let message =
                        "the same request is being answered, but was not before the deadline";
                    return Err(Error::new(Kind::Timeout, message));
                }
            },
        };
        // The answer may have come between looking and asking.
        if let Some(found) = self.exact(&room, &key).await {
            land(lead, &found);
            return Ok(Recalled::Found(found));
        }
        Ok(Recalled::Ask(Some(Question { room, key, lead })))
    }

    async fn alike(&self, question: Question) -> Recalled<Box<Keeper>> {
        let Question { room, key, lead } = question;
        let near = self.near(&room).await;
        if let Some((group, vector)) = near.as_ref().filter(|_| !self.plan.wish.refresh)
            && let Some(similar) = &self.plan.cache.similar
            && let Some((kept, similarity)) =
                room.nearest((group, vector), similar.threshold, self.plan.wish.ttl).await
        {
            let (how, similarity) = (CacheUse::Similar, Some(similarity));
            let found = Found { kept, how, similarity, room };
            land(lead, &found);
            return Recalled::Found(found);
        }
        let request = &self.prepared.request;
        Recalled::Ask(Box::new(Keeper {
            room,
            key,
            ttl: self.plan.cache.ttl,
            lead,
            near,
            model: self.resolved.model.clone(),
            deterministic: repeat::is_deterministic(request),
            pieces: Pieces::new(!repeat::is_plain(request)),
        }))
    }

    async fn exact(&self, room: &Arc<Room>, key: &Digest) -> Option<Found> {
        let kept = room.get(key, self.plan.wish.ttl).await?;
        Some(Found { kept, how: CacheUse::Hit, similarity: None, room: room.clone() })
    }

    fn owner(&self) -> key::Owner<'_> {
        let version = self.resolved.named.as_ref().map(|named| &named.release.version);
        let environment = self.resolved.environment.as_ref();
        key::Owner {
            cache: &self.plan.cache.name,
            caller: (self.plan.cache.share == Share::Caller).then_some(self.plan.caller.as_str()),
            environment: environment.map(EnvironmentName::as_str).unwrap_or_default(),
            prompt: version
                .map(|version| &version.prompt)
                .map(PromptName::as_str)
                .unwrap_or_default(),
            version: version.map(|version| version.hash),
            model: self.resolved.model.as_str(),
            provider: self.identity,
        }
    }

    /// When the call has to be answered: a follower waits no longer than it would wait for the vendor.
    fn deadline(&self) -> Instant {
        let named = self.resolved.named.as_ref();
        let own = named.and_then(|named| named.release.version.content.limits.timeout());
        let provider = self.snapshot.project().providers.get(self.resolved.model.provider());
        let timeout = own.or(provider.map(|provider| provider.timeout)).unwrap_or_default();
        self.prepared.since + timeout
    }

    /// The vector of what is asked and the group that it is compared in; `None` if the cache does not compare
    /// by meaning, there is nothing to compare, or no vector is to be had.
    async fn near(&self, room: &Room) -> Option<(Digest, Vec<f32>)> {
        let similar = self.plan.cache.similar.as_ref()?;
        if self.plan.converses || !repeat::is_plain(&self.prepared.request) {
            return None;
        }
        let named = self.resolved.named.as_ref()?;
        let declared = &named.release.version.content.variables;
        let bound = variable::bind(declared, &named.variables).ok()?;
        let meaning = Meaning::of(declared, &bound)?;
        let same = format!("{} {}", similar.embedder, meaning.same);
        let added = self.plan.added.as_deref();
        let group = key::group(&self.owner(), &self.prepared.request, added, &same).ok()?;
        let began = Instant::now();
        let vector = self.embed(similar, meaning.text).await;
        let cost = vector.as_ref().map(|(_, cost)| *cost);
        room.count_embedding(began.elapsed(), cost);
        Some((group, vector?.0))
    }

    /// A failing embedder is a miss, never an error.
    async fn embed(
        &self,
        similar: &Similar,
        text: String,
    ) -> Option<(Vec<f32>, gatemark_core::NanoUsd)> {
        let embedder = &similar.embedder;
        let vendor = self.snapshot.vendor(embedder)?;
        let texts = [text];
        let embedded = match timeout(EMBEDDING, vendor.embed(embedder.vendor_id(), &texts)).await {
            Ok(Ok(embedded)) => embedded,
            Ok(Err(error)) => {
                tracing::warn!(%embedder, %error, "no vector for the cache; asking the vendor");
                return None;
            }
            Err(_) => {
                tracing::warn!(%embedder, "no vector for the cache in time; asking the vendor");
                return None;
            }
        };
        let price = self.snapshot.project().price(embedder);
        let cost = price.zip(embedded.usage).map(|(price, usage)| price.of(&usage));
        let vector = embedded.vectors.into_iter().next().and_then(nearest::unit)?;
        Some((vector, cost.unwrap_or_default()))
    }
}
