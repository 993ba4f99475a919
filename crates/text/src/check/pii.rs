//! `pii`: the answer holds no personal data of the kinds that are looked for.

use crate::safety::Detector;
use crate::safety::pii::{Pii, TYPES};

use super::parameters::Parameters;
use super::typed::Mistakes;
use super::{Check, CheckProblem, Finding, Observation, found};

struct NoPii {
    types: Vec<&'static str>,
    detector: Pii,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let mut mistakes = Mistakes::default();
    let allow = mistakes.option(parameters.texts("allow")).unwrap_or_default();
    let types = match mistakes.option(parameters.texts("types")) {
        None => TYPES.to_vec(),
        Some(words) => words.iter().filter_map(|word| known(word, &mut mistakes)).collect(),
    };
    let detector = mistakes.take(Pii::new(&types, &allow).map_err(found::problem));
    mistakes.or(detector.map(|detector| NoPii { types, detector }))
}

fn known(word: &str, mistakes: &mut Mistakes) -> Option<&'static str> {
    let known = TYPES.iter().copied().find(|known| *known == word);
    if known.is_none() {
        let problem = CheckProblem::new(format!("`{word}` is no type of `pii`"));
        mistakes.add(problem.hint(format!("types are {}", TYPES.join(", "))));
    }
    known
}

impl Check for NoPii {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        let findings = self.detector.findings(seen.answer);
        if findings.is_empty() {
            return Finding::Holds;
        }
        let found = found::told(seen.answer, &findings, 1);
        Finding::Fails(format!("expected no personal data, found {found}"))
    }

    fn describe(&self) -> String {
        let all = self.types.len() == TYPES.len();
        let types = if all { String::new() } else { format!(" ({})", self.types.join(", ")) };
        format!("pii: none{types}")
    }
}
