//! Numbers with letters in them, which carry most of their proof.

use super::super::context::is_said;
use super::super::digits::{is_date, part};
use super::super::page::{Page, Word};
use super::super::{Found, Hit, Kind};
use super::asia::{resident, resident_check};

/// A whole word that is a number of some kind: its length, whether small letters are as good, and its proof.
struct Lettered {
    kind: Kind,
    length: usize,
    small: bool,
    holds: fn(&[u8]) -> bool,
}

const WORDS: [Lettered; 10] = [
    Lettered { kind: Kind::ItFiscal, length: 16, small: true, holds: italian },
    Lettered { kind: Kind::EsNif, length: 9, small: false, holds: spanish },
    Lettered { kind: Kind::EsNie, length: 9, small: false, holds: foreigner },
    Lettered { kind: Kind::UkNino, length: 9, small: true, holds: nino },
    Lettered { kind: Kind::SgNric, length: 9, small: false, holds: singapore },
    Lettered { kind: Kind::InPan, length: 10, small: false, holds: pan },
    Lettered { kind: Kind::FiPersonal, length: 11, small: false, holds: finnish },
    Lettered { kind: Kind::DePension, length: 12, small: false, holds: pension },
    Lettered { kind: Kind::MxCurp, length: 18, small: false, holds: curp },
    Lettered { kind: Kind::CnId, length: 18, small: true, holds: with_x },
];

pub(super) fn find(page: &Page<'_>, at: usize, found: &mut Found) {
    let Some(word) = page.words.get(at) else { return };
    if !word.number {
        whole(page, word, found);
    }
    spaced_nino(page, word, found);
    signed(page, at, Kind::FiPersonal, (6, 4), finnish, found);
    hyphenated_nif(page, word, found);
}

fn whole(page: &Page<'_>, word: &Word, found: &mut Found) {
    for Lettered { kind, length, small, holds } in &WORDS {
        if word.len() != *length {
            continue;
        }
        let written = page.part(word.start, word.end);
        let read = if *small { written.to_ascii_uppercase() } else { written.to_owned() };
        if holds(read.as_bytes()) && page.is_apart(word.start, word.end) {
            found.push(Hit { kind: *kind, rank: 1, start: word.start, end: word.end });
        }
    }
    // Older numbers of Spain lack the leading zero, and one letter proves too little of so short a word.
    let short = word.len() == 8;
    let padded = || [b"0", page.part(word.start, word.end).as_bytes()].concat();
    if short
        && spanish(&padded())
        && is_said(page.text, word.start, word.end, &["dni", "nif", "documento nacional"])
    {
        found.push(Hit { kind: Kind::EsNif, rank: 0, start: word.start, end: word.end });
    }
}

/// The digits of `text` at these places, as values; none if one of them is no digit.
fn digits(text: &[u8], start: usize, length: usize) -> Option<Vec<u8>> {
    let part = text.get(start..start + length)?;
    part.iter().map(|byte| byte.is_ascii_digit().then(|| byte - b'0')).collect()
}

fn number(text: &[u8], start: usize, length: usize) -> Option<u64> {
    digits(text, start, length).map(|digits| part(&digits, 0, length))
}

fn is_upper(text: &[u8], start: usize, length: usize) -> bool {
    text.get(start..start + length).is_some_and(|part| part.iter().all(u8::is_ascii_uppercase))
}

fn last(text: &[u8]) -> u8 {
    text.last().copied().unwrap_or_default()
}

/// Two letters of which some never occur, six digits, A to D (HM Revenue and Customs, NIM39110).
fn nino(text: &[u8]) -> bool {
    let [a, b, ..] = text else { return false };
    let never = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];
    let first = a.is_ascii_uppercase() && !b"DFIQUV".contains(a);
    let second = b.is_ascii_uppercase() && !b"DFIOQUV".contains(b);
    let counted = number(text, 2, 6).is_some_and(|number| number > 0);
    first && second && !never.contains(&&[*a, *b]) && counted && matches!(last(text), b'A'..=b'D')
}

