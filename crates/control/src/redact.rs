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

use gatemark_text::safety::Detector;
use gatemark_text::safety::pii::Pii;
use gatemark_text::safety::secrets::Secrets;
use regex::Regex;
use serde_json::Value;

/// Something that is to be replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `email`, `phone`, `card`, `iban`, `ssn`, `ip`, `password` or `token`.
    pub kind: &'static str,
    /// Which bytes of the text.
    pub range: Range<usize>,
}

/// A form that the checks `pii` and `secrets` leave alone, because they must not cry wolf: here what is
/// taken away wrongly costs little, and a person sees it.
struct Rule {
    kind: &'static str,
    /// What the group 1 holds is replaced, or else the whole match.
    pattern: &'static str,
    holds: fn(&str) -> bool,
}

const PASSWORD: Rule = Rule {
    kind: "password",
    pattern: r#"(?i)\b(?:password|passwd|pwd|passcode|passphrase|passwort|kennwort|contraseña|mot de passe)["']?[ \t]{0,3}(?:[:=]|\bis\b|\bist\b)[ \t]{0,3}["']?([^\s"'<][^\s"']{3,255})"#,
    holds: is_given,
};
const PRIVATE_KEY: Rule = Rule {
    kind: "token",
    pattern: r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\z)",
    holds: |_| true,
};
const PREFIXED: Rule = Rule {
    kind: "token",
    pattern: r"\b(?:sk|pk|rk|gm|ghp|gho|ghs|ghu|xox[abprs]|glpat|AKIA|ASIA|AIza)[-_]?[A-Za-z0-9][-_A-Za-z0-9]{11,}|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
    holds: |_| true,
};
const RANDOM: Rule =
    Rule { kind: "token", pattern: r"\b[A-Za-z0-9_+/\-]{32,}={0,2}", holds: is_random };
const NATIONAL: Rule = Rule {
    kind: "phone",
    pattern: r"\b0[1-9][0-9]{1,4}[ /\-]?[0-9](?:[ \-]?[0-9]){4,9}\b",
    holds: |_| true,
};
const AMERICAN: Rule = Rule {
    kind: "phone",
    pattern: r"\([0-9]{3}\) ?[0-9]{3}[\-. ][0-9]{4}\b|\b[0-9]{3}[\-.][0-9]{3}[\-.][0-9]{4}\b",
    holds: |_| true,
};

