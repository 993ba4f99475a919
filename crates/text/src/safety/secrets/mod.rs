//! Secrets that have a form: private keys, vendors' tokens, JSON web tokens, passwords in addresses, and
//! values of fields that are named like secrets.
//!
//! Two searches for fixed words (aho-corasick) go over the text, and what they find is read by hand from there,
//! a bounded distance; a text without such a word costs the searches and nothing else. Where the form alone
//! would also fit a placeholder (`sk-xxxxxxxx`), the text must look drawn: so many bits per byte of Shannon
//! entropy, digits or letters of both cases, and none of the words of which examples are made.

mod address;
mod assigned;
mod chance;
mod shaped;
mod vendors;

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::{BadRule, Detector, SafetyFinding, placed};
use chance::{entropy, is_example, is_mixed, is_name};
use vendors::{FORMATS, Format};

/// Least entropy of a vendor's token, in bits per byte.
const TOKEN_BITS: f64 = 3.0;
/// Least entropy of a value of which only the field's name says that it is secret.
const VALUE_BITS: f64 = 3.5;

/// What a secret is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A key between its lines (RFC 7468, OpenPGP).
    PrivateKey,
    /// A password in an address, with the address.
    ConnectionString,
    /// A vendor's format.
    Token,
    /// RFC 7519.
    Jwt,
    /// What a field named like a secret holds.
    Value,
}

impl Rule {
    /// The word in findings of the check `secrets`.
    pub fn word(self) -> &'static str {
        match self {
            Self::PrivateKey => "private_key",
            Self::ConnectionString => "connection_string",
            Self::Token => "token",
            Self::Jwt => "jwt",
            Self::Value => "value",
        }
    }

    /// The name beside those of personal data, e.g. `API_KEY`.
    pub fn name(self) -> &'static str {
        match self {
            Self::PrivateKey => "PRIVATE_KEY",
            Self::ConnectionString => "CONNECTION_STRING",
            Self::Token => "API_KEY",
            Self::Jwt => "JWT",
            Self::Value => "SECRET",
        }
    }
}

/// One place that holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// What it is known by.
    pub rule: Rule,
    /// Whose format it has, if it is a vendor's with a prefix.
    pub vendor: Option<&'static str>,
    /// The first byte.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
}

/// The searches: vendors' prefixes as they are, names of fields in any case.
struct Searches {
    fixed: AhoCorasick,
    /// For each pattern of `fixed`, what it leads to.
    leads: Vec<Lead>,
    named: AhoCorasick,
}

enum Lead {
    /// These formats: those whose prefix the pattern is or begins with, longest first.
    Formats(Vec<usize>),
    PrivateKey,
    Jwt,
    Address,
    Shaped,
}

static SEARCHES: LazyLock<Result<Searches, BadRule>> = LazyLock::new(|| {
    let mut prefixes: Vec<&str> = FORMATS.iter().map(|format| format.1).collect();
    prefixes.sort_unstable();
    prefixes.dedup();
    let formats = |prefix: &str| {
        let mut leads: Vec<usize> = (0..FORMATS.len())
            .filter(|i| FORMATS.get(*i).is_some_and(|f| prefix.starts_with(f.1)))
            .collect();
        leads.sort_by_key(|i| std::cmp::Reverse(FORMATS.get(*i).map_or(0, |f| f.1.len())));
        Lead::Formats(leads)
    };
    let mut leads: Vec<Lead> = prefixes.iter().map(|prefix| formats(prefix)).collect();
    let others = [("-----BEGIN ", Lead::PrivateKey), ("eyJ", Lead::Jwt), ("://", Lead::Address)];
    let shaped = shaped::MARKS.iter().map(|mark| (*mark, Lead::Shaped));
    for (pattern, lead) in others.into_iter().chain(shaped) {
        prefixes.push(pattern);
        leads.push(lead);
    }
    let bad = |error: aho_corasick::BuildError| BadRule(error.to_string());
    let fixed = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(prefixes);
    let named = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .ascii_case_insensitive(true)
        .build(assigned::NAMES);
    Ok(Searches { fixed: fixed.map_err(bad)?, leads, named: named.map_err(bad)? })
});

