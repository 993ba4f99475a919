//! The way back from a view to the text that it was made of.
//!
//! A transformed text is of no use in a report unless it can say where in the caller's own text the reason
//! stands. Most transformations keep long stretches as they are, so that the way back is kept as runs of equal
//! units (so many bytes of the view for so many positions of the source) instead of as one entry a character.

use std::ops::Range;

/// Units of equal size behind each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    /// The first byte in the view.
    at: usize,
    /// The first position of the first unit in the source.
    from: usize,
    /// Bytes of a unit in the view, at least 1.
    width: usize,
    /// Positions of a unit in the source.
    points: usize,
    /// Whether units follow each other backwards in the source.
    back: bool,
}

/// Where each byte of a view comes from. Positions are code points of the original text, or bytes of the text that a
/// part was decoded from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Trace {
    runs: Vec<Run>,
    bytes: usize,
    /// Where the next unit starts if it continues the last run, forwards and backwards.
    next: usize,
    previous: usize,
    /// Units in the last run.
    units: usize,
}

impl Trace {
    /// Appends a unit of `width` bytes that comes from `from..to`.
    pub(crate) fn push(&mut self, width: usize, from: usize, to: usize) {
        if width == 0 {
            return;
        }
        let points = to.saturating_sub(from);
        let units = self.units;
        let continued = self.runs.last_mut().is_some_and(|run| {
            if run.width != width || run.points != points {
                return false;
            }
            let back = to == self.previous && points > 0;
            let forth = from == self.next;
            if units == 1 && back && !forth {
                run.back = true;
            }
            if run.back { back } else { forth }
        });
        if continued {
            self.units += 1;
        } else {
            self.runs.push(Run { at: self.bytes, from, width, points, back: false });
            self.units = 1;
        }
        self.bytes += width;
        (self.next, self.previous) = (to, from);
    }

    /// Appends `count` units of one byte, each of which is one position, from `from` on.
    pub(crate) fn push_plain(&mut self, count: usize, from: usize) {
        if count == 0 {
            return;
        }
        self.push(1, from, from + 1);
        if self.runs.last().is_some_and(|run| run.back) && count > 1 {
            self.runs.push(Run {
                at: self.bytes,
                from: from + 1,
                width: 1,
                points: 1,
                back: false,
            });
            self.units = 0;
        }
        self.units += count - 1;
        self.bytes += count - 1;
        (self.next, self.previous) = (from + count, from + count - 1);
    }

    /// The positions that the bytes of `range` come from: first, and first after the last. Bytes outside of the view
    /// count as its nearest; an empty range is the place before its start.
    pub(crate) fn span(&self, range: Range<usize>) -> (usize, usize) {
        let Some(last) = self.bytes.checked_sub(1) else { return (0, 0) };
        let (start, end) = (range.start.min(last), range.end.min(self.bytes));
        if range.start > last || end <= start {
            let at = if range.start > last { self.unit(last).1 } else { self.unit(start).0 };
            return (at, at);
        }
        let first = self.run_of(start);
        let final_run = self.run_of(end - 1);
        let mut span = (usize::MAX, 0);
        for index in first..=final_run {
            let Some(run) = self.runs.get(index) else { break };
            let low = start.max(run.at);
            let high = (end - 1).min(self.end_of(index) - 1);
            for byte in [low, high] {
                let (from, to) = run.unit(byte);
                span = (span.0.min(from), span.1.max(to));
            }
        }
        span
    }

    /// Reads the way back in order, without a search for each character.
    pub(crate) fn walk(&self) -> Walk<'_> {
        Walk { trace: self, index: 0 }
    }

    /// Each unit: its bytes in the view, and where it comes from.
    pub(crate) fn units(&self) -> impl Iterator<Item = (Range<usize>, usize, usize)> + '_ {
        self.runs.iter().enumerate().flat_map(move |(index, run)| {
            let end = self.end_of(index);
            (run.at..end).step_by(run.width).map(move |at| {
                let (from, to) = run.unit(at);
                (at..(at + run.width).min(end), from, to)
            })
        })
    }

    fn run_of(&self, byte: usize) -> usize {
        self.runs.partition_point(|run| run.at <= byte).saturating_sub(1)
    }

    fn end_of(&self, index: usize) -> usize {
        self.runs.get(index + 1).map_or(self.bytes, |next| next.at)
    }

    fn unit(&self, byte: usize) -> (usize, usize) {
        self.runs.get(self.run_of(byte)).map_or((0, 0), |run| run.unit(byte))
    }
}

