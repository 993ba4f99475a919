//! Personal data that has a form: addresses, numbers of telephones, accounts and cards, and the numbers by
//! which states know their people.
//!
//! The text is taken apart once ([`page`]); each word with digits, and each `@` and `:`, is shown to those who
//! know a form that can begin there. A form that a checksum or a strict grammar proves is believed by itself;
//! a weak one only if the words around say what it is ([`context`]). Nothing is looked for twice and nothing
//! further than a bounded distance, so that time is in proportion to the text.
//!
//! Names and postal addresses have no form and are not found: they need a model of the language.

mod address;
mod bank;
mod context;
mod digits;
mod email;
mod kind;
mod national;
mod page;
mod phone;
mod wallet;

pub use address::is_public;
pub use kind::{Kind, Kinds, TYPES};

use super::{BadRule, Detector, SafetyFinding, placed};

/// One place that holds personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// What it is.
    pub kind: Kind,
    /// How good the proof is, 0 the best: where two overlap, the better stays.
    rank: u8,
    /// The first byte.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
}

/// What was found so far, with overlaps.
type Found = Vec<Hit>;

/// Everything of the wanted kinds, by its start and without overlaps. What is unwanted is looked for all the
/// same where it could be taken for something else: a card number is no telephone number, wanted or not.
pub fn hits(text: &str, wanted: Kinds) -> Vec<Hit> {
    let mut found: Found = vec![];
    email::find(text, &mut found);
    address::colons(text, &mut found);
    address::hyphens(text, &mut found);
    let page = page::Page::new(text);
    let mut reached = 0;
    for at in 0..page.words.len() {
        let Some(word) = page.words.get(at).copied() else { break };
        national::find(&page, at, &mut found);
        if word.number {
            bank::card(&page, at, &mut found);
            address::ipv4(&page, at, &mut found);
            if word.start >= reached {
                reached = phone::find(&page, at, &mut found).unwrap_or(reached);
            }
        } else {
            bank::iban(&page, at, &mut found);
            wallet::find(&page, at, &mut found);
        }
    }
    let mut hits = best(found);
    hits.retain(|hit| wanted.has(hit.kind));
    hits
}

/// Of hits that overlap, those with the better proof; of equals the earlier, then the longer.
fn best(mut hits: Vec<Hit>) -> Vec<Hit> {
    use std::cmp::Reverse;
    use std::collections::BTreeMap;

    hits.sort_by_key(|hit| (hit.rank, hit.start, Reverse(hit.end)));
    let mut kept: BTreeMap<usize, Hit> = BTreeMap::new();
    for hit in hits {
        let before = kept.range(..hit.end).next_back();
        if before.is_none_or(|(_, other)| other.end <= hit.start) {
            kept.insert(hit.start, hit);
        }
    }
    kept.into_values().collect()
}

/// Looks for some kinds of personal data, apart from what is allowed.
pub struct Pii {
    wanted: Kinds,
    allowed: Vec<String>,
}

impl Pii {
    /// Looks for `types` (see [`TYPES`]). `allowed` texts are not reported, in any case and spelling
    /// of spaces; one that begins with `@` stands for all e-mail addresses that end with it. Addresses of
    /// machines are reported if they are public.
    ///
    /// # Errors
    /// None at present; detectors with patterns have them.
    pub fn new(types: &[&str], allowed: &[String]) -> Result<Self, BadRule> {
        let wanted = types.iter().filter_map(|word| Kind::of(word)).collect();
        Ok(Self { wanted, allowed: allowed.iter().map(|text| bare(text)).collect() })
    }

    fn passes(&self, hit: &Hit, text: &str) -> bool {
        let written = text.get(hit.start..hit.end).unwrap_or_default();
        let bare = bare(written);
        let is = |allowed: &String| match allowed.strip_prefix('@') {
            Some(_) => bare.ends_with(allowed),
            None => bare == *allowed,
        };
        self.allowed.iter().any(is) || (hit.kind == Kind::Ip && !is_public(written))
    }
}

impl Detector for Pii {
    fn findings(&self, text: &str) -> Vec<SafetyFinding> {
        let found = hits(text, self.wanted).into_iter().filter(|hit| !self.passes(hit, text));
        placed(text, found.map(|hit| (hit.kind.word(), hit.start, hit.end)).collect())
    }
}

fn bare(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
