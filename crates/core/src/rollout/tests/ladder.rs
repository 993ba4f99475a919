//! Whole rollouts from end to end.

use super::stage::*;
use crate::assign::{Mode, Unit};
use crate::gate::Purpose;
use crate::rollout::*;

/// The whole default ladder on a simulated clock: every step by its hour, the promotion, the watch, the end.
#[test]
fn the_default_ladder_from_end_to_end() {
    let mut rollout = begin(Plan::canary());
    let mut traffic = Traffic::of(1_000_000, 1);
    let mut now = 0;
    let changes = pass(&mut rollout, &mut traffic, &mut now, (2_000, 100), (GOOD, GOOD));
    assert_eq!(
        changes,
        [(24, "advance"), (72, "advance"), (144, "advance"), (312, "promote")],
        "{:?}",
        rollout.reason
    );
    assert_eq!((rollout.effect(), rollout.share()), (Some(Effect::Promote), 5_000));
    assert_eq!(rollout.tick(now), None, "it waits for the gate");
    assert_eq!(rollout.promoted(8, now).action, "watch");
    assert_eq!((rollout.state, rollout.share(), rollout.effect()), (State::Watching, 10_000, None));
    assert_eq!(rollout.split().unwrap().mode, Mode::Watch);
    let changes = pass(&mut rollout, &mut traffic, &mut now, (2_000, 20), (GOOD, GOOD));
    assert_eq!(changes, [(312 + 336, "complete")]);
    assert!(rollout.reason.unwrap().contains("version 1 is retired unless"));
}

/// What was replaced is kept where nothing was seen in the watch.
#[test]
fn a_watch_without_data_retires_nothing() {
    let mut rollout = begin(Plan::canary());
    let mut traffic = Traffic::of(1_000_000, 1);
    let mut now = 0;
    pass(&mut rollout, &mut traffic, &mut now, (2_000, 100), (GOOD, GOOD));
    assert_eq!(rollout.promoted(8, now).action, "watch");
    let change = rollout.tick(now + 15 * DAY).unwrap();
    assert_eq!((change.action, change.retires), ("complete", None));
    assert!(change.detail.contains("version 1 is kept, for `errors` had no data"), "{change:?}");
}

/// The same with 3,000 people who come back all the time: later steps go on learning from those who move.
#[test]
fn a_ramp_over_the_same_people_comes_through() {
    let mut plan = Plan::canary().with_samples(200);
    plan.steps.iter_mut().for_each(|step| step.least = 50);
    let mut rollout = begin(plan);
    let mut traffic = Traffic::of(3_000, 2);
    let mut now = 0;
    let changes = pass(&mut rollout, &mut traffic, &mut now, (900, 400), (GOOD, GOOD));
    let promoted = changes.last().unwrap();
    assert_eq!(promoted.1, "promote", "{changes:?} {:?}", rollout.standing(now).waits_for);
    let units: u64 = rollout.phases.iter().map(|phase| phase.candidate).sum();
    assert!((1_200..1_800).contains(&units), "each person counts once with the candidate: {units}");
    assert!(rollout.phases.iter().any(|phase| phase.before > 0), "people count again in control");
    assert!(rollout.standing(now).ratio_holds);
}

#[test]
fn a_bad_candidate_is_aborted_in_the_first_step() {
    let bad = [
        (Quality { off_format: 0.3, ..GOOD }, "off_format"),
        (Quality { errors: 0.3, ..GOOD }, "errors"),
        (Quality { slow: 0.5, ..GOOD }, "latency"),
        (Quality { dear: 3.0, ..GOOD }, "cost"),
    ];
    for (quality, rail) in bad {
        let mut rollout = begin(Plan::canary());
        let mut traffic = Traffic::of(1_000_000, 3);
        let mut now = 0;
        let changes = pass(&mut rollout, &mut traffic, &mut now, (23, 200), (GOOD, quality));
        assert_eq!(changes.last().map(|(_, action)| *action), Some("abort"), "{rail}");
        assert_eq!(rollout.state, State::Aborted);
        let reason = rollout.reason.clone().unwrap();
        assert!(reason.contains(&format!("`{rail}` is worse")), "{reason}");
        assert_eq!((rollout.split(), rollout.share()), (None, 0));
        assert_eq!(rollout.tick(now + DAY), None, "what is over stays over");
    }
}

/// Looked at after every hour, a candidate that equals control is hardly ever aborted.
#[test]
fn an_equal_candidate_is_not_aborted() {
    let mut aborted = 0;
    for seed in 0..12 {
        let mut rollout = begin(Plan::canary());
        let mut traffic = Traffic::of(1_000_000, 100 + seed);
        let mut now = 0;
        pass(&mut rollout, &mut traffic, &mut now, (150, 30), (GOOD, GOOD));
        aborted += usize::from(rollout.state == State::Aborted);
    }
    // At the level 0.05, 4 or more of 12 come with a probability of 0.002.
    assert!(aborted < 4, "{aborted} of 12");
}

#[test]
fn it_reverts_when_it_turns_bad_while_watched() {
    let mut rollout = begin(Plan::canary());
    let mut traffic = Traffic::of(1_000_000, 5);
    let mut now = 0;
    pass(&mut rollout, &mut traffic, &mut now, (2_000, 100), (GOOD, GOOD));
    rollout.promoted(8, now);
    let bad = Quality { errors: 0.3, ..GOOD };
    let changes = pass(&mut rollout, &mut traffic, &mut now, (48, 100), (bad, bad));
    assert_eq!(changes.last().map(|(_, action)| *action), Some("revert"));
    assert_eq!(rollout.effect(), Some(Effect::Revert));
    assert_eq!(rollout.reverted(now).action, "abort");
    assert_eq!((rollout.state, rollout.share()), (State::Aborted, 0));
}

