//! Secrets that have a form: private keys, vendors' tokens, JSON web tokens, passwords in addresses, and
//! values of fields that are named like secrets.
//!
//! Where the form alone would also fit a placeholder (`sk-xxxxxxxx`), the text must be as irregular as a
//! generated one: so many bits per character of Shannon entropy over the frequencies of its characters.

use std::sync::LazyLock;

use super::{BadRule, Detector, Rule, SafetyFinding, compiled, placed, touches};

/// Least entropy of a vendor's token, in bits per character.
const TOKEN_BITS: f64 = 3.0;
/// Least entropy of a value of which only the field's name says that it is secret.
const VALUE_BITS: f64 = 3.5;

static RULES: LazyLock<Result<Vec<Rule>, BadRule>> = LazyLock::new(|| {
    compiled(&[
        ("private_key", "-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----", any, false),
        ("jwt", r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}", any, false),
        ("token", VENDORS, token, false),
        (
            "connection_string",
            r"[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s:/@]{0,128}:[^\s/@]{3,128}@[\p{L}\p{N}\[]",
            password,
            false,
        ),
        (
            "value",
            "(?i)(?:api[_-]?key|secret|token|passw(?:or)?d|pwd|access[_-]?key|credential)[a-z0-9_-]{0,20}\
             [\"']?[ \t]{0,3}(?::|=>?)[ \t]{0,3}[\"']?[a-z0-9+/_=.~-]{16,256}",
            value,
            false,
        ),
    ])
});

/// Prefixes that vendors document, each with its alphabet and least length.
const VENDORS: &str = r"(?:sk-ant-|sk-proj-|sk-svcacct-|sk-or-v1-|sk-)[A-Za-z0-9_-]{20,256}|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255}|glpat-[A-Za-z0-9_-]{20,64}|xox[abeoprs]-[A-Za-z0-9-]{10,255}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,255}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,255}|hf_[A-Za-z0-9]{30,64}|SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}|dop_v1_[a-f0-9]{64}|dckr_pat_[A-Za-z0-9_-]{20,64}";

/// Looks for secrets, apart from texts that are allowed.
pub struct Secrets {
    rules: &'static [Rule],
    allowed: Vec<String>,
}

impl Secrets {
    /// `allowed` texts, e.g. a key of the documentation, are not reported.
    ///
    /// # Errors
    /// If a built-in pattern does not compile.
    pub fn new(allowed: &[String]) -> Result<Self, BadRule> {
        let rules = RULES.as_ref().map_err(Clone::clone)?;
        Ok(Self { rules, allowed: allowed.to_vec() })
    }
}

impl Detector for Secrets {
    fn findings(&self, text: &str) -> Vec<SafetyFinding> {
        let mut found = vec![];
        for rule in self.rules {
            for (start, end) in rule.ranges(text) {
                let hit = text.get(start..end).unwrap_or_default();
                if !self.allowed.iter().any(|allowed| hit.contains(allowed.as_str())) {
                    found.push((rule.name, start, end));
                }
            }
        }
        placed(text, found)
    }
}

/// Shannon entropy in bits per character.
#[allow(clippy::cast_precision_loss)]
fn entropy(text: &str) -> f64 {
    let mut counts = std::collections::BTreeMap::new();
    for c in text.chars() {
        *counts.entry(c).or_insert(0_u32) += 1;
    }
    let all: f64 = counts.values().map(|count| f64::from(*count)).sum();
    counts.values().map(|count| f64::from(*count) / all).map(|share| -share * share.log2()).sum()
}

#[allow(clippy::unnecessary_wraps)]
fn any(_: &str, _: usize, end: usize) -> Option<usize> {
    Some(end)
}

fn token(text: &str, start: usize, end: usize) -> Option<usize> {
    let written = text.get(start..end)?;
    let body = written.get(3..)?;
    let inside = touches(text, start, start, char::is_alphanumeric)
        && text.get(..start)?.ends_with(char::is_alphanumeric);
    (entropy(body) >= TOKEN_BITS && body.bytes().any(|c| c.is_ascii_digit()) && !inside)
        .then_some(end)
}

/// What authors write in place of a password: a name in a template's signs, as a whole, since real passwords
/// begin with such signs too.
fn is_placeholder(password: &str) -> bool {
    const FRAMES: [(&str, &str); 6] =
        [("${", "}"), ("{{", "}}"), ("{", "}"), ("<", ">"), ("[", "]"), ("%", "%")];
    let lower = password.to_lowercase();
    let first = lower.chars().next();
    let is_name = |inner: &str| {
        !inner.is_empty() && inner.chars().all(|c| c.is_alphanumeric() || "_-.:".contains(c))
    };
    let framed = |(open, close): &(&str, &str)| {
        lower.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).is_some_and(is_name)
    };
    let is_shell = |name: &str| {
        name.len() > 2 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    FRAMES.iter().any(framed)
        || password.strip_prefix('$').is_some_and(is_shell)
        || ["password", "pass", "passwd", "pwd", "secret", "changeme", "example"].contains(&&*lower)
        || lower.chars().all(|c| Some(c) == first)
}

fn password(text: &str, start: usize, end: usize) -> Option<usize> {
    let written = text.get(start..end)?;
    let (_, rest) = written.split_once("://")?;
    let (account, _) = rest.rsplit_once('@')?;
    let (_, password) = account.split_once(':')?;
    (!is_placeholder(password)).then_some(end)
}

fn value(text: &str, start: usize, end: usize) -> Option<usize> {
    let written = text.get(start..end)?;
    let at = written.find([':', '=']).map(|at| at + 1)?;
    let value = written.get(at..)?.trim_start_matches(['>', ' ', '\t', '"', '\'']);
    let has = |is: fn(&u8) -> bool| value.as_bytes().iter().any(is);
    let mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    (mixed && entropy(value) >= VALUE_BITS).then_some(end)
}

#[cfg(test)]
mod tests;