/// What looks for something.
enum Search {
    Form(Regex, &'static Rule),
    Personal(Pii, &'static str),
    Secret(Secrets),
}

impl Search {
    fn form(rule: &'static Rule) -> Option<Self> {
        Regex::new(rule.pattern).ok().map(|regex| Self::Form(regex, rule))
    }

    fn personal(kind: &'static str) -> Option<Self> {
        Pii::new(&[kind], &[]).ok().map(|pii| Self::Personal(pii, kind))
    }

    /// In the order in which they are believed: a part that one has found is not looked at by the next.
    fn all() -> [Option<Self>; 13] {
        [
            Self::form(&PASSWORD),
            Self::form(&PRIVATE_KEY),
            Secrets::new(&[]).ok().map(Self::Secret),
            Self::form(&PREFIXED),
            Self::personal("email"),
            Self::personal("iban"),
            Self::personal("card"),
            Self::form(&RANDOM),
            Self::personal("ssn"),
            Self::personal("ip"),
            Self::personal("phone"),
            Self::form(&NATIONAL),
            Self::form(&AMERICAN),
        ]
    }

    /// What `text` holds, as bytes.
    fn findings(&self, text: &str) -> Vec<Finding> {
        match self {
            Self::Form(regex, rule) => regex
                .captures_iter(text)
                .filter(|hit| hit.get(0).is_some_and(|whole| (rule.holds)(whole.as_str())))
                .filter_map(|hit| hit.get(1).or_else(|| hit.get(0)))
                .map(|part| Finding { kind: rule.kind, range: part.range() })
                .collect(),
            // People write IBANs in small letters too; ASCII capitals leave every byte where it is.
            Self::Personal(pii, kind @ "iban") => in_bytes(pii, &text.to_ascii_uppercase(), kind),
            Self::Personal(pii, kind) => in_bytes(pii, text, kind),
            Self::Secret(secrets) => in_bytes(secrets, text, "token"),
        }
    }
}

fn in_bytes(detector: &dyn Detector, text: &str, kind: &'static str) -> Vec<Finding> {
    let found = detector.findings(text);
    if found.is_empty() {
        return vec![];
    }
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let byte = |point: usize| starts.get(point).copied().unwrap_or(text.len());
    let bytes = |start, end| Finding { kind, range: byte(start)..byte(end) };
    found.into_iter().map(|hit| bytes(hit.start, hit.end)).collect()
}

/// Most times that the rest is looked at again: what stood beside a finding may be one by itself.
const PASSES: usize = 8;

/// What `text` holds of these things, in order and without overlaps.
pub fn findings(text: &str) -> Vec<Finding> {
    static SEARCHES: OnceLock<Vec<Search>> = OnceLock::new();
    let searches = SEARCHES.get_or_init(|| Search::all().into_iter().flatten().collect());
    let mut found: Vec<Finding> = vec![];
    for _ in 0..PASSES {
        let before = found.len();
        for search in searches {
            for gap in gaps(&found, text.len()) {
                let rest = text.get(gap.clone()).unwrap_or_default();
                let mut reached = 0;
                for Finding { kind, range } in search.findings(rest) {
                    if range.start >= reached && !range.is_empty() {
                        reached = range.end;
                        let range = gap.start + range.start..gap.start + range.end;
                        found.push(Finding { kind, range });
                    }
                }
            }
            found.sort_by_key(|finding| finding.range.start);
        }
        if found.len() == before {
            break;
        }
    }
    found
}

/// What lies between the findings, which are in order.
fn gaps(found: &[Finding], length: usize) -> Vec<Range<usize>> {
    let starts = std::iter::once(0).chain(found.iter().map(|finding| finding.range.end));
    let ends = found.iter().map(|finding| finding.range.start).chain(std::iter::once(length));
    starts.zip(ends).map(|(start, end)| start..end).filter(|gap| !gap.is_empty()).collect()
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

    /// Every text inside `value` with placeholders, and texts in place of numbers that are e.g. a card's.
    /// Names of fields stay.
    pub fn redact_value(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.redact(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact_value(item)),
            Value::Object(fields) => {
                fields.values_mut().for_each(|field| self.redact_value(field));
            }
            Value::Number(number) => {
                let written = number.to_string();
                let made = self.redact(&written);
                if made != written {
                    *value = Value::String(made);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// How many different things were replaced.
    pub fn replaced(&self) -> usize {
        self.known.len()
    }
}

/// After a colon any word is taken for the password; `password is …` may go on as a sentence.
fn is_given(text: &str) -> bool {
    text.contains([':', '=']) || text.bytes().any(|byte| byte.is_ascii_digit())
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
            ("4111 1111 1111 1111 12/27", "<card-1> 12/27"),
            ("AT61 1904 3002 3457 3201 from my", "<iban-1> from my"),
            ("+49 170 1234567 10115 Berlin", "<phone-1> 10115 Berlin"),
            ("4111 1111 1111 1111 030 1234567", "<card-1> <phone-1>"),
            ("Password: hunter!!x, ok", "Password: <password-1> ok"),
            ("my password is Hunter2x", "my password is <password-1>"),
            ("219-09-9999 from 8.8.4.4", "<ssn-1> from <ip-1>"),
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
            "my password is not accepted",
            "a-very-long-word-that-is-made-of-many-words-indeed",
        ] {
            assert_eq!(redacted(text), text);
        }
    }

    #[test]
    fn secrets_go_as_a_whole() {
        let address = format!("see postgres{}app:$hV7!kq2@db.internal/x", "://");
        let made = redacted(&address);
        assert!(made.starts_with("see <token-1>") && !made.contains("kq2"), "{made}");
        let key = |end: &str| format!("a {}BEGIN RSA PRIVATE KEY{0}\nMIIabc\nx9\n{end}", "-----");
        assert_eq!(redacted(&key("-----END RSA PRIVATE KEY----- b")), "a <token-1> b");
        assert_eq!(redacted(&key("")), "a <token-1>");
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        let mut value = serde_json::json!({"card": 4_111_111_111_111_111_u64, "n": [4711, 2.5]});
        Redactor::default().redact_value(&mut value);
        assert_eq!(value, serde_json::json!({"card": "<card-1>", "n": [4711, 2.5]}));
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
        assert!(Search::all().iter().all(Option::is_some));
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
