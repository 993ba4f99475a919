//! Europe: numbers of digits only. Those with letters are in `letters`.

use super::super::digits::{at, is_date, luhn, mod_11_10, part, value, weighted};
use super::super::kind::Kind;
use super::Forms;

pub(super) const FORMS: &[Forms] = &[
    Forms {
        kind: Kind::UkNhs,
        holds: nhs,
        alone: &[],
        told: &["a", "3~3~4"],
        words: &["nhs", "national health", "health service"],
    },
    Forms {
        kind: Kind::DeTaxId,
        holds: |digits| at(digits, 0) != 0 && mod_11_10(digits),
        alone: &[],
        told: &["b", "2 3 3 3", "2 9", "3 3 3 2"],
        words: &[
            "steuer",
            "steuerid",
            "idnr",
            "identifikationsnummer",
            "tin",
            "tax id",
            "steuernummer",
        ],
    },
    Forms {
        kind: Kind::FrNir,
        holds: nir,
        alone: &["f", "1 2 2 2 3 3 2", "d 2"],
        told: &["d"],
        words: &["nir", "sécurité sociale", "insee", "securite sociale"],
    },
    Forms {
        kind: Kind::NlBsn,
        holds: bsn,
        alone: &[],
        told: &["9", "4.2.3", "3 3 3"],
        words: &["bsn", "burgerservicenummer", "sofi", "sofinummer", "burgerservice"],
    },
    Forms {
        kind: Kind::BeNational,
        holds: belgian,
        alone: &["2.2.2-3.2"],
        told: &["b", "6-3-2", "6 3 2", "9 2"],
        words: &["rijksregister", "registre national", "national register", "nrn", "insz", "niss"],
    },
    Forms { kind: Kind::ChAhv, holds: ahv, alone: &["3.4.4.2", "d"], told: &[], words: &[] },
    Forms { kind: Kind::PlPesel, holds: pesel, alone: &[], told: &["b"], words: &["pesel"] },
    Forms {
        kind: Kind::SePersonal,
        holds: swedish,
        alone: &["6-4", "8-4"],
        told: &["a", "c"],
        words: &["personnummer", "personal number", "samordningsnummer", "personal identity"],
    },
    Forms {
        kind: Kind::NoPersonal,
        holds: norwegian,
        alone: &["6 5"],
        told: &["b"],
        words: &[
            "fødselsnummer",
            "fodselsnummer",
            "personnummer",
            "fnr",
            "national identity",
            "d-nummer",
        ],
    },
    Forms {
        kind: Kind::DkCpr,
        holds: danish,
        alone: &[],
        told: &["6-4", "a"],
        words: &["cpr", "personnummer", "cpr-nummer", "cprnummer", "sundhedskort"],
    },
    Forms {
        kind: Kind::TrId,
        holds: turkish,
        alone: &[],
        told: &["b"],
        words: &["kimlik", "tckn", "tc no", "t.c."],
    },
];

/// Weights 10 to 2; the check is 11 less the sum modulo 11, 11 counts 0, 10 is not issued (NHS Data Dictionary).
fn nhs(digits: &[u8]) -> bool {
    let check = 11 - weighted(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    check != 10 && u32::from(at(digits, 9)) == check % 11
}

/// Sex, year, month (20 and on where it is unknown), department, and a key: 97 less the rest modulo 97 (INSEE).
/// Without its key there is nothing to check but the form.
fn nir(digits: &[u8]) -> bool {
    let month = matches!(part(digits, 3, 2), 1..=12 | 20 | 30..=42 | 50..=99);
    let key = digits.len() < 15 || 97 - part(digits, 0, 13) % 97 == part(digits, 13, 2);
    matches!(at(digits, 0), 1..=4 | 7 | 8) && month && part(digits, 5, 2) > 0 && key
}

/// Weights 9 to 2 and -1: 0 modulo 11 (`elfproef`).
fn bsn(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2]);
    sum % 11 == u32::from(at(digits, 8)) && part(digits, 0, 9) > 0
}

/// 97 less the first nine digits modulo 97; for births from 2000 a 2 is set before them.
fn belgian(digits: &[u8]) -> bool {
    let (head, key) = (part(digits, 0, 9), part(digits, 9, 2));
    let month = part(digits, 2, 2) % 20;
    (97 - head % 97 == key || 97 - (2_000_000_000 + head) % 97 == key) && month <= 12
}

/// 756 for Switzerland and the check digit of EAN-13.
fn ahv(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]);
    part(digits, 0, 3) == 756 && (10 - sum % 10) % 10 == u32::from(at(digits, 12))
}

/// Weights 1, 3, 7, 9; the century is added to the month: 80 for 1800, 0 for 1900, 20, 40 and 60 from 2000.
fn pesel(digits: &[u8]) -> bool {
    let check = (10 - weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10;
    let date = is_date(part(digits, 0, 2), part(digits, 2, 2) % 20, part(digits, 4, 2));
    date && u32::from(at(digits, 10)) == check
}

/// A day (60 more for those who only stay) and Luhn over the last ten digits (Skatteverket).
fn swedish(digits: &[u8]) -> bool {
    let Some(short) = digits.get(digits.len().saturating_sub(10)..) else { return false };
    let century = digits.len() < 12 || matches!(part(digits, 0, 2), 18..=20);
    let day = part(short, 4, 2);
    let day = if day > 60 { day - 60 } else { day };
    century && is_date(part(short, 0, 2), part(short, 2, 2), day) && luhn(short)
}

/// A day (40 more on the day for those without residence) and two check digits modulo 11 (Skatteetaten).
fn norwegian(digits: &[u8]) -> bool {
    let first = weighted(digits, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]);
    let second = weighted(digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]);
    let day = part(digits, 0, 2);
    let day = if day > 40 { day - 40 } else { day };
    let date = is_date(part(digits, 4, 2), part(digits, 2, 2), day);
    date && first.is_multiple_of(11) && second.is_multiple_of(11)
}

/// A day; numbers of the last years have no check digit any more (CPR-kontoret).
fn danish(digits: &[u8]) -> bool {
    is_date(part(digits, 4, 2), part(digits, 2, 2), part(digits, 0, 2))
}

/// The tenth digit from sums of odd and even places, the eleventh from the sum of all.
fn turkish(digits: &[u8]) -> bool {
    let odd = weighted(digits, &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
    let even = weighted(digits, &[0, 1, 0, 1, 0, 1, 0, 1]);
    let tenth = (odd * 7 + 90 - even) % 10;
    let all: u32 = digits.iter().take(10).map(|digit| u32::from(*digit)).sum();
    let checks = u32::from(at(digits, 9)) == tenth && u32::from(at(digits, 10)) == all % 10;
    at(digits, 0) != 0 && value(digits) > 0 && checks
}
