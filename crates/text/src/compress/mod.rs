//! A shorter wording of a template, by rules that keep its meaning as far as rules can.
//!
//! Three rules, in this order: words that carry nothing ([`filler`]), sentences that are said twice
//! ([`repeats`]), and space ([`space`]). None touches a template's tags, code, or quoted words: they are
//! what the model is shown or is to repeat. Whether the shorter wording is as good is not decided here; a
//! suite tells.

mod filler;
mod guard;
mod repeats;
mod space;
#[cfg(test)]
mod tests;

/// Languages whose filler is known, by their ISO 639-1 codes.
pub const LANGUAGES: [&str; 4] = ["en", "de", "fr", "es"];

/// One thing that a rule did.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// The rule: `filler`, `repeat`, `space`.
    pub rule: &'static str,
    /// What stood there.
    pub before: String,
    /// What stands there now; empty if nothing does.
    pub after: String,
}

/// A shorter text and what made it shorter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compressed {
    /// The text.
    pub text: String,
    /// What was changed, in the order of the rules and then of the text. Space is one edit in all.
    pub edits: Vec<Edit>,
}

/// `template` in fewer words.
pub fn compress(template: &str) -> Compressed {
    let mut edits = vec![];
    let mut text = template.to_string();
    for rule in [filler::apply, repeats::apply, space::apply] {
        let pieces = guard::pieces(&text);
        text = rule(&pieces, &mut edits);
    }
    Compressed { text, edits }
}

pub use guard::tags;
