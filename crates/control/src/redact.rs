//! What recorded calls hold that must not become part of a suite: texts there are kept for ever and go
//! into Git. E-mail addresses, telephone numbers, payment cards, IBANs and secrets give way to
//! placeholders such as `<email-1>`; the same text gets the same placeholder within one case, so that what
//! is said about it can still be followed.
//!
//! Rules find forms, not meanings: names and addresses of people stay. A person reviews each case before
//! it is used, and must look for those.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use regex::Regex;
use serde_json::Value;

/// Something that is to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `email`, `phone`, `card`, `iban` or `token`.
    pub kind: &'static str,
    /// Which bytes of the text.
    pub range: Range<usize>,
}

struct Rule {
    kind: &'static str,
    pattern: &'static str,
    holds: fn(&str) -> bool,
}

/// In the order in which they are believed: a part that one has found is not looked at by the next.
const RULES: [Rule; 7] = [
    Rule {
        kind: "token",
        pattern: r"\b(?:sk|pk|rk|gm|ghp|gho|ghs|ghu|xox[abprs]|glpat|AKIA|ASIA|AIza)[-_]?[A-Za-z0-9][-_A-Za-z0-9]{11,}|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
        holds: |_| true,
    },
    Rule {
        kind: "email",
        pattern: r"[\p{L}\p{N}._%+\-]+@[\p{L}\p{N}\-]+(?:\.[\p{L}\p{N}\-]+)+",
        holds: |_| true,
    },
    Rule {
        kind: "iban",
        pattern: r"\b[A-Za-z]{2}[0-9]{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,3})?\b",
        holds: is_iban,
    },
    Rule { kind: "card", pattern: r"\b[0-9](?:[ -]?[0-9]){12,18}\b", holds: is_card },
    Rule { kind: "token", pattern: r"\b[A-Za-z0-9_+/\-]{32,}={0,2}", holds: is_random },
    Rule {
        kind: "phone",
        pattern: r"(?:\+|\b00)[1-9][0-9 ()./\-]{5,18}[0-9]\b|\b0[1-9][0-9]{1,4}[ /\-]?[0-9](?:[ \-]?[0-9]){4,9}\b",
        holds: is_phone,
    },
    Rule {
        kind: "phone",
        pattern: r"\([0-9]{3}\) ?[0-9]{3}[\-. ][0-9]{4}\b|\b[0-9]{3}[\-.][0-9]{3}[\-.][0-9]{4}\b",
        holds: |_| true,
    },
];

/// What `text` holds of these things, in order and without overlaps.
pub fn findings(text: &str) -> Vec<Finding> {
    static COMPILED: OnceLock<Vec<(Regex, &Rule)>> = OnceLock::new();
    let compiled = COMPILED.get_or_init(|| {
        RULES.iter().filter_map(|rule| Some((Regex::new(rule.pattern).ok()?, rule))).collect()
    });
    let mut found: Vec<Finding> = vec![];
    for (regex, rule) in compiled {
        for hit in regex.find_iter(text).filter(|hit| (rule.holds)(hit.as_str())) {
            let range = hit.range();
            if found.iter().all(|f| f.range.end <= range.start || range.end <= f.range.start) {
                found.push(Finding { kind: rule.kind, range });
            }
        }
    }
    found.sort_by_key(|finding| finding.range.start);
    found
}

/// Replaces what it finds, the same text by the same placeholder for as long as it lives: one case.
#[derive(Debug, Default)]
pub struct Redactor {
    known: HashMap<(&'static str, String), usize>,
    counts: HashMap<&'static str, usize>,
}

impl Redactor {
    /// `text` with placeholders.
    pub fn redact(&mut self, text: &str) -> String {
        let mut made = String::with_capacity(text.len());
        let mut done = 0;
        for Finding { kind, range } in findings(text) {
            made.push_str(text.get(done..range.start).unwrap_or_default());
            let secret = text.get(range.clone()).unwrap_or_default().to_lowercase();
            let count = self.counts.entry(kind).or_default();
            let number = *self.known.entry((kind, secret)).or_insert_with(|| {
                *count += 1;
                *count
            });
            made.push_str(&format!("<{kind}-{number}>"));
            done = range.end;
        }
        made.push_str(text.get(done..).unwrap_or_default());
        made
    }

