//! `refusal`: the answer begins by declining. `not: refusal` asks for an answer that does not.

use crate::safety::Detector;
use crate::safety::refusal::Refusal;

use super::parameters::Parameters;
use super::{Check, CheckProblem, Finding, Observation, found, subject};

struct Refuses(Refusal);

pub(super) fn build(_: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    Ok(Box::new(Refuses(Refusal::new().map_err(found::problem)?)))
}

impl Check for Refuses {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        if self.0.findings(seen.answer).is_empty() {
            let found = subject::shown(seen.answer);
            return Finding::Fails(format!("expected a refusal, found {found}"));
        }
        Finding::Holds
    }

    fn describe(&self) -> String {
        "refusal".into()
    }
}
