//! Who judges by a suite: the names that evidence is bound to.

use std::collections::{BTreeSet, HashSet};

use gatemark_core::suite::Suite;

use super::{Assertion, build, waits};
use crate::Control;

impl Control {
    /// Everybody who judges by `suite` now, in order, as a report of a run that began now would name them.
    pub async fn judges_of(&self, suite: &Suite) -> Vec<String> {
        let cases = suite.cases.iter().flat_map(|case| &case.checks);
        let waiting = suite.checks.iter().chain(cases).filter(|spec| waits(&spec.metric));
        let (mut names, mut seen) = (BTreeSet::new(), HashSet::new());
        for spec in waiting {
            // Cases mostly have the same checks, and each is to be looked up once.
            if !seen.insert((spec.metric.as_str(), spec.parameters.to_string())) {
                continue;
            }
            match build(spec) {
                Ok(Assertion::External(_, check)) => names.extend(check.identify(self).await),
                Ok(Assertion::Pure(_)) => {}
                Err(problem) => {
                    names.insert(format!("a check that cannot be read: {problem}"));
                }
            }
        }
        names.into_iter().collect()
    }
}
