//! Reviewed patterns of orders to a model, as data.
//!
//! Each rule has a name, languages, a score and a sentence that says what it catches; examples that it must find and
//! counter-examples that it must not are part of it and are tried when it is read. A score says how often harmless text
//! matches: 0.9 and more practically never does, 0.5 is a hint that needs others.
//!
//! One pass of an automaton over a view finds keywords, a stretch at a time; only rules of which each group of keywords is
//! there try their regular expressions on it. Those of the `regex` crate take time in proportion to the text, whatever the pattern.
//!
//! What is found in a view that undoes a disguise scores more than the same in plain sight: half of what is missing to
//! 1 is added. Words that are quoted and spoken of score half (`mention`).

mod file;
mod mention;
mod node;
mod pattern;
mod stretch;

use std::collections::HashMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use gatemark_core::guard::{Finding, Layer, Profile};

pub use file::{Problem, Rule};

use crate::normal::{Kind, Limits, View, views};
use pattern::Sets;
use stretch::stretches;

/// The rules that come with the product, by file.
const FILES: [(&str, &str); 7] = [
    ("sets.yaml", include_str!("data/sets.yaml")),
    ("english.yaml", include_str!("data/english.yaml")),
    ("personas.yaml", include_str!("data/personas.yaml")),
    ("markers.yaml", include_str!("data/markers.yaml")),
    ("documents.yaml", include_str!("data/documents.yaml")),
    ("europe.yaml", include_str!("data/europe.yaml")),
    ("world.yaml", include_str!("data/world.yaml")),
];

/// Most findings of one rule: more say nothing new.
const MOST_FINDINGS: usize = 8;

/// Rules that are ready to be used.
#[derive(Debug, Clone)]
pub struct Rules {
    rules: Vec<Rule>,
    sets: Sets,
    index: Index,
}

/// Why rules cannot be used: all problems, with their places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRules {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl std::fmt::Display for BadRules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<String> = self.problems.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for BadRules {}

static BUILTIN: LazyLock<Result<Rules, BadRules>> = LazyLock::new(|| {
    let mut rules = Rules { rules: vec![], sets: Sets::new(), index: Index::default() };
    for (name, text) in FILES {
        let named = |problem: Problem| Problem {
            message: format!("{name}: {}", problem.message),
            ..problem
        };
        rules
            .take(text)
            .map_err(|problems| BadRules { problems: problems.into_iter().map(named).collect() })?;
    }
    rules.index = Index::of(&rules.rules)?;
    Ok(rules)
});

impl Rules {
    /// The rules that come with the product.
    ///
    /// # Errors
    /// If a file of the product is wrong, which its tests exclude.
    pub fn builtin() -> Result<&'static Self, BadRules> {
        BUILTIN.as_ref().map_err(Clone::clone)
    }

    /// These rules and those of a file of one's own, which may use the sets of these. A rule of the same name takes the
    /// place of one of these.
    ///
    /// # Errors
    /// Every problem of the file, with its line; examples that a rule does not find and counter-examples that it does
    /// are problems.
    pub fn with(&self, text: &str) -> Result<Self, BadRules> {
        let mut all = self.clone();
        let names = all.take(text).map_err(|problems| BadRules { problems })?;
        all.index = Index::of(&all.rules)?;
        let own = all.rules.iter().filter(|rule| names.contains(&rule.name));
        let problems: Vec<Problem> = own.flat_map(|rule| all.misses(rule)).collect();
        if problems.is_empty() { Ok(all) } else { Err(BadRules { problems }) }
    }

    /// All rules, in the order of their files.
    pub fn all(&self) -> &[Rule] {
        &self.rules
    }

    /// What the rules for a profile find in views of a text, each thing once, by its start.
    pub fn matches(&self, views: &[View], profile: Profile) -> Vec<Finding> {
        let mut found: Vec<Vec<Finding>> = vec![vec![]; self.rules.len()];
        for view in views {
            // What was misspelt was not hidden.
            let hidden = view.is_disguised() && view.kind() != Kind::Respelled;
            for stretch in stretches(view.text()) {
                let Some(text) = view.text().get(stretch.clone()) else { continue };
                let present = self.index.present(text);
                let rules = self.rules.iter().zip(&mut found).zip(&present);
                for ((rule, found), _) in rules.filter(|(_, present)| **present) {
                    let disguised = !rule.disguised || hidden;
                    if disguised && rule.profile.is_none_or(|only| only == profile) {
                        let findings = rule.findings(view, (text, stretch.start));
                        findings.into_iter().for_each(|finding| keep(found, finding));
                    }
                }
            }
        }
        let mut found: Vec<Finding> = found.into_iter().flatten().collect();
        found.sort_by_key(|finding| (finding.start, finding.end));
        found
    }

    /// Adds the rules of a file; their names.
    fn take(&mut self, text: &str) -> Result<Vec<String>, Vec<Problem>> {
        let file = file::read(text, &mut self.sets);
        if !file.problems.is_empty() {
            return Err(file.problems);
        }
        let names = file.rules.iter().map(|rule| rule.name.clone()).collect();
        for rule in file.rules {
            match self.rules.iter_mut().find(|known| known.name == rule.name) {
                Some(known) => *known = rule,
                None => self.rules.push(rule),
            }
        }
        Ok(names)
    }

    /// Examples of a rule that it does not keep.
    fn misses(&self, rule: &Rule) -> Vec<Problem> {
        let profile = rule.profile.unwrap_or_default();
        let strikes = |text: &String| {
            let views = views(text, &Limits::default());
            self.matches(&views, profile).iter().any(|finding| finding.rule == rule.name)
        };
        let problem = |text: &String, what: &str| Problem {
            line: rule.spot.line,
            column: rule.spot.column,
            message: format!("`{}` {what} its own example: {text}", rule.name),
        };
        let missed = rule
            .finds
            .iter()
            .filter(|text| !strikes(text))
            .map(|text| problem(text, "does not find"));
        let struck = rule
            .spares
            .iter()
            .filter(|text| strikes(text))
            .map(|text| problem(text, "does not spare"));
        missed.chain(struck).collect()
    }
}

