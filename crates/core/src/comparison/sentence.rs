//! A comparison in words.

use super::figures::Comparison;
use super::verdict::{NonInferiority, Standing};

impl Comparison {
    /// What a person should know first: the difference with its interval, what flipped, and what these
    /// cases cannot see.
    pub fn sentence(&self) -> String {
        if self.cases == 0 {
            return "The two sides have no case in common: nothing can be said.".to_string();
        }
        let difference = &self.accuracy.difference;
        let flips = match (self.lost.len(), self.gained.len()) {
            (0, 0) => "no case flipped".to_string(),
            (lost, gained) => format!("{lost} lost and {gained} gained"),
        };
        format!(
            "Accuracy {:.1} % against {:.1} % ({} points; {} % interval {} to {}) on {}: {flips}. {}",
            100.0 * self.accuracy.candidate,
            100.0 * self.accuracy.baseline,
            points(difference.estimate),
            bare(100.0 * self.confidence),
            points(difference.interval.low),
            points(difference.interval.high),
            self.counted(),
            self.sight(),
        )
    }

    /// What the cases cannot see: "These 50 cases cannot see a drop below 9 points."
    pub fn sight(&self) -> String {
        let cases =
            if self.cases == 1 { "This 1 case" } else { &format!("These {} cases", self.cases) };
        format!("{cases} cannot see a drop below {} points.", bare(100.0 * self.detectable))
    }

    /// Where the candidate stands against `wanted`, with the bound that decides.
    pub fn judgement(&self, wanted: NonInferiority) -> String {
        let bounds = self.accuracy.difference.bounds;
        let sure = format!("with {:.4} % confidence", 100.0 * self.confidence).replace(".0000", "");
        match self.standing(wanted.margin) {
            Standing::NotWorse => format!("{sure} at most {} points worse", loss(bounds.low)),
            Standing::Worse => format!("{sure} at least {} points worse", loss(bounds.high)),
            Standing::Inconclusive => {
                format!("inconclusive: {sure} it may be up to {} points worse", loss(bounds.low))
            }
        }
    }

    fn counted(&self) -> String {
        let cases = if self.cases == 1 { "1 case".into() } else { format!("{} cases", self.cases) };
        let sources = if self.clusters < self.cases {
            format!(" from {} sources", self.clusters)
        } else {
            String::new()
        };
        match self.only_candidate + self.only_baseline {
            0 => format!("{cases}{sources}"),
            others => format!("{cases}{sources} ({others} on one side only, left out)"),
        }
    }
}

/// Signed percentage points, e.g. `+1.5`.
fn points(share: f64) -> String {
    let rounded = (1000.0 * share).round() / 10.0;
    if rounded == 0.0 { "0.0".into() } else { format!("{rounded:+.1}") }
}

/// A bound as a loss in percentage points: 0 if it is a gain.
fn loss(bound: f64) -> String {
    bare((-100.0 * bound).max(0.0))
}

/// One decimal, rounded up so that nothing is promised too much, none if it is 0.
fn bare(points: f64) -> String {
    let rounded = (10.0 * points - 1e-9).ceil() / 10.0;
    if rounded.fract() == 0.0 { format!("{rounded:.0}") } else { format!("{rounded:.1}") }
}
