//! Letters that stand for other letters: small tables of the scripts that matter.
//!
//! UTS #39 lists thousands of confusable characters, most of which nobody types and some of which (`m` and `rn`)
//! would spoil ordinary words. Here are the letters of Cyrillic, Greek, Armenian and Cherokee that look like Latin
//! ones, and the ornamental alphabets that have no compatibility decomposition.

/// A Latin letter in ornamental writing that Unicode does not decompose: small capitals, turned letters, letters in
/// dark circles and squares, regional indicators. In lower case.
pub(crate) fn ornamental(c: char) -> Option<char> {
    let code = u32::from(c);
    let from = |first: u32| char::from_u32(u32::from(b'a') + code - first);
    match code {
        0x1_f150..=0x1_f169 => return from(0x1_f150),
        0x1_f170..=0x1_f189 => return from(0x1_f170),
        0x1_f1e6..=0x1_f1ff => return from(0x1_f1e6),
        _ => {}
    }
    Some(match c {
        'ᴀ' | 'ɑ' | 'ɐ' | 'ꭺ' => 'a',
        'ʙ' | 'ƅ' => 'b',
        'ᴄ' | 'ɔ' => 'c',
        'ᴅ' | 'ɗ' | 'đ' => 'd',
        'ᴇ' | 'ǝ' | 'ɘ' | 'ə' => 'e',
        'ꜰ' | 'ɟ' | 'ƒ' => 'f',
        'ɢ' | 'ɡ' | 'ƃ' | 'ᵷ' => 'g',
        'ʜ' | 'ɥ' | 'ħ' => 'h',
        'ɪ' | 'ᴉ' | 'ı' | 'ɩ' => 'i',
        'ᴊ' | 'ɾ' | 'ȷ' => 'j',
        'ᴋ' | 'ʞ' => 'k',
        'ʟ' | 'ł' | 'ƚ' => 'l',
        'ᴍ' | 'ɯ' => 'm',
        'ɴ' | 'ŋ' => 'n',
        'ᴏ' | 'ø' | 'ɵ' => 'o',
        'ᴘ' => 'p',
        'ʀ' | 'ɹ' => 'r',
        'ꜱ' => 's',
        'ᴛ' | 'ʇ' | 'ŧ' => 't',
        'ᴜ' => 'u',
        'ᴠ' | 'ʌ' => 'v',
        'ᴡ' | 'ʍ' => 'w',
        'ʏ' | 'ʎ' => 'y',
        'ᴢ' => 'z',
        _ => return None,
    })
}

/// The Latin letter that a letter of another script looks like, in lower case.
pub(crate) fn latin_twin(c: char) -> Option<char> {
    Some(match c {
        'а' | 'А' | 'α' | 'Α' | 'Ꭺ' => 'a',
        'в' | 'В' | 'ь' | 'Ь' | 'β' | 'Β' | 'Ᏼ' => 'b',
        'с' | 'С' | 'ϲ' | 'Ϲ' | 'Ꮯ' => 'c',
        'ԁ' | 'Ԁ' | 'д' | 'Д' | 'Ꭰ' => 'd',
        'е' | 'Е' | 'ё' | 'Ё' | 'є' | 'ε' | 'Ε' | 'Ꭼ' => 'e',
        'ғ' | 'Ғ' => 'f',
        'ԍ' | 'Ԍ' | 'Ꮐ' | 'ց' => 'g',
        'һ' | 'Һ' | 'н' | 'Н' | 'Η' | 'Ꮋ' | 'հ' => 'h',
        'і' | 'І' | 'ї' | 'Ї' | 'ι' | 'Ι' | 'Ꭵ' => 'i',
        'ј' | 'Ј' | 'ϳ' | 'Ꭻ' | 'յ' => 'j',
        'к' | 'К' | 'κ' | 'Κ' | 'Ꮶ' => 'k',
        'ӏ' | 'Ӏ' | 'Ꮮ' => 'l',
        'м' | 'М' | 'Μ' | 'Ꮇ' => 'm',
        'и' | 'И' | 'п' | 'П' | 'η' | 'Ν' | 'ո' => 'n',
        'о' | 'О' | 'ο' | 'Ο' | 'σ' | 'օ' | 'Օ' => 'o',
        'р' | 'Р' | 'ρ' | 'Ρ' | 'Ꮲ' => 'p',
        'ԛ' | 'Ԛ' | 'զ' => 'q',
        'г' | 'Г' | 'я' | 'Я' | 'Ꮢ' => 'r',
        'ѕ' | 'Ѕ' | 'Տ' | 'Ꮪ' => 's',
        'т' | 'Т' | 'τ' | 'Τ' | 'Ꭲ' => 't',
        'υ' | 'ս' | 'Ս' | 'ц' | 'Ц' => 'u',
        'ѵ' | 'Ѵ' | 'ν' | 'Ꮩ' => 'v',
        'ԝ' | 'Ԝ' | 'ѡ' | 'ω' | 'ш' | 'Ш' | 'Ꮃ' => 'w',
        'х' | 'Х' | 'χ' | 'Χ' => 'x',
        'у' | 'У' | 'ү' | 'Ү' | 'γ' | 'Υ' => 'y',
        'Ζ' | 'Ꮓ' => 'z',
        _ => return None,
    })
}

