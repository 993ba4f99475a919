//! Personal data that has a form: e-mail, phone, IBAN, payment card, US social security number, IP.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use super::{BadRule, Detector, Rule, SafetyFinding, compiled, placed, touches};

/// The kinds that can be looked for.
pub const TYPES: [&str; 6] = ["email", "phone", "iban", "card", "ssn", "ip"];

static RULES: LazyLock<Result<Vec<Rule>, BadRule>> = LazyLock::new(|| {
    compiled(&[
        (
            "email",
            r"[\p{L}\p{N}._%+-]+@(?:[\p{L}\p{N}-]+\.)+\p{L}{2,24}",
            |_, _, end| Some(end),
            false,
        ),
        ("phone", r"(?:\+|00)[1-9][0-9 ()./-]{5,22}[0-9]", international, true),
        ("phone", r"\(?[2-9][0-9]{2}\)?[ .-][2-9][0-9]{2}[ .-][0-9]{4}", alone, true),
        ("iban", "[A-Z]{2}[0-9]{2}", iban, true),
        ("card", "[2-6][0-9]{3}", card, true),
        ("ssn", "[0-9]{3}-[0-9]{2}-[0-9]{4}", ssn, true),
        ("ip", r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}", ipv4, true),
        ("ip", "[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]{1,35}", ipv6, true),
    ])
});

/// Looks for some kinds of personal data, apart from what is allowed.
pub struct Pii {
    rules: Vec<&'static Rule>,
    allowed: Vec<String>,
}

impl Pii {
    /// Looks for `types` (see [`TYPES`]). `allowed` texts are not reported, in any case and spelling
    /// of spaces; one that begins with `@` stands for all e-mail addresses that end with it.
    ///
    /// # Errors
    /// If a built-in pattern does not compile.
    pub fn new(types: &[&str], allowed: &[String]) -> Result<Self, BadRule> {
        let rules = RULES.as_ref().map_err(Clone::clone)?;
        let rules = rules.iter().filter(|rule| types.contains(&rule.name)).collect();
        Ok(Self { rules, allowed: allowed.iter().map(|text| bare(text)).collect() })
    }

    fn is_allowed(&self, text: &str) -> bool {
        let text = bare(text);
        let is = |allowed: &String| match allowed.strip_prefix('@') {
            Some(_) => text.ends_with(allowed),
            None => text == *allowed,
        };
        self.allowed.iter().any(is)
    }
}

impl Detector for Pii {
    fn findings(&self, text: &str) -> Vec<SafetyFinding> {
        let hits = self.rules.iter().flat_map(|rule| {
            rule.ranges(text).into_iter().map(|(start, end)| (rule.name, start, end))
        });
        let is_allowed = |&(_, start, end): &(&str, usize, usize)| {
            self.is_allowed(text.get(start..end).unwrap_or_default())
        };
        let (mut passed, mut found): (Vec<_>, Vec<_>) = hits.partition(is_allowed);
        // Part of what is allowed is allowed, e.g. digits of an account that look like a phone's.
        passed.sort_unstable_by_key(|(_, start, _)| *start);
        found.retain(|(_, start, end)| {
            let before = passed.partition_point(|(_, from, _)| from <= start);
            let around = before.checked_sub(1).and_then(|at| passed.get(at));
            around.is_none_or(|(_, _, to)| end > to)
        });
        placed(text, found)
    }
}

fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

fn alone(text: &str, start: usize, end: usize) -> Option<usize> {
    (!touches(text, start, end, |c| c.is_ascii_digit())).then_some(end)
}

/// E.164: a country code and 8 to 15 digits in all. What follows a number, e.g. a postal code, may look like
/// more of it, so of the ends before a separator the last one counts that leaves no more digits than that.
fn international(text: &str, start: usize, end: usize) -> Option<usize> {
    let written = text.get(start..end)?;
    let prefix = if written.starts_with('+') { 0 } else { 2 };
    let before = text.get(..start)?.trim_end();
    if prefix > 0 && before.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (mut digits, mut best) = (0_usize, None);
    for (at, byte) in written.bytes().enumerate() {
        if !byte.is_ascii_digit() {
            continue;
        }
        digits += 1;
        let stop = start + at + 1;
        let is_number = (8 + prefix..=15 + prefix).contains(&digits);
        best = if is_number { alone(text, start, stop).or(best) } else { best };
    }
    best
}

/// ISO 13616 lengths by country.
const IBAN_LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 \
    DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 \
    IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 \
    NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 \
    VA22 VG24 XK20";