/// Adds a finding of a rule, unless it has struck at the same place: views come in the order of disguise, so what stands
/// in plain sight gains nothing from standing near something encoded.
fn keep(found: &mut Vec<Finding>, finding: Finding) {
    let same = |other: &Finding| other.start < finding.end && finding.start < other.end;
    if found.len() < MOST_FINDINGS && !found.iter().any(same) {
        found.push(finding);
    }
}

impl Rule {
    /// In a part of a view that begins at a byte of it.
    fn findings(&self, view: &View, (text, from): (&str, usize)) -> Vec<Finding> {
        let hits =
            self.patterns.iter().flat_map(|pattern| pattern.find_iter(text).take(MOST_FINDINGS));
        let finding = |hit: regex::Match<'_>| {
            let (first, last) = (from + hit.start(), from + hit.end());
            let (start, end) = view.span(first..last);
            let score = if view.is_disguised() {
                (1.0 + self.score) / 2.0
            } else if mention::is_mention(view.text(), first, last) {
                self.score * mention::SHARE
            } else {
                self.score
            };
            Finding { layer: Layer::Rules, rule: self.name.clone(), score, start, end }
        };
        hits.map(finding).collect()
    }
}

/// Which rules can match a text, by their keywords.
#[derive(Debug, Clone, Default)]
struct Index {
    words: Option<AhoCorasick>,
    /// Of each keyword, the groups that it is in.
    groups: Vec<Vec<usize>>,
    /// Of each rule, the groups that must be there.
    needs: Vec<Vec<usize>>,
    count: usize,
}

impl Index {
    fn of(rules: &[Rule]) -> Result<Self, BadRules> {
        let mut words: Vec<&str> = vec![];
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut known: HashMap<&[String], usize> = HashMap::new();
        let mut index = Self::default();
        for rule in rules {
            let mut needs = vec![];
            for group in &rule.keywords {
                let next = known.len();
                let number = *known.entry(group.as_slice()).or_insert(next);
                needs.push(number);
                if number < next {
                    continue;
                }
                for word in group {
                    let at = *places.entry(word).or_insert_with(|| {
                        words.push(word);
                        index.groups.push(vec![]);
                        words.len() - 1
                    });
                    if let Some(groups) = index.groups.get_mut(at) {
                        groups.push(number);
                    }
                }
            }
            index.needs.push(needs);
        }
        index.count = known.len();
        let words = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&words);
        let bad = |error: aho_corasick::BuildError| BadRules {
            problems: vec![Problem {
                line: 0,
                column: 0,
                message: format!("the keywords are too many: {error}"),
            }],
        };
        index.words = Some(words.map_err(bad)?);
        Ok(index)
    }

    /// Of each rule, whether its keywords are in a text.
    fn present(&self, text: &str) -> Vec<bool> {
        let mut there = vec![false; self.count];
        let mut seen = vec![false; self.groups.len()];
        if let Some(words) = &self.words {
            for hit in words.find_overlapping_iter(text) {
                let word = hit.pattern().as_usize();
                if let Some(seen) = seen.get_mut(word).filter(|seen| !**seen) {
                    *seen = true;
                    for group in self.groups.get(word).into_iter().flatten() {
                        if let Some(there) = there.get_mut(*group) {
                            *there = true;
                        }
                    }
                }
            }
        }
        let has = |group: &usize| there.get(*group).copied().unwrap_or(false);
        self.needs.iter().map(|needs| needs.iter().all(has)).collect()
    }
}

#[cfg(test)]
mod tests;
