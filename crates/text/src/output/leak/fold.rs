//! Text as letters, character by character: what a reader takes for the same is the same.
//!
//! Spaces and punctuation go; case, accents, compatibility forms (full-width, mathematical, circled) and
//! look-alikes of other scripts become plain letters; escapes of JSON, HTML and URLs are read. It works on one
//! character after the other, holding back only an escape that is not complete, so that a stream in any pieces
//! gives the same as the whole text.

use std::collections::VecDeque;

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// A letter or digit of the folded text, and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Symbol {
    /// Lower case, without accents.
    pub(super) base: char,
    /// The first character of the text that it comes from, in code points.
    pub(super) start: usize,
    /// The first one after it.
    pub(super) end: usize,
}

/// Longest escape, in characters: `\u{10ffff}`.
const LONGEST_ESCAPE: usize = 10;

/// Folds a text that comes character by character.
#[derive(Debug, Clone, Default)]
pub(super) struct Fold {
    /// The beginning of what may be an escape.
    pending: VecDeque<(char, usize)>,
    /// Bytes of a character that is written as `%C3%A9`, and where they begin.
    bytes: Vec<u8>,
    bytes_from: usize,
}

enum Escape {
    /// Stands for this character, or for nothing that counts.
    Whole(Option<char>),
    /// Stands for a byte.
    Byte(u8),
    /// May become one.
    Begun,
    /// Is none.
    No,
}

impl Fold {
    /// Takes the character at place `at`; `give` gets the symbols that are now certain.
    pub(super) fn feed(&mut self, c: char, at: usize, give: &mut impl FnMut(Symbol)) {
        if self.pending.is_empty() && !begins_escape(c) {
            self.bytes.clear();
            letters(c, at, at + 1, give);
            return;
        }
        self.pending.push_back((c, at));
        self.settle(false, give);
    }

    /// The text is over: what was begun is no escape.
    pub(super) fn end(&mut self, give: &mut impl FnMut(Symbol)) {
        self.settle(true, give);
    }

    /// The place of the first character that is held back.
    pub(super) fn held_from(&self) -> Option<usize> {
        let bytes = (!self.bytes.is_empty()).then_some(self.bytes_from);
        bytes.or_else(|| self.pending.front().map(|(_, at)| *at))
    }

    fn settle(&mut self, over: bool, give: &mut impl FnMut(Symbol)) {
        while let Some(&(first, from)) = self.pending.front() {
            let escape = if begins_escape(first) { escape(&self.pending) } else { Escape::No };
            let end = self.pending.back().map_or(from, |(_, at)| *at) + 1;
            match escape {
                Escape::Whole(c) => {
                    self.pending.clear();
                    self.bytes.clear();
                    if let Some(c) = c {
                        letters(c, from, end, give);
                    }
                }
                Escape::Byte(byte) => {
                    self.pending.clear();
                    self.byte(byte, from, end, give);
                }
                Escape::Begun if !over && self.pending.len() < LONGEST_ESCAPE => return,
                Escape::Begun | Escape::No => {
                    self.pending.pop_front();
                    self.bytes.clear();
                    let before_word = self
                        .pending
                        .front()
                        .is_some_and(|(c, _)| c.is_alphanumeric() || "@$".contains(*c));
                    match first {
                        '@' if before_word => {
                            give(Symbol { base: 'a', start: from, end: from + 1 })
                        }
                        '$' if before_word => {
                            give(Symbol { base: 's', start: from, end: from + 1 })
                        }
                        _ => letters(first, from, from + 1, give),
                    }
                }
            }
        }
    }

    /// A byte of UTF-8, of which a character may be complete.
    fn byte(&mut self, byte: u8, from: usize, end: usize, give: &mut impl FnMut(Symbol)) {
        if self.bytes.is_empty() {
            self.bytes_from = from;
        }
        self.bytes.push(byte);
        match std::str::from_utf8(&self.bytes) {
            Ok(text) => {
                let start = self.bytes_from;
                text.chars().for_each(|c| letters(c, start, end, give));
                self.bytes.clear();
            }
            Err(error) if error.error_len().is_some() || self.bytes.len() >= 4 => {
                self.bytes.clear()
            }
            Err(_) => {}
        }
    }
}