/// As people write it: `QQ 12 34 56 C`, `QQ 123456C`, `QQ 123456 C`. The word is the first with digits.
fn spaced_nino(page: &Page<'_>, word: &Word, found: &mut Found) {
    let Some(start) = word.start.checked_sub(3) else { return };
    if !matches!(word.len(), 2 | 6 | 7) || page.byte(start + 2) != Some(b' ') {
        return;
    }
    let (mut read, mut end) = (vec![], start);
    for (place, byte) in page.text.as_bytes().iter().enumerate().skip(start).take(13) {
        if byte.is_ascii_alphanumeric() {
            read.push(byte.to_ascii_uppercase());
            end = place + 1;
        } else if *byte != b' ' {
            break;
        }
        if read.len() == 9 {
            break;
        }
    }
    let apart = page.text.is_char_boundary(start) && page.is_apart(start, end);
    if read.len() == 9 && nino(&read) && apart {
        found.push(Hit { kind: Kind::UkNino, rank: 1, start, end });
    }
}

/// A word of `lengths.0` and one of `lengths.1` signs with `-` or `+` between, read as one.
fn signed(
    page: &Page<'_>,
    at: usize,
    kind: Kind,
    lengths: (usize, usize),
    holds: fn(&[u8]) -> bool,
    found: &mut Found,
) {
    let (Some(first), Some(second)) = (page.words.get(at), page.words.get(at + 1)) else { return };
    let signed = matches!(page.sign(at), Some('-' | '+'));
    if first.len() != lengths.0
        || second.len() != lengths.1
        || !signed
        || second.start != first.end + 1
    {
        return;
    }
    let written = page.part(first.start, second.end);
    if holds(written.as_bytes()) && page.is_apart(first.start, second.end) {
        found.push(Hit { kind, rank: 1, start: first.start, end: second.end });
    }
}

/// A day, a sign for the century, a serial from 002 and a check: the rest modulo 31 of day and serial
/// (Digital and Population Data Services Agency; signs added in 2023).
fn finnish(text: &[u8]) -> bool {
    let check = || {
        let (day, month, year) = (number(text, 0, 2)?, number(text, 2, 2)?, number(text, 4, 2)?);
        let serial = number(text, 7, 3)?;
        let all = number(text, 0, 6)? * 1000 + serial;
        let sign = b"0123456789ABCDEFHJKLMNPRSTUVWXY".get(usize::try_from(all % 31).ok()?)?;
        let century = b"+-YXWVUABCDEF".contains(text.get(6)?);
        Some(is_date(year, month, day) && serial > 1 && century && *sign == last(text))
    };
    text.len() == 11 && check() == Some(true)
}

/// Letters and digits as the name, day and place of birth give them, and a check letter from values that differ
/// between odd and even places (D.M. 23 December 1976). Digits may be letters where two persons are alike.
fn italian(text: &[u8]) -> bool {
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    let digit = |byte: &u8| byte.is_ascii_digit() || b"LMNPQRSTUV".contains(byte);
    let shape = text.iter().enumerate().all(|(i, byte)| match i {
        0..=5 | 8 | 11 | 15 => byte.is_ascii_uppercase(),
        _ => digit(byte),
    });
    let month = text.get(8).is_some_and(|month| b"ABCDEHLMPRST".contains(month));
    let value = |(i, byte): (usize, &u8)| {
        let place = if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' };
        if i % 2 == 1 {
            return u32::from(place);
        }
        ODD.get(usize::from(place)).copied().unwrap_or_default()
    };
    if !shape || !month {
        return false;
    }
    let sum: u32 = text.iter().take(15).enumerate().map(value).sum();
    u32::from(last(text) - b'A') == sum % 26
}

/// The letter that the number has modulo 23 (Ministerio del Interior).
fn spanish(text: &[u8]) -> bool {
    number(text, 0, 8).is_some_and(|number| number > 0 && letter(number) == Some(last(text)))
}

fn letter(number: u64) -> Option<u8> {
    b"TRWAGMYFPDXBNJZSQVHLCKE".get(usize::try_from(number % 23).ok()?).copied()
}

/// X, Y or Z in place of the first digit, 0, 1 or 2.
fn foreigner(text: &[u8]) -> bool {
    let Some(head) = text.first().and_then(|head| b"XYZ".iter().position(|sign| sign == head))
    else {
        return false;
    };
    let head = u64::try_from(head).unwrap_or_default();
    number(text, 1, 7).is_some_and(|rest| letter(head * 10_000_000 + rest) == Some(last(text)))
}

