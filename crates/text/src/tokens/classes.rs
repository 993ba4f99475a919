//! What kind of character stands where.
//!
//! Both encodings cut text by Unicode general categories, and a token more or less depends on one code
//! point's category. So the table is not that of some crate with a Unicode version of its own: it was asked
//! of the reference's regular expressions, code point by code point (`scripts/vocabulary`).

use std::sync::LazyLock;

/// `\p{Lu}` and `\p{Lt}`.
pub(super) const UPPER: u8 = 1;
/// `\p{Ll}`.
pub(super) const LOWER: u8 = 1 << 1;
/// `\p{Lm}` and `\p{Lo}`.
pub(super) const CASELESS: u8 = 1 << 2;
/// `\p{M}`.
pub(super) const MARK: u8 = 1 << 3;
/// `\p{N}`.
pub(super) const NUMBER: u8 = 1 << 4;
/// `[\r\n]`.
pub(super) const NEWLINE: u8 = 1 << 5;
/// `\s` without line ends.
pub(super) const SPACE: u8 = 1 << 6;
/// Everything else: punctuation, symbols, unassigned code points.
pub(super) const OTHER: u8 = 1 << 7;
/// `\p{L}`.
pub(super) const LETTER: u8 = UPPER | LOWER | CASELESS;
/// Behind the last character: in no class.
const NOTHING: u8 = 0;

const CODE_POINTS: usize = 0x11_0000;
/// Runs of code points of one class, each a LEB128 number: length * 8 + class.
static RUNS: &[u8] = include_bytes!("../../data/classes.bin");
/// By the numbers of `RUNS`.
const BY_NUMBER: [u8; 8] = [OTHER, UPPER, LOWER, CASELESS, MARK, NUMBER, NEWLINE, SPACE];

/// A code point's class, with the bit of `OTHER` flipped: most code points have no character, so most of
/// these 1.1 MB stay zero, and memory that stays zero is never given by the system.
static TABLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut table = vec![0; CODE_POINTS];
    let (mut from, mut value, mut shift) = (0, 0, 0);
    for byte in RUNS {
        value |= usize::from(byte & 127) << shift;
        shift += 7;
        if *byte < 128 {
            let class = BY_NUMBER.get(value & 7).map_or(0, |class| class ^ OTHER);
            let to = from + (value >> 3);
            if class != 0
                && let Some(run) = table.get_mut(from..to)
            {
                run.fill(class);
            }
            (from, value, shift) = (to, 0, 0);
        }
    }
    table
});

/// A text to be looked at by byte offsets, all of which must be those of characters.
#[derive(Clone, Copy)]
pub(super) struct Classified<'text> {
    bytes: &'text [u8],
    table: &'static [u8],
}

impl<'text> Classified<'text> {
    pub(super) fn new(text: &'text str) -> Self {
        Self { bytes: text.as_bytes(), table: &TABLE }
    }

    pub(super) fn bytes(&self) -> &'text [u8] {
        self.bytes
    }

    /// The class of the character at `at`, and where the next one begins. No class behind the end.
    #[inline]
    pub(super) fn at(&self, at: usize) -> (u8, usize) {
        match self.bytes.get(at) {
            Some(byte) if byte.is_ascii() => (self.class(usize::from(*byte)), at + 1),
            Some(byte) => self.beyond_ascii(*byte, at),
            None => (NOTHING, at),
        }
    }

    /// Where the characters from `at` on that are in one of the classes of `set` end.
    #[inline]
    pub(super) fn run(&self, mut at: usize, set: u8) -> usize {
        loop {
            let (class, next) = self.at(at);
            if class & set == 0 {
                return at;
            }
            at = next;
        }
    }

    #[inline]
    fn class(&self, code: usize) -> u8 {
        self.table.get(code).copied().unwrap_or_default() ^ OTHER
    }

    /// Two to four bytes of UTF-8; the text was a `str`, so they are well formed.
    fn beyond_ascii(&self, first: u8, at: usize) -> (u8, usize) {
        let low = |offset| usize::from(self.bytes.get(at + offset).copied().unwrap_or(0) & 0x3F);
        let first = usize::from(first);
        match first {
            ..0xE0 => (self.class((first & 0x1F) << 6 | low(1)), at + 2),
            0xE0..0xF0 => (self.class((first & 0x0F) << 12 | low(1) << 6 | low(2)), at + 3),
            _ => {
                let code = (first & 0x07) << 18 | low(1) << 12 | low(2) << 6 | low(3);
                (self.class(code), at + 4)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_each() {
        let each = [
            ("A", UPPER),
            ("ǅ", UPPER),
            ("z", LOWER),
            ("ª", CASELESS),
            ("中", CASELESS),
            ("\u{301}", MARK),
            ("\u{e0100}", MARK),
            ("7", NUMBER),
            ("Ⅷ", NUMBER),
            ("𝟘", NUMBER),
            ("\r", NEWLINE),
            ("\t", SPACE),
            ("\u{3000}", SPACE),
            ("\u{85}", SPACE),
            ("\u{200b}", OTHER),
            ("😀", OTHER),
            ("\u{10ffff}", OTHER),
            ("\0", OTHER),
        ];
        for (text, class) in each {
            assert_eq!(Classified::new(text).at(0), (class, text.len()), "{text:?}");
        }
    }

    #[test]
    fn the_runs_cover_every_code_point() {
        let mut total = 0;
        let (mut value, mut shift) = (0usize, 0);
        for byte in RUNS {
            value |= usize::from(byte & 127) << shift;
            shift += 7;
            if *byte < 128 {
                total += value >> 3;
                (value, shift) = (0, 0);
            }
        }
        assert_eq!(total, CODE_POINTS);
    }

    #[test]
    fn behind_the_end_is_no_class() {
        let text = Classified::new("ab");
        assert_eq!(text.at(2), (NOTHING, 2));
        assert_eq!(text.run(0, LOWER), 2);
        assert_eq!(text.run(0, !LOWER), 0);
    }
}
