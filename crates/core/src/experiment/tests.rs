//! Whole experiments over simulated traffic.

use super::*;
use crate::analysis::Rule;
use crate::assign::STABLE;
use crate::call::Outcome;
use crate::error::Kind;
use crate::id::Digest;
use crate::ramp::{Metric, RailPlan};
use crate::rollout::{Baseline, Earlier, Observation, Seen, Side};
use crate::stats::random::SplitMix;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

fn arm(name: &str, share: u16) -> ArmPlan {
    ArmPlan { name: name.into(), version: None, model: None, share }
}

fn quality() -> RailPlan {
    RailPlan { margin: 0.05, ..RailPlan::new(Metric::Score("quality".into())) }
}

fn plan(arms: Vec<ArmPlan>) -> Plan {
    Plan { guardrails: vec![RailPlan::new(Metric::Errors)], ..Plan::usual(arms, quality()) }
}

fn side(number: u32) -> Side {
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

fn begun(plan: Plan) -> Experiment {
    assert_eq!(plan.problems(), Vec::<String>::new());
    let sides = (2..).take(plan.arms.len()).map(side).collect();
    let place = ("a/b".parse().unwrap(), "production".parse().unwrap());
    let mut experiment = Experiment::draft(("e1".into(), "tone".into()), place, plan, ("ann", 0));
    experiment.begin((side(1), 7), sides, &Baseline::default(), 0).unwrap();
    experiment
}

/// Traffic of new people, each with a call that succeeds or not and a score.
struct Traffic {
    random: SplitMix,
    seq: i64,
    now: i64,
}

impl Traffic {
    fn of(seed: u64) -> Self {
        Self { random: SplitMix::new(seed), seq: 0, now: 0 }
    }

    /// `people` of them at `at`; `good` says with what chance an arm's quality is 1.
    fn come(
        &mut self,
        experiment: &mut Experiment,
        (at, people): (i64, usize),
        good: impl Fn(&str) -> f64,
    ) {
        let Some(split) = experiment.split() else { return };
        let mut observations = vec![];
        for _ in 0..people {
            let unit = format!("person-{}", self.seq);
            let arm = split.arm(&unit).map_or(STABLE, |arm| arm.name.as_str()).to_string();
            let value = f64::from(u8::from(self.random.unit() < good(&arm)));
            let call = Seen::Call {
                outcome: Outcome::Ok,
                retried: false,
                latency_us: Some(9),
                cost: None,
            };
            let score = Seen::Score { name: "quality".into(), value };
            for seen in [call, score] {
                self.seq += 1;
                observations.push(Observation {
                    seq: self.seq,
                    epoch: 1,
                    candidate: arm != STABLE,
                    arm: Some(arm.clone()),
                    unit: Some(unit.clone()),
                    earlier: None,
                    share: split.share(),
                    at,
                    seen,
                });
            }
        }
        experiment.absorb(&observations);
    }

    /// Days with `people` each until something changes, at most `most`; the day from the first, and what.
    fn days(
        &mut self,
        experiment: &mut Experiment,
        (most, people): (i64, usize),
        good: impl Fn(&str) -> f64,
    ) -> Option<(i64, &'static str)> {
        for _ in 0..most {
            self.now += DAY;
            self.come(experiment, (self.now, people), &good);
            if let Some(change) = experiment.tick(self.now) {
                return Some((self.now / DAY, change.action));
            }
        }
        None
    }
}

#[test]
fn a_better_arm_wins_after_a_week_and_not_before() {
    let plan = Plan { aim: Aim::Better, ..plan(vec![arm("warm", 2_000), arm("cold", 2_000)]) };
    let mut experiment = begun(plan);
    let good = |arm: &str| if arm == "warm" { 0.9 } else { 0.7 };
    let change = Traffic::of(1).days(&mut experiment, (40, 2_000), good);
    assert_eq!(change, Some((7, "conclude")), "{:?}", experiment.reason);
    assert_eq!(experiment.winner.as_deref(), Some("warm"));
    assert_eq!((experiment.state, experiment.split()), (State::Concluded, None));
    assert!(experiment.reason.unwrap().contains("warm (version 2) is better than control"));
}

#[test]
fn a_harmful_arm_is_stopped_at_once_and_its_people_count_nowhere() {
    let mut experiment = begun(plan(vec![arm("bad", 1_000), arm("fine", 1_000)]));
    let good = |arm: &str| if arm == "bad" { 0.3 } else { 0.9 };
    let mut traffic = Traffic::of(2);
    assert_eq!(traffic.days(&mut experiment, (3, 1_000), good), Some((1, "stop_arm")));
    let stopped = experiment.arms[0].clone();
    assert!(stopped.stopped.as_ref().unwrap().contains("`quality` is worse"), "{stopped:?}");
    let split = experiment.split().unwrap();
    let names: Vec<_> = split.arms.iter().map(|arm| (arm.name.as_str(), arm.number)).collect();
    assert_eq!(names, [("bad-stopped", 1), ("fine", 3)], "their people are served by control");
    let anchors: Vec<_> = split.arms.iter().map(|arm| (arm.from, arm.to)).collect();
    assert_eq!(anchors, [(0, 1_000), (1_000, 2_000)], "nobody else changes arms");
    let before = experiment.arms[0].clone();
    traffic.come(&mut experiment, (DAY, 500), good);
    assert_eq!(experiment.arms[0], before);
    assert!(experiment.standing(DAY).ratio_holds);
    let change = traffic.days(&mut experiment, (40, 1_000), good);
    assert_eq!(change.map(|(_, action)| action), Some("conclude"), "{:?}", experiment.standing(0));
    assert_eq!(experiment.winner.as_deref(), Some("fine"), "not worse is enough");
}

#[test]
fn without_an_arm_left_control_goes_on() {
    let mut experiment = begun(plan(vec![arm("bad", 1_000)]));
    let good = |arm: &str| if arm == "bad" { 0.2 } else { 0.9 };
    let change = Traffic::of(3).days(&mut experiment, (3, 1_000), good);
    assert_eq!(change, Some((1, "conclude")));
    assert_eq!((experiment.state, experiment.winner), (State::Concluded, None));
}

#[test]
fn equal_arms_are_hardly_ever_called_better() {
    let mut wrong = 0;
    for seed in 0..40 {
        let plan = Plan { aim: Aim::Better, ..plan(vec![arm("a", 1_000), arm("b", 1_000)]) };
        let mut experiment = begun(plan);
        let change = Traffic::of(100 + seed).days(&mut experiment, (28, 150), |_| 0.8);
        let ended = change == Some((28, "expire")) && experiment.state == State::Inconclusive;
        wrong += u32::from(!ended);
    }
    assert!(wrong <= 3, "{wrong} of 40");
}

#[test]
fn the_best_of_several_is_found_and_losers_stop_early() {
    let arms = vec![arm("a", 2_000), arm("b", 2_000), arm("c", 2_000)];
    let mut experiment = begun(Plan { aim: Aim::Best, ..plan(arms) });
    let good = |arm: &str| match arm {
        "b" => 0.9,
        STABLE => 0.7,
        _ => 0.6,
    };
    let mut traffic = Traffic::of(4);
    let mut actions = vec![];
    while let Some((_, action)) = traffic.days(&mut experiment, (28, 400), good) {
        actions.push(action);
    }
    assert_eq!(actions, ["stop_arm", "stop_arm", "conclude"], "{:?}", experiment.reason);
    assert_eq!(experiment.winner.as_deref(), Some("b"));
}

/// The arm with the best answers fails too often and is stopped for that: the best of the others wins.
#[test]
fn an_arm_that_was_stopped_for_harm_beats_nobody() {
    let arms = vec![arm("a", 2_000), arm("b", 2_000)];
    let mut experiment = begun(Plan { aim: Aim::Best, ..plan(arms) });
    let good = |arm: &str| match arm {
        "a" => 0.98,
        "b" => 0.85,
        _ => 0.6,
    };
    let mut traffic = Traffic::of(7);
    traffic.come(&mut experiment, (1, 3_000), good);
    experiment.arms[0].stopped = Some("`errors` is worse than control's".into());
    assert_eq!(traffic.days(&mut experiment, (28, 400), good), Some((7, "conclude")));
    assert_eq!(experiment.winner.as_deref(), Some("b"), "{:?}", experiment.reason);
}

#[test]
fn a_fixed_rule_runs_its_whole_length() {
    let plan = Plan {
        rule: Rule::Fixed,
        aim: Aim::Better,
        longest_s: 14 * 86_400,
        ..plan(vec![arm("a", 5_000)])
    };
    let mut experiment = begun(plan);
    let good = |arm: &str| if arm == "a" { 0.9 } else { 0.5 };
    let change = Traffic::of(5).days(&mut experiment, (40, 500), good);
    assert_eq!(change, Some((14, "expire")));
    assert!(experiment.reason.unwrap().contains("a person decides by the report"));
}

#[test]
fn units_that_come_to_the_wrong_arm_block_a_verdict() {
    let mut experiment = begun(Plan { aim: Aim::Better, ..plan(vec![arm("a", 5_000)]) });
    let good = |arm: &str| if arm == "a" { 0.9 } else { 0.5 };
    let mut traffic = Traffic::of(6);
    traffic.come(&mut experiment, (1, 3_000), good);
    // A fifth of control's units got lost.
    if let Some(phase) = experiment.phases.first_mut() {
        phase.counts[0] = phase.counts[0] * 4 / 5;
    }
    assert_eq!(experiment.tick(8 * DAY).unwrap().action, "mismatch");
    assert_eq!(experiment.tick(9 * DAY), None, "it is told once, and nobody wins");
    let waits = experiment.standing(8 * DAY).waits_for;
    assert!(waits.iter().any(|wait| wait.contains("units do not come")), "{waits:?}");
}

#[test]
fn observations_count_once_and_orders_may_be_said_twice() {
    let mut experiment = begun(plan(vec![arm("a", 5_000)]));
    let one = Observation {
        seq: 1,
        epoch: 1,
        candidate: true,
        arm: Some("a".into()),
        unit: Some("u".into()),
        earlier: None,
        share: 5_000,
        at: 1,
        seen: Seen::Call { outcome: Outcome::Ok, retried: false, latency_us: None, cost: None },
    };
    assert_eq!(experiment.absorb(std::slice::from_ref(&one)).len(), 1);
    let earlier = Some(Earlier { share: 5_000, candidate: true });
    let two = Observation { seq: 2, earlier, ..one.clone() };
    assert!(experiment.absorb(&[one.clone(), two]).is_empty(), "read before, or counted before");
    let seen = experiment.arms[0].seen;
    assert_eq!((seen.calls, seen.units, experiment.cursor), (2, 1, 2));
    let stored = serde_json::to_string(&experiment).unwrap();
    assert_eq!(serde_json::from_str::<Experiment>(&stored).unwrap(), experiment);
    assert_eq!(experiment.due(), experiment.changed_at, "evidence waits to be judged");
    assert_eq!(experiment.tick(1), None);
    assert_eq!(experiment.due(), 7 * DAY);
    assert_eq!(experiment.stop(None, 2).unwrap().unwrap().action, "stop");
    assert_eq!(experiment.stop(None, 3).unwrap(), None);
    assert_eq!(experiment.superseded(Some(9), 4), None);
    let place = ("a/b".parse().unwrap(), "production".parse().unwrap());
    let plan = plan(vec![arm("a", 5_000)]);
    let mut draft = Experiment::draft(("e2".into(), "x".into()), place, plan, ("ann", 0));
    assert_eq!(draft.stop(None, 1).unwrap_err().kind(), Kind::Conflict);
    assert_eq!((draft.due(), draft.split()), (i64::MAX, None));
}

#[test]
fn what_cannot_be_followed_is_told_all_at_once() {
    let wrong = Plan {
        aim: Aim::Best,
        longest_s: 1,
        alpha: 1.0,
        metric: RailPlan::new(Metric::Cost),
        guardrails: vec![RailPlan::new(Metric::Cost)],
        ..plan(vec![arm("stable", 6_000), arm("x y", 0), arm("x y", 0)])
    };
    let told = wrong.problems().join("\n");
    for part in [
        "others are called",
        "letters, digits",
        "two arms named",
        "no share",
        "leaves control 40 %",
        "`cost` twice",
        "no bound",
        "alpha of 1",
        "`longest` is less",
    ] {
        assert!(told.contains(part), "{part:?} is not in\n{told}");
    }
}
