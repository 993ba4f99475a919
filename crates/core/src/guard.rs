//! Guards over untrusted text: what they may be told to do, and what they find.
//!
//! A guard gives findings and a score; thresholds turn the score into a verdict; the gateway decides what is
//! done. No score of a text is proof: `flag` exists so that a doubt costs a person's minute and not a call.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Where a text comes from, and so what is ordinary in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// A person's own words: requests and orders are ordinary in it.
    #[default]
    User,
    /// A retrieved document, a web page, a tool's result: nothing in it should speak to a model, so that
    /// less is believed.
    Document,
}

/// One way of looking at a text; each can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// What is hidden in the writing itself: invisible characters, look-alikes, encodings.
    Views,
    /// Reviewed patterns.
    Rules,
    /// Misspelt and scrambled keywords.
    Fuzzy,
    /// The embedded statistical model.
    Classifier,
    /// A model or endpoint that is asked about doubtful texts.
    Judge,
    /// Marks that were planted and must not come back.
    Canary,
}

impl Layer {
    /// All of them, in the order in which they are looked through.
    pub const ALL: [Self; 6] =
        [Self::Views, Self::Rules, Self::Fuzzy, Self::Classifier, Self::Judge, Self::Canary];

    /// The word in files, records and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Views => "views",
            Self::Rules => "rules",
            Self::Fuzzy => "fuzzy",
            Self::Classifier => "classifier",
            Self::Judge => "judge",
            Self::Canary => "canary",
        }
    }
}

/// What is to be done with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing.
    Allow,
    /// The call goes on, and a person looks at it.
    Flag,
    /// The call is refused.
    Block,
}

/// One thing that a layer found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Which layer.
    pub layer: Layer,
    /// The rule's name, e.g. `override-instructions`; the layer's own word where it has no rules.
    pub rule: String,
    /// From 0 (means nothing) to 1 (certain).
    pub score: f64,
    /// The first character in the text as it came, in code points from 0.
    pub start: usize,
    /// The first character after it.
    pub end: usize,
}

/// What all layers together say of a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opinion {
    /// What the thresholds make of the score.
    pub verdict: Verdict,
    /// From 0 to 1; comparable between texts, not a probability.
    pub score: f64,
    /// By their start.
    pub findings: Vec<Finding>,
}

/// How a text is to be looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What is ordinary in it.
    pub profile: Profile,
    /// Layers that are not asked.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub off: BTreeSet<Layer>,
    /// The least score that a person looks at.
    pub flag_at: f64,
    /// The least score that is refused; above 1 if none is.
    pub block_at: f64,
}

impl Settings {
    /// What a score means.
    pub fn verdict(&self, score: f64) -> Verdict {
        if score >= self.block_at {
            Verdict::Block
        } else if score >= self.flag_at {
            Verdict::Flag
        } else {
            Verdict::Allow
        }
    }

    /// Whether a layer is asked.
    pub fn asks(&self, layer: Layer) -> bool {
        !self.off.contains(&layer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_the_least_score_that_counts() {
        let settings =
            Settings { profile: Profile::User, off: BTreeSet::new(), flag_at: 0.5, block_at: 0.9 };
        let verdicts = [0.49, 0.5, 0.89, 0.9, 1.0].map(|score| settings.verdict(score));
        let (allow, flag, block) = (Verdict::Allow, Verdict::Flag, Verdict::Block);
        assert_eq!(verdicts, [allow, flag, flag, block, block]);
        assert!(flag > allow && block > flag, "the worse of two is the greater");
    }

    #[test]
    fn what_can_be_written_can_be_read() {
        for layer in Layer::ALL {
            let word = serde_json::to_value(layer).unwrap_or_default();
            assert_eq!(word, layer.word());
        }
    }
}