/// Whether a letter of another script is hard to tell from the Latin one: what is put into Latin words on purpose.
pub(crate) fn deceives(c: char) -> bool {
    "аАВсСеЕНһіІјЈКӏМоОрРԛѕЅТԝхХуԁΑΒΕΖΗΙΚΜΝοΟΡΤΥΧϲ".contains(c)
}

/// The Cyrillic letter that a Latin one looks like.
pub(crate) fn cyrillic_twin(c: char) -> Option<char> {
    Some(match c {
        'a' | 'A' => 'а',
        'B' => 'в',
        'c' | 'C' => 'с',
        'e' | 'E' => 'е',
        'H' => 'н',
        'i' | 'I' => 'і',
        'k' | 'K' => 'к',
        'm' | 'M' => 'м',
        'o' | 'O' => 'о',
        'p' | 'P' => 'р',
        'T' => 'т',
        'x' | 'X' => 'х',
        'y' | 'Y' => 'у',
        _ => return None,
    })
}

/// Whether a letter belongs to a script that has Latin look-alikes.
pub(crate) fn has_twins(c: char) -> bool {
    matches!(u32::from(c), 0x370..=0x3ff | 0x400..=0x52f | 0x531..=0x587 | 0x13a0..=0x13ff)
}

/// Whether a letter is Cyrillic.
pub(crate) fn is_cyrillic(c: char) -> bool {
    matches!(u32::from(c), 0x400..=0x52f)
}

/// What a few letters and marks are written as, beyond what Unicode decomposes. In lower case.
pub(crate) fn spelled(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' | 'ẞ' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ς' => "σ",
        '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{2b9}' | '\u{2bc}' | '´' => "'",
        '\u{201c}'..='\u{201f}' | '«' | '»' | '\u{2033}' | '「' | '」' | '『' | '』' => "\"",
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2043}' | '\u{fe58}' => "-",
        '\u{2028}' | '\u{2029}' | '\u{85}' => "\n",
        'ى' | 'ی' => "ي",
        'ة' => "ه",
        'ک' => "ك",
        '\u{1680}' => " ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_lead_to_latin_letters() {
        for code in 0x80..0x2_0000 {
            let Some(c) = char::from_u32(code) else { continue };
            for twin in [ornamental(c), latin_twin(c)].into_iter().flatten() {
                assert!(twin.is_ascii_lowercase(), "{c:?}");
            }
            assert!(!deceives(c) || latin_twin(c).is_some(), "{c:?} deceives and has no twin");
            assert!(
                latin_twin(c).is_none() || has_twins(c),
                "{c:?} is of a script that is not looked at"
            );
        }
    }
}
