//! Texts with placeholders in place of what they should not carry: `<EMAIL_1>` for an address.
//!
//! The same value has the same placeholder in all texts of one [`Redactor`], so that what is said about it can
//! still be followed. There are two uses. What is kept is redacted for good: small differences in writing count
//! for nothing, and placeholders that are in a text already stay. What goes to a vendor and comes back is redacted
//! reversibly: each way of writing has its own placeholder, and a text that happens to look like a placeholder
//! gets one too, so that whatever comes back means one thing only.

mod placeholder;
mod restore;

pub use restore::{Restorer, Writing};

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::safety::pii::{self, Kind, Kinds};
use crate::safety::secrets::{self, Rule};

/// What is to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Keys, tokens and passwords.
    pub secrets: bool,
    /// Personal data of these kinds.
    pub pii: Kinds,
}

impl Wanted {
    /// Everything.
    pub fn all() -> Self {
        Self { secrets: true, pii: Kinds::all() }
    }

    /// Whether there is nothing to look for.
    pub const fn is_nothing(self) -> bool {
        !self.secrets && self.pii.is_empty()
    }
}

/// What a part of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A secret, by its rule.
    Secret(Rule),
    /// Personal data.
    Personal(Kind),
}

impl What {
    /// The name in reports, e.g. `EMAIL_ADDRESS` or `API_KEY`: see `docs/redaction.md`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Secret(rule) => rule.name(),
            Self::Personal(kind) => kind.name(),
        }
    }

    /// The word in policies, e.g. `email`; `secrets` for all secrets.
    pub fn word(self) -> &'static str {
        match self {
            Self::Secret(_) => "secrets",
            Self::Personal(kind) => kind.word(),
        }
    }

    /// What its placeholder begins with, e.g. `EMAIL`.
    fn label(self) -> String {
        match self {
            Self::Secret(_) => "SECRET".to_string(),
            Self::Personal(kind) => kind.word().to_ascii_uppercase(),
        }
    }
}

/// A part of a text that was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// What it is.
    pub what: What,
    /// The first byte.
    pub start: usize,
    /// The byte after it.
    pub end: usize,
}

/// Everything wanted, by its start and without overlaps. A secret hides what could be read into it.
pub fn spans(text: &str, wanted: Wanted) -> Vec<Span> {
    // Searches that could not be made are a mistake of ours, which the tests of `secrets` would find.
    let secrets = if wanted.secrets { secrets::hits(text).unwrap_or_default() } else { vec![] };
    let personal = if wanted.pii.is_empty() { vec![] } else { pii::hits(text, wanted.pii) };
    let mut found: Vec<Span> = secrets
        .iter()
        .map(|hit| Span { what: What::Secret(hit.rule), start: hit.start, end: hit.end })
        .collect();
    for hit in personal {
        let after = secrets.partition_point(|secret| secret.end <= hit.start);
        if secrets.get(after).is_none_or(|secret| secret.start >= hit.end) {
            found.push(Span { what: What::Personal(hit.kind), start: hit.start, end: hit.end });
        }
    }
    found.sort_by_key(|span| span.start);
    found
}

/// The same with places in code points: what it is, the first character and the first after it.
pub fn places(text: &str, wanted: Wanted) -> Vec<(What, usize, usize)> {
    let (mut byte, mut point) = (0, 0);
    let mut placed = |to: usize| {
        point += text.get(byte..to).map_or(0, |part| part.chars().count());
        byte = to;
        point
    };
    let span = |span: Span| {
        let start = placed(span.start);
        (span.what, start, placed(span.end))
    };
    spans(text, wanted).into_iter().map(span).collect()
}

/// Takes things out of texts that belong together, e.g. those of one call.
#[derive(Debug, Clone)]
pub struct Redactor {
    wanted: Wanted,
    reversible: bool,
    /// Placeholders by what they stand for: its label and its value.
    given: HashMap<(String, String), String>,
    /// What they stand for.
    values: HashMap<String, String>,
    /// Placeholders that texts had before.
    found: HashSet<String>,
    /// The last number of each label.
    counts: HashMap<String, u32>,
}

impl Redactor {
    /// For texts that are kept: what is taken out is gone.
    pub fn for_good(wanted: Wanted) -> Self {
        Self::new(wanted, false)
    }

    /// For texts whose answer is restored.
    pub fn reversible(wanted: Wanted) -> Self {
        Self::new(wanted, true)
    }

