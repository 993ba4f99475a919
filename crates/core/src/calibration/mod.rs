//! How far a judge agrees with people.
//!
//! A calibration is bound to the hash of the judge's version and to the model that judged: another text
//! or another model is another judge. Figures are derived from the rows, like those of a report.

mod figures;

use serde::{Deserialize, Serialize};

pub use figures::{Confusion, Figures, LengthBias, Share};

use crate::id::{Digest, ModelName, PromptName};
use crate::money::NanoUsd;

/// From which Cohen's κ on a judge is commonly taken to agree with people well enough to stand in for
/// them ("substantial" in Landis and Koch, Biometrics 33 (1977), begins at 0.61). A rule of thumb.
pub const ENOUGH: f64 = 0.6;

/// What a person or the judge said of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rating {
    /// Good enough, or not.
    Passes(bool),
    /// A position on the judge's scale, from 0 to 1.
    Score(f64),
    /// Which of two answers is better: 1 for the first, −1 for the second, 0 for neither.
    Prefers(i8),
}

/// One labelled answer, or pair of answers, and what the judge made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Its id in the labels.
    pub id: String,
    /// Length of the answer in characters; of a pair, 0.
    pub length: u64,
    /// What people said, each with who it was.
    pub people: Vec<(String, Rating)>,
    /// What the judge said; `None` if it gave no verdict or its votes were split.
    pub judge: Option<Rating>,
    /// Whether that is for want of agreement among its votes.
    pub undecided: bool,
    /// Share of votes on the majority's side.
    pub agreement: Option<f64>,
    /// Votes, and those whose winner changed with the order.
    pub swayed: Option<(u64, u64)>,
    /// What judging it cost.
    pub cost: Option<NanoUsd>,
    /// The judge's reasons, or what went wrong.
    pub note: String,
}

/// A finished calibration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Unique.
    pub id: String,
    /// The judge's prompt.
    pub judge: PromptName,
    /// Its version's number.
    pub number: u32,
    /// Its version's hash.
    pub version: Digest,
    /// The model that judged.
    pub model: ModelName,
    /// SHA-256 of the file of labels.
    pub labels: Digest,
    /// The position on the scale from which an answer passes, 0 to 1.
    pub at_least: f64,
    /// Votes on each answer.
    pub votes: u32,
    /// Who ran it.
    pub actor: String,
    /// When it ended, in microseconds since 1970.
    pub finished_at: i64,
    /// What it found.
    pub figures: Figures,
}
