//! How the looking at calls goes: what waits, what is late, what was found.

use std::collections::BTreeMap;

use gatemark_core::error::Result;
use gatemark_core::online::ALL;
use gatemark_core::review::{Cause, Decision, Reviewing};
use gatemark_core::signal::{Severity, Signal, SignalState};
use serde::Serialize;

use crate::Control;

/// The rule of the signal that calls wait too long.
pub const OVERDUE: &str = "review_overdue";

const SECOND: i64 = 1_000_000;

/// The queue of one environment.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ReviewStanding {
    /// Where; empty for calls of versions that were named by their number.
    pub environment: String,
    /// Undecided calls that nobody is at.
    pub open: u64,
    /// Undecided calls that somebody is at.
    pub claimed: u64,
    /// Undecided calls on which somebody was to have decided.
    pub overdue: u64,
    /// When the oldest undecided call began, in microseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest: Option<i64>,
    /// How long a decision may take, in seconds; `None` if nobody waits for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sla_s: Option<i64>,
    /// The share of answers that is drawn, 0 to 1.
    pub sample: f64,
    /// Calls that found no room, by the cause for which they were to be looked at.
    pub turned_away: BTreeMap<Cause, u64>,
}

/// What became of the calls that were looked at for a cause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CauseFigures {
    /// Undecided.
    pub waiting: u64,
    /// Found right.
    pub approved: u64,
    /// Found wrong.
    pub rejected: u64,
    /// Found wrong, and put right.
    pub edited: u64,
    /// Given up.
    pub skipped: u64,
}

/// The whole queue.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ReviewFigures {
    /// By environment: each that has calls in the queue or settings for it.
    pub environments: Vec<ReviewStanding>,
    /// By the most pressing cause, of calls since the time that was asked for.
    pub causes: BTreeMap<Cause, CauseFigures>,
}

impl Control {
    /// How the queue of each environment stands at `now`, in microseconds since 1970.
    pub async fn review_standing(&self, now: i64) -> Result<Vec<ReviewStanding>> {
        let mut all: BTreeMap<String, ReviewStanding> = BTreeMap::new();
        for place in self.project.environments.values() {
            let settings = place.reviewing;
            if settings == Reviewing::default() {
                continue;
            }
            let name = place.name.to_string();
            let standing = ReviewStanding {
                environment: name.clone(),
                sla_s: settings.sla_us.map(|sla| sla / SECOND),
                sample: f64::from(settings.share) / f64::from(ALL),
                ..ReviewStanding::default()
            };
            all.insert(name, standing);
        }
        for waiting in self.store.reviews_waiting(now).await? {
            let standing = of(&mut all, &waiting.environment);
            (standing.open, standing.claimed) = (waiting.open, waiting.claimed);
            standing.oldest = Some(waiting.oldest);
        }
        for (environment, before) in self.late_before(now) {
            let (late, _) = self.store.reviews_before(&environment, before).await?;
            of(&mut all, &environment).overdue = late;
        }
        for (environment, cause, calls) in self.store.reviews_turned_away().await? {
            of(&mut all, &environment).turned_away.insert(cause, calls);
        }
        Ok(all.into_values().collect())
    }

    /// How the queue stands at `now`, and what became of calls that began at `since` or later; both in microseconds
    /// since 1970.
    pub async fn review_figures(&self, now: i64, since: i64) -> Result<ReviewFigures> {
        self.ship_if_possible().await;
        let mut causes: BTreeMap<Cause, CauseFigures> = BTreeMap::new();
        for one in self.store.reviewed(since).await? {
            let figures = causes.entry(one.cause).or_default();
            let place = match one.decision {
                None => &mut figures.waiting,
                Some(Decision::Approve) => &mut figures.approved,
                Some(Decision::Reject) => &mut figures.rejected,
                Some(Decision::Edit) => &mut figures.edited,
                Some(Decision::Skip) => &mut figures.skipped,
            };
            *place += one.calls;
        }
        Ok(ReviewFigures { environments: self.review_standing(now).await?, causes })
    }

    /// A breach for each environment in which somebody was to have decided by `now` and has not.
    pub(crate) async fn overdue_reviews(&self, now: i64) -> Result<Vec<Signal>> {
        let mut found = vec![];
        for (environment, before) in self.late_before(now) {
            let (late, oldest) = self.store.reviews_before(&environment, before).await?;
            let Some(oldest) = oldest else { continue };
            let sla = now.saturating_sub(before);
            found.push(signal(&environment, late, oldest, sla));
        }
        Ok(found)
    }
}

fn of<'a>(all: &'a mut BTreeMap<String, ReviewStanding>, name: &str) -> &'a mut ReviewStanding {
    let environment = name.to_string();
    all.entry(name.to_string())
        .or_insert_with(|| ReviewStanding { environment, ..ReviewStanding::default() })
}

#[allow(clippy::cast_precision_loss)]
fn signal(environment: &str, late: u64, oldest: i64, sla: i64) -> Signal {
    let hours = sla as f64 / 3_600e6;
    let (calls, wait) = if late == 1 { ("call", "waits") } else { ("calls", "wait") };
    Signal {
        key: format!("{OVERDUE}/{environment}"),
        rule: OVERDUE.to_string(),
        prompt: None,
        environment: environment.parse().ok(),
        state: SignalState::Breach,
        severity: Severity::Warning,
        value: Some(late as f64),
        threshold: Some(0.0),
        unit: String::new(),
        window: String::new(),
        since: oldest.saturating_add(sla),
        summary: format!(
            "{late} {calls} in {environment} {wait} for a person for more than {hours} hours: gatemark review list --overdue"
        ),
        context: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_late_is_said_in_a_sentence() {
        let seen = signal("production", 2, 100 * SECOND, 3_600 * SECOND);
        assert_eq!((seen.key.as_str(), seen.since), ("review_overdue/production", 3_700 * SECOND));
        assert!(
            seen.summary
                .starts_with("2 calls in production wait for a person for more than 1 hours")
        );
        assert!(signal("x", 1, 0, 0).summary.starts_with("1 call in x waits"));
    }
}
