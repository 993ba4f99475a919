//! Where answers are kept.
//!
//! Behind a trait, so that a store shared by several processes can take the place of memory. Looking is
//! awaited, keeping is not: no call waits until its answer has been put away.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture};
use gatemark_core::id::Digest;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use super::kept::Kept;

/// Answers by their key.
pub(crate) trait Shelf: Send + Sync {
    /// The answer under `key`, however old. A shelf that cannot be reached has none.
    fn get<'a>(&'a self, key: &'a Digest) -> BoxFuture<'a, Option<Arc<Kept>>>;

    /// Keeps an answer, unless it is too large.
    fn put(&self, key: Digest, kept: Arc<Kept>);

    /// Forgets one.
    fn remove(&self, key: &Digest);

    /// Forgets all.
    fn clear(&self);

    /// How many there are, and the bytes that they take.
    fn size(&self) -> (u64, u64);
}

/// Bytes of a part of the memory that has its own lock; no answer is larger.
const PART: u64 = 8 << 20;

#[derive(Clone)]
struct Bytes;

impl Weighter<Digest, Arc<Kept>> for Bytes {
    fn weight(&self, _: &Digest, kept: &Arc<Kept>) -> u64 {
        u64::try_from(kept.bytes()).unwrap_or(u64::MAX)
    }
}

/// A shelf in this process, bounded in bytes. At the bound, what is least asked for goes (S3-FIFO).
pub(crate) struct Memory {
    kept: Cache<Digest, Arc<Kept>, Bytes>,
}

impl Memory {
    pub(crate) fn new(max_bytes: u64) -> Self {
        let parts = usize::try_from((max_bytes / PART).clamp(1, 8)).unwrap_or(1);
        let items = usize::try_from(max_bytes / 2048).unwrap_or(usize::MAX).clamp(16, 100_000);
        let options = OptionsBuilder::new()
            .estimated_items_capacity(items)
            .weight_capacity(max_bytes)
            .shards(parts)
            .build();
        let kept = match options {
            Ok(options) => Cache::with_options(
                options,
                Bytes,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            Err(_) => Cache::with_weighter(items, max_bytes, Bytes),
        };
        Self { kept }
    }
}

impl Shelf for Memory {
    fn get<'a>(&'a self, key: &'a Digest) -> BoxFuture<'a, Option<Arc<Kept>>> {
        future::ready(self.kept.get(key)).boxed()
    }

    fn put(&self, key: Digest, kept: Arc<Kept>) {
        self.kept.insert(key, kept);
    }

    fn remove(&self, key: &Digest) {
        self.kept.remove(key);
    }

    fn clear(&self) {
        self.kept.clear();
    }

    fn size(&self) -> (u64, u64) {
        (u64::try_from(self.kept.len()).unwrap_or(u64::MAX), self.kept.weight())
    }
}

#[cfg(test)]
mod tests {
    use super::super::kept::tests::kept;
    use super::*;
    use proptest::prelude::*;

    fn key(number: u32) -> Digest {
        Digest::of(&number.to_le_bytes())
    }

    #[tokio::test]
    async fn what_is_kept_is_found_until_it_is_forgotten() {
        let shelf = Memory::new(1 << 20);
        shelf.put(key(1), Arc::new(kept("one")));
        assert_eq!(shelf.get(&key(1)).await.unwrap().text(), "one");
        assert!(shelf.get(&key(2)).await.is_none());
        shelf.remove(&key(1));
        assert!(shelf.get(&key(1)).await.is_none());
        shelf.put(key(1), Arc::new(kept("one")));
        shelf.clear();
        assert_eq!(shelf.size(), (0, 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever is put in, and in whatever order, the bound holds.
        #[test]
        fn the_bound_in_bytes_holds(
            bound in 1_000_u64..200_000,
            puts in prop::collection::vec((0_u32..200, 0_usize..20_000), 1..300),
        ) {
            let shelf = Memory::new(bound);
            for (number, length) in puts {
                shelf.put(key(number), Arc::new(kept(&"x".repeat(length))));
                prop_assert!(shelf.size().1 <= bound, "{} of {bound}", shelf.size().1);
            }
        }
    }
}
