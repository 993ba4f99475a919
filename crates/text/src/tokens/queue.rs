//! Pairs that wait to be merged, by rank.
//!
//! A token's rank is higher than those of the two that it is merged from, so a merge only brings pairs of
//! higher ranks than its own: the queue's lowest rank never falls. A radix heap (Ahuja, Mehlhorn, Orlin and
//! Tarjan 1990) makes use of that. It keeps numbers by the highest bit in which they differ from the lowest;
//! a number moves to lower places only, at most once for each bit of a rank, whatever the queue's length.

/// Places for the bits of any rank, and one for the ranks that equal the lowest.
const PLACES: usize = 33;

/// A queue of (rank, position).
#[derive(Default)]
pub(super) struct Queue {
    /// By bits needed for the difference from the lowest rank.
    places: Vec<Vec<(u32, usize)>>,
    lowest: u32,
}

impl Queue {
    /// Empties the queue; all ranks are allowed again.
    pub(super) fn clear(&mut self) {
        self.places.resize_with(PLACES, Vec::new);
        self.places.iter_mut().for_each(Vec::clear);
        self.lowest = 0;
    }

    /// Adds a pair, whose rank must not be under those that were taken.
    #[inline]
    pub(super) fn push(&mut self, rank: u32, position: usize) {
        if let Some(place) = self.places.get_mut(place(rank, self.lowest)) {
            place.push((rank, position));
        }
    }

    /// Puts all pairs of the lowest rank into `group`, in the order of their positions, and gives that rank.
    pub(super) fn take_lowest(&mut self, group: &mut Vec<usize>) -> Option<u32> {
        group.clear();
        let filled = self.places.iter().position(|place| !place.is_empty())?;
        let mut moved = std::mem::take(self.places.get_mut(filled)?);
        self.lowest = moved.iter().map(|(rank, _)| *rank).min()?;
        for (rank, position) in moved.drain(..) {
            if rank == self.lowest {
                group.push(position);
            } else {
                self.push(rank, position);
            }
        }
        // Its memory serves the next pairs.
        if let Some(place) = self.places.get_mut(filled)
            && place.is_empty()
        {
            *place = moved;
        }
        // Mostly in order already, in a few runs, which this sort makes use of.
        group.sort();
        Some(self.lowest)
    }
}

#[inline]
fn place(rank: u32, lowest: u32) -> usize {
    (u32::BITS - (rank ^ lowest).leading_zeros()) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Each pair that is taken adds one of a higher rank, as merging does.
        #[test]
        fn pairs_come_in_order(start in prop::collection::vec((0u32..50, 0usize..100), 0..40)) {
            let mut queue = Queue::default();
            queue.clear();
            let mut all = start.clone();
            start.iter().for_each(|(rank, position)| queue.push(*rank, *position));
            let (mut group, mut taken) = (vec![], vec![]);
            while let Some(rank) = queue.take_lowest(&mut group) {
                for position in &group {
                    taken.push((rank, *position));
                    if rank < 200 {
                        let next = (rank * 2 + 1, position + 1);
                        queue.push(next.0, next.1);
                        all.push(next);
                    }
                }
            }
            all.sort_unstable();
            prop_assert_eq!(taken, all);
        }
    }
}
