//! Vectors of what was asked, searched one by one.
//!
//! Requests are only ever compared within a group: everything about them that is not compared by meaning is
//! the same there. A flat search needs no training, forgets at once and finds the nearest, not a near one;
//! at the bound of 10,000 vectors of 384 numbers it costs about a millisecond (measured: docs/caching.md).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gatemark_core::id::Digest;

/// The vectors of one cache, bounded in number and bytes. What was used longest ago goes first.
pub(crate) struct Nearest {
    within: Mutex<Within>,
    max_entries: usize,
    max_bytes: usize,
}

#[derive(Default)]
struct Within {
    groups: HashMap<Digest, Group>,
    /// Grows with every use.
    tick: u64,
    entries: usize,
    bytes: usize,
}

#[derive(Default)]
struct Group {
    /// Numbers of one vector.
    width: usize,
    /// All vectors, one after the other, in the order of `items`.
    vectors: Vec<f32>,
    items: Vec<Item>,
}

struct Item {
    /// Under which the answer is kept.
    key: Digest,
    used: u64,
}

/// Bytes of an entry beside its vector, about.
const FRAME: usize = 64;

impl Nearest {
    pub(crate) fn new(max_entries: usize, max_bytes: usize) -> Self {
        Self { within: Mutex::default(), max_entries, max_bytes }
    }

    /// The entry nearest to `vector` that is not among `passed`, and its cosine similarity, if that is at least
    /// `threshold`. Vectors have the length 1.
    pub(crate) fn find(
        &self,
        group: &Digest,
        vector: &[f32],
        threshold: f32,
        passed: &[Digest],
    ) -> Option<(Digest, f32)> {
        let mut within = self.lock();
        within.tick += 1;
        let tick = within.tick;
        let group = within.groups.get_mut(group).filter(|group| group.width == vector.len())?;
        let vectors = group.vectors.chunks_exact(group.width.max(1));
        let scored = vectors.map(|other| dot(vector, other)).enumerate();
        let items = &group.items;
        let is_passed = |rank: usize| items.get(rank).is_some_and(|it| passed.contains(&it.key));
        let scored = scored.filter(|(rank, _)| passed.is_empty() || !is_passed(*rank));
        let (rank, similarity) = scored.max_by(|a, b| a.1.total_cmp(&b.1))?;
        if similarity < threshold {
            return None;
        }
        let item = group.items.get_mut(rank)?;
        item.used = tick;
        Some((item.key, similarity.min(1.0)))
    }

    /// Adds an entry, in the place of one under the same key.
    pub(crate) fn insert(&self, group: Digest, vector: &[f32], key: Digest) {
        let size = cost(vector.len());
        if size > self.max_bytes || self.max_entries == 0 || vector.is_empty() {
            return;
        }
        let mut within = self.lock();
        within.remove(&group, &key);
        while within.entries >= self.max_entries || within.bytes + size > self.max_bytes {
            if !within.evict() {
                return;
            }
        }
        within.tick += 1;
        let used = within.tick;
        let held = within.groups.entry(group).or_default();
        if held.items.is_empty() {
            held.width = vector.len();
        } else if held.width != vector.len() {
            return;
        }
        held.vectors.extend_from_slice(vector);
        held.items.push(Item { key, used });
        within.entries += 1;
        within.bytes += size;
    }

    /// Forgets an entry whose answer is gone.
    pub(crate) fn remove(&self, group: &Digest, key: &Digest) {
        self.lock().remove(group, key);
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        *self.lock() = Within::default();
    }

    /// How many entries there are, and the bytes that they take.
    pub(crate) fn size(&self) -> (u64, u64) {
        let within = self.lock();
        let wide = |number| u64::try_from(number).unwrap_or(u64::MAX);
        (wide(within.entries), wide(within.bytes))
    }

    fn lock(&self) -> MutexGuard<'_, Within> {
        self.within.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Within {
    fn remove(&mut self, group: &Digest, key: &Digest) {
        let Some(held) = self.groups.get_mut(group) else { return };
        let Some(rank) = held.items.iter().position(|item| item.key == *key) else { return };
        held.take_out(rank);
        self.entries -= 1;
        self.bytes -= cost(held.width);
        if held.items.is_empty() {
            self.groups.remove(group);
        }
    }

    /// Forgets what was used longest ago; false if there is nothing.
    fn evict(&mut self) -> bool {
        let items = self.groups.iter().flat_map(|(group, held)| {
            held.items.iter().map(move |item| (item.used, *group, item.key))
        });
        let Some((_, group, key)) = items.min_by_key(|(used, ..)| *used) else { return false };
        self.remove(&group, &key);
        true
    }
}

impl Group {
    /// Moves the last entry into the place of `rank`.
    fn take_out(&mut self, rank: usize) {
        self.items.swap_remove(rank);
        let (last, width) = (self.items.len(), self.width);
        if last != rank {
            self.vectors.copy_within(last * width..(last + 1) * width, rank * width);
        }
        self.vectors.truncate(last * width);
    }
}

fn cost(width: usize) -> usize {
    width * size_of::<f32>() + FRAME
}

/// Sums in eight lanes, which the compiler turns into vector instructions; one after the other it may not.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(x, y)| x * y).sum();
    for (a, b) in a.zip(b) {
        for (lane, (x, y)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += x * y;
        }
    }
    lanes.iter().sum::<f32>() + rest
}