/// A person was faster than any evidence: the candidate is held to what control was like before.
#[test]
fn who_is_promoted_at_once_is_watched_all_the_same() {
    let mut rollout = begin(Plan::canary());
    rollout.command(Command::Promote, SECOND).unwrap();
    assert_eq!(rollout.promoted(8, 2 * SECOND).action, "watch");
    let names: Vec<&str> = rollout.rails.iter().map(|rail| rail.plan.name()).collect();
    assert_eq!(names, ["errors", "off_format", "fallbacks", "retries", "latency", "cost"]);
    let (mut traffic, mut now) = (Traffic::of(1_000_000, 11), 2 * SECOND);
    let bad = Quality { off_format: 0.3, ..GOOD };
    let changes = pass(&mut rollout, &mut traffic, &mut now, (48, 100), (bad, bad));
    assert_eq!(changes.last().map(|(_, action)| *action), Some("revert"), "{changes:?}");
}

#[test]
fn silence_holds_and_then_aborts() {
    let mut rollout = begin(Plan::canary());
    assert_eq!(rollout.tick(23 * HOUR), None);
    let waits = rollout.standing(23 * HOUR).waits_for.join("; ");
    assert!(waits.contains("errors: data of the candidate"), "{waits}");
    assert_eq!(rollout.tick(24 * HOUR).unwrap().action, "abort");
    assert!(rollout.reason.unwrap().contains("no data"));
}

/// One guardrail without data is enough, though all others have plenty.
#[test]
fn a_score_that_nobody_gives_holds_and_then_aborts() {
    let mut plan = Plan::canary();
    plan.rails.push(RailPlan::new(Metric::Score("quality".into())));
    let mut rollout = begin(plan);
    let mut traffic = Traffic::of(1_000_000, 6);
    let mut now = 0;
    let changes = pass(&mut rollout, &mut traffic, &mut now, (200, 100), (GOOD, GOOD));
    assert_eq!(changes, [(24, "abort")]);
    assert!(rollout.reason.unwrap().contains("`quality` had no data"));
}

#[test]
fn units_that_get_lost_freeze_the_ramp() {
    let mut rollout = begin(Plan::canary());
    let mut traffic = Traffic::of(1_000_000, 7);
    let mut lost: Vec<Observation> = vec![];
    for call in 0..6_000 {
        let one = traffic.call(&rollout, call * 14 * SECOND, (GOOD, GOOD));
        if !one.candidate || call % 3 != 0 {
            lost.push(one);
        }
    }
    rollout.absorb(&lost);
    assert_eq!(rollout.tick(25 * HOUR).unwrap().action, "pause", "somebody has to hear of it");
    let standing = rollout.standing(25 * HOUR);
    assert!(!standing.ratio_holds && standing.waits_for[1].contains("arms' sizes"), "{standing:?}");
    assert_eq!(rollout.state, State::Paused, "frozen, not reverted");
    assert!(rollout.reason.unwrap().contains("units do not come to the arms as planned"));
}

#[test]
fn without_proof_it_ends_with_a_person() {
    let plan = Plan { longest_s: 20 * 86_400, ..Plan::canary().with_samples(1_000_000) };
    let mut rollout = begin(plan);
    let mut traffic = Traffic::of(1_000_000, 8);
    let mut now = 0;
    let changes = pass(&mut rollout, &mut traffic, &mut now, (1_000, 60), (GOOD, GOOD));
    assert_eq!(changes.last(), Some(&(480, "pause")));
    let reason = rollout.reason.clone().unwrap();
    assert!(reason.contains("inconclusive") && reason.contains("proof"), "{reason}");
    let mut resumed = rollout.clone();
    assert_eq!(resumed.command(Command::Resume, now + HOUR).unwrap().unwrap().action, "resume");
    assert_eq!(resumed.tick(now + 2 * HOUR), None, "it has the longest time again");
    assert_eq!(resumed.gives_up_at(), Some(now + HOUR + 20 * DAY));
    assert_eq!(rollout.command(Command::Promote, now).unwrap().unwrap().action, "promote");
}

#[test]
fn a_staged_way_back_moves_by_the_clock() {
    let mut rollout = begin(Plan::staged(1_800));
    rollout.purpose = Purpose::Rollback;
    let mut shares = vec![rollout.share()];
    for minute in 1..=27 {
        if rollout.tick(minute * 60 * SECOND).is_some() {
            shares.push(rollout.share());
        }
    }
    assert_eq!(shares, [1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 9_000]);
    assert_eq!(rollout.effect(), Some(Effect::Promote));
    assert_eq!(rollout.promoted(9, 28 * 60 * SECOND).action, "complete");
}

#[test]
fn a_shadow_serves_nobody_and_completes() {
    let mut rollout = begin(Plan::shadow());
    let split = rollout.split().unwrap();
    assert_eq!((split.mode, split.unit, rollout.share()), (Mode::Shadow, Unit::Call, 0));
    let mut traffic = Traffic::of(100, 9);
    let mut now = 0;
    let changes = pass(&mut rollout, &mut traffic, &mut now, (200, 200), (GOOD, GOOD));
    assert_eq!(changes.last().map(|(_, action)| *action), Some("complete"), "{changes:?}");
    assert_eq!(rollout.share(), 0);
}
