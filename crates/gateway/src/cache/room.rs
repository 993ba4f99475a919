//! One cache with all that belongs to it: answers, vectors, figures.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gatemark_core::cache::{Cache, CacheUse, MOST_COMPARED};
use gatemark_core::id::Digest;
use gatemark_core::money::NanoUsd;
use tokio::time::Instant;

use super::kept::Kept;
use super::nearest::Nearest;
use super::shelf::{Memory, Shelf};
use crate::clock::micros;

/// What a cache did since the start, and what it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Its name.
    pub name: String,
    /// Answers in it.
    pub entries: u64,
    /// Bytes that they take, vectors included.
    pub bytes: u64,
    /// Most bytes that they may take.
    pub max_bytes: u64,
    /// Answers given again to exactly the same request.
    pub hits: u64,
    /// Answers given again to requests of like meaning.
    pub similar: u64,
    /// Answers given to callers who waited for another's.
    pub coalesced: u64,
    /// Calls whose answer was not there.
    pub misses: u64,
    /// Answers that were kept.
    pub stored: u64,
    /// Answers that were not, because they are not to be given again or are too large.
    pub refused: u64,
    /// What answers given again would have cost.
    pub saved: NanoUsd,
    /// Texts made vectors of.
    pub embeddings: u64,
    /// Times that this failed, so that the vendor was asked instead.
    pub embedding_failures: u64,
    /// What it cost, if the embedder has a price; in no call's cost and in no budget.
    pub embedding_cost: NanoUsd,
    /// Time spent on it, in microseconds.
    pub embedding_us: u64,
    /// Time spent on comparing, in microseconds.
    pub search_us: u64,
}

#[derive(Default)]
struct Figures {
    hits: AtomicU64,
    similar: AtomicU64,
    coalesced: AtomicU64,
    misses: AtomicU64,
    stored: AtomicU64,
    refused: AtomicU64,
    saved: AtomicU64,
    embeddings: AtomicU64,
    embedding_failures: AtomicU64,
    embedding_cost: AtomicU64,
    embedding_us: AtomicU64,
    search_us: AtomicU64,
}

/// Most answers that are passed by because they are too old for a caller.
const MOST_PASSED: usize = 8;

/// What stands under a key.
enum Looked {
    /// An answer.
    Fresh(Arc<Kept>),
    /// One that is too old for this caller, and stays for others.
    TooOld,
    /// None, or one whose time was over and that is gone now.
    Gone,
}

pub(crate) struct Room {
    name: String,
    max_bytes: u64,
    max_entries: Option<u32>,
    shelf: Box<dyn Shelf>,
    nearest: Option<Nearest>,
    figures: Figures,
}

impl Room {
    pub(crate) fn new(cache: &Cache) -> Self {
        let of_answers =
            if cache.similar.is_some() { cache.max_bytes / 2 } else { cache.max_bytes };
        let of_vectors = usize::try_from(cache.max_bytes - of_answers).unwrap_or(usize::MAX);
        let max_entries = cache.similar.as_ref().map(|similar| similar.max_entries);
        let nearest = max_entries.map(|most| {
            let most = usize::try_from(most.min(MOST_COMPARED)).unwrap_or(usize::MAX);
            Nearest::new(most, of_vectors)
        });
        Self {
            name: cache.name.clone(),
            max_bytes: cache.max_bytes,
            max_entries,
            shelf: Box::new(Memory::new(of_answers)),
            nearest,
            figures: Figures::default(),
        }
    }

    /// Whether it is the room that `cache` wants: others were made for an older configuration.
    pub(crate) fn fits(&self, cache: &Cache) -> bool {
        let max_entries = cache.similar.as_ref().map(|similar| similar.max_entries);
        self.max_bytes == cache.max_bytes && self.max_entries == max_entries
    }

    /// The answer under `key`, if it is fresh. An old one goes.
    pub(crate) async fn get(&self, key: &Digest, most: Option<Duration>) -> Option<Arc<Kept>> {
        match self.look(key, most).await {
            Looked::Fresh(kept) => Some(kept),
            Looked::TooOld | Looked::Gone => None,
        }
    }

    async fn look(&self, key: &Digest, most: Option<Duration>) -> Looked {
        let Some(kept) = self.shelf.get(key).await else { return Looked::Gone };
        let now = Instant::now();
        if kept.is_fresh(now, most) {
            return Looked::Fresh(kept);
        }
        if kept.is_fresh(now, None) {
            return Looked::TooOld;
        }
        self.shelf.remove(key);
        Looked::Gone
    }

    /// The fresh answer to the request whose vector is nearest, and how near it is.
    pub(crate) async fn nearest(
        &self,
        (group, vector): (&Digest, &[f32]),
        threshold: f32,
        most: Option<Duration>,
    ) -> Option<(Arc<Kept>, f32)> {
        let nearest = self.nearest.as_ref()?;
        let began = Instant::now();
        let (mut found, mut passed) = (None, vec![]);
        // Each round without an answer forgets a vector whose answer is gone, or passes by one that is only too
        // old for this caller.
        while passed.len() < MOST_PASSED
            && let Some((key, similarity)) = nearest.find(group, vector, threshold, &passed)
        {
            match self.look(&key, most).await {
                Looked::Fresh(kept) => {
                    found = Some((kept, similarity));
                    break;
                }
                Looked::TooOld => passed.push(key),
                Looked::Gone => nearest.remove(group, &key),
            }
        }
        self.figures.search_us.fetch_add(micros(began.elapsed()), Ordering::Relaxed);
        found
    }