/// `vector` brought to the length 1; `None` if it has none.
pub(crate) fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = dot(&vector, &vector).sqrt();
    if !length.is_finite() || length <= f32::EPSILON {
        return None;
    }
    vector.iter_mut().for_each(|number| *number /= length);
    Some(vector)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(number: usize) -> Digest {
        Digest::of(&number.to_le_bytes())
    }

    fn group() -> Digest {
        Digest::of(b"group")
    }

    #[test]
    fn the_nearest_over_the_threshold_is_found() {
        let nearest = Nearest::new(10, 1 << 20);
        nearest.insert(group(), &unit(vec![1.0, 0.0]).unwrap(), key(1));
        nearest.insert(group(), &unit(vec![1.0, 1.0]).unwrap(), key(2));
        let asked = unit(vec![1.0, 0.9]).unwrap();
        let (found, similarity) = nearest.find(&group(), &asked, 0.9, &[]).unwrap();
        assert_eq!(found, key(2));
        assert!((similarity - 1.9 / (1.81_f32 * 2.0).sqrt()).abs() < 1e-5);
        assert_eq!(nearest.find(&group(), &unit(vec![-1.0, 0.0]).unwrap(), 0.9, &[]), None);
        assert_eq!(nearest.find(&Digest::of(b"other"), &asked, 0.0, &[]), None, "groups are apart");
        assert_eq!(nearest.find(&group(), &[1.0], 0.0, &[]), None, "of another width");
    }

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let nearest = Nearest::new(2, 1 << 20);
        let (a, b, c) = (vec![1.0, 0.0, 0.0], vec![0.0, 1.0, 0.0], vec![0.0, 0.0, 1.0]);
        nearest.insert(group(), &a, key(1));
        nearest.insert(group(), &b, key(2));
        assert!(nearest.find(&group(), &a, 0.9, &[]).is_some());
        nearest.insert(group(), &c, key(3));
        assert!(nearest.find(&group(), &b, 0.9, &[]).is_none());
        assert!(nearest.find(&group(), &a, 0.9, &[]).is_some());
        assert!(nearest.find(&group(), &c, 0.9, &[]).is_some());
    }

    #[test]
    fn vectors_without_a_direction_are_none() {
        assert!(unit(vec![0.0; 4]).is_none() && unit(vec![f32::INFINITY]).is_none());
    }

    fn vectors() -> impl Strategy<Value = Vec<Vec<f32>>> {
        let number = prop::num::f32::NORMAL.prop_map(|x| x % 10.0);
        prop::collection::vec(prop::collection::vec(number, 11), 1..40)
    }

    proptest! {
        /// The search finds what comparing with every vector in double precision finds.
        #[test]
        fn the_search_is_exhaustive(given in vectors()) {
            let given: Vec<Vec<f32>> = given.into_iter().filter_map(unit).collect();
            prop_assume!(given.len() > 1);
            let (asked, kept) = given.split_first().unwrap();
            let nearest = Nearest::new(100, 1 << 20);
            for (rank, vector) in kept.iter().enumerate() {
                nearest.insert(group(), vector, key(rank));
            }
            let cosine = |other: &[f32]| -> f64 {
                asked.iter().zip(other).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
            };
            let best = kept.iter().map(|other| cosine(other)).fold(f64::MIN, f64::max);
            let (_, similarity) = nearest.find(&group(), asked, -2.0, &[]).unwrap();
            prop_assert!((f64::from(similarity) - best.min(1.0)).abs() < 1e-4);
        }

        /// Both bounds hold, and the sizes that are told are those of what is there.
        #[test]
        fn bounds_hold(
            (most, bytes) in (1_usize..20, 100_usize..3_000),
            steps in prop::collection::vec((0_usize..30, 0_usize..3, any::<bool>()), 1..100),
        ) {
            let nearest = Nearest::new(most, bytes);
            for (number, place, add) in steps {
                let group = key(1000 + place);
                if add {
                    nearest.insert(group, &[1.0, 0.5, 0.25], key(number));
                } else {
                    nearest.remove(&group, &key(number));
                }
                let within = nearest.lock();
                let items: usize = within.groups.values().map(|group| group.items.len()).sum();
                let numbers: usize = within.groups.values().map(|group| group.vectors.len()).sum();
                prop_assert_eq!((items, numbers), (within.entries, items * 3));
                prop_assert_eq!(within.bytes, items * cost(3));
                prop_assert!(items <= most && within.bytes <= bytes);
            }
        }
    }
}
