//! Where a version is in its life, and the moves that are legal: one table.
//!
//! A stage is not stored. It follows from facts that are stored anyway (reports, pointers, requests for review,
//! retirements), so that no two places can disagree about it. What is decided here is which move an order may
//! make; whether a version is good enough for an environment is decided by the gate.
//!
//! A retired version is never deployed: somebody decided that it is over, and evidence for a new start is as old
//! as the decision. It may be rolled back to. A rollback is the way out of trouble, the version was admitted
//! there on evidence of its own, and old versions are retired by the calendar; the day a fault shows that was
//! there for weeks must not be the day on which the way back is closed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};

/// A stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Registered.
    Draft,
    /// Has a passing report by the prompt's current suite on its serving model.
    Tested,
    /// Somebody asked for its review, and it has not served since.
    InReview,
    /// Serves outside the default environment, or is the candidate of a rollout.
    Staging,
    /// Serves in the default environment.
    Production,
    /// Is not to be deployed any more.
    Retired,
}

impl Stage {
    /// Every stage, in the order of a life.
    pub const ALL: [Stage; 6] =
        [Self::Draft, Self::Tested, Self::InReview, Self::Staging, Self::Production, Self::Retired];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Tested => "tested",
            Self::InReview => "in_review",
            Self::Staging => "staging",
            Self::Production => "production",
            Self::Retired => "retired",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What is known of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// It serves in the default environment.
    pub serves: bool,
    /// It serves in another one, or is the candidate of a rollout.
    pub stages: bool,
    /// It was retired.
    pub retired: bool,
    /// Its review was asked for, and it was not deployed since.
    pub review_asked: bool,
    /// It has a passing report by the current suite on its serving model.
    pub tested: bool,
}

impl Facts {
    /// The stage that follows. What serves comes first: a version that was rolled back to after it was retired
    /// serves, and is retired again when another takes its place.
    pub fn stage(self) -> Stage {
        match self {
            Self { serves: true, .. } => Stage::Production,
            Self { stages: true, .. } => Stage::Staging,
            Self { retired: true, .. } => Stage::Retired,
            Self { review_asked: true, .. } => Stage::InReview,
            Self { tested: true, .. } => Stage::Tested,
            Self { .. } => Stage::Draft,
        }
    }
}

/// What makes a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum By {
    /// A passing report.
    Test,
    /// A changed suite, by which it has no report.
    Suite,
    /// A request for review.
    Request,
    /// A deployment or a rollout, if the gate lets it.
    Deploy,
    /// A rollback, if it served there before.
    Rollback,
    /// Another version in its place.
    Replaced,
    /// Retirement.
    Retire,
    /// Retirement taken back.
    Undo,
}

impl By {
    /// How a person makes it.
    fn how(self) -> &'static str {
        match self {
            Self::Test => "`gatemark test` with a passing report",
            Self::Suite => "a changed suite",
            Self::Request => "`gatemark review request`",
            Self::Deploy => "`gatemark deploy`",
            Self::Rollback => "`gatemark rollback` where it served before",
            Self::Replaced => "deploying another version in its place, or the end of its rollout",
            Self::Retire => "`gatemark retire`",
            Self::Undo => "`gatemark retire --undo`",
        }
    }
}

use Stage::{Draft, InReview, Production, Retired, Staging, Tested};

