//! `levenshtein`: the answer is at most so many edits away from a reference.

use serde_json::{Value, json};

use super::parameters::Parameters;
use super::references::References;
use super::similarity::{at_least, shown};
use super::{Check, CheckProblem, Finding, Observation};
use crate::score::levenshtein::{Levenshtein as Edits, levenshtein};

struct Levenshtein {
    bound: Bound,
    references: References,
}

enum Bound {
    Distance(u64),
    Score(f64),
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let bound = match (parameters.get("max"), parameters.get("at_least")) {
        (Some(max), None) => Bound::Distance(max.as_u64().ok_or_else(|| {
            let problem = parameters.wrong("max", "a whole number of edits", max);
            problem.hint("for a score, write `at_least: 0.9`")
        })?),
        (None, Some(written)) => Bound::Score(at_least(parameters, written)?),
        (Some(_), Some(_)) => {
            return Err(CheckProblem::new("`levenshtein` has both `max` and `at_least`")
                .hint("bound the distance or the score, or write two checks"));
        }
        (None, None) => {
            return Err(CheckProblem::new("`levenshtein` needs `max` or `at_least`")
                .hint("`max: 5` bounds the edits, `at_least: 0.9` the score"));
        }
    };
    Ok(Box::new(Levenshtein { bound, references: References::read(parameters)? }))
}

impl Levenshtein {
    /// The reference that suits the bound best.
    fn nearest(&self, seen: &Observation<'_>) -> Result<Edits, String> {
        let mut best: Option<Edits> = None;
        for reference in self.references.of(seen)? {
            let found = levenshtein(seen.answer, &reference).map_err(|why| why.to_string())?;
            let better = |best: Edits| match self.bound {
                Bound::Distance(_) => found.distance < best.distance,
                Bound::Score(_) => found.score() > best.score(),
            };
            if best.is_none_or(better) {
                best = Some(found);
            }
        }
        best.ok_or_else(|| "there is no reference".to_string())
    }
}

impl Check for Levenshtein {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        self.explain(seen).0
    }

    fn explain(&self, seen: &Observation<'_>) -> (Finding, Value) {
        let found = match self.nearest(seen) {
            Ok(found) => found,
            Err(why) => return (Finding::CannotTell(why), Value::Null),
        };
        let (score, distance) = (found.score(), found.distance);
        let (holds, detail) = match self.bound {
            Bound::Distance(max) => (
                u64::try_from(distance).is_ok_and(|distance| distance <= max),
                format!("expected a Levenshtein distance of at most {max}, found {distance}"),
            ),
            Bound::Score(bound) => (
                score >= bound,
                format!(
                    "expected a Levenshtein score of at least {bound}, found {} (distance {distance})",
                    shown(score, bound)
                ),
            ),
        };
        let details = json!({ "distance": distance, "longest": found.longest });
        (Finding::Scored { score, holds, detail }, details)
    }

    fn describe(&self) -> String {
        match self.bound {
            Bound::Distance(max) => format!("levenshtein distance at most {max}"),
            Bound::Score(bound) => format!("levenshtein score at least {bound}"),
        }
    }

    fn needs_expected(&self) -> bool {
        self.references.needs_case()
    }
}
