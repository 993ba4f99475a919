//! What surrounds a check: its name, its weight and whether its verdict is turned round.

use gatemark_core::report::{CheckResult, Verdict};
use gatemark_core::suite::CheckSpec;

use super::{CheckProblem, Finding, subject};

/// Turns what a check found into a result. The same for checks that are pure functions and for those
/// that ask a model, so that `not` and `weight` mean one thing.
#[derive(Debug, Clone)]
pub struct Frame {
    metric: String,
    negated: bool,
    weight: Option<f64>,
}

impl Frame {
    /// The frame that `spec` asks for.
    ///
    /// # Errors
    /// If the weight is negative or no number.
    pub fn of(spec: &CheckSpec) -> Result<Self, CheckProblem> {
        let metric = spec.metric.clone();
        if spec.weight.is_some_and(|weight| !(weight.is_finite() && weight >= 0.0)) {
            let message = format!("the weight of `{metric}` must be a number from 0 up");
            return Err(CheckProblem::new(message));
        }
        Ok(Self { metric, negated: spec.negated, weight: spec.weight })
    }

    /// The check in short, e.g. `not contains "sorry"`, from what is inside.
    pub fn describe(&self, inside: &str) -> String {
        let not = if self.negated { "not " } else { "" };
        format!("{not}{inside}")
    }

    /// The result. `not` turns pass and fail and the score round; what could not be found out stays so,
    /// and an answer that has nothing to judge fails either way.
    pub fn conclude(&self, inside: &str, answer: &str, finding: Finding) -> CheckResult {
        let (mut score, mut label) = (None, None);
        let (holds, detail) = match finding {
            Finding::Holds => (true, None),
            Finding::Fails(detail) => (false, Some(detail)),
            Finding::Scored { score: found, holds, detail } => {
                score = Some(if self.negated { 1.0 - found } else { found });
                (holds, Some(detail))
            }
            Finding::Labelled(found) => {
                let (wanted, got) =
                    (subject::shown(&found.expected), subject::shown(&found.actual));
                let holds = found.expected == found.actual;
                label = Some(found);
                (holds, Some(format!("expected {wanted}, found {got}")))
            }
            // Turned round, an answer without the place would pass every `not`, a broken one first of all.
            Finding::Nothing { why, score, label } => {
                let result = self.result(inside, Verdict::Fail, Some(why));
                return CheckResult { score, label, ..result };
            }
            Finding::CannotTell(why) => return self.result(inside, Verdict::Error, Some(why)),
            Finding::Unclear(why) => return self.result(inside, Verdict::Inconclusive, Some(why)),
        };
        let (verdict, detail) = match (holds, self.negated) {
            (true, false) | (false, true) => (Verdict::Pass, None),
            (false, false) => (Verdict::Fail, detail),
            (true, true) => {
                let found = subject::shown(answer);
                (Verdict::Fail, Some(format!("expected {}, found {found}", self.describe(inside))))
            }
        };
        CheckResult { score, label, ..self.result(inside, verdict, detail) }
    }

    fn result(&self, inside: &str, verdict: Verdict, detail: Option<String>) -> CheckResult {
        CheckResult {
            metric: self.metric.clone(),
            weight: self.weight,
            ..CheckResult::plain(self.describe(inside), verdict, detail)
        }
    }
}