impl Run {
    fn unit(&self, byte: usize) -> (usize, usize) {
        let number = byte.saturating_sub(self.at) / self.width;
        let from = if self.back {
            self.from.saturating_sub(number * self.points)
        } else {
            self.from + number * self.points
        };
        (from, from + self.points)
    }
}

/// A reader that goes forward.
pub(crate) struct Walk<'t> {
    trace: &'t Trace,
    index: usize,
}

impl Walk<'_> {
    /// Where the bytes of `range`, at least one, come from.
    pub(crate) fn span(&mut self, range: Range<usize>) -> (usize, usize) {
        let first = self.at(range.start);
        if range.len() < 2 {
            return first;
        }
        let last = self.at(range.end - 1);
        (first.0.min(last.0), first.1.max(last.1))
    }

    fn at(&mut self, byte: usize) -> (usize, usize) {
        if self.trace.runs.get(self.index).is_some_and(|run| run.at > byte) {
            self.index = self.trace.run_of(byte);
        }
        while self.trace.runs.get(self.index + 1).is_some_and(|next| next.at <= byte) {
            self.index += 1;
        }
        self.trace.runs.get(self.index).map_or((0, 0), |run| run.unit(byte))
    }
}

/// A text that knows where it comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Traced {
    pub(crate) text: String,
    pub(crate) trace: Trace,
}

impl Traced {
    /// A text as it came; positions are its code points.
    pub(crate) fn of(text: &str) -> Self {
        let mut trace = Trace::default();
        if text.is_ascii() {
            trace.push_plain(text.len(), 0);
        } else {
            for (point, c) in text.chars().enumerate() {
                trace.push(c.len_utf8(), point, point + 1);
            }
        }
        Self { text: text.to_owned(), trace }
    }

    /// Appends a character that comes from `from..to`.
    pub(crate) fn push(&mut self, c: char, (from, to): (usize, usize)) {
        self.text.push(c);
        self.trace.push(c.len_utf8(), from, to);
    }

    /// Appends what stands at `range` of `source`, read by `walk`.
    pub(crate) fn copy(&mut self, source: &Self, walk: &mut Walk<'_>, range: Range<usize>) {
        let Some(text) = source.text.get(range.clone()) else { return };
        for (offset, c) in text.char_indices() {
            let at = range.start + offset;
            self.push(c, walk.span(at..at + c.len_utf8()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_units_are_one_run() {
        let traced = Traced::of("plain");
        assert_eq!(traced.trace.runs.len(), 1);
        assert_eq!(traced.trace.span(1..3), (1, 3));
        let traced = Traced::of("äö ü");
        assert_eq!(traced.trace.runs.len(), 3);
        assert_eq!(traced.trace.span(0..4), (0, 2));
        assert_eq!(traced.trace.span(5..7), (3, 4));
    }

    #[test]
    fn a_byte_inside_a_unit_stands_for_all_of_it() {
        let mut trace = Trace::default();
        trace.push(3, 10, 14);
        trace.push(3, 14, 18);
        assert_eq!(trace.span(1..2), (10, 14));
        assert_eq!(trace.span(2..4), (10, 18));
        assert_eq!(trace.units().count(), 2);
    }

    #[test]
    fn backwards_is_one_run_too() {
        let mut trace = Trace::default();
        for at in (0..100).rev() {
            trace.push(1, at, at + 1);
        }
        assert_eq!(trace.runs.len(), 1);
        assert_eq!(trace.span(0..3), (97, 100));
        assert_eq!(trace.span(99..100), (0, 1));
        trace.push_plain(5, 200);
        assert_eq!(trace.span(100..105), (200, 205));
        assert_eq!(trace.span(99..101), (0, 201));
    }

    #[test]
    fn ranges_outside_are_the_nearest_place() {
        let trace = Traced::of("abc").trace;
        assert_eq!(trace.span(2..9), (2, 3));
        assert_eq!(trace.span(9..12), (3, 3));
        assert_eq!(trace.span(1..1), (1, 1));
        assert_eq!(Trace::default().span(0..1), (0, 0));
    }

    #[test]
    fn walking_and_searching_agree() {
        let traced = Traced::of("a ä 漢字 😀 and more ÄÖ");
        let mut walk = traced.trace.walk();
        for (at, c) in traced.text.char_indices() {
            let range = at..at + c.len_utf8();
            assert_eq!(walk.span(range.clone()), traced.trace.span(range));
        }
    }
}