/// The length of its country and the remainder 1 modulo 97 (ISO 7064). Single spaces may stand between.
fn iban(text: &str, start: usize, _: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let country = rest.get(..2)?;
    let length = IBAN_LENGTHS.split(' ').find_map(|entry| entry.strip_prefix(country))?;
    let length: usize = length.parse().ok()?;
    let (mut symbols, mut end) = (Vec::with_capacity(length), 0);
    for (at, c) in rest.char_indices().take(2 * length) {
        match c {
            'A'..='Z' | '0'..='9' => symbols.push(c),
            ' ' if !rest.get(..at)?.ends_with(' ') => continue,
            _ => break,
        }
        end = at + 1;
        if symbols.len() == length {
            break;
        }
    }
    if symbols.len() < length || touches(text, start, start + end, char::is_alphanumeric) {
        return None;
    }
    symbols.rotate_left(4);
    let remainder = symbols.iter().try_fold(0_u32, |sum, c| {
        let value = c.to_digit(36)?;
        Some((sum * if value > 9 { 100 } else { 10 } + value) % 97)
    })?;
    (remainder == 1).then_some(start + end)
}

/// A number of an issuer's range and length with a right check digit (Luhn, ISO/IEC 7812).
fn card(text: &str, start: usize, _: usize) -> Option<usize> {
    if text.get(..start)?.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let rest = text.get(start..)?;
    let mut digits: Vec<u32> = Vec::with_capacity(19);
    let mut best = None;
    for (at, c) in rest.char_indices().take(40) {
        match c.to_digit(10) {
            Some(digit) => digits.push(digit),
            None if (c == ' ' || c == '-')
                && rest.get(..at)?.ends_with(|c: char| c.is_ascii_digit()) =>
            {
                continue;
            }
            None => break,
        }
        let ends = !rest.get(at + 1..)?.starts_with(|c: char| c.is_ascii_digit());
        if ends && issued(&digits) && luhn(&digits) {
            best = Some(start + at + 1);
        }
        if digits.len() == 19 {
            break;
        }
    }
    best
}

fn issued(digits: &[u32]) -> bool {
    let head = |n: usize| digits.iter().take(n).fold(0, |sum, digit| sum * 10 + digit);
    match digits.len() {
        13 | 19 => head(1) == 4,
        14 => matches!(head(2), 36 | 38) || matches!(head(3), 300..=305),
        15 => matches!(head(2), 34 | 37),
        16 => {
            head(1) == 4
                || matches!(head(2), 51..=55 | 35 | 65)
                || matches!(head(4), 2221..=2720 | 6011)
                || matches!(head(3), 644..=649)
        }
        _ => false,
    }
}

fn luhn(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, digit)| if i % 2 == 1 { doubled(*digit) } else { *digit })
        .sum();
    sum.is_multiple_of(10)
}

/// Never issued are areas 000, 666 and from 900, group 00 and serial 0000.
fn ssn(text: &str, start: usize, end: usize) -> Option<usize> {
    let mut parts = text.get(start..end)?.split('-');
    let (area, group, serial) = (parts.next()?, parts.next()?, parts.next()?);
    let issued = area != "000" && area != "666" && !area.starts_with('9');
    let issued = issued && group != "00" && serial != "0000";
    let inside = touches(text, start, end, |c| c.is_ascii_digit() || c == '-');
    (issued && !inside).then_some(end)
}

/// An address that can be somebody's: not private, local or reserved for documents.
fn ipv4(text: &str, start: usize, end: usize) -> Option<usize> {
    let address: Ipv4Addr = text.get(start..end)?.parse().ok()?;
    let nobody = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_multicast()
        || address.is_documentation()
        || address.octets().starts_with(&[0]);
    let longer = |end: usize| {
        let mut tail = text.get(end..).unwrap_or_default().chars();
        tail.next() == Some('.') && tail.next().is_some_and(|c| c.is_ascii_digit())
    };
    let inside = touches(text, start, end, char::is_alphanumeric)
        || text.get(..start).is_some_and(|head| head.ends_with('.'))
        || longer(end);
    (!nobody && !inside).then_some(end)
}

/// An address of global unicast, `2000::/3`, apart from `2001:db8::/32`, which is for documents.
fn ipv6(text: &str, start: usize, end: usize) -> Option<usize> {
    let written = text.get(start..end)?.trim_end_matches(':');
    let end = start + written.len();
    let address: Ipv6Addr = written.parse().ok()?;
    let [first, second, ..] = address.segments();
    let global = (0x2000..=0x3fff).contains(&first) && (first, second) != (0x2001, 0xdb8);
    let inside = touches(text, start, end, char::is_alphanumeric);
    (global && !inside).then_some(end)
}

#[cfg(test)]
mod tests;
