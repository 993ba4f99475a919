//! What a text would decode to, character by character, each with the place that it comes from.
//!
//! Nobody says where an encoding begins, so everything is read as if it were one: ordinary words decode to junk
//! and are forgotten at once. Five ways: base64 (both alphabets, wrapped lines), base32, pairs of hex digits,
//! lists of numbers (binary octets, decimal codes), and Morse. Whether what comes out is text is for the reader: it knows
//! what it looks for, and finds none of it in junk.

/// A character that was decoded with its place, or `None` where what came before does not go on.
pub(super) type Decoded = Option<(char, usize, usize)>;

/// Letters of a line after which a line break may be within an encoding.
const WRAPPED: usize = 32;

/// Puts bytes together to characters.
#[derive(Debug, Clone, Default)]
struct Utf8 {
    bytes: Vec<u8>,
    from: usize,
}

impl Utf8 {
    fn push(&mut self, byte: u8, start: usize, end: usize, give: &mut impl FnMut(Decoded)) {
        if self.bytes.is_empty() {
            self.from = start;
        }
        self.bytes.push(byte);
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => {
                let from = self.from;
                for c in text.chars() {
                    let is_text = !c.is_control() || matches!(c, '\n' | '\r' | '\t');
                    give(is_text.then_some((c, from, end)));
                }
                self.bytes.clear();
            }
            Err(error) if error.error_len().is_some() => {
                self.bytes.clear();
                give(None);
            }
            Err(_) => {}
        }
    }

    fn cut(&mut self) {
        self.bytes.clear();
    }
}

/// Digits of a fixed number of bits each.
#[derive(Debug, Clone)]
pub(super) struct Digits {
    /// 6 or 5.
    width: u32,
    bits: u32,
    held: u32,
    from: usize,
    line: usize,
    utf8: Utf8,
}

impl Digits {
    pub(super) fn base64() -> Self {
        Self { width: 6, bits: 0, held: 0, from: 0, line: 0, utf8: Utf8::default() }
    }

    pub(super) fn base32() -> Self {
        Self { width: 5, ..Self::base64() }
    }

    fn value(&self, c: char) -> Option<u32> {
        let code = u32::from(c);
        let from = |first: char| code - u32::from(first);
        match (self.width, c) {
            (_, 'A'..='Z') => Some(from('A')),
            (5, 'a'..='z') => Some(from('a')),
            (5, '2'..='7') => Some(26 + from('2')),
            (6, 'a'..='z') => Some(26 + from('a')),
            (6, '0'..='9') => Some(52 + from('0')),
            (6, '+' | '-') => Some(62),
            (6, '/' | '_') => Some(63),
            _ => None,
        }
    }

    /// Takes the next character, which comes from `start` to `end`.
    pub(super) fn feed(
        &mut self,
        c: char,
        (start, end): (usize, usize),
        give: &mut impl FnMut(Decoded),
    ) {
        let Some(value) = self.value(c) else {
            if matches!(c, '\n' | '\r') && self.line >= WRAPPED {
                return;
            }
            self.cut();
            give(None);
            return;
        };
        self.line += 1;
        if self.held == 0 {
            self.from = start;
        }
        self.bits = (self.bits << self.width | value) & 0xffff;
        self.held += self.width;
        if self.held >= 8 {
            self.held -= 8;
            let byte = u8::try_from(self.bits >> self.held & 0xff).unwrap_or_default();
            let from = std::mem::replace(&mut self.from, start);
            self.utf8.push(byte, from, end, give);
        }
    }

    fn cut(&mut self) {
        (self.bits, self.held, self.line) = (0, 0, 0);
        self.utf8.cut();
    }

    /// The place of the first digit that is not yet part of a character.
    pub(super) fn held_from(&self) -> Option<usize> {
        let begun = (self.held > 0).then_some(self.from);
        if self.utf8.bytes.is_empty() { begun } else { Some(self.utf8.from) }
    }
}

/// Pairs of hex digits, together or apart.
#[derive(Debug, Clone, Default)]
pub(super) struct Hex {
    digit: Option<(u32, usize)>,
    utf8: Utf8,
}