/// Every legal move. There is no other table.
pub const MOVES: [(Stage, Stage, By); 29] = [
    (Draft, Tested, By::Test),
    (Tested, Draft, By::Suite),
    (Tested, InReview, By::Request),
    // Where an environment asks for no test or no review, that is its policy's decision.
    (Draft, Staging, By::Deploy),
    (Draft, Production, By::Deploy),
    (Tested, Staging, By::Deploy),
    (Tested, Production, By::Deploy),
    (InReview, Staging, By::Deploy),
    (InReview, Production, By::Deploy),
    (Staging, Staging, By::Deploy),
    (Staging, Production, By::Deploy),
    (Production, Production, By::Deploy),
    (Draft, Production, By::Rollback),
    (Draft, Staging, By::Rollback),
    (Tested, Production, By::Rollback),
    (Tested, Staging, By::Rollback),
    (Retired, Production, By::Rollback),
    (Retired, Staging, By::Rollback),
    (Production, Staging, By::Replaced),
    (Production, Tested, By::Replaced),
    (Production, Draft, By::Replaced),
    (Staging, Tested, By::Replaced),
    (Staging, Draft, By::Replaced),
    (Draft, Retired, By::Retire),
    (Tested, Retired, By::Retire),
    (InReview, Retired, By::Retire),
    (Retired, InReview, By::Undo),
    (Retired, Tested, By::Undo),
    (Retired, Draft, By::Undo),
];

/// Whether a version that is at `from` may be moved to `to` by `by`. `version` is how messages call it.
///
/// # Errors
/// `Refused` if not, with the code `illegal_move`, saying which moves are legal and how to get there.
pub fn check(version: &str, from: Stage, to: Stage, by: By) -> Result<()> {
    if MOVES.contains(&(from, to, by)) {
        return Ok(());
    }
    let ways = |moves: &mut dyn Iterator<Item = (Stage, By)>| {
        let mut ways: Vec<String> = vec![];
        for (stage, by) in moves {
            let way = format!("{stage} by {}", by.how());
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        ways.join(", ")
    };
    let mut legal = MOVES.iter().filter(|(at, ..)| *at == from).map(|(_, to, by)| (*to, *by));
    let mut there = MOVES
        .iter()
        .filter(|(_, at, how)| *at == to && *how == by)
        .map(|(from, _, by)| (*from, *by));
    let message = format!(
        "{version} is {from} and cannot be made {to} by {}. From {from} it goes to: {}. To {to} one comes from: {}",
        by.how(),
        ways(&mut legal),
        ways(&mut there)
    );
    Err(Error::new(Kind::Refused, message).coded("illegal_move"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_stage_follows_from_facts() {
        let facts = Facts { tested: true, ..Facts::default() };
        assert_eq!(Facts::default().stage(), Draft);
        assert_eq!(facts.stage(), Tested);
        let facts = Facts { review_asked: true, ..facts };
        assert_eq!(facts.stage(), InReview);
        let retired = Facts { retired: true, ..facts };
        assert_eq!(retired.stage(), Retired);
        assert_eq!(Facts { stages: true, ..retired }.stage(), Staging, "what serves, serves");
        assert_eq!(Facts { stages: true, serves: true, ..facts }.stage(), Production);
    }

    #[test]
    fn the_table_says_each_move_once_and_reaches_every_stage() {
        for (place, one) in MOVES.iter().enumerate() {
            assert!(!MOVES.iter().skip(place + 1).any(|other| other == one), "{one:?}");
        }
        let reached: BTreeSet<Stage> = MOVES.iter().map(|(_, to, _)| *to).collect();
        assert_eq!(reached, Stage::ALL.into());
    }

    #[test]
    fn what_must_not_be_is_not() {
        for from in Stage::ALL {
            let deploys = |to| check("x", from, to, By::Deploy).is_ok();
            assert_eq!(deploys(Production), from != Retired, "{from}");
            let retires = check("x", from, Retired, By::Retire).is_ok();
            assert_eq!(retires, !matches!(from, Staging | Production | Retired), "{from}");
            let asks = check("x", from, InReview, By::Request).is_ok();
            assert_eq!(asks, from == Tested, "{from}");
        }
    }

    #[test]
    fn a_refusal_says_what_is_legal_and_how_to_get_there() {
        let error = check("version 2 of `a/b`", Production, Retired, By::Retire).unwrap_err();
        assert_eq!((error.kind(), error.code()), (Kind::Refused, "illegal_move"));
        for part in ["version 2 of `a/b` is production", "deploying another version", "draft by"] {
            assert!(error.message().contains(part), "{part:?} is not in {error}");
        }
    }
}
