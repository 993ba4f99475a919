//! A rollout and live traffic for it, on a simulated clock.

use std::collections::HashMap;

use crate::assign::{self, Unit};
use crate::call::Outcome;
use crate::gate::Purpose;
use crate::id::Digest;
use crate::money::NanoUsd;
use crate::rollout::state::Beginning;
use crate::rollout::*;
use crate::stats::random::SplitMix;

pub(super) const SECOND: i64 = 1_000_000;
pub(super) const HOUR: i64 = 3_600 * SECOND;
pub(super) const DAY: i64 = 24 * HOUR;

pub(super) fn side(number: u32) -> Side {
    let version = Digest::of(&number.to_be_bytes());
    Side {
        number,
        version,
        model: None,
        evidence: None,
        upstreams: Default::default(),
        fallbacks: vec![],
    }
}

pub(super) fn baseline() -> Baseline {
    Baseline {
        calls: 5_000,
        errors: Some(0.01),
        off_format: Some(0.02),
        fallbacks: Some(0.0),
        retries: Some(0.03),
        p95_us: Some(1_000_000.0),
        cost: Some(1_000.0),
        cost_p999: Some(5_000.0),
    }
}

pub(super) fn begin(plan: Plan) -> Rollout {
    assert_eq!(plan.problems(), Vec::<String>::new());
    let from = Beginning {
        id: "0190".into(),
        prompt: "a/b".parse().unwrap(),
        environment: "production".parse().unwrap(),
        purpose: Purpose::Deploy,
        candidate: side(2),
        control: side(1),
        deployment: 7,
        plan,
        baseline: baseline(),
        actor: "ann".into(),
    };
    Rollout::begin(from, 0)
}

/// How the calls of an arm come out.
#[derive(Clone, Copy)]
pub(super) struct Quality {
    pub(super) off_format: f64,
    pub(super) errors: f64,
    pub(super) slow: f64,
    pub(super) dear: f64,
}

pub(super) const GOOD: Quality = Quality { off_format: 0.02, errors: 0.01, slow: 0.05, dear: 1.0 };

/// Live traffic of a number of people, through the split that the rollout gives out, as the store would give it
/// back.
pub(super) struct Traffic {
    random: SplitMix,
    people: usize,
    pub(super) counted: HashMap<(u32, String, String), Earlier>,
    seq: i64,
}

impl Traffic {
    pub(super) fn of(people: usize, seed: u64) -> Self {
        Self { random: SplitMix::new(seed), people, counted: HashMap::new(), seq: 0 }
    }

    pub(super) fn call(
        &mut self,
        rollout: &Rollout,
        at: i64,
        arms: (Quality, Quality),
    ) -> Observation {
        let split = rollout.split().unwrap();
        let person = self.random.below(self.people).to_string();
        self.seq += 1;
        let unit = if split.unit == Unit::Call { format!("call-{}", self.seq) } else { person };
        let candidate = split.arm(&unit).is_some();
        let quality = if candidate { arms.1 } else { arms.0 };
        let outcome = match self.random.unit() {
            x if x < quality.errors => Outcome::Error,
            x if x < quality.errors + quality.off_format => Outcome::OffFormat,
            _ => Outcome::Ok,
        };
        let slow = self.random.unit() < quality.slow;
        #[allow(clippy::cast_possible_truncation)]
        let cost = (quality.dear * (500.0 + 1_000.0 * self.random.unit())) as i64;
        let seen = Seen::Call {
            outcome,
            retried: self.random.unit() < 0.03,
            latency_us: Some(if slow { 2_000_000 } else { 400_000 }),
            cost: Some(NanoUsd(cost)),
        };
        let unit = (split.unit != Unit::Call).then(|| assign::pseudonym(&split.salt, &unit));
        let earlier = unit.as_ref().and_then(|unit| {
            self.counted.get(&(rollout.epoch, unit.clone(), seen.name().to_string())).copied()
        });
        let (epoch, share) = (split.epoch, split.share());
        Observation { seq: self.seq, epoch, candidate, arm: None, unit, earlier, share, at, seen }
    }

    /// Calls at even times from `from` up to `to`, `calls` of them, taken in one go.
    pub(super) fn flow(
        &mut self,
        rollout: &mut Rollout,
        (from, to): (i64, i64),
        calls: i64,
        arms: (Quality, Quality),
    ) {
        let observations: Vec<Observation> = (0..calls)
            .map(|call| self.call(rollout, from + (to - from) * call / calls, arms))
            .collect();
        let epoch = rollout.epoch;
        for one in rollout.absorb(&observations) {
            let earlier = Earlier { share: one.share, candidate: one.candidate };
            self.counted.insert((epoch, one.unit, one.name), earlier);
        }
    }
}

/// Lets hours pass until the state is another or `most` hours are over; the changes by the hour.
pub(super) fn pass(
    rollout: &mut Rollout,
    traffic: &mut Traffic,
    now: &mut i64,
    (most, calls): (i64, i64),
    arms: (Quality, Quality),
) -> Vec<(i64, &'static str)> {
    let mut changes = vec![];
    let state = rollout.state;
    for _ in 0..most {
        if rollout.split().is_some() {
            traffic.flow(rollout, (*now, *now + HOUR), calls, arms);
        }
        *now += HOUR;
        if let Some(change) = rollout.tick(*now) {
            changes.push((*now / HOUR, change.action));
        }
        if rollout.state != state {
            break;
        }
    }
    changes
}