impl Hex {
    pub(super) fn feed(&mut self, c: char, at: usize, give: &mut impl FnMut(Decoded)) {
        match (c.to_digit(16), self.digit.take()) {
            (Some(low), Some((high, from))) => {
                let byte = u8::try_from(high << 4 | low).unwrap_or_default();
                self.utf8.push(byte, from, at + 1, give);
            }
            (Some(high), None) => self.digit = Some((high, at)),
            // The beginning of `0x41`.
            (None, Some((0, _))) if c == 'x' => {}
            (None, None) if matches!(c, ' ' | ',' | ':' | '-' | '\n' | '\\' | 'x' | '%') => {}
            _ => {
                self.utf8.cut();
                give(None);
            }
        }
    }

    /// As that of [`Digits`].
    pub(super) fn held_from(&self) -> Option<usize> {
        let begun = self.digit.map(|(_, at)| at);
        if self.utf8.bytes.is_empty() { begun } else { Some(self.utf8.from) }
    }
}

/// Numbers with something between them: `01000001 …`, `65 99 …`.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers {
    value: u64,
    octet: u32,
    digits: u32,
    binary: bool,
    from: usize,
    utf8: Utf8,
}

impl Numbers {
    pub(super) fn feed(&mut self, c: char, at: usize, give: &mut impl FnMut(Decoded)) {
        if let Some(digit) = c.to_digit(10) {
            if self.digits == 0 {
                (self.from, self.value, self.octet, self.binary) = (at, 0, 0, true);
            }
            self.digits += 1;
            self.binary &= digit < 2;
            self.value = self.value.saturating_mul(10).saturating_add(u64::from(digit));
            self.octet = self.octet << 1 & 0xff | digit & 1;
            // Octets may stand together.
            if self.binary && self.digits == 8 {
                let octet = u8::try_from(self.octet).unwrap_or_default();
                self.utf8.push(octet, self.from, at + 1, give);
                self.digits = 0;
            }
            return;
        }
        let number = (self.digits > 0).then_some(self.value);
        self.digits = 0;
        match number {
            Some(code) => match u32::try_from(code).ok().and_then(char::from_u32) {
                Some(c) if c >= ' ' && !c.is_control() => give(Some((c, self.from, at))),
                _ => give(None),
            },
            None if matches!(c, ' ' | ',' | ';' | '\n' | '[' | ']' | '&' | '#') => {}
            None => {
                self.utf8.cut();
                give(None);
            }
        }
    }

    /// The text is over, and with it a number.
    pub(super) fn end(&mut self, at: usize, give: &mut impl FnMut(Decoded)) {
        self.feed(' ', at, give);
    }

    /// As that of [`Digits`].
    pub(super) fn held_from(&self) -> Option<usize> {
        let begun = (self.digits > 0).then_some(self.from);
        if self.utf8.bytes.is_empty() { begun } else { Some(self.utf8.from) }
    }
}

/// Letters in dots and dashes.
#[derive(Debug, Clone, Default)]
pub(super) struct Morse {
    /// The signs of a letter: a 1 before them, then 0 for a dot and 1 for a dash.
    signs: u32,
    from: usize,
}

/// Letters by their signs, as in [`Morse::signs`], from 2.
const MORSE: &[u8] = b"etianmsurwdkgohvf?l?pjbxcyzq??54?3???2???????16???????7???8?90";

/// Most signs of a letter.
const MOST_SIGNS: u32 = 5;

impl Morse {
    pub(super) fn feed(&mut self, c: char, at: usize, give: &mut impl FnMut(Decoded)) {
        let sign = match c {
            '.' | '·' | '•' => 0,
            '-' | '−' | '–' | '_' => 1,
            _ => return self.end(c, at, give),
        };
        if self.signs == 0 {
            (self.signs, self.from) = (1, at);
        }
        // A longer row of signs is none, and stays none.
        self.signs = (self.signs << 1 | sign).min(1 << (MOST_SIGNS + 2));
    }

