//! Documents whose numbers prove nothing by themselves: passports and driving licences. A word right before
//! them must say what they are.

use super::super::context::is_said;
use super::super::page::Page;
use super::super::{Found, Hit, Kind};

const PASSPORTS: [&str; 7] = [
    "passport",
    "reisepass",
    "passnummer",
    "pass-nr",
    "passnr",
    "travel document",
    "ausweisnummer",
];
const LICENCES: [&str; 8] = [
    "driver license",
    "drivers license",
    "driver's license",
    "driver’s license",
    "driver licence",
    "driver's licence",
    "driving licence",
    "driving license",
];

pub(super) fn find(page: &Page<'_>, at: usize, found: &mut Found) {
    let Some(word) = page.words.get(at) else { return };
    if !(6..=14).contains(&word.len()) || !page.is_apart(word.start, word.end) {
        return;
    }
    let written = page.part(word.start, word.end).to_ascii_uppercase();
    let text = written.as_bytes();
    let told = |words: &[&str]| is_said(page.text, word.start, word.start, words);
    let kind = if american(text) && told(&PASSPORTS) {
        Kind::UsPassport
    } else if german(text) && told(&PASSPORTS) {
        Kind::DePassport
    } else if licence(text) && told(&LICENCES) {
        Kind::UsDriver
    } else {
        return;
    };
    found.push(Hit { kind, rank: 0, start: word.start, end: word.end });
}

fn digits(text: &[u8]) -> usize {
    text.iter().filter(|byte| byte.is_ascii_digit()).count()
}

/// Nine digits, or a letter and eight digits.
fn american(text: &[u8]) -> bool {
    text.len() == 9 && digits(text.get(1..).unwrap_or_default()) == 8
}

/// Nine signs without vowels and such letters as look like digits, and perhaps a check digit (ICAO 9303: weights
/// 7, 3, 1).
fn german(text: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_digit() || b"CFGHJKLMNPRTVWXYZ".contains(byte);
    let head = text.first().is_some_and(|head| b"CFGHJKLMNPRTVWXYZ".contains(head));
    matches!(text.len(), 9 | 10) && head && text.iter().all(allowed) && digits(text) >= 3
}

/// At most two letters before digits, as most of the states have it; or a letter and twelve digits and more.
fn licence(text: &[u8]) -> bool {
    let letters = text.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    letters <= 2 && digits(text) + letters == text.len() && digits(text) >= 5
}