    pub(crate) fn put(&self, key: Digest, kept: Arc<Kept>, near: Option<(Digest, Vec<f32>)>) {
        self.figures.stored.fetch_add(1, Ordering::Relaxed);
        self.shelf.put(key, kept);
        if let (Some(nearest), Some((group, vector))) = (&self.nearest, near) {
            nearest.insert(group, &vector, key);
        }
    }

    pub(crate) fn clear(&self) {
        self.shelf.clear();
        if let Some(nearest) = &self.nearest {
            nearest.clear();
        }
    }

    pub(crate) fn count(&self, what: CacheUse, saved: NanoUsd) {
        let counter = match what {
            CacheUse::Hit => &self.figures.hits,
            CacheUse::Similar => &self.figures.similar,
            CacheUse::Coalesced => &self.figures.coalesced,
            CacheUse::Miss => &self.figures.misses,
            CacheUse::Bypass => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.figures.saved.fetch_add(saved.0.max(0).unsigned_abs(), Ordering::Relaxed);
    }

    pub(crate) fn count_refused(&self) {
        self.figures.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// A text was made a vector of; `cost` is `None` if that failed.
    pub(crate) fn count_embedding(&self, took: Duration, cost: Option<NanoUsd>) {
        self.figures.embedding_us.fetch_add(micros(took), Ordering::Relaxed);
        self.figures.embeddings.fetch_add(1, Ordering::Relaxed);
        match cost {
            Some(cost) => {
                let cost = cost.0.max(0).unsigned_abs();
                self.figures.embedding_cost.fetch_add(cost, Ordering::Relaxed);
            }
            None => drop(self.figures.embedding_failures.fetch_add(1, Ordering::Relaxed)),
        }
    }

    pub(crate) fn stats(&self) -> CacheStats {
        let (entries, bytes) = self.shelf.size();
        let vectors = self.nearest.as_ref().map_or(0, |nearest| nearest.size().1);
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let money = |counter| NanoUsd(i64::try_from(read(counter)).unwrap_or(i64::MAX));
        let figures = &self.figures;
        CacheStats {
            name: self.name.clone(),
            entries,
            bytes: bytes.saturating_add(vectors),
            max_bytes: self.max_bytes,
            hits: read(&figures.hits),
            similar: read(&figures.similar),
            coalesced: read(&figures.coalesced),
            misses: read(&figures.misses),
            stored: read(&figures.stored),
            refused: read(&figures.refused),
            saved: money(&figures.saved),
            embeddings: read(&figures.embeddings),
            embedding_failures: read(&figures.embedding_failures),
            embedding_cost: money(&figures.embedding_cost),
            embedding_us: read(&figures.embedding_us),
            search_us: read(&figures.search_us),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::kept::tests::{kept, terms};
    use super::*;
    use gatemark_core::cache::{About, Share, Similar};
    use gatemark_provider::answer::Answer;

    fn room() -> Room {
        let similar = Similar { embedder: "p/e".parse().unwrap(), threshold: 0.9, max_entries: 10 };
        Room::new(&Cache {
            name: "c".into(),
            about: About::Models("*".into()),
            ttl: Duration::from_secs(60),
            share: Share::Caller,
            max_bytes: 1 << 20,
            similar: Some(similar),
        })
    }

    #[tokio::test]
    async fn old_answers_go() {
        let (room, key) = (room(), Digest::of(b"k"));
        let old = Kept::whole(&Answer::default(), terms(0));
        room.put(key, Arc::new(old), Some((Digest::of(b"g"), vec![1.0])));
        assert_eq!((room.stats().entries, room.stats().stored), (1, 1));
        assert!(room.nearest((&Digest::of(b"g"), &[1.0]), 0.5, None).await.is_none());
        let stats = room.stats();
        assert_eq!((stats.entries, stats.bytes), (0, 0), "the vector goes with its answer");
    }

    #[tokio::test]
    async fn a_vector_stays_for_others_when_its_answer_is_too_old_for_one() {
        let room = room();
        let group = Digest::of(b"g");
        for (key, vector) in [(b"k", vec![1.0, 0.0]), (b"l", vec![0.8, 0.6])] {
            let kept = Arc::new(kept(std::str::from_utf8(key).unwrap()));
            room.put(Digest::of(key), kept, Some((group, vector)));
        }
        let asked = (&group, &[1.0, 0.0][..]);
        assert!(room.nearest(asked, 0.5, Some(Duration::ZERO)).await.is_none());
        let (found, similarity) = room.nearest(asked, 0.5, None).await.unwrap();
        assert_eq!((found.text().as_str(), similarity), ("k", 1.0), "both vectors are still there");
    }

    #[tokio::test]
    async fn what_is_too_old_for_one_stays_for_others() {
        let (room, key) = (room(), Digest::of(b"k"));
        room.put(key, Arc::new(kept("x")), None);
        assert!(room.get(&key, Some(Duration::ZERO)).await.is_none());
        assert!(room.get(&key, None).await.is_some());
        room.clear();
        assert!(room.get(&key, None).await.is_none());
    }
}
