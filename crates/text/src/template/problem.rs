//! What is wrong with a template, for its author.

use std::collections::BTreeSet;

use gatemark_core::diagnostic::did_you_mean;

use super::walk::{Findings, Word, walk};
use super::{bounds, filters, source};

/// One problem in a template's source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TemplateProblem {
    /// First line is 1.
    pub line: usize,
    /// First column is 1, in characters; 0 when unknown.
    pub column: usize,
    /// Characters to underline, at least 1.
    pub width: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl std::fmt::Display for TemplateProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

/// Everything wrong with `source`, in order of place: bounds or syntax (the first such problem hides the
/// rest); else names that are used and neither `declared` nor set by the template, unknown filters and
/// tests, and tags that lead out of the template.
pub fn problems(source: &str, declared: &BTreeSet<&str>) -> Vec<TemplateProblem> {
    if source::is_plain(source) && source.len() <= source::MAX_SOURCE_BYTES {
        return Vec::new();
    }
    if let Err(problem) = bounds::check(source) {
        return vec![problem];
    }
    let tree = match source::tree(source) {
        Ok(tree) => tree,
        Err(problem) => return vec![problem],
    };
    let found = walk(&tree);
    let mut problems = structural(source, &found);
    let undeclared = found.undeclared.iter().filter(|word| !declared.contains(word.text));
    problems.extend(undeclared.map(|word| undeclared_name(source, *word, declared)));
    problems.sort();
    problems.dedup();
    problems
}

/// Names that the template takes from outside; empty when it cannot be parsed.
pub fn used_variables(source: &str) -> BTreeSet<String> {
    if source::is_plain(source) || bounds::check(source).is_err() {
        return BTreeSet::new();
    }
    let Ok(tree) = source::tree(source) else { return BTreeSet::new() };
    walk(&tree).undeclared.iter().map(|word| word.text.to_owned()).collect()
}

/// What stands in the source as it is, in order: the author's own words, between which values are put. A source that
/// cannot be parsed is one text.
pub fn literal_texts(source: &str) -> Vec<String> {
    let whole = || vec![source.to_owned()];
    if source::is_plain(source) || bounds::check(source).is_err() {
        return whole();
    }
    let Ok(tree) = source::tree(source) else { return whole() };
    walk(&tree).texts.into_iter().map(str::to_owned).collect()
}

/// Problems that no declaration can cure.
pub(super) fn structural(source: &str, found: &Findings<'_>) -> Vec<TemplateProblem> {
    let tags = found.leads_out.iter().map(|word| {
        let message = format!("`{}` is not available: a template is one text", word.text);
        located(source, *word, message)
    });
    let unknown = |word: &Word<'_>, what: &str, known: &[&str]| {
        let message = format!("`{}` is not a {what}", word.text);
        let mut problem = located(source, *word, message);
        let close = did_you_mean(word.text, known.iter().copied());
        problem.hint = close.map(|close| format!("did you mean `{close}`?"));
        problem
    };
    let is_unknown =
        |known: &'static [&'static str]| move |word: &&Word<'_>| !known.contains(&word.text);
    let filters = found.filters.iter().filter(is_unknown(filters::NAMES));
    let tests = found.tests.iter().filter(is_unknown(filters::TESTS));
    tags.chain(filters.map(|word| unknown(word, "filter", filters::NAMES)))
        .chain(tests.map(|word| unknown(word, "test", filters::TESTS)))
        .collect()
}

fn undeclared_name(source: &str, word: Word<'_>, declared: &BTreeSet<&str>) -> TemplateProblem {
    let message = format!("`{}` is not declared in `variables`", word.text);
    let mut problem = located(source, word, message);
    problem.hint = Some(match did_you_mean(word.text, declared.iter().copied()) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("declare `{}` under `variables`", word.text),
    });
    problem
}

/// The problem at the first occurrence of the word from its offset on: spans of filters and tests begin
/// before their names.
fn located(source: &str, word: Word<'_>, message: String) -> TemplateProblem {
    let rest = source.get(word.offset..).unwrap_or_default();
    let offset = word.offset + rest.find(word.text).unwrap_or(0);
    source::at(source, offset, word.text.len(), message)
}
