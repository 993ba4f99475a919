//! What a comparison takes, and what its judge is told of how the answers came about.

use gatemark_core::suite::Case;

use super::run::{CompareRequest, Side};
use crate::Control;
use crate::forecast::{Bill, Forecast};
use crate::judge::{Judge, Pair, Subject};

/// Cases that are counted; the rest is taken to be like them.
const SAMPLED: usize = 100;

impl Control {
    /// What comparing `sides` over `cases` will cost. Cases whose variables do not fit cost nothing.
    pub(super) fn bill(
        &self,
        cases: &[Case],
        sides: &[Side],
        judge: &Judge,
        request: &CompareRequest,
    ) -> Bill {
        let step = cases.len().div_ceil(SAMPLED).max(1);
        let (mut bill, mut sampled) = (Bill::default(), 0);
        for case in cases.iter().step_by(step) {
            let answers: Vec<Forecast> =
                sides.iter().filter_map(|side| answer(side, case)).collect();
            for (index, one) in answers.iter().enumerate() {
                bill.add(&self.project, one);
                for other in answers.iter().skip(index + 1) {
                    let unknown = one.most_output.zip(other.most_output);
                    let unknown = unknown.map(|(one, other)| one.saturating_add(other));
                    let system = sides.first().map(|side| system(side, case)).unwrap_or_default();
                    let subject = Subject {
                        answer: "",
                        expected: case.expected.as_ref(),
                        input: &case.variables,
                        criteria: request.criteria.as_deref(),
                        system: &system,
                    };
                    let pair = Pair { subject, other: "" };
                    let votes = request.votes.max(1);
                    let forecast = judge.forecast_pair(votes, &pair, unknown);
                    forecast.iter().for_each(|forecast| bill.add(&self.project, forecast));
                }
            }
            sampled += 1;
        }
        bill.scaled(cases.len() as u64, sampled)
    }
}

fn answer(side: &Side, case: &Case) -> Option<Forecast> {
    let size = side.release.size(&side.model, &case.variables).ok()?;
    Some(Forecast {
        model: side.model.clone(),
        calls: 1,
        input: size.input_tokens,
        most_input: Some(size.input_tokens),
        most_output: size.max_output,
    })
}

fn system(side: &Side, case: &Case) -> String {
    side.release.system_text(&side.model, &case.variables).unwrap_or_default()
}

/// The instructions under which two answers were given, the same text in whichever order the answers are
/// shown: a judge that could tell which is whose would judge the instructions.
pub(super) fn instructions(one: &str, other: &str) -> String {
    if one == other {
        return one.to_string();
    }
    let said = |text: &str| match text.trim() {
        "" => "(none)".to_string(),
        text => text.to_string(),
    };
    format!(
        "One of the answers was given under these instructions:\n{}\n\nThe other under these:\n{}\n",
        said(one),
        said(other)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_told_once_where_they_are_the_same() {
        assert_eq!(instructions("Be kind.\n", "Be kind.\n"), "Be kind.\n");
        assert_eq!(instructions("", ""), "");
        let both = instructions("Be kind.\n", "");
        assert!(both.contains("Be kind.\n\nThe other under these:\n(none)"), "{both}");
    }
}