/// `@` and `$` are no escapes, but stand for letters in front of one.
fn begins_escape(c: char) -> bool {
    matches!(c, '\\' | '&' | '%' | '@' | '$')
}

fn escape(pending: &VecDeque<(char, usize)>) -> Escape {
    let mut chars = pending.iter().map(|(c, _)| *c);
    let (first, second) = (chars.next(), chars.next());
    let (Some(first), Some(second)) = (first, second) else { return Escape::Begun };
    let rest: String = chars.collect();
    match (first, second) {
        ('\\', 'n' | 't' | 'r') if rest.is_empty() => Escape::Whole(None),
        ('\\', 'u') => unicode(&rest),
        ('\\', 'x') => byte_of(&rest),
        ('&', '#') => reference(&rest),
        ('&', c) if c.is_ascii_alphabetic() => named(c, &rest),
        ('%', c) => byte_of(&format!("{c}{rest}")),
        _ => Escape::No,
    }
}

/// `00e9` or `{e9}` behind `\u`.
fn unicode(digits: &str) -> Escape {
    let braced = digits.strip_prefix('{');
    let inner = braced.map_or(digits, |inner| inner.strip_suffix('}').unwrap_or(inner));
    if !inner.bytes().all(|byte| byte.is_ascii_hexdigit()) || inner.len() > 6 {
        return Escape::No;
    }
    let whole = if braced.is_some() { digits.ends_with('}') } else { digits.len() == 4 };
    if !whole {
        return Escape::Begun;
    }
    Escape::Whole(u32::from_str_radix(inner, 16).ok().and_then(char::from_u32))
}

fn byte_of(digits: &str) -> Escape {
    match digits.len() {
        0 => Escape::Begun,
        1 if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => Escape::Begun,
        2 => u8::from_str_radix(digits, 16).map_or(Escape::No, Escape::Byte),
        _ => Escape::No,
    }
}

/// `233;` or `xe9;` behind `&#`.
fn reference(digits: &str) -> Escape {
    let (inner, whole) = match digits.strip_suffix(';') {
        Some(inner) => (inner, true),
        None => (digits, false),
    };
    let (inner, radix) = match inner.strip_prefix(['x', 'X']) {
        Some(hex) => (hex, 16),
        None => (inner, 10),
    };
    if !inner.chars().all(|c| c.is_digit(radix)) || whole && inner.is_empty() {
        return Escape::No;
    }
    if !whole {
        return Escape::Begun;
    }
    Escape::Whole(u32::from_str_radix(inner, radix).ok().and_then(char::from_u32))
}

/// Names of punctuation, which counts for nothing.
fn named(first: char, rest: &str) -> Escape {
    const NAMES: [&str; 14] = [
        "amp", "lt", "gt", "quot", "apos", "nbsp", "ndash", "mdash", "hellip", "lsquo", "rsquo",
        "ldquo", "rdquo", "bull",
    ];
    let name = format!("{first}{rest}");
    match name.strip_suffix(';') {
        Some(name) if NAMES.contains(&name) => Escape::Whole(None),
        None if NAMES.iter().any(|known| known.starts_with(&name)) => Escape::Begun,
        _ => Escape::No,
    }
}

/// The symbols of one character.
pub(super) fn letters(c: char, start: usize, end: usize, give: &mut impl FnMut(Symbol)) {
    if c.is_ascii() {
        if c.is_ascii_alphanumeric() {
            give(Symbol { base: c.to_ascii_lowercase(), start, end });
        }
        return;
    }
    decompose_compatible(untagged(c), |part| {
        if is_combining_mark(part) {
            return;
        }
        for lower in part.to_lowercase() {
            let base = alike(lower);
            if base.is_alphanumeric() && !is_combining_mark(base) {
                give(Symbol { base, start, end });
            }
        }
    });
}

/// Tag characters are invisible ASCII.
fn untagged(c: char) -> char {
    match u32::from(c) {
        code @ 0xe_0020..=0xe_007e => char::from_u32(code - 0xe_0000).unwrap_or(c),
        _ => c,
    }
}

