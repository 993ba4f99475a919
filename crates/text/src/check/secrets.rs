//! `secrets`: the answer holds no keys, tokens or passwords.

use crate::safety::Detector;
use crate::safety::secrets::Secrets;

use super::parameters::Parameters;
use super::typed::Mistakes;
use super::{Check, CheckProblem, Finding, Observation, found};

struct NoSecrets(Secrets);

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let mut mistakes = Mistakes::default();
    let allow = mistakes.option(parameters.texts("allow")).unwrap_or_default();
    let detector = mistakes.take(Secrets::new(&allow).map_err(found::problem));
    mistakes.or(detector.map(NoSecrets))
}

impl Check for NoSecrets {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        let findings = self.0.findings(seen.answer);
        if findings.is_empty() {
            return Finding::Holds;
        }
        let found = found::told(seen.answer, &findings, 3);
        Finding::Fails(format!("expected no secrets, found {found}"))
    }

    fn describe(&self) -> String {
        "secrets: none".into()
    }
}