/// Every secret, by its start and without overlaps.
///
/// # Errors
/// If the built-in searches cannot be made.
pub fn hits(text: &str) -> Result<Vec<Hit>, BadRule> {
    let searches = SEARCHES.as_ref().map_err(Clone::clone)?;
    let plain = |rule, start, end| Hit { rule, vendor: None, start, end };
    let mut found: Vec<Hit> = vec![];
    let mut reached = 0;
    for hit in searches.fixed.find_iter(text) {
        let at = hit.start();
        let secret = match searches.leads.get(hit.pattern().as_usize()) {
            _ if at < reached => None,
            Some(Lead::Formats(formats)) => formats
                .iter()
                .filter_map(|i| FORMATS.get(*i))
                .find_map(|format| Some((token(text, at, format)?, format.0)))
                .map(|(end, vendor)| Hit {
                    rule: Rule::Token,
                    vendor: Some(vendor),
                    start: at,
                    end,
                }),
            Some(Lead::PrivateKey) => {
                shaped::private_key(text, at).map(|end| plain(Rule::PrivateKey, at, end))
            }
            Some(Lead::Jwt) => shaped::jwt(text, at).map(|end| plain(Rule::Jwt, at, end)),
            Some(Lead::Address) => address::find(text, at)
                .map(|(start, end)| plain(Rule::ConnectionString, start, end)),
            Some(Lead::Shaped) => shaped::around(text, at, hit.end())
                .map(|(start, end)| plain(Rule::Token, start, end)),
            None => None,
        };
        if let Some(hit) = secret {
            reached = hit.end;
            found.push(hit);
        }
    }
    let dotted = shaped::dotted(text).map(|(start, end)| plain(Rule::Token, start, end));
    found.extend(dotted);
    let mut reached = 0;
    for hit in searches.named.find_iter(text) {
        let value = (hit.start() >= reached).then(|| assigned::find(text, hit.start())).flatten();
        if let Some((start, end)) = value {
            reached = end;
            found.push(plain(Rule::Value, start, end));
        }
    }
    Ok(apart(found))
}

/// Without overlaps: the stronger rule stays; of equals the earlier.
fn apart(mut found: Vec<Hit>) -> Vec<Hit> {
    found.sort_by_key(|hit| (hit.start, hit.rule, std::cmp::Reverse(hit.end)));
    let mut kept: Vec<Hit> = vec![];
    for hit in found {
        match kept.last_mut() {
            Some(last) if last.end > hit.start => {
                if hit.rule < last.rule && hit.end >= last.end {
                    *last = Hit { start: last.start, ..hit };
                }
            }
            _ => kept.push(hit),
        }
    }
    kept
}

/// The end of a vendor's token that begins at `at`.
fn token(text: &str, at: usize, format: &Format) -> Option<usize> {
    let Format(_, prefix, alphabet, least, most) = format;
    let before = text.get(..at)?.bytes().next_back();
    // Within a longer word, or a piece of base64 that happens to read like a prefix.
    let signs = prefix.bytes().any(|byte| !byte.is_ascii_alphanumeric());
    let inside = before.is_some_and(|byte| {
        byte.is_ascii_alphanumeric()
            || (!signs && matches!(byte, b'+' | b'/' | b'_' | b'-'))
            || (byte == b'_' && !prefix.contains('.'))
    });
    if inside {
        return None;
    }
    let rest = text.as_bytes().get(at + prefix.len()..)?;
    let length = rest.iter().take(most + 1).take_while(|byte| alphabet.has(**byte)).count();
    let end = at + prefix.len() + length;
    let body = text.get(at + prefix.len()..end)?.trim_end_matches(['.', '/']);
    let goes_on = text.as_bytes().get(end).is_some_and(u8::is_ascii_alphanumeric);
    let drawn =
        || entropy(body) >= TOKEN_BITS && is_mixed(body) && !is_example(body) && !is_name(body);
    let fits = body.len() >= *least && length <= *most && !goes_on;
    (fits && drawn()).then(|| at + prefix.len() + body.len())
}

/// Looks for secrets, apart from texts that are allowed.
pub struct Secrets {
    allowed: Vec<String>,
}

impl Secrets {
    /// `allowed` texts, e.g. a key of the documentation, are not reported.
    ///
    /// # Errors
    /// If the built-in searches cannot be made.
    pub fn new(allowed: &[String]) -> Result<Self, BadRule> {
        SEARCHES.as_ref().map_err(Clone::clone)?;
        Ok(Self { allowed: allowed.to_vec() })
    }
}

impl Detector for Secrets {
    fn findings(&self, text: &str) -> Vec<SafetyFinding> {
        let mut found = hits(text).unwrap_or_default();
        found.retain(|hit| {
            let written = text.get(hit.start..hit.end).unwrap_or_default();
            !self.allowed.iter().any(|allowed| written.contains(allowed.as_str()))
        });
        placed(text, found.iter().map(|hit| (hit.rule.word(), hit.start, hit.end)).collect())
    }
}

#[cfg(test)]
mod tests;