    /// A letter is over.
    pub(super) fn end(&mut self, c: char, at: usize, give: &mut impl FnMut(Decoded)) {
        if self.signs > 0 {
            let letter = usize::try_from(self.signs).ok().and_then(|signs| MORSE.get(signs - 2));
            let letter = letter.filter(|letter| **letter != b'?');
            give(letter.map(|letter| (char::from(*letter), self.from, at)));
            self.signs = 0;
        }
        if !(c.is_whitespace() || c == '/' || c == '|') {
            give(None);
        }
    }

    /// As that of [`Digits`].
    pub(super) fn held_from(&self) -> Option<usize> {
        (self.signs > 0).then_some(self.from)
    }
}

/// The sign that is half the alphabet of printable signs away (ROT47).
pub(super) fn turned(c: char) -> char {
    match u32::from(c) {
        code @ 33..=126 => char::from_u32(33 + (code - 33 + 47) % 94).unwrap_or(c),
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, mut feed: impl FnMut(char, usize, &mut dyn FnMut(Decoded))) -> String {
        let mut out = String::new();
        for (at, c) in text.chars().chain([' ']).enumerate() {
            feed(c, at, &mut |decoded| match decoded {
                Some((c, ..)) => out.push(c),
                None if !out.is_empty() && !out.ends_with('|') => out.push('|'),
                None => {}
            });
        }
        out
    }

    #[test]
    fn encodings_give_their_text() {
        let (mut six, mut five) = (Digits::base64(), Digits::base32());
        let (mut hex, mut numbers) = (Hex::default(), Numbers::default());
        let found = all("Well: TmV2ZXIgdGVsbCBjYWbDqQ==", |c, at, give| {
            six.feed(c, (at, at + 1), &mut |d| give(d))
        });
        assert!(found.contains("Never tell café"), "{found}");
        let found =
            all("JZSXMZLSEB2GK3DM", |c, at, give| five.feed(c, (at, at + 1), &mut |d| give(d)));
        assert!(found.contains("Never tell"), "{found}");
        for written in [
            "4e65766572 74656c6c",
            "4e 65 76 65 72 74 65 6C 6C",
            "0x4e,0x65,0x76,0x65,0x72,0x74,0x65,0x6c,0x6c",
            r"\x4e\x65\x76\x65\x72\x74\x65\x6c\x6c",
        ] {
            let found = all(written, |c, at, give| hex.feed(c, at, &mut |d| give(d)));
            assert!(found.contains("Nevertell"), "{found}");
        }
        for written in [
            "78 101 118 101 114",
            "78,101,118,101,114",
            "0100111001100101011101100110010101110010",
            "01001110 01100101 01110110 01100101 01110010",
        ] {
            let found = all(written, |c, at, give| numbers.feed(c, at, &mut |d| give(d)));
            assert!(found.contains("Never"), "{found}");
        }
    }

    #[test]
    fn morse_and_turned_signs_are_letters() {
        let mut morse = Morse::default();
        let found = all("-. . ...- . .-. / - . .-.. .-.. ..... ----- --..", |c, at, give| {
            morse.feed(c, at, &mut |d| give(d));
        });
        assert_eq!(found, "nevertell50z");
        assert_eq!("}6G6C =63".chars().map(turned).collect::<String>(), "Never leb");
    }

    #[test]
    fn wrapped_lines_are_one_text() {
        let mut six = Digits::base64();
        let encoded = "TmV2ZXIgdGVsbCBhbnlib2R5IGFib3V0\nIHRoZSBtZXJnZXI=";
        let found = all(encoded, |c, at, give| six.feed(c, (at, at + 1), &mut |d| give(d)));
        assert!(found.contains("Never tell anybody about the merger"), "{found}");
    }

    #[test]
    fn a_character_knows_its_place() {
        let (mut six, mut places) = (Digits::base64(), vec![]);
        for (at, c) in "TmV2".chars().enumerate() {
            six.feed(c, (at, at + 1), &mut |decoded| places.extend(decoded));
        }
        assert_eq!(places, [('N', 0, 2), ('e', 1, 3), ('v', 2, 4)]);
    }
}
