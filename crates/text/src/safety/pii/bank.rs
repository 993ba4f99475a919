//! Accounts and payment cards.

use std::sync::LazyLock;

use super::context::{Said, Words, nearest};
use super::digits::{luhn, mod_97};
use super::page::{Page, plain};
use super::{Found, Hit, Kind};

/// ISO 13616 lengths by country.
const IBAN_LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 \
    CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 \
    HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 \
    MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 \
    SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30";

/// Signs of the longest account number that the standard allows.
const LONGEST_IBAN: usize = 34;

/// The length of its country and the remainder 1 modulo 97 (ISO 7064). Single spaces or hyphens may stand
/// between, and letters may be small.
pub(super) fn iban(page: &Page<'_>, at: usize, found: &mut Found) {
    let Some(word) = page.words.get(at) else { return };
    if let Some(end) = iban_end(page, word.start) {
        found.push(Hit { kind: Kind::Iban, rank: 0, start: word.start, end });
    }
}

fn iban_end(page: &Page<'_>, start: usize) -> Option<usize> {
    let rest = page.text.get(start..)?;
    let [a, b, c, d, ..] = rest.as_bytes() else { return None };
    let is_head = a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit();
    let before = page.before(start);
    let inside = before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_' || c == '+');
    if !is_head || !d.is_ascii_digit() || inside {
        return None;
    }
    let country = rest.get(..2)?.to_ascii_uppercase();
    let length = IBAN_LENGTHS.split(' ').find_map(|entry| entry.strip_prefix(country.as_str()))?;
    let length: usize = length.parse().ok()?;
    let (mut symbols, mut stops) = (Vec::with_capacity(LONGEST_IBAN), vec![]);
    let mut signs = 0;
    for (place, c) in rest.char_indices().take(2 * LONGEST_IBAN) {
        if c.is_ascii_alphanumeric() && symbols.len() < LONGEST_IBAN {
            symbols.push(u8::try_from(c.to_ascii_uppercase()).ok()?);
            signs = 0;
            let next = rest.get(place + 1..)?.chars().next();
            if next.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_') {
                stops.push((symbols.len(), start + place + 1));
            }
        } else if matches!(plain(c), ' ' | '-') && signs == 0 {
            signs += 1;
        } else {
            break;
        }
    }
    let is_right = |length: usize| symbols.get(..length).is_some_and(checks);
    let exact = stops.iter().find(|(symbols, _)| *symbols == length && is_right(length));
    // Typed with a sign too many or too few, or by a rule newer than the table: the proof is good all the same if
    // all of it stands together.
    let whole = || {
        let other = stops.iter().take_while(|(symbols, _)| *symbols % 4 == 0);
        let first = stops.first().filter(|(symbols, _)| *symbols > 4);
        let groups = stops.get(other.count()).filter(|(symbols, _)| *symbols > 12);
        let ends = first.into_iter().chain(groups);
        ends.into_iter()
            .find(|(symbols, _)| (15..=LONGEST_IBAN).contains(symbols) && is_right(*symbols))
    };
    exact.or_else(whole).map(|(_, end)| *end)
}

/// The remainder 1 modulo 97, with the first four signs at the end.
fn checks(symbols: &[u8]) -> bool {
    let Some((head, body)) = symbols.split_at_checked(4) else { return false };
    mod_97(&[body, head].concat()) == Some(1)
}

/// Words before a long number that is something else's.
static THINGS: LazyLock<Words> = LazyLock::new(|| {
    Words::new(&[
        "order",
        "orders",
        "bestellung",
        "pedido",
        "commande",
        "invoice",
        "rechnung",
        "tracking",
        "shipment",
        "parcel",
        "ticket",
        "booking",
        "isbn",
        "imei",
        "iccid",
        "serial",
        "sku",
        "timestamp",
        "case",
        "uuid",
    ])
});
static CARDS: LazyLock<Words> = LazyLock::new(|| {
    Words::new(&[
        "card",
        "cards",
        "credit",
        "debit",
        "visa",
        "mastercard",
        "amex",
        "american",
        "discover",
        "diners",
        "maestro",
        "jcb",
        "unionpay",
        "karte",
        "kreditkarte",
        "kreditkartennummer",
        "carte",
        "tarjeta",
        "carta",
        "cartão",
        "pay",
        "paid",
        "payment",
        "卡",
    ])
});

