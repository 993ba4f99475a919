//! What layers say, as numbers that add up.
//!
//! Each signal is 0 where a layer says nothing (or is not asked) and grows with its doubt, and none has a
//! negative weight; so the score rises with every signal. Findings of patterns are taken as odds against
//! coincidence, `-ln(1 - score)`, so that two independent ones of 0.9 weigh like one of 0.99.

use gatemark_core::guard::{Finding, Layer, Profile};

use super::classifier::{Best, Combination, Look, SIGNALS};

/// What each signal is, in their order.
pub const SIGNAL_NAMES: [&str; SIGNALS] = [
    "classifier, sentence",
    "classifier, paragraph",
    "classifier, page",
    "classifier for documents, sentence",
    "classifier for documents, paragraph",
    "strongest rule",
    "other rules",
    "fuzzy words",
    "hidden writing",
    "classifier, hidden part",
];

/// The classifier's log-odds are of use within these bounds.
const LOGITS: (f64, f64) = (-8.0, 8.0);

/// A rule of score 1 is not certain either.
const CERTAIN: f64 = 0.995;

/// A window's log-odds from 0 to 4: of the size of the other signals.
fn strength(best: &Best) -> f64 {
    (best.logit.clamp(LOGITS.0, LOGITS.1) - LOGITS.0) / 4.0
}

/// The signals of one text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Signals(pub [f64; SIGNALS]);

impl Signals {
    /// No layer was asked.
    pub const NONE: Self = Self([0.0; SIGNALS]);

    /// Adds what the classifier says of a view. Both heads are heard in both profiles: what turns against an
    /// application is as wrong in a document, and an order in a page of prose is a sign for both.
    pub(super) fn classified(&mut self, look: &Look, hidden: bool) {
        let user = look.of(Profile::User);
        let document = look.of(Profile::Document);
        let windows = user.iter().chain(&document[..2]);
        for (signal, best) in self.0.iter_mut().zip(windows) {
            *signal = signal.max(strength(best));
        }
        if hidden {
            let best =
                user.iter().fold(0.0f64, |best, window| best.max(window.logit.min(LOGITS.1)));
            self.0[9] = self.0[9].max(best / 4.0);
        }
    }

    /// Adds what patterns and other layers have found.
    pub(super) fn found(&mut self, findings: &[Finding]) {
        let evidence = |finding: &Finding| -(1.0 - finding.score.clamp(0.0, CERTAIN)).ln();
        let mut rules: Vec<(&str, f64)> = vec![];
        for finding in findings {
            let value = evidence(finding);
            match finding.layer {
                Layer::Rules => match rules.iter_mut().find(|(rule, _)| *rule == finding.rule) {
                    Some((_, most)) => *most = most.max(value),
                    None => rules.push((&finding.rule, value)),
                },
                Layer::Fuzzy => self.0[7] = self.0[7].max(value),
                Layer::Views => self.0[8] = self.0[8].max(value),
                _ => {}
            }
        }
        let strongest = rules.iter().fold(0.0f64, |most, (_, value)| most.max(*value));
        let others: f64 = rules.iter().map(|(_, value)| value).sum::<f64>() - strongest;
        self.0[5] = self.0[5].max(strongest);
        self.0[6] = self.0[6].max(others.clamp(0.0, 5.0));
    }

    /// The weighted sum, as log-odds.
    pub fn sum(&self, combination: &Combination) -> f64 {
        let weighted = self.0.iter().zip(&combination.weights);
        f64::from(combination.bias)
            + weighted.map(|(signal, weight)| signal * f64::from(*weight)).sum::<f64>()
    }

    /// From 0 to 1.
    pub fn score(&self, combination: &Combination) -> f64 {
        1.0 / (1.0 + (-self.sum(combination)).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(layer: Layer, rule: &str, score: f64) -> Finding {
        Finding { layer, rule: rule.to_string(), score, start: 0, end: 1 }
    }

    #[test]
    fn two_rules_weigh_like_their_odds_together() {
        let mut signals = Signals::NONE;
        signals.found(&[finding(Layer::Rules, "a", 0.9), finding(Layer::Rules, "b", 0.9)]);
        assert!((signals.0[5] + signals.0[6] - -(0.01f64).ln()).abs() < 1e-9);
        let mut once = Signals::NONE;
        once.found(&[finding(Layer::Rules, "a", 0.9), finding(Layer::Rules, "a", 0.8)]);
        assert_eq!(once.0[6], 0.0, "a rule that strikes twice is one rule");
    }

    #[test]
    fn no_signal_lowers_the_score() {
        let combination = Combination { bias: -4.0, weights: [0.5; SIGNALS] };
        let mut signals = Signals::NONE;
        let mut before = signals.score(&combination);
        for at in 0..SIGNALS {
            signals.0[at] += 1.0;
            let now = signals.score(&combination);
            assert!(now > before);
            before = now;
        }
    }
}
