//! New cases out of those that people wrote: the same inputs, made hard in a known way.
//!
//! Everything here is pure: the same plan and the same base cases give the same cases, on every machine
//! and in every later version of a kind, because a suite is known by its hash and reports are bound to
//! it. Each generated text depends on the seed, the kind, the base case's id and its rank alone, so adding
//! a base case leaves the others' texts as they were.
//!
//! A generated case is no independent evidence: it names what its base case was taken from as its
//! `source`, and intervals are computed over sources.

mod blank;
mod dice;
mod encoding;
mod injection;
mod language;
mod letters;
mod malformed;
mod structure;
mod typos;
mod unicode;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use gatemark_core::id::Digest;
use gatemark_core::suite::{Case, CheckSpec};
use serde_json::Value;

use dice::Dice;

/// Longest text that a generator makes, in characters.
pub const LONGEST: usize = 1_000_000;
/// Most bytes of text that one generator makes; beyond it, it makes fewer cases than asked for.
pub const MOST_CHARACTERS: usize = 16_000_000;
/// Longer texts of base cases, in bytes, are left alone: some kinds take time with the square of the length.
const LONGEST_BASE: usize = 100_000;
/// Length of `huge` texts where the suite does not say, in characters.
pub const USUAL_LENGTH: usize = 20_000;
/// Most cases of one generator.
pub const MOST: usize = 10_000;

/// A base that gives nothing new so many times running is spent.
const SPENT: u8 = 8;

/// What is done to an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing is left.
    Empty,
    /// Nothing but space of some kind is left.
    Whitespace,
    /// Repeated up to a length.
    Huge,
    /// Joined with another input, and with orders that cannot both be followed.
    Contradictory,
    /// Framed by phrases of another language. The input itself is not translated.
    Language,
    /// Look-alike letters, invisible characters, reversed order, wide forms, stacked accents, NFD.
    Unicode,
    /// Orders to the model around the input.
    Injection,
    /// Slips of the keyboard.
    Typos,
    /// All capitals, no capitals, capitals at random.
    Case,
    /// JSON or markup in the input is broken.
    Malformed,
    /// Parts of a list or object get another type, or go missing.
    WrongType,
}

impl Kind {
    /// Every kind with its word.
    pub const ALL: [(&'static str, Self); 11] = [
        ("empty", Self::Empty),
        ("whitespace", Self::Whitespace),
        ("huge", Self::Huge),
        ("contradictory", Self::Contradictory),
        ("language", Self::Language),
        ("unicode", Self::Unicode),
        ("injection", Self::Injection),
        ("typos", Self::Typos),
        ("case", Self::Case),
        ("malformed", Self::Malformed),
        ("wrong_type", Self::WrongType),
    ];

    /// The word that suites use.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }

    /// Whether the wanted answer stays that of the base case unless the suite says otherwise: the input
    /// still says the same, to whoever reads it.
    pub fn keeps_expected(self) -> bool {
        matches!(self, Self::Typos | Self::Case | Self::Unicode)
    }

    /// Whether the suite may say that the wanted answer stays: the base input is still there, whole.
    pub fn may_keep_expected(self) -> bool {
        self.keeps_expected() || matches!(self, Self::Language | Self::Injection)
    }

    /// The category of its cases where the suite does not say.
    pub fn category(self) -> &'static str {
        match self {
            Self::Contradictory
            | Self::Unicode
            | Self::Injection
            | Self::Malformed
            | Self::WrongType => "adversarial",
            _ => "edge",
        }
    }

    /// Whether it changes lists and objects; the others change texts.
    pub fn is_structural(self) -> bool {
        self == Self::WrongType
    }
}

/// What to generate.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is done.
    pub kind: Kind,
    /// To the value of this variable.
    pub variable: String,
    /// How many cases, at most [`MOST`].
    pub count: usize,
    /// Another seed gives other cases.
    pub seed: u64,
    /// Length of `huge` texts in characters, at most [`LONGEST`].
    pub length: usize,
    /// The variable's bound in tokens (o200k): what is longer would be refused before a model sees it.
    pub max_tokens: Option<u32>,
    /// The cases' category.
    pub category: String,
    /// The cases' difficulty.
    pub difficulty: Option<String>,
    /// Their tags, beside the kind.
    pub tags: Vec<String>,
    /// Their checks, beside those of the base case where `expected` is kept.
    pub checks: Vec<CheckSpec>,
    /// Whether the wanted answer, and the base case's own checks, stay.
    pub keep_expected: bool,
}

