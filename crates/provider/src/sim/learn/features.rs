//! What the learner sees of a text: hashed words, word pairs and pieces of words.
//!
//! Words carry the topic, word pairs a little of the order ("not received"), and pieces of three to five
//! characters forgive typing errors and inflection. Hashes instead of strings keep the vectors small and
//! the learner free of any dictionary, so it knows no language and no label in advance.

/// How much of one message is read; the rest of a huge one would cost time and say nothing new.
pub(super) const READ_LIMIT: usize = 16 * 1024;

const WORD: u64 = 0x9ae1_6a3b_2f90_404f;
const PAIR: u64 = 0xc2b2_ae3d_27d4_eb4f;
const PIECE: u64 = 0x1656_67b1_9e37_79f9;

/// The start of `text` within `limit` bytes, cut between characters.
pub(super) fn head(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}

/// A 64-bit hash that is the same in every process (the standard library's may change between versions).
pub(super) fn hash(seed: u64, text: &str) -> u64 {
    let mut state = seed ^ 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    mix(state)
}

/// A quick 64-bit hash of a long text, eight bytes at a time: the key under which the work on it is kept.
pub(super) fn digest(seed: u64, text: &str) -> u64 {
    let mut state = mix(seed ^ text.len() as u64);
    let (chunks, rest) = text.as_bytes().as_chunks::<8>();
    for chunk in chunks {
        state = (state ^ u64::from_le_bytes(*chunk)).wrapping_mul(WORD | 1).rotate_left(29);
    }
    for byte in rest {
        state = (state ^ u64::from(*byte)).wrapping_mul(PIECE).rotate_left(13);
    }
    mix(state)
}

/// The feature that stands for one whole word.
pub(super) fn word_feature(word: &str) -> u64 {
    hash(WORD, word)
}

/// Spreads the bits of `x` (the finaliser of splitmix64).
pub(super) fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The words of a text: lower-cased, accents folded, split at everything that is no letter or digit.
/// Scripts without spaces give one word per character.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() {
            if unspaced(c) {
                flush(&mut word, &mut out);
                out.push(c.to_string());
            } else {
                fold(c, &mut word);
            }
        } else if c != '\'' && c != '\u{2019}' {
            flush(&mut word, &mut out);
        }
    }
    flush(&mut word, &mut out);
    out
}

fn flush(word: &mut String, out: &mut Vec<String>) {
    if !word.is_empty() {
        out.push(std::mem::take(word));
    }
}

fn unspaced(c: char) -> bool {
    matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

/// Appends `c` in lower case and without its accent.
fn fold(c: char, out: &mut String) {
    for c in c.to_lowercase() {
        match c {
            'à'..='å' | 'ā' | 'ă' | 'ą' => out.push('a'),
            'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => out.push('c'),
            'ď' | 'đ' | 'ð' => out.push('d'),
            'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => out.push('e'),
            'ĝ' | 'ğ' | 'ġ' | 'ģ' => out.push('g'),
            'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => out.push('i'),
            'ł' | 'ļ' | 'ľ' => out.push('l'),
            'ñ' | 'ń' | 'ņ' | 'ň' => out.push('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => out.push('o'),
            'ŕ' | 'ř' => out.push('r'),
            'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => out.push('s'),
            'ţ' | 'ť' | 'ț' => out.push('t'),
            'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => out.push('u'),
            'ý' | 'ÿ' => out.push('y'),
            'ź' | 'ż' | 'ž' => out.push('z'),
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            '\u{300}'..='\u{36f}' => {}
            c => out.push(c),
        }
    }
}

/// The features of some words with their damped counts (1 + ln n), without any knowledge of other texts.
pub(super) fn features(words: &[String]) -> Vec<(u64, f32)> {
    let mut seen = Vec::with_capacity(words.len() * 12);
    let mut last = None;
    let mut padded = String::new();
    let mut bounds = Vec::new();
    for word in words {
        let id = word_feature(word);
        seen.push(id);
        seen.push(mix(last.unwrap_or(PAIR).rotate_left(17) ^ id));
        last = Some(id);
        padded.clear();
        padded.push(' ');
        padded.push_str(word);
        padded.push(' ');
        bounds.clear();
        bounds.extend(padded.char_indices().map(|(at, _)| at));
        bounds.push(padded.len());
        for size in 3..=5 {
            for window in bounds.windows(size + 1) {
                if let (Some(&from), Some(&to)) = (window.first(), window.last()) {
                    seen.push(hash(PIECE, padded.get(from..to).unwrap_or_default()));
                }
            }
        }
    }
    seen.sort_unstable();
    let mut out: Vec<(u64, f32)> = Vec::with_capacity(seen.len());
    for id in seen {
        match out.last_mut() {
            Some((same, count)) if *same == id => *count += 1.0,
            _ => out.push((id, 1.0)),
        }
    }
    for (_, count) in &mut out {
        *count = 1.0 + count.ln();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_and_unspaced_scripts_split() {
        assert_eq!(
            words("Où est  MON colis, s'il vous plaît?").join(" "),
            "ou est mon colis sil vous plait"
        );
        assert_eq!(words("返金 please"), ["返", "金", "please"]);
        assert!(words(" \n—!?").is_empty());
    }

    #[test]
    fn a_typing_error_keeps_most_pieces() {
        let shared = |a: &str, b: &str| {
            let (a, b) = (features(&words(a)), features(&words(b)));
            a.iter().filter(|x| b.iter().any(|y| x.0 == y.0)).count()
        };
        assert!(shared("subscription", "subscribtion") > 8);
        assert_eq!(shared("refund", "login"), 0);
    }

    #[test]
    fn counts_are_damped() {
        let once = features(&words("card"));
        let often = features(&words("card card card card"));
        let id = word_feature("card");
        let of = |all: &[(u64, f32)]| all.iter().find(|f| f.0 == id).map(|f| f.1);
        assert_eq!(of(&once), Some(1.0));
        assert!(of(&often).is_some_and(|c| c > 1.0 && c < 4.0));
    }

    #[test]
    fn cuts_between_characters() {
        assert_eq!(head("äöü", 3), "ä");
        assert_eq!(head("abc", 99), "abc");
        assert_ne!(digest(1, "0123456789"), digest(1, "0123456780"));
        assert_ne!(digest(1, "a"), digest(2, "a"));
    }
}
