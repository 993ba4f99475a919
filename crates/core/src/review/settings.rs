//! What an environment says about the looking at its calls.

use serde::{Deserialize, Serialize};

use crate::online::drawn;

/// Which of an environment's calls people look at beside those that its versions and guards put before them, and
/// how soon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewing {
    /// How long after a call began somebody is to have decided, in microseconds; `None` if nobody waits.
    pub sla_us: Option<i64>,
    /// The share of answers that is drawn, in millionths, from 0 to [`ALL`](crate::online::ALL).
    pub share: u32,
    /// Whether answers are looked at in whose place the static fallback was served.
    pub fallbacks: bool,
}

impl Reviewing {
    /// Whether the call with this id is drawn: as [`Evaluate::draws`](crate::online::Evaluate::draws) does, with
    /// `review` in the place of `online`, so that what people see is not what was judged already.
    pub fn draws(&self, call: &str) -> bool {
        drawn("review", call, self.share)
    }

    /// When somebody is to have decided on a call that began at `at`; both in microseconds since 1970.
    pub fn due(&self, at: i64) -> Option<i64> {
        self.sla_us.map(|sla| at.saturating_add(sla))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::NanoUsd;
    use crate::online::{ALL, Evaluate};

    #[test]
    fn another_draw_than_that_of_judges() {
        let share = ALL / 2;
        let people = Reviewing { share, ..Reviewing::default() };
        let judges = Evaluate { share, per_day: NanoUsd::ZERO };
        let ids: Vec<String> = (0..10_000).map(|index| format!("call-{index}")).collect();
        let both = ids.iter().filter(|id| people.draws(id) && judges.draws(id)).count();
        // Half of a half is expected; four standard deviations are 173.
        assert!((2_327..2_673).contains(&both), "{both}");
        assert!(ids.iter().all(|id| !Reviewing::default().draws(id)));
        let all = Reviewing { share: ALL, ..people };
        assert!(ids.iter().all(|id| all.draws(id)));
    }

    #[test]
    fn a_time_to_decide() {
        let day = Reviewing { sla_us: Some(86_400_000_000), ..Reviewing::default() };
        assert_eq!(day.due(5), Some(86_400_000_005));
        assert_eq!(day.due(i64::MAX), Some(i64::MAX));
        assert_eq!(Reviewing::default().due(5), None);
    }
}