/// How groups are printed on cards and typed in forms: four by four, or as American Express and Diners Club.
const GROUPS: [&[usize]; 11] = [
    &[4, 4, 4, 4],
    &[4, 6, 5],
    &[4, 6, 4],
    &[4, 4, 4, 4, 3],
    &[4, 4, 4, 4, 2],
    &[4, 4, 4, 4, 1],
    &[4, 4, 4],
    &[4, 4, 4, 1],
    &[4, 3, 3, 3],
    &[4, 4, 5],
    &[6, 13],
];

/// A number of an issuer's range and length with a right check digit (Luhn, ISO/IEC 7812), in one piece or in
/// groups with the same sign between.
pub(super) fn card(page: &Page<'_>, at: usize, found: &mut Found) {
    let Some(word) = page.words.get(at).filter(|word| word.number) else { return };
    let alone = (12..=19).contains(&word.len()).then_some(&[][..]);
    let grouped = GROUPS.iter().filter(|groups| groups.first() == Some(&word.len()));
    let shapes = alone.into_iter().chain(grouped.copied());
    let best = shapes.filter_map(|shape| numbered(page, at, shape)).max();
    let Some((end, range)) = best else { return };
    let said = nearest(page.text, word.start, &CARDS, &THINGS);
    if said == Said::For || (said == Said::Nothing && range == Range::Known) {
        found.push(Hit { kind: Kind::Card, rank: 1, start: word.start, end });
    }
}

/// How sure it is that a number is in a range of issuers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Range {
    /// In one that is so wide or old that a word must say what it is.
    Wide,
    Known,
}

fn numbered(page: &Page<'_>, at: usize, shape: &[usize]) -> Option<(usize, Range)> {
    let first = page.words.get(at)?;
    let last = page.words.get(at + shape.len().saturating_sub(1))?;
    let mut signs = (at..at + shape.len().saturating_sub(1)).map(|i| page.sign(i));
    let sign = signs.next().flatten();
    let same = signs.all(|other| other.is_some() && other == sign);
    let lengths = shape.iter().zip(page.words.get(at..)?);
    let shaped = lengths.into_iter().all(|(length, word)| word.number && word.len() == *length);
    let signed = shape.is_empty() || matches!(sign, Some(' ' | '-' | '.'));
    if !same || !shaped || !signed || !page.is_apart(first.start, last.end) {
        return None;
    }
    let digits = page.part(first.start, last.end).bytes().filter(u8::is_ascii_digit);
    let digits: Vec<u8> = digits.map(|byte| byte - b'0').collect();
    let range = if issued(&digits) { Range::Known } else { Range::Wide };
    let wide = matches!(digits.as_slice(), [5, 0 | 6..=8, ..] | [6, 0 | 3 | 7, ..]);
    ((wide || range == Range::Known) && luhn(&digits)).then_some((last.end, range))
}

/// The ranges of the networks that issue cards, by length.
fn issued(digits: &[u8]) -> bool {
    let head =
        |n: usize| digits.iter().take(n).fold(0_u32, |sum, digit| sum * 10 + u32::from(*digit));
    let maestro = matches!(head(4), 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763);
    let visa = head(1) == 4;
    let union = head(2) == 62;
    match digits.len() {
        12 | 17 | 18 => maestro || (union && digits.len() > 12),
        13 => visa || maestro,
        14 => matches!(head(2), 36 | 38 | 39) || matches!(head(3), 300..=305) || maestro,
        15 => matches!(head(2), 34 | 37) || matches!(head(4), 2131 | 1800) || maestro,
        16 => {
            visa || maestro
                || union
                || matches!(head(2), 51..=55 | 35 | 36 | 65)
                || matches!(head(4), 2200..=2204 | 2221..=2720 | 6011 | 9792)
                || matches!(head(3), 508 | 644..=649 | 606 | 607 | 637..=639)
        }
        19 => visa || maestro || union || head(4) == 6011 || head(2) == 65,
        _ => false,
    }
}
