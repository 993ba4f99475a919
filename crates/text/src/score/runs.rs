//! Where runs of bytes begin and end, as bits.
//!
//! Looking at one byte after the other, a processor guesses wrongly at the end of most words. Here all bytes
//! are classified first, without a branch, and the ends are found 64 at a time.

/// A bit per byte of a text: whether the byte belongs to a run.
#[derive(Debug, Default)]
pub(super) struct Runs {
    bits: Vec<u64>,
}

/// Gathers the lowest bits of eight bytes in the highest byte, the first one lowest.
const GATHER: u64 = 0x0102_0408_1020_4080;

impl Runs {
    /// Classifies every byte.
    pub(super) fn read(&mut self, bytes: &[u8], belongs: impl Fn(u8) -> bool) {
        self.bits.clear();
        self.bits.extend(bytes.chunks(64).map(|chunk| {
            let mut flags = [0; 64];
            for (flag, byte) in flags.iter_mut().zip(chunk) {
                *flag = u8::from(belongs(*byte));
            }
            let (eights, _) = flags.as_chunks();
            eights.iter().rev().fold(0, |bits, eight| {
                bits << 8 | u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56
            })
        }));
    }

    /// The first byte at `from` or later that belongs to a run.
    pub(super) fn start(&self, from: usize) -> Option<usize> {
        self.first(from, 0)
    }

    /// The first byte at `from` or later that does not. `None` if the last run ends with the text; it may
    /// also be a place behind the text.
    pub(super) fn end(&self, from: usize) -> Option<usize> {
        self.first(from, u64::MAX)
    }

    /// The first bit at `from` or later that is set after all are turned over by `flip`.
    fn first(&self, from: usize, flip: u64) -> Option<usize> {
        let mut at = from / 64;
        let mut found = (self.bits.get(at)? ^ flip) & (u64::MAX << (from % 64));
        while found == 0 {
            at += 1;
            found = self.bits.get(at)? ^ flip;
        }
        Some(at * 64 + found.trailing_zeros() as usize)
    }

    /// Bytes that are held.
    pub(super) fn capacity(&self) -> usize {
        self.bits.capacity() * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_are_those_that_splitting_finds(text in "[ab ]{0,200}|a{60,70} ?b{55,140}") {
            let mut runs = Runs::default();
            runs.read(text.as_bytes(), |byte| byte != b' ');
            let (mut at, mut found) = (0, vec![]);
            while let Some(start) = runs.start(at) {
                at = runs.end(start).unwrap_or(text.len());
                found.push(&text[start..at]);
            }
            let wanted: Vec<&str> = text.split(' ').filter(|run| !run.is_empty()).collect();
            prop_assert_eq!(found, wanted);
        }
    }
}
