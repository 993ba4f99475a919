//! The same words in other characters: they read the same, and are other bytes and other tokens.

use unicode_normalization::UnicodeNormalization;

use super::dice::Dice;

/// Latin letters and those of other scripts that look like them.
const LOOKALIKES: [(char, char); 22] = [
    ('a', 'а'),
    ('c', 'с'),
    ('e', 'е'),
    ('i', 'і'),
    ('j', 'ј'),
    ('o', 'о'),
    ('p', 'р'),
    ('s', 'ѕ'),
    ('x', 'х'),
    ('y', 'у'),
    ('A', 'Α'),
    ('B', 'Β'),
    ('E', 'Ε'),
    ('H', 'Η'),
    ('I', 'Ι'),
    ('K', 'Κ'),
    ('M', 'Μ'),
    ('N', 'Ν'),
    ('O', 'Ο'),
    ('P', 'Ρ'),
    ('T', 'Τ'),
    ('X', 'Χ'),
];
/// Zero-width space, non-joiner, joiner, word joiner, soft hyphen.
const INVISIBLE: [char; 5] = ['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{ad}'];
/// Marks that stack on the letter before.
const MARKS: [char; 6] = ['\u{301}', '\u{308}', '\u{323}', '\u{332}', '\u{336}', '\u{35c}'];

type Disguise = fn(&str, &mut Dice) -> String;

const DISGUISES: [Disguise; 6] = [lookalike, invisible, reversed, wide, stacked, decomposed];

/// One disguise that changes the text; `None` if none does.
pub(super) fn disguised(text: &str, dice: &mut Dice) -> Option<String> {
    let first = dice.below(DISGUISES.len());
    DISGUISES
        .iter()
        .cycle()
        .skip(first)
        .take(DISGUISES.len())
        .map(|disguise| disguise(text, dice))
        .find(|made| made != text)
}

/// About half of the letters that have a twin are replaced.
fn lookalike(text: &str, dice: &mut Dice) -> String {
    let twin = |c: char| LOOKALIKES.iter().find(|(latin, _)| *latin == c).map(|(_, other)| *other);
    text.chars().map(|c| twin(c).filter(|_| dice.one_in(2)).unwrap_or(c)).collect()
}

fn invisible(text: &str, dice: &mut Dice) -> String {
    let mut made = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        made.push(c);
        if c.is_alphanumeric() && dice.one_in(3) {
            made.extend(dice.choose(&INVISIBLE));
        }
    }
    made
}

/// Some words are stored backwards under a right-to-left override, so that they are shown as before.
fn reversed(text: &str, dice: &mut Dice) -> String {
    let words = text.split(' ').map(|word| {
        if word.chars().count() < 2 || !dice.one_in(3) {
            return word.to_string();
        }
        let backwards: String = word.chars().rev().collect();
        format!("\u{202e}{backwards}\u{202c}")
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Printable ASCII has a wide twin 0xFEE0 further on.
fn wide(text: &str, _: &mut Dice) -> String {
    let twin = |c: char| char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c);
    text.chars().map(|c| if c.is_ascii_graphic() { twin(c) } else { c }).collect()
}

fn stacked(text: &str, dice: &mut Dice) -> String {
    let mut made = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        made.push(c);
        if c.is_alphabetic() && dice.one_in(4) {
            made.extend(dice.choose(&MARKS));
        }
    }
    made
}

fn decomposed(text: &str, _: &mut Dice) -> String {
    text.nfd().collect()
}