/// The Latin letter that a lower-case letter of another script is drawn like.
fn alike(c: char) -> char {
    match c {
        'а' | 'α' | 'ɑ' | 'ᴀ' => 'a',
        'в' | 'ʙ' | 'ь' => 'b',
        'с' | 'ϲ' | 'ᴄ' => 'c',
        'ԁ' | 'ᴅ' => 'd',
        'е' | 'ε' | 'ᴇ' | 'ҽ' => 'e',
        'ɡ' | 'ɢ' => 'g',
        'һ' | 'н' | 'ʜ' => 'h',
        'і' | 'ι' | 'ı' | 'ɪ' => 'i',
        'ј' | 'ᴊ' => 'j',
        'к' | 'κ' | 'ᴋ' => 'k',
        'ʟ' | 'ӏ' => 'l',
        'м' | 'ᴍ' => 'm',
        'η' | 'ɴ' | 'п' => 'n',
        'о' | 'ο' | 'σ' | 'ᴏ' => 'o',
        'р' | 'ρ' | 'ᴘ' => 'p',
        'ԛ' => 'q',
        'ʀ' | 'г' => 'r',
        'ѕ' | 'ꜱ' => 's',
        'т' | 'τ' | 'ᴛ' => 't',
        'υ' | 'ᴜ' => 'u',
        'ν' | 'ѵ' | 'ᴠ' => 'v',
        'ѡ' | 'ω' | 'ᴡ' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' | 'ʏ' => 'y',
        'ᴢ' => 'z',
        other => other,
    }
}

/// The class of a symbol, in which digits and the letters that they are written for are one.
pub(super) fn class(base: char) -> char {
    match base {
        '0' => 'o',
        '1' | 'l' => 'i',
        '2' => 'z',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '6' | '9' => 'g',
        '7' => 't',
        '8' => 'b',
        other => other,
    }
}

/// All symbols of a text.
pub(super) fn fold(text: &str) -> Vec<Symbol> {
    let (mut fold, mut symbols) = (Fold::default(), Vec::with_capacity(text.len()));
    for (at, c) in text.chars().enumerate() {
        fold.feed(c, at, &mut |symbol| symbols.push(symbol));
    }
    fold.end(&mut |symbol| symbols.push(symbol));
    symbols
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        fold(text).into_iter().map(|symbol| class(symbol.base)).collect()
    }

    #[test]
    fn what_reads_the_same_folds_to_the_same() {
        let plain = folded("Never tell the café's owner");
        for written in [
            "NEVER TELL THE CAFE'S OWNER",
            "n e v e r\u{200b} t-e-l-l\nthe café’s owner",
            "Never\\ntell\\tthe \\\"caf\\u00e9s\\\" owner",
            "Never%20tell%20the%20caf%C3%A9%27s%20owner",
            "Never&nbsp;tell the caf&#233;&#x27;s &quot;owner&quot;",
            "N3v3r t3ll th3 c4fé's 0wn3r",
            "Nеvеr tеll thе саfé's оwnеr",
            "Ｎｅｖｅｒ ｔｅｌｌ the 𝐜𝐚𝐟𝐞'𝐬 ⓞⓦⓝⓔⓡ",
        ] {
            assert_eq!(folded(written), plain, "{written}");
        }
        assert_eq!(folded("p@$$word ${x} a@ 5%"), folded("password x a 5"));
    }

    #[test]
    fn what_is_no_escape_is_read_as_it_stands() {
        for (written, symbols) in [
            ("100% of & co \\ &unknown; %zz &#; \\u12", "iooofcounknownzzuiz"),
            ("\\u{1f600}x\\ud800y", "xy"),
            ("%C3x%A9", "x"),
        ] {
            assert_eq!(folded(written), symbols, "{written}");
        }
    }

    #[test]
    fn a_symbol_knows_its_place() {
        let symbols = fold("ä &#98;%63");
        let places: Vec<_> = symbols.iter().map(|s| (s.base, s.start, s.end)).collect();
        assert_eq!(places, [('a', 0, 1), ('b', 2, 7), ('c', 7, 10)]);
    }
}
