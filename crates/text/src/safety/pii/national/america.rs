//! North and South America.

use super::super::digits::{at, luhn, part, weighted};
use super::super::kind::Kind;
use super::Forms;

pub(super) const FORMS: &[Forms] = &[
    Forms {
        kind: Kind::Ssn,
        holds: ssn,
        alone: &["3~2~4"],
        told: &["9"],
        words: &["ssn", "ssns", "social security", "socialsecurity", "social-security", "soc sec"],
    },
    Forms {
        kind: Kind::UsItin,
        holds: itin,
        alone: &["3~2~4"],
        told: &["9"],
        words: &["itin", "taxpayer", "tax id", "individual tax"],
    },
    Forms {
        kind: Kind::UsRouting,
        holds: routing,
        alone: &[],
        told: &["9", "4-4-1"],
        words: &["routing", "aba", "rtn", "transit"],
    },
    Forms {
        kind: Kind::CaSin,
        holds: |digits| luhn(digits) && !matches!(at(digits, 0), 0 | 8),
        alone: &[],
        told: &["3~3~3", "9"],
        words: &["sin", "social insurance", "numéro d'assurance sociale", "nas"],
    },
    Forms {
        kind: Kind::BrCpf,
        holds: cpf,
        alone: &["3.3.3-2"],
        told: &["b", "9-2"],
        words: &["cpf", "cadastro de pessoa"],
    },
    Forms {
        kind: Kind::BrCnpj,
        holds: cnpj,
        alone: &["2.3.3/4-2"],
        told: &["e"],
        words: &["cnpj"],
    },
];

/// Never issued are areas 000, 666 and from 900, group 00 and serial 0000 (Social Security Administration);
/// 078-05-1120 was printed on a sample card, 123-45-6789 on a thousand forms.
fn ssn(digits: &[u8]) -> bool {
    let (area, group, serial) = (part(digits, 0, 3), part(digits, 3, 2), part(digits, 5, 4));
    let sample = matches!((area, group, serial), (78, 5, 1120) | (123, 45, 6789));
    area > 0 && area != 666 && area < 900 && group > 0 && serial > 0 && !sample
}

/// Areas from 900; groups 50-65, 70-88, 90-92 and 94-99 (Internal Revenue Service).
fn itin(digits: &[u8]) -> bool {
    at(digits, 0) == 9 && matches!(part(digits, 3, 2), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// Weights 3, 7, 1, sum 0 modulo 10; a Federal Reserve district at its head (American Bankers Association).
fn routing(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]);
    let head = part(digits, 0, 2);
    sum.is_multiple_of(10)
        && matches!(head, 0..=12 | 21..=32 | 61..=72 | 80)
        && part(digits, 0, 9) > 0
}

/// Two check digits, each 11 less the weighted sum modulo 11, or 0 from 10 on (Receita Federal).
fn check(digits: &[u8], weights: &[u32], place: usize) -> bool {
    let rest = weighted(digits, weights) % 11;
    u32::from(at(digits, place)) == if rest < 2 { 0 } else { 11 - rest }
}

fn cpf(digits: &[u8]) -> bool {
    check(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2], 9)
        && check(digits, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2], 10)
}

fn cnpj(digits: &[u8]) -> bool {
    check(digits, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2], 12)
        && check(digits, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2], 13)
}
