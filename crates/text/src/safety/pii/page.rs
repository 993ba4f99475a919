//! A text taken apart once: the words that hold digits, and what stands between them.
//!
//! Almost everything that is looked for has digits, and most words have none, so that prose costs one look
//! at each byte. Words are runs of ASCII letters and digits. Every question asked here looks at a bounded
//! number of bytes around a place, which keeps the whole in proportion to the text.

/// A run of ASCII letters and digits that has a digit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    /// The first byte.
    pub(super) start: usize,
    /// The byte after it.
    pub(super) end: usize,
    /// Whether it has digits only.
    pub(super) number: bool,
}

impl Word {
    pub(super) const fn len(self) -> usize {
        self.end - self.start
    }
}

/// The text and its words.
pub(super) struct Page<'t> {
    pub(super) text: &'t str,
    pub(super) words: Vec<Word>,
}

/// Digits that stand in groups as a pattern asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    digits: [u8; 20],
    length: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Number {
    pub(super) fn digits(&self) -> &[u8] {
        self.digits.get(..self.length).unwrap_or_default()
    }
}

/// Scripts that put no spaces between words: a number may stand right beside their letters.
pub(super) fn stands_alone(c: char) -> bool {
    matches!(u32::from(c),
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff | 0xac00..=0xd7af | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff)
}

/// Whether a letter or digit goes on in its neighbour.
fn joins(c: char) -> bool {
    c.is_alphanumeric() && !stands_alone(c)
}

impl<'t> Page<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut words = vec![];
        let (mut start, mut digits, mut letters) = (0, 0_usize, 0_usize);
        for (at, byte) in text.bytes().chain([b' ']).enumerate() {
            if byte.is_ascii_digit() {
                digits += 1;
            } else if byte.is_ascii_alphabetic() {
                letters += 1;
            } else {
                if digits > 0 {
                    words.push(Word { start, end: at, number: letters == 0 });
                }
                (start, digits, letters) = (at + 1, 0, 0);
            }
        }
        Self { text, words }
    }

    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    pub(super) fn part(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn before(&self, at: usize) -> Option<char> {
        self.text.get(..at)?.chars().next_back()
    }

    /// The one sign between a word and the next: as it is, `-` for any hyphen or dash, a space for any
    /// space; `None` if there is more between them, or nothing.
    pub(super) fn sign(&self, at: usize) -> Option<char> {
        let (word, next) = (self.words.get(at)?, self.words.get(at + 1)?);
        // The longest sign has three bytes.
        if next.start - word.end > 3 {
            return None;
        }
        let mut between = self.part(word.end, next.start).chars();
        let sign = between.next()?;
        between.next().is_none().then(|| plain(sign))
    }

    /// Whether the part is a word by itself: no letter, digit or underscore beside it, no sign that makes it
    /// part of a longer name or number (`x-12`, `12-x`, `0.12`, `12.5`), and no sign of a sum.
    pub(super) fn is_apart(&self, start: usize, end: usize) -> bool {
        self.is_apart_before(start) && self.is_apart_after(end)
    }

    pub(super) fn is_apart_before(&self, start: usize) -> bool {
        let mut before = self.text.get(..start).unwrap_or_default().chars().rev();
        match (before.next(), before.next()) {
            (Some('_' | '+' | '$' | '€' | '£'), _) => false,
            (Some('-' | '.' | '/' | '\\'), Some(c)) => !c.is_alphanumeric(),
            (Some(c), _) => !joins(c),
            (None, _) => true,
        }
    }

    pub(super) fn is_apart_after(&self, end: usize) -> bool {
        let mut after = self.text.get(end..).unwrap_or_default().chars();
        match (after.next(), after.next()) {
            (Some('_' | '%' | '€' | '$'), _) => false,
            (Some('-' | '.'), Some(c)) => !c.is_alphanumeric(),
            (Some(c), _) => !joins(c),
            (None, _) => true,
        }
    }

    /// The number that begins with the word at `at` and is written as `pattern` says: lengths of groups (in
    /// base 36) with signs between them, e.g. `3-2-4`; `~` stands for the same sign everywhere, of space, dot
    /// and hyphen. None if it goes on in the same manner before or after.
    pub(super) fn number(&self, at: usize, pattern: &str) -> Option<Number> {
        let mut number = Number { digits: [0; 20], length: 0, start: 0, end: 0 };
        let (mut word, mut any, mut groups) = (at, None, 0);
        for c in pattern.chars() {
            let Some(length) = c.to_digit(36) else {
                let sign = self.sign(word)?;
                let wanted = match (c, any) {
                    ('~', None) if matches!(sign, ' ' | '-' | '.') => *any.insert(sign),
                    ('~', Some(first)) => first,
                    ('~', None) => return None,
                    _ => c,
                };
                if sign != wanted {
                    return None;
                }
                word += 1;
                continue;
            };
            let group = self.words.get(word)?;
            if !group.number || group.len() != usize::try_from(length).ok()? {
                return None;
            }
            number.start = if groups == 0 { group.start } else { number.start };
            number.end = group.end;
            groups += 1;
            for byte in self.part(group.start, group.end).bytes() {
                *number.digits.get_mut(number.length)? = byte - b'0';
                number.length += 1;
            }
        }
        let spaced = groups > 1 && (any == Some(' ') || pattern.contains(' '));
        let goes_on = |at: Option<usize>, beside: Option<&Word>| {
            spaced
                && at.and_then(|at| self.sign(at)) == Some(' ')
                && beside.is_some_and(|word| word.number)
        };
        let earlier = at.checked_sub(1);
        let before = goes_on(earlier, earlier.and_then(|at| self.words.get(at)));
        let after = goes_on(Some(word), self.words.get(word + 1));
        (!before && !after && self.is_apart(number.start, number.end)).then_some(number)
    }
}

/// Spaces and hyphens of all kinds as the plain ones.
pub(super) fn plain(sign: char) -> char {
    match sign {
        '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}' => ' ',
        '\u{2010}'..='\u{2014}' | '\u{2212}' => '-',
        other => other,
    }
}
