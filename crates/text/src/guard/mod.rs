//! Guards over untrusted text: several cheap looks at it, and one score.
//!
//! No layer is trusted alone. Patterns are exact and blind to what nobody wrote down; the classifier has seen
//! much and understands nothing; misspelling hides from both, and is looked for by itself. [`Guard::check`]
//! asks each layer that the settings do not switch off, and adds up what they say: the score is the logistic
//! function of a sum in which every layer can only raise it, so that a layer more never makes a text more
//! harmless, and a layer switched off never makes one more suspicious.
//!
//! Scores are comparable between texts, and are no probability: how many texts of an application are attacks
//! is not known here. Thresholds come from measured curves (docs/guards.md, `gatemark guard calibrate`).
//!
//! Whatever the score, it is one line of defence and not the only one: who writes untrusted text into a
//! system message needs no attack that a guard could find.

pub mod calibrate;
pub mod classifier;
mod signal;
mod sight;

use std::collections::BTreeSet;

use gatemark_core::guard::{Finding, Layer, Opinion, Profile, Settings};

use classifier::{BadModel, Best, Model};
pub use sight::{Sight, sights};
pub use signal::{SIGNAL_NAMES, Signals};

/// The least score that a person looks at: at most one of a hundred harmless texts reaches it.
pub const FLAG_AT: f64 = 0.5;

/// The least score that is refused: at most one of five hundred harmless texts reaches it.
pub const BLOCK_AT: f64 = 0.9;

/// All layers, ready to look.
pub struct Guard {
    model: Model,
}

/// Why there is no guard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadGuard {
    /// The classifier's bytes.
    #[error(transparent)]
    Model(#[from] BadModel),
}

impl Guard {
    /// The one that is built in.
    ///
    /// # Errors
    /// [`BadGuard`] if what is built in cannot be used, which is a fault of the build.
    pub fn builtin() -> Result<&'static Self, BadGuard> {
        static GUARD: std::sync::OnceLock<Result<Guard, BadGuard>> = std::sync::OnceLock::new();
        GUARD.get_or_init(|| Ok(Self::of(Model::builtin()?))).as_ref().map_err(Clone::clone)
    }

    /// The built-in rules with another model.
    pub fn of(model: Model) -> Self {
        Self { model }
    }

    /// The least scores that are flagged and refused if nobody says otherwise. They are the same for both
    /// profiles and stay when the model is trained anew: scores are scaled to them, from measured curves.
    pub fn thresholds(_: Profile) -> (f64, f64) {
        (FLAG_AT, BLOCK_AT)
    }

    /// All layers, with the thresholds that are built in.
    pub fn settings(profile: Profile) -> Settings {
        let (flag_at, block_at) = Self::thresholds(profile);
        Settings { profile, off: BTreeSet::new(), flag_at, block_at }
    }

    /// What the layers say of a text: once through it for each, in memory that is bounded.
    pub fn check(&self, text: &str, settings: &Settings) -> Opinion {
        let (signals, mut findings) = self.look(text, settings);
        let score = signals.score(self.model.combination(settings.profile));
        findings.sort_by(|a, b| (a.start, a.end, &a.rule).cmp(&(b.start, b.end, &b.rule)));
        Opinion { verdict: settings.verdict(score), score, findings }
    }

    /// What the layers say, before it is added up: for those who measure and calibrate.
    pub fn look(&self, text: &str, settings: &Settings) -> (Signals, Vec<Finding>) {
        let sights = sights(text);
        let mut signals = Signals::NONE;
        let mut findings = vec![];
        if settings.asks(Layer::Classifier) {
            for sight in &sights {
                let look = self.model.look(sight.text());
                let bests = *look.of(settings.profile);
                signals.classified(&look, sight.hidden());
                findings.extend(classified(sight, &bests));
            }
            only_the_strongest(&mut findings);
        }
        (signals, findings)
    }
}

/// A window that the model would rather call an attack, as a finding.
fn classified(sight: &Sight, bests: &[Best; classifier::WIDTHS.len()]) -> Option<Finding> {
    let best = bests.iter().max_by(|a, b| a.logit.total_cmp(&b.logit))?;
    // Of equal windows the narrowest says best where it is.
    let best = bests.iter().find(|other| other.logit >= best.logit - 0.5)?;
    (best.logit > 0.0).then(|| {
        let (start, end) = sight.span(best.start..best.end);
        Finding {
            layer: Layer::Classifier,
            rule: "classifier".to_string(),
            score: 1.0 / (1.0 + (-best.logit).exp()),
            start,
            end,
        }
    })
}

/// Views of one text say the same thing several times.
fn only_the_strongest(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| b.score.total_cmp(&a.score));
    findings.truncate(1);
}

#[cfg(test)]
mod tests;
