//! Asia, Africa and Australia: numbers of digits only.

use super::super::digits::{at, is_date, luhn, part, value, verhoeff, weighted};
use super::super::kind::Kind;
use super::Forms;

pub(super) const FORMS: &[Forms] = &[
    Forms {
        kind: Kind::InAadhaar,
        holds: aadhaar,
        alone: &[],
        told: &["4~4~4", "c"],
        words: &["aadhaar", "aadhar", "adhaar", "uidai", "uid", "आधार"],
    },
    Forms { kind: Kind::CnId, holds: chinese, alone: &["i"], told: &[], words: &[] },
    Forms {
        kind: Kind::KrRrn,
        holds: korean,
        alone: &["6-7"],
        told: &["d"],
        words: &["rrn", "resident registration", "주민등록", "주민번호", "korean"],
    },
    Forms {
        kind: Kind::JpMyNumber,
        holds: japanese,
        alone: &[],
        told: &["c", "4~4~4"],
        words: &["my number", "mynumber", "マイナンバー", "個人番号", "individual number"],
    },
    Forms {
        kind: Kind::AuTfn,
        holds: |digits| weighted(digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11),
        alone: &[],
        told: &["3~3~3", "9"],
        words: &["tfn", "tax file"],
    },
    Forms {
        kind: Kind::AuAbn,
        holds: abn,
        alone: &[],
        told: &["2 3 3 3", "b"],
        words: &["abn", "australian business", "business number"],
    },
    Forms {
        kind: Kind::AuAcn,
        holds: acn,
        alone: &[],
        told: &["3 3 3", "9"],
        words: &["acn", "australian company", "company number"],
    },
    Forms {
        kind: Kind::AuMedicare,
        holds: medicare,
        alone: &[],
        told: &["4 5 1", "4-5-1", "a"],
        words: &["medicare"],
    },
    Forms {
        kind: Kind::ZaId,
        holds: south_african,
        alone: &[],
        told: &["d", "6 4 3", "6 4 2 1"],
        words: &[
            "south african",
            "id number",
            "identity number",
            "identity no",
            "sa id",
            "id no",
            "rsa id",
        ],
    },
];

/// Verhoeff; the first digit is 2 or more (UIDAI).
fn aadhaar(digits: &[u8]) -> bool {
    at(digits, 0) > 1 && verhoeff(digits)
}

/// Region, day, serial and ISO 7064 MOD 11-2 (GB 11643-1999); the check digit X is read in `letters`.
fn chinese(digits: &[u8]) -> bool {
    resident(digits) && resident_check(digits) == u32::from(at(digits, 17))
}

/// Whether the first 17 digits are a region's, a day of these centuries and a serial.
pub(super) fn resident(digits: &[u8]) -> bool {
    let region = matches!(part(digits, 0, 2), 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83);
    let year = part(digits, 6, 4);
    region
        && (1900..=2099).contains(&year)
        && is_date(year, part(digits, 10, 2), part(digits, 12, 2))
}

/// The check of 17 digits; 10 is written X.
pub(super) fn resident_check(digits: &[u8]) -> u32 {
    let sum = weighted(digits, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    (12 - sum % 11) % 11
}

/// A day, sex and century (1 to 8), and until October 2020 a check digit; since then the last digits are random,
/// so that it is asked for only where the number could not have been issued after.
fn korean(digits: &[u8]) -> bool {
    let century = at(digits, 6);
    let date = is_date(part(digits, 0, 2), part(digits, 2, 2), part(digits, 4, 2));
    let check = (11 - weighted(digits, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10;
    // Those of foreigners add two.
    let foreign = u32::from(at(digits, 12)) == (check + 2) % 10;
    let right = u32::from(at(digits, 12)) == check || (foreign && century > 4);
    let recent = matches!(century, 3 | 4 | 7 | 8) && part(digits, 0, 2) >= 20;
    date && (1..=8).contains(&century) && (right || recent)
}

/// Weights 6 to 2 and 7 to 2 from the left; 11 less the rest modulo 11, 0 where that is 10 or more.
fn japanese(digits: &[u8]) -> bool {
    let rest = weighted(digits, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    u32::from(at(digits, 11)) == if rest <= 1 { 0 } else { 11 - rest }
}

/// One less in the first place, weights 10, 1, 3, 5, …: 0 modulo 89 (Australian Business Register).
fn abn(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    at(digits, 0) > 0 && sum >= 10 && (sum - 10).is_multiple_of(89)
}

/// Weights 8 to 1; 10 less the sum modulo 10 (ASIC).
fn acn(digits: &[u8]) -> bool {
    let check = (10 - weighted(digits, &[8, 7, 6, 5, 4, 3, 2, 1]) % 10) % 10;
    u32::from(at(digits, 8)) == check && value(digits) > 0
}

/// The first digit is 2 to 6; weights 1, 3, 7, 9; the ninth digit checks, the tenth counts cards.
fn medicare(digits: &[u8]) -> bool {
    let check = weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10;
    matches!(at(digits, 0), 2..=6) && u32::from(at(digits, 8)) == check
}

/// A day, a digit for citizenship (0 to 2) and Luhn.
fn south_african(digits: &[u8]) -> bool {
    let date = is_date(part(digits, 0, 2), part(digits, 2, 2), part(digits, 4, 2));
    date && at(digits, 10) <= 2 && luhn(digits)
}
