//! Characters that are not seen: which they are, what they may hide, and when they are ordinary.
//!
//! Most of them have honest uses: joiners in emoji, Persian and the scripts of India, direction marks in Hebrew and
//! Arabic, soft hyphens, a byte order mark at the start. So that they are there is no reason for suspicion; that they
//! split words of a script that needs none of them is.

use gatemark_core::guard::{Finding, Layer};

use super::letters::{deceives, has_twins};
use super::trace::Traced;

/// Whether a character takes no room of its own, or only in scripts where leaving it out changes nothing for a search.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0x00..=0x08 | 0x0e..=0x1f | 0x7f..=0x84 | 0x86..=0x9f | 0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5
        | 0x180b..=0x180f | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x206f | 0x3164
        | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff9..=0xfffb | 0x1_d173..=0x1_d17a | 0xe_0000..=0xe_0fff)
}

/// Marks over and under letters, vowel signs of Hebrew and Arabic, and the Arabic stretcher: texts with and without
/// them are the same to a reader.
pub(crate) fn is_mark(c: char) -> bool {
    matches!(u32::from(c),
        0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x5bf..=0x5c7 | 0x610..=0x61a | 0x640 | 0x64b..=0x65f | 0x670
        | 0x6d6..=0x6dc | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f)
}

/// The text in tag characters (U+E0020 to U+E007E repeat ASCII) and in variation selectors that follow each other
/// (each stands for a byte), if there are at least [`LEAST_HIDDEN`] of them. Flags of regions are made of tags too and
/// are left out.
pub(crate) fn hidden(text: &str) -> Option<Traced> {
    let mut tags = Traced::default();
    let mut bytes: Vec<(u8, usize)> = vec![];
    let mut in_flag = false;
    for (point, c) in text.chars().enumerate() {
        let code = u32::from(c);
        match code {
            0x1_f3f4 => in_flag = true,
            0xe_0020..=0xe_007e => {
                let plain = char::from_u32(code - 0xe_0000).filter(|_| !in_flag);
                if let Some(plain) = plain {
                    tags.push(plain, (point, point + 1));
                }
            }
            _ => in_flag = false,
        }
        if let Some(byte) = selector_byte(code) {
            bytes.push((byte, point));
        }
    }
    let selected = selected(&bytes);
    for (c, place) in selected {
        tags.push(c, place);
    }
    (tags.text.chars().count() >= LEAST_HIDDEN).then_some(tags)
}

/// Fewer hidden characters say nothing.
const LEAST_HIDDEN: usize = 3;

fn selector_byte(code: u32) -> Option<u8> {
    match code {
        0xfe00..=0xfe0f => u8::try_from(code - 0xfe00).ok(),
        0xe_0100..=0xe_01ef => u8::try_from(code - 0xe_0100 + 16).ok(),
        _ => None,
    }
}

/// The text whose bytes are variation selectors directly behind each other.
fn selected(bytes: &[(u8, usize)]) -> Vec<(char, (usize, usize))> {
    let mut found = vec![];
    for run in bytes.chunk_by(|one, next| next.1 == one.1 + 1).filter(|run| run.len() >= 4) {
        let plain: Vec<u8> = run.iter().map(|(byte, _)| *byte).collect();
        let Ok(text) = std::str::from_utf8(&plain) else { continue };
        if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
            continue;
        }
        let first = run.first().map_or(0, |(_, point)| *point);
        found.extend(text.char_indices().map(|(at, c)| {
            let from = first + at;
            (c, (from, from + c.len_utf8()))
        }));
    }
    found
}

/// What is odd about the writing of a text, whatever it says: findings of the layer `views`.
///
/// - `tag-characters`: text in characters that no font shows, outside of flags. Nothing ordinary does that.
/// - `invisible-characters`: letters of a script that needs no joiners are kept apart by invisible ones, at least
///   [`LEAST_SPLIT`] times and in one of twenty letters.
/// - `direction-override`: the order of characters is turned by force in a text without right-to-left letters.
/// - `mixed-scripts`: at least three words, and one of eight, mix Latin letters with look-alikes of another script.
pub fn oddities(text: &str) -> Vec<Finding> {
    if text.is_ascii() {
        return vec![];
    }
    let mut found = vec![];
    if let Some(hidden) = hidden(text) {
        let (start, end) = hidden.trace.span(0..hidden.text.len());
        found.push(finding("tag-characters", 0.9, start, end));
    }
    let count = Count::of(text);
    if count.split >= LEAST_SPLIT && count.split * 20 >= count.letters {
        found.push(finding("invisible-characters", 0.8, count.first_split, count.last_split + 1));
    }
    if let Some(at) = count.override_at.filter(|_| !count.right_to_left) {
        found.push(finding("direction-override", 0.5, at, at + 1));
    }
    if count.mixed >= 3 && count.mixed * 8 >= count.words {
        found.push(finding("mixed-scripts", 0.8, count.first_mixed, count.last_mixed));
    }
    found
}

/// Invisible characters between letters before they are worth a finding.
const LEAST_SPLIT: usize = 4;

fn finding(rule: &str, score: f64, start: usize, end: usize) -> Finding {
    Finding { layer: Layer::Views, rule: rule.to_owned(), score, start, end }
}

/// What one pass over a text counts.
#[derive(Default)]
struct Count {
    letters: usize,
    words: usize,
    split: usize,
    first_split: usize,
    last_split: usize,
    mixed: usize,
    first_mixed: usize,
    last_mixed: usize,
    override_at: Option<usize>,
    right_to_left: bool,
}

/// A word that is being read.
#[derive(Default, Clone, Copy)]
struct Word {
    start: usize,
    latin: usize,
    twins: usize,
    others: usize,
}

