//! The text before it is split into words: BERT's own normalisation, as `tokenizers` does it.

use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_normalization::UnicodeNormalization;

/// Which steps are taken, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Normalizer {
    /// Control characters go, every white space becomes a blank.
    pub(super) clean: bool,
    /// Each Chinese character becomes a word.
    pub(super) spread_chinese: bool,
    /// Decomposed, and without combining marks.
    pub(super) strip_accents: bool,
    /// Each character in lower case.
    pub(super) lowercase: bool,
}

impl Normalizer {
    pub(super) fn run(self, text: &str) -> String {
        let mut text = text.to_string();
        if self.clean {
            text = text
                .chars()
                .filter(|c| !is_dropped(*c))
                .map(|c| if c.is_whitespace() { ' ' } else { c })
                .collect();
        }
        if self.spread_chinese && text.chars().any(is_chinese) {
            let mut spread = String::with_capacity(text.len() * 2);
            for c in text.chars() {
                if is_chinese(c) {
                    spread.extend([' ', c, ' ']);
                } else {
                    spread.push(c);
                }
            }
            text = spread;
        }
        if self.strip_accents && !text.is_ascii() {
            let is_mark = |c: &char| get_general_category(*c) == GeneralCategory::NonspacingMark;
            text = text.nfd().filter(|c| !is_mark(c)).collect();
        }
        if self.lowercase {
            // Character by character: a final sigma is like any other, as in the reference.
            text = text.chars().flat_map(char::to_lowercase).collect();
        }
        text
    }
}

/// NUL, the replacement character and what is for control, formatting or private use.
fn is_dropped(c: char) -> bool {
    use GeneralCategory::{Control, Format, PrivateUse};
    match c {
        '\t' | '\n' | '\r' => false,
        '\0' | '\u{fffd}' => true,
        c => matches!(get_general_category(c), Control | Format | PrivateUse),
    }
}

fn is_chinese(c: char) -> bool {
    matches!(u32::from(c),
        0x4e00..=0x9fff
            | 0x3400..=0x4dbf
            | 0x2_0000..=0x2_a6df
            | 0x2_a700..=0x2_b73f
            | 0x2_b740..=0x2_b81f
            | 0x2_b920..=0x2_ceaf
            | 0xf900..=0xfaff
            | 0x2_f800..=0x2_fa1f)
}

/// The words of a normalised text: between white space, with every punctuation mark by itself.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(char::is_whitespace).flat_map(|word| {
        let mut start = 0;
        let mut marks = word.char_indices().filter(|(_, c)| is_punctuation(*c));
        let mut mark = None;
        let mut over = false;
        std::iter::from_fn(move || {
            if let Some(mark) = mark.take() {
                return Some(mark);
            }
            if over {
                return None;
            }
            let Some((place, c)) = marks.next() else {
                over = true;
                return word.get(start..);
            };
            let before = word.get(start..place);
            start = place + c.len_utf8();
            mark = word.get(place..start);
            before
        })
        .filter(|part| !part.is_empty())
    })
}

fn is_punctuation(c: char) -> bool {
    use GeneralCategory::{
        ClosePunctuation, ConnectorPunctuation, DashPunctuation, FinalPunctuation,
        InitialPunctuation, OpenPunctuation, OtherPunctuation,
    };
    c.is_ascii_punctuation()
        || matches!(
            get_general_category(c),
            ConnectorPunctuation
                | DashPunctuation
                | OpenPunctuation
                | ClosePunctuation
                | InitialPunctuation
                | FinalPunctuation
                | OtherPunctuation
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_marks() {
        let split = |text| words(text).collect::<Vec<_>>();
        assert_eq!(split("don't  stop!?"), ["don", "'", "t", "stop", "!", "?"]);
        assert_eq!(split(" "), [""; 0]);
        assert_eq!(split("«a»"), ["«", "a", "»"]);
    }

    #[test]
    fn each_step() {
        let all =
            Normalizer { clean: true, spread_chinese: true, strip_accents: true, lowercase: true };
        assert_eq!(all.run("É\u{301}\u{0}\tX中Y"), "e x 中 y");
        let none = Normalizer {
            clean: false,
            spread_chinese: false,
            strip_accents: false,
            lowercase: false,
        };
        assert_eq!(none.run("É\u{0}"), "É\u{0}");
    }
}