/// Makes up to `plan.count` cases that differ from each other and from their bases; fewer if there are no
/// more. Bases that lack the variable, or to which the kind cannot be applied, are passed over.
pub fn cases(plan: &Plan, bases: &[&Case]) -> Vec<Case> {
    let order = order(plan, bases);
    let mut made: Vec<Case> = Vec::new();
    let mut seen: HashSet<Digest> = HashSet::new();
    let mut characters = 0;
    let mut round = 1;
    let mut misses = vec![0_u8; order.len()];
    while made.len() < plan.count && misses.iter().any(|missed| *missed < SPENT) {
        for (base, missed) in order.iter().zip(&mut misses) {
            if made.len() >= plan.count {
                break;
            }
            if *missed >= SPENT {
                continue;
            }
            let case = case(plan, base, round, &order);
            match case.filter(|case| seen.insert(fingerprint(case))) {
                Some(case) => {
                    characters += length(case.variables.get(&plan.variable));
                    if characters > MOST_CHARACTERS {
                        return made;
                    }
                    made.push(case);
                    *missed = 0;
                }
                None => *missed += 1,
            }
        }
        round += 1;
    }
    made
}

/// The bases as the seed orders them: a sample, and no matter in which order they were written.
fn order<'c>(plan: &Plan, bases: &[&'c Case]) -> Vec<&'c Case> {
    let mut order: Vec<&Case> = bases.to_vec();
    let rank = |case: &&Case| Dice::new(plan.seed, &[plan.kind.word(), &case.id]).next();
    order.sort_by_cached_key(|case| (rank(case), case.id.clone()));
    order
}

fn fingerprint(case: &Case) -> Digest {
    Digest::of(serde_json::to_string(&case.variables).unwrap_or_default().as_bytes())
}

/// Bytes of a text; other values are small.
fn length(value: Option<&Value>) -> usize {
    value.and_then(Value::as_str).map_or(0, str::len)
}

fn case(plan: &Plan, base: &Case, round: usize, all: &[&Case]) -> Option<Case> {
    let old = base.variables.get(&plan.variable)?;
    if length(Some(old)) > LONGEST_BASE {
        return None;
    }
    let number = round.to_string();
    let mut dice = Dice::new(plan.seed, &[plan.kind.word(), &base.id, &number]);
    let new = match old {
        Value::String(text) => Value::String(text_of(plan, text, base, all, round, &mut dice)?),
        other if plan.kind.is_structural() => structure::broken(other, &mut dice)?,
        _ => return None,
    };
    if new == *old {
        return None;
    }
    let mut variables = base.variables.clone();
    variables.insert(plan.variable.clone(), new);
    let kind = plan.kind.word();
    let mut tags = vec![kind.to_string()];
    tags.extend(plan.tags.iter().filter(|tag| *tag != kind).cloned());
    let kept = if plan.keep_expected { base.checks.as_slice() } else { &[] };
    Some(Case {
        id: format!("{kind}-{}-{round}", base.id),
        category: plan.category.clone(),
        difficulty: plan.difficulty.clone().or_else(|| base.difficulty.clone()),
        tags,
        source: Some(base.source.clone().unwrap_or_else(|| base.id.clone())),
        weight: base.weight,
        threshold: if plan.keep_expected { base.threshold } else { None },
        variables,
        expected: if plan.keep_expected { base.expected.clone() } else { None },
        checks: kept.iter().chain(&plan.checks).cloned().collect(),
    })
}

fn text_of(
    plan: &Plan,
    text: &str,
    base: &Case,
    all: &[&Case],
    round: usize,
    dice: &mut Dice,
) -> Option<String> {
    let made = match plan.kind {
        Kind::Empty => String::new(),
        Kind::Whitespace => blank::whitespace(round),
        Kind::Huge => blank::huge(text, plan.length, round, dice),
        Kind::Contradictory => {
            let others = all.iter().filter(|other| other.id != base.id);
            let others: Vec<&str> =
                others.filter_map(|other| other.variables.get(&plan.variable)?.as_str()).collect();
            blank::contradictory(text, dice.choose(&others)?, dice)?
        }
        Kind::Language => language::framed(text, dice)?,
        Kind::Unicode => unicode::disguised(text, dice)?,
        Kind::Injection => injection::attack(text, dice)?,
        Kind::Typos => typos::slipped(text, dice)?,
        Kind::Case => letters::recased(text, round, dice),
        Kind::Malformed => malformed::broken(text, dice)?,
        Kind::WrongType => return None,
    };
    // Cut off, a text may no longer say what its base says, whose `expected` it may keep.
    match plan.kind {
        Kind::Huge => Some(blank::within(made, plan.max_tokens)),
        _ => blank::fits(&made, plan.max_tokens).then_some(made),
    }
}