    /// Every text inside `value` with placeholders. Names of fields stay.
    pub fn redact_value(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.redact(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact_value(item)),
            Value::Object(fields) => {
                fields.values_mut().for_each(|field| self.redact_value(field));
            }
            _ => {}
        }
    }

    /// How many different things were replaced.
    pub fn replaced(&self) -> usize {
        self.known.len()
    }
}

fn digits(text: &str) -> Vec<u32> {
    text.chars().filter_map(|c| c.to_digit(10)).collect()
}

/// The check digit of payment cards (Luhn; ISO/IEC 7812-1, annex B).
fn is_card(text: &str) -> bool {
    let digits = digits(text);
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != 0)
}

/// The check digits of IBANs (ISO 13616: the rearranged number leaves 1 when divided by 97).
fn is_iban(text: &str) -> bool {
    let compact: String = text.chars().filter(|c| *c != ' ').collect();
    let Some((head, tail)) = compact.split_at_checked(4) else { return false };
    let number = tail.chars().chain(head.chars()).filter_map(|c| c.to_digit(36));
    let rest = number.fold(0, |rest, n| (rest * if n > 9 { 100 } else { 10 } + n) % 97);
    (15..=34).contains(&compact.len()) && rest == 1
}

fn is_phone(text: &str) -> bool {
    (7..=15).contains(&digits(text).len())
}

/// Long runs with letters and digits mixed are keys, not words.
fn is_random(text: &str) -> bool {
    let has = |test: fn(&u8) -> bool| text.bytes().filter(test).count() >= 4;
    has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redacted(text: &str) -> String {
        Redactor::default().redact(text)
    }

    #[test]
    fn each_kind_is_found() {
        for (text, known) in [
            ("write to Zoë.M+x@mail.example.org.", "write to <email-1>."),
            ("call +49 170 1234567 or (030) 123-4567", "call <phone-1> or <phone-2>"),
            ("0170 1234567, 555-123-4567", "<phone-1>, <phone-2>"),
            ("card 4111 1111 1111 1111 please", "card <card-1> please"),
            ("IBAN DE89 3704 0044 0532 0130 00.", "IBAN <iban-1>."),
            ("iban gb82west12345698765432", "iban <iban-1>"),
            ("key sk-abcDEF1234567890xyz", "key <token-1>"),
            ("AKIAIOSFODNN7EXAMPLE", "<token-1>"),
            ("0123456789abcdef0123456789abcdef", "<token-1>"),
            ("a@b.example and A@B.example, c@d.example", "<email-1> and <email-1>, <email-2>"),
        ] {
            assert_eq!(redacted(text), known);
        }
    }

    #[test]
    fn what_only_looks_alike_stays() {
        for text in [
            "Order 4711-0815: charged 2 x 49.90",
            "on 03.04.2026 at 10:30",
            "2026-11-21",
            "card 4111 1111 1111 1112",
            "DE00 1704 1044 1532 1130 10",
            "I saw error 500 @ home",
            "a-very-long-word-that-is-made-of-many-words-indeed",
        ] {
            assert_eq!(redacted(text), text);
        }
    }

    #[test]
    fn placeholders_are_the_same_across_a_case() {
        let mut redactor = Redactor::default();
        let mut value = serde_json::json!({"m": ["from a@b.example"], "n": 5});
        redactor.redact_value(&mut value);
        assert_eq!(
            redactor.redact("I wrote to c@d.example and a@b.example"),
            "I wrote to <email-2> and <email-1>"
        );
        assert_eq!(value, serde_json::json!({"m": ["from <email-1>"], "n": 5}));
        assert_eq!(redactor.replaced(), 2);
    }

    #[test]
    fn every_rule_compiles() {
        assert!(RULES.iter().all(|rule| Regex::new(rule.pattern).is_ok()));
    }

    proptest! {
        #[test]
        fn any_text_and_twice_is_once(text in "(\\PC|[0-9@. +-]){0,80}") {
            let once = redacted(&text);
            prop_assert_eq!(redacted(&once), once.clone());
            prop_assert!(findings(&once).is_empty());
        }
    }
}
