//! What people do with a call that is looked at, as a state machine.
//!
//! ```text
//!          claim            decide
//!   open ────────▶ claimed ────────▶ decided
//!    ▲  ◀────────     │   └────────▶ skipped ──┐
//!    │    release,    └ time is over           │ claim, assign, decide
//!    └─────────────────────────────────────────┘
//! ```
//!
//! A claim is a lease: it ends by itself, so that nobody's forgotten window keeps a call from being looked at. What is
//! open may be decided without a claim. A decision is never lost to another: it is replaced only by whoever says that
//! they mean to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::decision::{Decision, Resolution};
use super::label::Label;
use crate::error::{Error, Kind, Result};

/// How long a claim holds unless something else is asked for, in microseconds: half an hour.
pub const USUAL_LEASE_US: i64 = 1_800_000_000;
/// The longest that a claim may hold, in microseconds: a day.
pub const LONGEST_LEASE_US: i64 = 86_400_000_000;
/// Most labels on one call.
pub const MOST_LABELS: usize = 20;
/// Longest note, in bytes.
const LONGEST_NOTE: usize = 4_096;
/// Longest edited answer, in bytes.
const LONGEST_ANSWER: usize = 256 * 1024;
/// Longest name of a person, in bytes.
const LONGEST_NAME: usize = 64;

/// Somebody has taken the call for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who.
    pub by: String,
    /// Until when, in microseconds since 1970; from then on it does not count.
    pub until: i64,
}

/// What people did with a call so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desk {
    /// How often it has changed.
    pub revision: i64,
    /// Whose it is to look at, if somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// Who took it last; it may be over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// Free tags.
    #[serde(default)]
    pub labels: BTreeSet<Label>,
    /// What was decided.
    pub resolved: Option<Resolution>,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nobody is at it.
    Open,
    /// Somebody is.
    Claimed,
    /// Somebody has decided.
    Decided,
    /// Somebody could not tell.
    Skipped,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Open, Self::Claimed, Self::Decided, Self::Skipped];

    /// The word in answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Claimed => "claimed",
            Self::Decided => "decided",
            Self::Skipped => "skipped",
        }
    }
}

/// What somebody does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Takes it until then, in microseconds since 1970.
    Claim {
        /// The end of the claim.
        until: i64,
    },
    /// Gives it back.
    Release,
    /// Says whose it is to look at, or that it is anybody's.
    Assign {
        /// Their name.
        to: Option<String>,
    },
    /// Decides.
    Decide {
        /// What.
        decision: Decision,
        /// The answer as it should have been: of an edit, and only of one.
        answer: Option<String>,
        /// Why.
        note: Option<String>,
        /// Also if somebody has decided otherwise before.
        again: bool,
    },
    /// Puts labels on it and takes others away.
    Label {
        /// To be there.
        add: BTreeSet<Label>,
        /// Not to be there.
        remove: BTreeSet<Label>,
    },
}

impl Act {
    /// The word in the audit log and in requests.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Claim { .. } => "claim",
            Self::Release => "release",
            Self::Assign { .. } => "assign",
            Self::Decide { decision, .. } => decision.word(),
            Self::Label { .. } => "label",
        }
    }
}

impl Desk {
    /// Where it stands at `now`, in microseconds since 1970.
    pub fn state(&self, now: i64) -> State {
        match &self.resolved {
            Some(resolution) if resolution.decision == Decision::Skip => State::Skipped,
            Some(_) => State::Decided,
            None if self.holder(now).is_some() => State::Claimed,
            None => State::Open,
        }
    }

    /// Who has it at `now`.
    pub fn holder(&self, now: i64) -> Option<&str> {
        self.claim.as_ref().filter(|claim| now < claim.until).map(|claim| claim.by.as_str())
    }

