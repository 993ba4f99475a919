//! What must not be in an answer: personal data, secrets, the system text; and refusals.
//!
//! Detectors return findings and decide nothing. They say which rule struck and where, never what: a
//! report about a leaked secret must not leak it again. The rules here have a form that can be verified
//! (a checksum, a prefix, a grammar); names and addresses of people need a model and are not looked for.

pub mod leak;
pub mod pii;
pub mod refusal;
pub mod secrets;

use regex::Regex;

/// One place where a rule struck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafetyFinding {
    /// The rule, e.g. `iban`.
    pub rule: &'static str,
    /// The first character, in code points from 0.
    pub start: usize,
    /// The first character after it.
    pub end: usize,
}

/// Looks for one kind of thing.
pub trait Detector: Send + Sync {
    /// Every finding, by its start. Takes time in proportion to the text.
    fn findings(&self, text: &str) -> Vec<SafetyFinding>;
}

/// A pattern, and what makes a match of it more than a likeness.
struct Rule {
    name: &'static str,
    pattern: Regex,
    /// Given the text and the bytes of a match, the end of what was found, if it is genuine.
    verify: fn(&str, usize, usize) -> Option<usize>,
    /// Whether to look again from the next character after a mere likeness; for short patterns only, or
    /// the time were not in proportion to the text.
    retry: bool,
}

/// Why the rules of this room cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRule(String);

impl std::fmt::Display for BadRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a built-in pattern is wrong: {}", self.0)
    }
}

impl std::error::Error for BadRule {}

type Verify = fn(&str, usize, usize) -> Option<usize>;

fn compiled(rules: &[(&'static str, &str, Verify, bool)]) -> Result<Vec<Rule>, BadRule> {
    let compile = |&(name, pattern, verify, retry): &(&'static str, &str, Verify, bool)| {
        let pattern = Regex::new(pattern).map_err(|error| BadRule(error.to_string()))?;
        Ok(Rule { name, pattern, verify, retry })
    };
    rules.iter().map(compile).collect()
}

impl Rule {
    /// Bytes of every finding.
    fn ranges(&self, text: &str) -> Vec<(usize, usize)> {
        let mut found = vec![];
        let mut from = 0;
        while let Some(hit) =
            (from <= text.len()).then(|| self.pattern.find_at(text, from)).flatten()
        {
            let next = after(text, hit.start());
            from = match (self.verify)(text, hit.start(), hit.end()) {
                Some(end) => {
                    found.push((hit.start(), end));
                    end.max(next)
                }
                None if self.retry => next,
                None => hit.end().max(next),
            };
        }
        found
    }
}

/// The byte after the character at `at`.
fn after(text: &str, at: usize) -> usize {
    let next = text.get(at..).and_then(|rest| rest.chars().next());
    at + next.map_or(1, char::len_utf8)
}

/// Findings with code points instead of bytes, by start; one inside of another is dropped.
fn placed(text: &str, mut ranges: Vec<(&'static str, usize, usize)>) -> Vec<SafetyFinding> {
    ranges.sort_by_key(|(_, start, end)| (*start, std::cmp::Reverse(*end)));
    let (mut byte, mut point, mut reached) = (0, 0, 0);
    let mut found = vec![];
    for (rule, start, end) in ranges {
        if end <= reached {
            continue;
        }
        reached = end;
        point += text.get(byte..start).map_or(0, |part| part.chars().count());
        byte = start;
        let length = text.get(start..end).map_or(0, |part| part.chars().count());
        found.push(SafetyFinding { rule, start: point, end: point + length });
    }
    found
}