    fn new(wanted: Wanted, reversible: bool) -> Self {
        let (given, values) = (HashMap::new(), HashMap::new());
        Self { wanted, reversible, given, values, found: HashSet::new(), counts: HashMap::new() }
    }

    /// Different values that were taken out so far.
    pub fn taken(&self) -> usize {
        self.given.len()
    }

    /// The text with placeholders; itself, if there is nothing to take out.
    pub fn redact<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        if self.wanted.is_nothing() {
            return Cow::Borrowed(text);
        }
        let spans = spans(text, self.wanted);
        let old: Vec<_> = placeholder::all(text).collect();
        if spans.is_empty() && (old.is_empty() || !self.reversible) {
            self.found.extend(
                old.into_iter().filter_map(|(start, end)| Some(text.get(start..end)?.to_string())),
            );
            return Cow::Borrowed(text);
        }
        let mut parts: Vec<(usize, usize, String)> =
            spans.iter().map(|span| (span.start, span.end, span.what.label())).collect();
        for (start, end) in old {
            let after = spans.partition_point(|span| span.end <= start);
            let apart = spans.get(after).is_none_or(|span| span.start >= end);
            if self.reversible && apart {
                parts.push((start, end, placeholder::MARK.to_string()));
            } else {
                self.found.extend(text.get(start..end).map(str::to_string));
            }
        }
        parts.sort();
        let (mut out, mut reached) = (String::with_capacity(text.len()), 0);
        for (start, end, label) in parts {
            out.push_str(text.get(reached..start).unwrap_or_default());
            out.push_str(self.placeholder(label, text.get(start..end).unwrap_or_default()));
            reached = end;
        }
        out.push_str(text.get(reached..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// Every text in a JSON value, names of fields apart. What is kept loses a number too, if it is something that
    /// is looked for; what goes to a vendor keeps numbers, since it may have to be one there. Says whether anything
    /// has changed.
    pub fn redact_value(&mut self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => {
                let Cow::Owned(redacted) = self.redact(text) else { return false };
                *text = redacted;
                true
            }
            Value::Number(number) if !self.reversible => {
                let written = number.to_string();
                let long = written.len() > 6 && written.bytes().all(|byte| byte.is_ascii_digit());
                if !long {
                    return false;
                }
                let Cow::Owned(redacted) = self.redact(&written) else { return false };
                *value = Value::String(redacted);
                true
            }
            // All of them, also behind one that changed.
            Value::Array(values) => {
                values.iter_mut().filter_map(|value| self.redact_value(value).then_some(())).count()
                    > 0
            }
            Value::Object(fields) => {
                fields
                    .values_mut()
                    .filter_map(|value| self.redact_value(value).then_some(()))
                    .count()
                    > 0
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    /// The same for JSON as text. What is no JSON is a text.
    pub fn redact_json<'t>(&mut self, json: &'t str) -> Cow<'t, str> {
        let Ok(mut value) = serde_json::from_str::<Value>(json) else { return self.redact(json) };
        if self.redact_value(&mut value) {
            Cow::Owned(value.to_string())
        } else {
            Cow::Borrowed(json)
        }
    }

    /// Placeholders in these texts mean something else, and are not given again.
    pub fn pass_over(&mut self, text: &str) {
        let found = placeholder::all(text).filter_map(|(start, end)| text.get(start..end));
        self.found.extend(found.map(str::to_string));
    }

    fn placeholder(&mut self, label: String, value: &str) -> &str {
        let key = if self.reversible { value.to_string() } else { folded(value) };
        let Self { given, values, found, counts, .. } = self;
        given.entry((label.clone(), key)).or_insert_with(|| {
            let count = counts.entry(label.clone()).or_default();
            // A number that a text has used already would be taken for the other value.
            let made = loop {
                *count += 1;
                let made = placeholder::written(&label, *count);
                if !found.contains(&made) {
                    break made;
                }
            };
            values.insert(made.clone(), value.to_string());
            made
        })
    }

    /// The text with the values in place of their placeholders.
    pub fn restore(&self, text: &str) -> String {
        let mut restorer = self.restorer(Writing::Plain);
        let mut restored = restorer.push(text);
        restored.push_str(&restorer.finish());
        restored
    }

    /// For a text that arrives in pieces.
    pub fn restorer(&self, writing: Writing) -> Restorer {
        Restorer::new(self.values.clone(), writing)
    }
}

/// Without what differs between two ways of writing the same.
fn folded(value: &str) -> String {
    let kept = value.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '(' | ')'));
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
