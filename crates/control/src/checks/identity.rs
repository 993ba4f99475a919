//! Who judges by a suite: the names that evidence is bound to.

use std::collections::{BTreeSet, HashSet};

use gatemark_core::id::PromptName;
use gatemark_core::suite::{CheckSpec, Suite};

use super::{Assertion, build, waits};
use crate::Control;

/// Where the judgements of a suite come from, beside the suite.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Prompts whose newest version judges.
    pub prompts: BTreeSet<PromptName>,
    /// Words of commands, some of them files.
    pub words: BTreeSet<String>,
}

impl Sources {
    /// Those of `suite`.
    pub fn of(suite: &Suite) -> Self {
        let mut sources = Self::default();
        for spec in waiting(suite) {
            if let Ok(Assertion::External(_, check)) = build(spec) {
                check.sources(&mut sources);
            }
        }
        sources
    }
}

/// The checks of a suite that wait for something, each once: cases mostly have the same ones.
fn waiting(suite: &Suite) -> impl Iterator<Item = &CheckSpec> {
    let cases = suite.cases.iter().flat_map(|case| &case.checks);
    let waiting = suite.checks.iter().chain(cases).filter(|spec| waits(&spec.metric));
    let mut seen = HashSet::new();
    waiting.filter(move |spec| seen.insert((spec.metric.as_str(), spec.parameters.to_string())))
}

impl Control {
    /// Everybody who judges the answers of `prompt` by `suite` now, in order, as a report of a run that began now would name them.
    pub async fn judges_of(&self, prompt: &PromptName, suite: &Suite) -> Vec<String> {
        let mut names = BTreeSet::new();
        for spec in waiting(suite) {
            match build(spec) {
                Ok(Assertion::External(_, check)) => {
                    names.extend(check.identify(prompt, self).await)
                }
                Ok(Assertion::Pure(_)) => {}
                Err(problem) => {
                    names.insert(format!("a check that cannot be read: {problem}"));
                }
            }
        }
        names.into_iter().collect()
    }
}
