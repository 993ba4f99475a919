//! What is looked for in answers, what becomes of it, and what was found.

use std::sync::Arc;

use super::leak::Kept;
use super::links::Allowed;
use crate::safety::Detector;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Found {
    /// The system text, or a planted mark.
    Leak,
    /// What names a person.
    Pii,
    /// A key or a password.
    Secret,
    /// A link to a host that is not allowed.
    Link,
}

impl Found {
    /// What stands in its place where it is taken out.
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Leak => "[withheld: instructions]",
            Self::Pii => "[withheld: personal data]",
            Self::Secret => "[withheld: secret]",
            Self::Link => "[withheld: link]",
        }
    }

    /// The word in findings and settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Leak => "leak",
            Self::Pii => "pii",
            Self::Secret => "secrets",
            Self::Link => "links",
        }
    }
}

/// What becomes of what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Then {
    /// It leaves, and is told.
    Tell,
    /// A placeholder leaves in its place.
    TakeOut,
    /// Nothing leaves from there on.
    Stop,
}

/// What is looked for in answers.
#[derive(Clone, Default)]
pub struct Lookout {
    /// The system text.
    pub leak: Option<(Arc<Kept>, Then)>,
    /// Personal data, secrets.
    pub detectors: Vec<(Found, Then, Arc<dyn Detector>)>,
    /// Links to other hosts than these.
    pub links: Option<(Allowed, Then)>,
}

impl Lookout {
    /// Whether nothing is looked for.
    pub fn is_empty(&self) -> bool {
        self.leak.is_none() && self.detectors.is_empty() && self.links.is_none()
    }

    pub(super) fn holds_pieces(&self) -> bool {
        let mut thens = self.detectors.iter().map(|(_, then, _)| *then);
        thens.any(Then::holds) || self.links.as_ref().is_some_and(|(_, then)| then.holds())
    }

    pub(super) fn looks_at_pieces(&self) -> bool {
        !self.detectors.is_empty() || self.links.is_some()
    }
}

impl Then {
    /// Whether it may not leave.
    pub(super) fn holds(self) -> bool {
        self != Self::Tell
    }
}

/// One thing that was found in an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputFinding {
    /// What.
    pub found: Found,
    /// What becomes of it.
    pub then: Then,
    /// The detector's word.
    pub rule: &'static str,
    /// From 0 to 1; 1 where a form says yes or no.
    pub score: f64,
    /// The first character of the answer as it came, in code points.
    pub start: usize,
    /// The first character after it.
    pub end: usize,
}
