//! What detectors of change need of a version's calls since it serves: scores by day, counts by hour.

use std::collections::BTreeMap;

use crate::period::Span;
use crate::rollup::{Bucket, Mean, ScoreSums};
use crate::stats::drift::reference::Day;

/// Sums in the order of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    days: BTreeMap<i64, BTreeMap<String, ScoreSums>>,
    /// Without sketches.
    hours: BTreeMap<i64, Bucket>,
}

impl Past {
    /// Adds a bucket that begins at `at`, microseconds since 1970.
    pub fn add(&mut self, at: i64, bucket: &Bucket) {
        self.hours.entry(Span::Hour.begin(at)).or_default().merge(&bucket.counts());
        if bucket.scores.is_empty() {
            return;
        }
        let day = self.days.entry(Span::Day.begin(at)).or_default();
        for (name, sums) in &bucket.scores {
            day.entry(name.clone()).or_default().merge(*sums);
        }
    }

    /// The means of a score on days that are over and have at least `least` of it, in order.
    pub(super) fn days(&self, name: &str, least: u64, now: i64) -> Vec<Day> {
        let today = Span::Day.begin(now);
        let over = self.days.range(..today);
        let found = over.filter_map(|(at, scores)| {
            let Mean { mean, n, .. } = Mean::of(scores.get(name)?)?;
            (n >= least).then(|| Day { weekday: weekday(*at), mean, n })
        });
        found.collect()
    }

    /// The counts of hours, in order, each with its begin.
    pub(super) fn hours(&self) -> impl Iterator<Item = (i64, &Bucket)> {
        self.hours.iter().map(|(at, bucket)| (*at, bucket))
    }
}

/// 0 for Monday.
fn weekday(at: i64) -> u8 {
    // The first of January 1970 was a Thursday.
    u8::try_from((at.div_euclid(Span::Day.micros()) + 3).rem_euclid(7)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekdays() {
        // 2026-11-21 is a Saturday.
        assert_eq!(weekday(1_795_219_200_000_000), 5);
        assert_eq!(weekday(0), 3);
        assert_eq!(weekday(-1), 2);
    }
}
