//! Tests as cases of one prompt: which of them are meant for it, which cannot be, and their checks.

use std::collections::{BTreeMap, BTreeSet};

use gatemark_core::id::ModelName;
use gatemark_core::suite::Case;
use serde_json::{Map, Value};

use super::case::Test;
use super::folder::Folder;
use super::ledger::Ledger;
use super::names::slug;
use super::node::Node;
use super::prompts::{self, Prompt};
use super::written::Around;
use super::{assertion, expand};

/// The prompt with the prefix and suffix that all tests have, if there is only a user's message.
pub(super) fn with_affixes(prompt: &Prompt, tests: &[Test]) -> Prompt {
    let mut prompt = prompt.clone();
    if let [(_, text)] = prompt.messages.as_mut_slice() {
        let (prefix, suffix) = (shared(tests, "prefix"), shared(tests, "suffix"));
        *text = format!("{}{text}{}", prefix.unwrap_or_default(), suffix.unwrap_or_default());
    }
    prompt
}

fn shared<'a>(tests: &'a [Test], option: &str) -> Option<&'a str> {
    let first = tests.first()?.option(option)?;
    tests.iter().all(|test| test.option(option) == Some(first)).then_some(first)
}

/// What tests become cases with.
pub(super) struct Cases<'a> {
    pub(super) folder: &'a dyn Folder,
    pub(super) templates: Option<&'a Node>,
    pub(super) models: &'a BTreeMap<String, ModelName>,
    pub(super) ledger: &'a mut Ledger,
}

impl Cases<'_> {
    /// Every case of `prompt`.
    pub(super) fn of(&mut self, prompt: &Prompt, tests: &[Test]) -> Vec<Case> {
        let mut cases: Vec<Case> = vec![];
        let mut taken = BTreeSet::new();
        for (at, test) in tests.iter().enumerate() {
            let meant = |label: &String| prompt.label.as_ref() == Some(label);
            if test.prompts.as_ref().is_some_and(|labels| !labels.iter().any(meant)) {
                continue;
            }
            if let Some((what, advice)) = refused(prompt, test, tests) {
                self.ledger.leave(what, &test.place, advice);
                continue;
            }
            let combinations = match expand::combinations(test, self.folder) {
                Ok(combinations) => combinations,
                Err(why) => {
                    self.ledger.leave("case with variables", &test.place, why);
                    continue;
                }
            };
            let several = combinations.len() > 1;
            for (place, variables) in combinations.into_iter().enumerate() {
                let base = slug(test.description.as_deref().unwrap_or_default());
                let base = if base.is_empty() { format!("test-{}", at + 1) } else { base };
                let id = if several { format!("{base}.{}", place + 1) } else { base };
                let id = if taken.contains(&id) { format!("{id}-{}", at + 1) } else { id };
                if let Some(case) = self.case(id.clone(), test, variables) {
                    taken.insert(id);
                    cases.push(case);
                }
            }
        }
        cases
    }

    fn case(&mut self, id: String, test: &Test, variables: Map<String, Value>) -> Option<Case> {
        let (mut checks, mut expected) = (vec![], None);
        for node in &test.asserts {
            let (folder, templates, models) = (self.folder, self.templates, self.models);
            let around = Around { folder, variables: &variables, templates, models };
            match assertion::translate(node, &around) {
                Ok(found) => {
                    for (kind, advice) in found.notes {
                        self.ledger.note(kind, &node.place, advice);
                    }
                    checks.extend(found.checks);
                    expected = expected.or(found.expected);
                }
                Err(why) => self.ledger.leave(why.kind, &node.place, why.advice),
            }
        }
        if checks.is_empty() {
            let advice = match test.asserts.is_empty() {
                true => {
                    "it asserts nothing: promptfoo passes it, here it would be untested; add a check"
                }
                false => {
                    "no assertion of it could be imported, and without one it would prove nothing"
                }
            };
            self.ledger.leave("case without checks", &test.place, advice);
            return None;
        }
        if test.threshold.is_some_and(|threshold| !(0.0..=1.0).contains(&threshold)) {
            let advice = "thresholds of cases lie between 0 and 1 here, and scores are means";
            self.ledger.leave("case with a threshold above 1", &test.place, advice);
            return None;
        }
        let category = test.metadata.get("category").and_then(Value::as_str);
        if test.metadata.keys().any(|key| key != "category") {
            let advice = "only `category` has a place here; write `tags` by hand";
            self.ledger.note("`metadata` of tests", &test.place, advice);
        }
        Some(Case {
            id,
            category: category.map(slug).filter(|c| !c.is_empty()).unwrap_or("happy".into()),
            difficulty: None,
            tags: vec![],
            source: None,
            weight: None,
            threshold: test.threshold,
            variables: variables.into_iter().map(|(k, v)| (k, prompts::shown(&v))).collect(),
            expected,
            checks,
        })
    }
}

/// Why no case can be made of a test, if so.
fn refused(prompt: &Prompt, test: &Test, tests: &[Test]) -> Option<(String, &'static str)> {
    let differs =
        |option| test.option(option).is_some_and(|own| shared(tests, option) != Some(own));
    for option in ["prefix", "suffix"] {
        if differs(option) || (test.option(option).is_some() && prompt.messages.len() > 1) {
            let what = format!("case with `options.{option}`");
            return Some((
                what,
                "only one that all cases share is put into the prompt; make it a variable",
            ));
        }
    }
    for option in ["transform", "postprocess", "transformVars"] {
        if test.options.contains_key(option) {
            let what = format!("case with `options.{option}`");
            return Some((
                what,
                "checks see the answer as it is; use a `javascript` check that transforms it",
            ));
        }
    }
    None
}
