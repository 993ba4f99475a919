//! The best window of a text, at several widths.
//!
//! An order of one line in a page of prose is a drop in its average; so the model looks at windows that
//! slide over the text and keeps the best of each width. Sums are kept at the boundaries between pieces, so
//! that a window costs two subtractions however wide it is, and only the boundaries within the widest window
//! are in memory. A text that is shorter than a width is one window.

use std::collections::VecDeque;

/// Widths in bytes of the view: a sentence, a paragraph, a page.
pub const WIDTHS: [usize; 3] = [160, 480, 1_440];

/// Heads of the model: one for each profile.
pub(super) const HEADS: usize = 2;

/// The best window of one width for one head.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// Log-odds of an attack, as the model sees it.
    pub logit: f64,
    /// Its bytes in the view.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
}

impl Best {
    pub(super) const NONE: Self = Self { logit: f64::NEG_INFINITY, start: 0, end: 0 };
}

/// What is known at a boundary of everything before it.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    end: usize,
    sums: [i64; HEADS],
    count: u64,
}

/// Sums, slid over.
pub(super) struct Windows<'a> {
    marks: VecDeque<Mark>,
    /// How many marks have left the queue.
    gone: usize,
    /// For each width, the mark before its window, counted from the text's first.
    fronts: [usize; WIDTHS.len()],
    best: [[Best; WIDTHS.len()]; HEADS],
    score: &'a dyn Fn(usize, i64, u64) -> f64,
}

impl<'a> Windows<'a> {
    /// `score` turns a head, a sum of weights and a number of pieces into log-odds.
    pub(super) fn new(score: &'a dyn Fn(usize, i64, u64) -> f64) -> Self {
        Self {
            marks: VecDeque::from([Mark::default()]),
            gone: 0,
            fronts: [0; WIDTHS.len()],
            best: [[Best::NONE; WIDTHS.len()]; HEADS],
            score,
        }
    }

    /// The sums up to a boundary.
    pub(super) fn boundary(&mut self, end: usize, sums: [i64; HEADS], count: u64) {
        self.marks.push_back(Mark { end, sums, count });
        let newest = self.gone + self.marks.len() - 1;
        for (index, width) in WIDTHS.iter().enumerate() {
            let mut front = self.fronts[index];
            // At least one piece is in a window, however wide it is.
            while front + 1 < newest && self.end_of(front) + width < end {
                front += 1;
            }
            if self.fronts[index] == 0 && front > 0 && newest > 1 {
                // The text outgrows the width with this piece; what stood before it was a window too.
                self.look(index, 0, newest - 1);
            }
            self.fronts[index] = front;
            if front > 0 {
                self.look(index, front, newest);
            }
        }
        let needed = self.fronts.iter().min().copied().unwrap_or_default();
        while self.gone < needed {
            self.marks.pop_front();
            self.gone += 1;
        }
    }

    /// The best windows of the text that has ended.
    pub(super) fn finish(mut self) -> [[Best; WIDTHS.len()]; HEADS] {
        let newest = self.gone + self.marks.len() - 1;
        for index in 0..WIDTHS.len() {
            if self.fronts[index] == 0 && newest > 0 {
                self.look(index, 0, newest);
            }
        }
        self.best
    }

    fn mark(&self, number: usize) -> Mark {
        self.marks.get(number - self.gone).copied().unwrap_or_default()
    }

    fn end_of(&self, number: usize) -> usize {
        self.mark(number).end
    }

    fn look(&mut self, width: usize, front: usize, newest: usize) {
        let (from, to) = (self.mark(front), self.mark(newest));
        let count = to.count - from.count;
        for head in 0..HEADS {
            let logit = (self.score)(head, to.sums[head] - from.sums[head], count);
            if logit > self.best[head][width].logit {
                self.best[head][width] = Best { logit, start: from.end, end: to.end };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One piece each ten bytes, of weight 1 where `heavy` says so.
    fn best(pieces: usize, heavy: impl Fn(usize) -> bool) -> [Best; WIDTHS.len()] {
        let score = |_: usize, sum: i64, count: u64| sum as f64 / count as f64;
        let mut windows = Windows::new(&score);
        let mut sum = 0;
        for piece in 0..pieces {
            sum += i64::from(heavy(piece));
            windows.boundary((piece + 1) * 10, [sum; HEADS], piece as u64 + 1);
        }
        windows.finish()[0]
    }

    #[test]
    fn a_short_text_is_one_window() {
        let found = best(8, |piece| piece < 4);
        for window in found {
            assert_eq!((window.logit, window.start, window.end), (0.5, 0, 80));
        }
    }

    #[test]
    fn the_narrow_window_finds_what_the_wide_one_drowns() {
        let found = best(1000, |piece| (500..516).contains(&piece));
        assert_eq!((found[0].logit, found[0].start, found[0].end), (1.0, 5000, 5160));
        assert!((found[1].logit - 16.0 / 48.0).abs() < 1e-9, "{found:?}");
        assert!(found[2].logit < found[1].logit);
    }

    #[test]
    fn memory_is_that_of_the_widest_window() {
        let score = |_: usize, sum: i64, _: u64| sum as f64;
        let mut windows = Windows::new(&score);
        for piece in 0..100_000usize {
            windows.boundary(piece * 10 + 10, [1; HEADS], piece as u64 + 1);
            assert!(windows.marks.len() <= 150, "{}", windows.marks.len());
        }
    }

    #[test]
    fn nothing_has_no_window() {
        assert!(best(0, |_| true).iter().all(|window| window.logit == f64::NEG_INFINITY));
    }
}