fn hyphenated_nif(page: &Page<'_>, word: &Word, found: &mut Found) {
    let (Some(b'-'), Some(letter)) = (page.byte(word.end), page.byte(word.end + 1)) else { return };
    if !word.number || word.len() != 8 || !letter.is_ascii_uppercase() {
        return;
    }
    let (start, end) = (word.start, word.end + 2);
    let read = [page.part(start, word.end).as_bytes(), &[letter]].concat();
    if spanish(&read) && page.is_apart(start, end) {
        found.push(Hit { kind: Kind::EsNif, rank: 1, start, end });
    }
}

/// Weights 2, 7, 6, 5, 4, 3, 2; 4 more for T and G, 3 for M; a table of letters for each series (ICA).
fn singapore(text: &[u8]) -> bool {
    let Some(digits) = digits(text, 1, 7) else { return false };
    let sum = super::super::digits::weighted(&digits, &[2, 7, 6, 5, 4, 3, 2]);
    let (offset, table) = match text.first() {
        Some(b'S') => (0, b"JZIHGFEDCBA"),
        Some(b'T') => (4, b"JZIHGFEDCBA"),
        Some(b'F') => (0, b"XWUTRQPNMLK"),
        Some(b'G') => (4, b"XWUTRQPNMLK"),
        Some(b'M') => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    let place = usize::try_from((sum + offset) % 11).unwrap_or_default();
    table.get(place) == Some(&last(text))
}

/// Five letters, of which the fourth says what the holder is, here a person or a firm of persons; four digits
/// and a letter (Income Tax Department).
fn pan(text: &[u8]) -> bool {
    let holder = text.get(3).is_some_and(|holder| b"PFHT".contains(holder));
    is_upper(text, 0, 5)
        && holder
        && number(text, 5, 4).is_some_and(|n| n > 0)
        && is_upper(text, 9, 1)
}

/// Area, day, first letter of the name, serial and a check over the cross sums of products (VKVV, paragraph 2).
fn pension(text: &[u8]) -> bool {
    let read = || {
        let (head, serial) = (digits(text, 0, 8)?, digits(text, 9, 3)?);
        let initial = text.get(8).filter(|byte| byte.is_ascii_uppercase())?;
        let place = initial - b'A' + 1;
        let all = [&head[..], &[place / 10, place % 10], &serial].concat();
        let weights = [2_u32, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1];
        let products = all.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight);
        let sum: u32 = products.map(|product| product / 10 + product % 10).sum();
        let day = part(&head, 2, 2) % 50;
        let date = is_date(part(&head, 6, 2), part(&head, 4, 2), day.max(1));
        Some(date && sum % 10 == u32::from(*all.last()?))
    };
    read() == Some(true)
}

/// Letters of the name, day, sex, state, consonants and a check digit with weights 18 to 2 (RENAPO).
fn curp(text: &[u8]) -> bool {
    const SIGNS: &str = "0123456789ABCDEFGHIJKLMN\u{d1}OPQRSTUVWXYZ";
    let shape = is_upper(text, 0, 4) && is_upper(text, 10, 6);
    let sex = text.get(10).is_some_and(|sex| b"HMX".contains(sex));
    let read = || {
        let (year, month, day) = (number(text, 4, 2)?, number(text, 6, 2)?, number(text, 8, 2)?);
        let mut sum = 0_usize;
        for (i, byte) in text.iter().take(17).enumerate() {
            sum += SIGNS.chars().position(|sign| sign == char::from(*byte))? * (18 - i);
        }
        let check = u8::try_from((10 - sum % 10) % 10).ok()?;
        Some(is_date(year, month, day) && last(text) == b'0' + check)
    };
    shape && sex && read() == Some(true)
}

/// A Chinese number whose check is ten.
fn with_x(text: &[u8]) -> bool {
    let body = digits(text, 0, 17);
    last(text) == b'X' && body.is_some_and(|body| resident(&body) && resident_check(&body) == 10)
}
