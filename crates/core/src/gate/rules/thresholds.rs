//! Rules about what the suite's author asks of a report, beyond the share of cases that pass.

use super::super::evidence::Evidence;
use super::super::policy::Policy;
use super::Rules;
use crate::report::Summary;
use crate::suite::Thresholds;

impl Rules {
    /// `summary` is that of the report on this version, suite and model, if there is one.
    pub(super) fn thresholds(
        &mut self,
        policy: &Policy,
        evidence: &Evidence<'_>,
        summary: Option<&Summary>,
    ) {
        let Some((suite, _)) = evidence.suite.filter(|_| policy.asks_for_evidence()) else {
            return;
        };
        let Thresholds { categories, scores, macro_f1, .. } = suite.thresholds.clone();
        let only = Thresholds::default;
        let asked = [
            (14, "accuracy by category", Thresholds { categories, ..only() }),
            (15, "mean scores", Thresholds { scores, ..only() }),
            (16, "macro-F1", Thresholds { macro_f1, ..only() }),
        ];
        for (rule, what, thresholds) in asked {
            if thresholds == only() {
                continue;
            }
            let wanted = format!("{what} as the suite asks: {}", bounds(&thresholds));
            let unmet = summary.map(|summary| thresholds.unmet(None, summary));
            let met = unmet.as_ref().is_some_and(Vec::is_empty);
            let found = match unmet {
                None => "no report".to_string(),
                Some(unmet) if unmet.is_empty() => "all reached".to_string(),
                Some(unmet) => unmet.join("; "),
            };
            let fix = format!("see the cases with `gatemark report {}`", evidence.version.prompt);
            self.add(rule, met, wanted, found, &fix);
        }
    }
}

fn bounds(thresholds: &Thresholds) -> String {
    let named = thresholds.categories.iter().chain(&thresholds.scores);
    let mut bounds: Vec<String> =
        named.map(|(name, least)| format!("{name} at least {least:.3}")).collect();
    bounds.extend(thresholds.macro_f1.map(|least| format!("at least {least:.3}")));
    bounds.join(", ")
}