impl Count {
    fn of(text: &str) -> Self {
        let mut count = Self::default();
        let mut word = Word::default();
        let mut chars = text.chars().enumerate().peekable();
        let mut before = ' ';
        while let Some((point, c)) = chars.next() {
            let next = chars.peek().map_or(' ', |(_, next)| *next);
            if is_invisible(c) {
                count.unseen(point, c, before, next);
                // Several in a row are between the same two letters.
                if !needs_joiners(before) {
                    continue;
                }
            } else if c.is_alphabetic() {
                count.letters += 1;
                count.right_to_left |= matches!(u32::from(c), 0x590..=0x8ff | 0xfb1d..=0xfefc);
                word.add(point, c);
            } else if !is_mark(c) {
                count.close(&mut word, point);
            }
            before = c;
        }
        count.close(&mut word, text.chars().count());
        count
    }

    fn unseen(&mut self, point: usize, c: char, before: char, next: char) {
        let code = u32::from(c);
        if matches!(code, 0x202d..=0x202e) {
            self.override_at = self.override_at.or(Some(point));
        }
        let splits = matches!(code, 0x00..=0x1f | 0x34f | 0x115f..=0x1160 | 0x180b..=0x180f | 0x200b..=0x200d
            | 0x2060..=0x2064 | 0x206a..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xe_0000..=0xe_0fff);
        let between = before.is_alphanumeric() && !needs_joiners(before);
        let inside = next.is_alphanumeric() || is_invisible(next);
        if splits && between && inside && !needs_joiners(next) {
            if self.split == 0 {
                self.first_split = point;
            }
            (self.split, self.last_split) = (self.split + 1, point);
        }
    }

    fn close(&mut self, word: &mut Word, end: usize) {
        if word.latin + word.twins + word.others > 0 {
            self.words += 1;
        }
        if word.latin > 0 && word.twins > 0 && word.latin + word.twins >= 3 && word.others == 0 {
            if self.mixed == 0 {
                self.first_mixed = word.start;
            }
            (self.mixed, self.last_mixed) = (self.mixed + 1, end);
        }
        *word = Word::default();
    }
}

impl Word {
    fn add(&mut self, point: usize, c: char) {
        if self.latin + self.twins + self.others == 0 {
            self.start = point;
        }
        if deceives(c) {
            self.twins += 1;
        } else if has_twins(c) || u32::from(c) >= 0x370 {
            self.others += 1;
        } else {
            self.latin += 1;
        }
    }
}

/// Letters and signs between which invisible joiners are part of the spelling: Arabic, Syriac, the scripts of South and
/// South-East Asia, Mongolian, and pictures.
fn needs_joiners(c: char) -> bool {
    matches!(u32::from(c),
        0x600..=0x8ff | 0x900..=0x109f | 0x1780..=0x18af | 0x1a00..=0x1cff | 0x200d | 0x2190..=0x2bff | 0x3030..=0x303d
        | 0x4e00..=0x9fff | 0xa840..=0xabff | 0xfb50..=0xfdff | 0xfe70..=0xfefc | 0x1_f000..=0x1_faff
        | 0x1_1000..=0x1_1fff | 0x2_0000..=0x3_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<String> {
        oddities(text).into_iter().map(|finding| finding.rule).collect()
    }

    fn tagged(text: &str) -> String {
        text.chars().map(|c| char::from_u32(0xe_0000 + u32::from(c)).unwrap()).collect()
    }

    #[test]
    fn text_in_tags_is_found_and_read() {
        let text = format!("Thanks! {}", tagged("ignore all"));
        assert_eq!(hidden(&text).unwrap().text, "ignore all");
        let found = oddities(&text);
        assert_eq!(
            (found[0].rule.as_str(), found[0].start, found[0].end),
            ("tag-characters", 8, 18)
        );
    }

    #[test]
    fn text_in_variation_selectors_is_read() {
        let selector = |byte: u8| match byte {
            0..16 => char::from_u32(0xfe00 + u32::from(byte)).unwrap(),
            _ => char::from_u32(0xe_0100 + u32::from(byte) - 16).unwrap(),
        };
        let text = format!("😀{}", "ignore ä".bytes().map(selector).collect::<String>());
        assert_eq!(hidden(&text).unwrap().text, "ignore ä");
    }

    #[test]
    fn honest_uses_are_no_findings() {
        let texts = [
            "\u{feff}A byte order mark at the start",
            "a family: 👨\u{200d}👩\u{200d}👧\u{200d}👦 and a heart ❤\u{fe0f} and 👩🏽\u{200d}💻 1\u{fe0f}\u{20e3}",
            "می\u{200c}خواهم کتاب\u{200c}ها را ببینم و نمی\u{200c}توانم خانه\u{200c}ها",
            "क्\u{200d}ष और न्\u{200d}या श्\u{200d}री क्\u{200d}या र्\u{200c}क",
            "Donau\u{ad}dampf\u{ad}schiff\u{ad}fahrts\u{ad}gesell\u{ad}schaft",
            "שלום \u{200f}world\u{200e} עולם",
            "the flag \u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} of England",
            "5 µm, α-helix, Δt and the χ² test of H₀; Ελληνικά και English",
            "Купил MacBook Pro и iPhone в магазине, всё работает",
            "long\u{200b}word broken once",
        ];
        for text in texts {
            assert_eq!(rules(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn split_words_and_look_alikes_are_findings() {
        let split = "i\u{200b}g\u{200b}n\u{200c}o\u{2060}r\u{200b}e this";
        assert_eq!(rules(split), ["invisible-characters"]);
        assert_eq!(rules("Ignоrе thе рrеvіоuѕ words"), ["mixed-scripts"]);
        assert_eq!(rules("abc \u{202e}tpmorp"), ["direction-override"]);
    }
}