    /// What `actor` makes of it by `act` at `now`; `None` if it is so already, as after the same act before.
    ///
    /// # Errors
    /// `Conflict` if somebody else has it (`review_claimed`), is to look at it (`review_assigned`) or has decided
    /// (`review_decided`); `Invalid` for a claim, name, note, answer or number of labels out of bounds.
    pub fn after(&self, act: &Act, actor: &str, now: i64) -> Result<Option<Self>> {
        named(actor, "actor")?;
        let mut next = self.clone();
        match act {
            Act::Claim { until } => {
                self.be_undecided()?;
                self.be_free_for(actor, now)?;
                lease(*until, now)?;
                let held = self.holder(now).is_some();
                let until = self
                    .claim
                    .as_ref()
                    .filter(|_| held)
                    .map_or(*until, |claim| claim.until.max(*until));
                next.claim = Some(Claim { by: actor.to_string(), until });
                next.resolved = None;
            }
            Act::Release => {
                self.be_held_by_nobody_but(actor, now)?;
                next.claim = None;
            }
            Act::Assign { to } => {
                self.be_undecided()?;
                to.as_deref().map_or(Ok(()), |name| named(name, "to"))?;
                next.assignee.clone_from(to);
                // Whoever else is at it would work for nothing.
                next.claim =
                    next.claim.filter(|claim| to.as_ref().is_none_or(|to| *to == claim.by));
                next.resolved = next.resolved.filter(|_| to.is_none());
            }
            Act::Decide { decision, answer, note, again } => {
                let said = Resolution {
                    decision: *decision,
                    finding: decision.finding(),
                    answer: answer.clone(),
                    note: note.clone(),
                    actor: actor.to_string(),
                    at: now,
                };
                in_bounds(&said)?;
                let before = self.resolved.as_ref();
                if before.is_some_and(|before| Resolution { at: now, ..before.clone() } == said) {
                    return Ok(None);
                }
                if !*again || *decision == Decision::Skip {
                    self.be_undecided()?;
                }
                self.be_free_for(actor, now)?;
                next.claim = None;
                next.resolved = Some(said);
            }
            Act::Label { add, remove } => {
                next.labels.retain(|label| !remove.contains(label));
                next.labels.extend(add.iter().cloned());
                if next.labels.len() > MOST_LABELS {
                    let message = format!("a call has at most {MOST_LABELS} labels");
                    return Err(Error::invalid(message).at("labels"));
                }
            }
        }
        if next == *self {
            return Ok(None);
        }
        next.revision = self.revision.saturating_add(1);
        Ok(Some(next))
    }

    fn be_undecided(&self) -> Result<()> {
        let decided = self.resolved.as_ref().filter(|found| found.decision != Decision::Skip);
        let Some(found) = decided else { return Ok(()) };
        let message = format!(
            "{} has {} it already: say so if the decision is to be replaced",
            found.actor,
            found.decision.done()
        );
        Err(conflict(message, "review_decided"))
    }

    fn be_held_by_nobody_but(&self, actor: &str, now: i64) -> Result<()> {
        match self.holder(now).filter(|holder| *holder != actor) {
            None => Ok(()),
            Some(holder) => {
                let message =
                    format!("{holder} is at it: wait for the end of the claim, or assign it");
                Err(conflict(message, "review_claimed"))
            }
        }
    }

    fn be_free_for(&self, actor: &str, now: i64) -> Result<()> {
        self.be_held_by_nobody_but(actor, now)?;
        match self.assignee.as_deref().filter(|assignee| *assignee != actor) {
            None => Ok(()),
            Some(assignee) => {
                let message = format!("it is assigned to {assignee}: assign it to yourself first");
                Err(conflict(message, "review_assigned"))
            }
        }
    }
}

fn conflict(message: String, code: &'static str) -> Error {
    Error::new(Kind::Conflict, message).coded(code)
}

fn named(name: &str, field: &'static str) -> Result<()> {
    if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        let message = format!("a name is 1 to {LONGEST_NAME} bytes of text");
        return Err(Error::invalid(message).at(field));
    }
    Ok(())
}

fn lease(until: i64, now: i64) -> Result<()> {
    let length = until.saturating_sub(now);
    if (1..=LONGEST_LEASE_US).contains(&length) {
        return Ok(());
    }
    Err(Error::invalid("a claim holds for up to 24 hours, and for some time").at("for"))
}

fn in_bounds(said: &Resolution) -> Result<()> {
    let wrong = |message: String, field| Err(Error::invalid(message).at(field));
    if said.note.as_ref().is_some_and(|note| note.len() > LONGEST_NOTE) {
        return wrong(format!("the note is longer than {LONGEST_NOTE} bytes"), "note");
    }
    match (&said.answer, said.decision) {
        (None, Decision::Edit) => {
            wrong("an edit needs the answer as it should have been".into(), "answer")
        }
        (Some(_), decision) if decision != Decision::Edit => {
            wrong("only an edit has another answer".into(), "answer")
        }
        (Some(answer), _) if answer.len() > LONGEST_ANSWER => {
            wrong(format!("the answer is longer than {LONGEST_ANSWER} bytes"), "answer")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
