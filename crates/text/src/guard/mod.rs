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
pub mod fuzzy;
pub mod rules;
mod signal;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use gatemark_core::guard::{Finding, Layer, Opinion, Profile, Settings};

use crate::normal::{self, Kind, Limits, View};

use classifier::{BadModel, Best, Model};
use rules::{BadRules, Rules};
pub use signal::{SIGNAL_NAMES, Signals};

/// The least score that a person looks at: at most one of a hundred harmless texts reaches it.
pub const FLAG_AT: f64 = 0.5;

/// The least score that is refused: at most one of five hundred harmless texts reaches it.
pub const BLOCK_AT: f64 = 0.9;

/// All layers, ready to look.
pub struct Guard {
    model: Model,
    rules: Chosen,
}

/// Where rules come from.
enum Chosen {
    Builtin(&'static Rules),
    Own(Box<Rules>),
}

/// Why there is no guard.
#[derive(Debug, thiserror::Error)]
pub enum BadGuard {
    /// The classifier's bytes.
    #[error(transparent)]
    Model(#[from] BadModel),
    /// The rules.
    #[error(transparent)]
    Rules(#[from] BadRules),
}

impl Guard {
    /// The one that is built in.
    ///
    /// # Errors
    /// [`BadGuard`] if what is built in cannot be used, which is a fault of the build.
    pub fn builtin() -> Result<&'static Self, BadGuard> {
        static GUARD: OnceLock<Guard> = OnceLock::new();
        match GUARD.get() {
            Some(guard) => Ok(guard),
            None => {
                let guard = Self::of(Model::builtin()?)?;
                Ok(GUARD.get_or_init(|| guard))
            }
        }
    }

    /// The built-in rules with another model.
    ///
    /// # Errors
    /// [`BadGuard`] if the built-in rules cannot be used.
    pub fn of(model: Model) -> Result<Self, BadGuard> {
        Ok(Self { model, rules: Chosen::Builtin(Rules::builtin()?) })
    }

    /// The one that is built in, with more rules (docs/guard-rules.md).
    ///
    /// # Errors
    /// [`BadGuard`] with every problem of the rules.
    pub fn with_rules(extra: &str) -> Result<Self, BadGuard> {
        let rules = Rules::builtin()?.with(extra)?;
        Ok(Self { model: Model::builtin()?, rules: Chosen::Own(Box::new(rules)) })
    }

    fn rules(&self) -> &Rules {
        match &self.rules {
            Chosen::Builtin(rules) => rules,
            Chosen::Own(rules) => rules,
        }
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
        let score = signals.score_for(settings.profile, self.model.combinations());
        findings.sort_by(|a, b| (a.start, a.end, &a.rule).cmp(&(b.start, b.end, &b.rule)));
        Opinion { verdict: settings.verdict(score), score, findings }
    }

    /// What the layers say, before it is added up: for those who measure and calibrate.
    pub fn look(&self, text: &str, settings: &Settings) -> (Signals, Vec<Finding>) {
        let mut views = normal::views(text, &Limits::default());
        if !settings.asks(Layer::Views) {
            // Folding alone is reading, not suspicion.
            views.truncate(1);
        }
        let mut signals = Signals::NONE;
        let mut findings = vec![];
        if settings.asks(Layer::Views) {
            findings.extend(normal::oddities(text));
        }
        let (rules, profile) = (self.rules(), settings.profile);
        let asks = settings.asks(Layer::Rules) || settings.asks(Layer::Fuzzy);
        let plain = if asks { rules.matches(&views, profile) } else { vec![] };
        if settings.asks(Layer::Fuzzy) {
            findings.extend(fuzzy::findings(rules, &views, profile, &plain));
        }
        if settings.asks(Layer::Rules) {
            findings.extend(plain);
        }
        signals.found(&findings);
        if settings.asks(Layer::Classifier) {
            findings.extend(self.classify(&views, settings.profile, &mut signals));
        }
        (signals, findings)
    }

    /// What the classifier says of the views, and the window that it holds to be worst.
    fn classify(&self, views: &[View], profile: Profile, signals: &mut Signals) -> Option<Finding> {
        let mut worst: Option<(&View, Best)> = None;
        for view in views {
            let look = self.model.look(view.text());
            signals.classified(&look, view.kind() != Kind::Folded);
            let best = clearest(look.of(profile));
            if worst.is_none_or(|(_, known)| best.logit > known.logit) {
                worst = Some((view, best));
            }
        }
        let (view, best) = worst.filter(|(_, best)| best.logit > 0.0)?;
        let (start, end) = view.span(best.start..best.end);
        (start < end).then(|| Finding {
            layer: Layer::Classifier,
            rule: "classifier".to_string(),
            score: 1.0 / (1.0 + (-best.logit).exp()),
            start,
            end,
        })
    }
}

/// The window to show: of those that are nearly as bad as the worst the narrowest, which says best where it is.
fn clearest(bests: &[Best; classifier::WIDTHS.len()]) -> Best {
    let most = bests.iter().fold(f64::NEG_INFINITY, |most, best| most.max(best.logit));
    bests.iter().find(|best| best.logit >= most - 0.5).copied().unwrap_or(bests[0])
}

#[cfg(test)]
mod tests;
