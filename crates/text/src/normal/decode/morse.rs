//! International Morse code, with spaces between letters and a slash, a bar or a wider gap between words.

use super::{Encoding, Output, Part};

const CODES: [(&str, char); 42] = [
    (".-", 'a'),
    ("-...", 'b'),
    ("-.-.", 'c'),
    ("-..", 'd'),
    (".", 'e'),
    ("..-.", 'f'),
    ("--.", 'g'),
    ("....", 'h'),
    ("..", 'i'),
    (".---", 'j'),
    ("-.-", 'k'),
    (".-..", 'l'),
    ("--", 'm'),
    ("-.", 'n'),
    ("---", 'o'),
    (".--.", 'p'),
    ("--.-", 'q'),
    (".-.", 'r'),
    ("...", 's'),
    ("-", 't'),
    ("..-", 'u'),
    ("...-", 'v'),
    (".--", 'w'),
    ("-..-", 'x'),
    ("-.--", 'y'),
    ("--..", 'z'),
    ("-----", '0'),
    (".----", '1'),
    ("..---", '2'),
    ("...--", '3'),
    ("....-", '4'),
    (".....", '5'),
    ("-....", '6'),
    ("--...", '7'),
    ("---..", '8'),
    ("----.", '9'),
    (".-.-.-", '.'),
    ("--..--", ','),
    ("..--..", '?'),
    ("-..-.", '/'),
    (".----.", '\''),
    ("-....-", '-'),
];

/// Letters before dots and dashes are a message.
const LEAST_LETTERS: usize = 6;
/// Different letters in it: rules and bullets have one or two.
const LEAST_DIFFERENT: usize = 4;

fn signal(c: char) -> Option<char> {
    match c {
        '.' | '·' | '•' => Some('.'),
        '-' | '−' | '–' | '—' => Some('-'),
        _ => None,
    }
}

fn belongs(c: char) -> bool {
    signal(c).is_some() || matches!(c, ' ' | '/' | '|' | '\n' | '\t')
}

/// Messages in Morse code.
pub(super) fn parts(text: &str, parts: &mut Vec<Part>) {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(start) = rest.find(|c| signal(c).is_some()).map(|offset| at + offset) else {
            return;
        };
        let rest = text.get(start..).unwrap_or_default();
        let length = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        let run = rest.get(..length).unwrap_or_default();
        if let Some(part) = message(run, start) {
            parts.push(part);
        }
        at = start + length.max(1);
    }
}

fn message(run: &str, start: usize) -> Option<Part> {
    let mut output = Output::default();
    let (mut letters, mut unknown, mut seen) = (0_usize, 0_usize, vec![]);
    let mut at = 0;
    let mut end = 0;
    while let Some(rest) = run.get(at..).filter(|rest| !rest.is_empty()) {
        let length = rest.find(|c| signal(c).is_none()).unwrap_or(rest.len());
        let code: String =
            rest.get(..length).unwrap_or_default().chars().filter_map(signal).collect();
        if length > 0 {
            match CODES.iter().find(|(known, _)| *known == code) {
                Some((_, letter)) => {
                    letters += 1;
                    if !seen.contains(letter) {
                        seen.push(*letter);
                    }
                    output.push_char(*letter, start + at, start + at + length);
                }
                None => unknown += 1,
            }
            end = at + length;
        }
        let behind = rest.get(length..).unwrap_or_default();
        let gap = behind.find(|c| signal(c).is_some()).unwrap_or(behind.len());
        let between = behind.get(..gap).unwrap_or_default();
        if between.contains(['/', '|', '\n']) || between.len() > 1 {
            output.push_char(' ', start + end, start + end + gap.max(1));
        }
        at += length + gap.max(usize::from(length == 0));
    }
    let enough =
        letters >= LEAST_LETTERS && seen.len() >= LEAST_DIFFERENT && unknown * 3 <= letters;
    let says = enough.then(|| output.text()).flatten()?;
    Some(Part { range: start..start + end, encoding: Encoding::Morse, says })
}
