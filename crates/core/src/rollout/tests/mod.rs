mod ladder;
mod stage;

use proptest::prelude::*;

use super::*;
use crate::assign::{Mode, Unit};
use crate::error::Kind;
use stage::*;

#[test]
fn people_steer_it_and_may_say_so_twice() {
    let mut rollout = begin(Plan::canary());
    let pause = || Command::Pause { reason: Some("lunch".into()) };
    assert_eq!(rollout.command(pause(), HOUR).unwrap().unwrap().action, "pause");
    assert_eq!(rollout.command(pause(), HOUR).unwrap(), None);
    assert_eq!(rollout.tick(40 * HOUR), None, "a pause is no silence");
    assert_eq!(rollout.share(), 500, "a pause takes nothing back");
    assert_eq!(rollout.command(Command::Resume, 41 * HOUR).unwrap().unwrap().action, "resume");
    assert_eq!((rollout.epoch, rollout.step_since), (1, 40 * HOUR));
    assert_eq!(rollout.command(Command::Resume, 41 * HOUR).unwrap(), None);
    let abort = || Command::Abort { reason: None };
    assert_eq!(rollout.command(abort(), 42 * HOUR).unwrap().unwrap().action, "abort");
    assert_eq!(rollout.command(abort(), 42 * HOUR).unwrap(), None);
    let error = rollout.command(Command::Promote, 43 * HOUR).unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    assert!(error.to_string().contains("is aborted and cannot be promoted"), "{error}");
}

#[test]
fn a_long_pause_and_other_steps_start_anew() {
    let mut rollout = begin(Plan::canary());
    let mut traffic = Traffic::of(1_000_000, 10);
    traffic.flow(&mut rollout, (0, HOUR), 300, (GOOD, GOOD));
    let salt = rollout.salt();
    let late = traffic.call(&rollout, HOUR, (GOOD, GOOD));
    rollout.command(Command::Pause { reason: None }, HOUR).unwrap();
    let change = rollout.command(Command::Resume, 3 * DAY + 2 * HOUR).unwrap().unwrap();
    assert_eq!(change.action, "restart");
    assert_eq!((rollout.epoch, rollout.step, rollout.step_units), (2, 0, 0));
    assert_ne!(rollout.salt(), salt);
    rollout.absorb(&[late]);
    assert_eq!(rollout.rails[0].evidence.units(), (0, 0), "evidence of the old epoch is not taken");
    let steps = read_steps("20%:1h, 50%:2h", 10).unwrap();
    let plan = Plan { steps, ..Plan::canary() };
    rollout.command(Command::Restart(Box::new(plan)), 4 * DAY).unwrap().unwrap();
    assert_eq!((rollout.epoch, rollout.share()), (3, 2_000));
    let same = Command::Restart(Box::new(rollout.plan.clone()));
    assert_eq!(rollout.command(same, 4 * DAY + HOUR).unwrap(), None, "said twice");
    let empty = Plan { steps: vec![], ..Plan::canary() };
    assert!(rollout.command(Command::Restart(Box::new(empty)), 4 * DAY).is_err());
}

#[test]
fn another_deployment_ends_it() {
    let mut rollout = begin(Plan::canary());
    assert_eq!(rollout.superseded(Some(3), HOUR).unwrap().action, "supersede");
    assert_eq!(rollout.state, State::Aborted);
    assert_eq!(rollout.superseded(Some(4), HOUR), None);
}

/// A controller may be killed at any point: what is stored goes on as if nothing had been. (Means
/// that are only shown may lose their last bit in the text; evidence is kept as integers.)
#[test]
fn a_stored_rollout_goes_on_where_it_was() {
    let mut kept = begin(Plan::canary());
    let mut stored = serde_json::to_string(&kept).unwrap();
    let mut traffic = Traffic::of(500, 11);
    for hour in 0..60 {
        let observations: Vec<Observation> = (0..40)
            .map(|call| traffic.call(&kept, hour * HOUR + call * SECOND, (GOOD, GOOD)))
            .collect();
        for one in kept.absorb(&observations) {
            let earlier = Earlier { share: one.share, candidate: one.candidate };
            traffic.counted.insert((kept.epoch, one.unit, one.name), earlier);
        }
        let mut read: Rollout = serde_json::from_str(&stored).unwrap();
        read.absorb(&observations);
        // Read twice, as by a controller that was killed before it could store: nothing is doubled.
        let again = read.absorb(&observations);
        assert!(again.is_empty());
        assert_eq!(kept.tick((hour + 1) * HOUR), read.tick((hour + 1) * HOUR));
        assert_eq!(kept.standing(0).waits_for, read.standing(0).waits_for);
        stored = serde_json::to_string(&read).unwrap();
        assert_eq!(
            (read.cursor, read.step, read.step_units),
            (kept.cursor, kept.step, kept.step_units)
        );
        assert_eq!(read.phases, kept.phases);
        for (read, kept) in read.rails.iter().zip(&kept.rails) {
            let (read, kept) = (read.verdict(), kept.verdict());
            assert!((read.log_e_harm - kept.log_e_harm).abs() < 1e-6, "{read:?} {kept:?}");
            assert_eq!(read.decision, kept.decision);
        }
    }
    assert!(stored.len() < 20_000, "{} bytes", stored.len());
}

#[test]
fn steps_are_read_and_written() {
    let steps = read_steps("shadow 10%:1h, 5%:24h, 12.5% : 7d : 300, 100%", 100).unwrap();
    let read: Vec<_> = steps.iter().map(|s| (s.mode, s.share, s.hold_s, s.least)).collect();
    assert_eq!(
        read,
        [
            (Mode::Shadow, 1_000, 3_600, 100),
            (Mode::Serve, 500, 86_400, 100),
            (Mode::Serve, 1_250, 604_800, 300)
        ]
    );
    for wrong in
        ["5%", "0%:1h", "101%:1h", "5%:1", "5%:1h:x", "5%:1h:1:1", "x:1h", "0.001%:1h", "100%:1h"]
    {
        assert!(read_steps(wrong, 0).is_err(), "{wrong}");
    }
    for (text, wanted) in [
        ("0.07", 700),
        ("0.14", 1_400),
        ("0.28", 2_800),
        ("0.55", 5_500),
        ("0.56", 5_600),
        ("100%", 10_000),
        ("0.01%", 1),
    ] {
        assert_eq!(points(text).unwrap(), wanted, "{text}");
    }
    assert_eq!(spell(1_250), "12.5 %");
    assert_eq!(
        (duration(86_400), duration(90), duration(604_800)),
        ("1d".into(), "90s".into(), "7d".into())
    );
}

#[test]
fn plans_that_cannot_be_followed_say_all_that_is_wrong() {
    let step = |share, audience: &str| Step {
        mode: Mode::Serve,
        share,
        hold_s: 1,
        least: 0,
        audience: audience.parse().unwrap(),
    };
    let mut plan = Plan::canary();
    plan.steps = vec![step(2_000, ""), step(500, "tier = free"), step(0, "")];
    plan.alpha = 2.0;
    plan.rails.push(RailPlan::new(Metric::Errors));
    plan.rails.push(RailPlan { margin: -1.0, ..RailPlan::new(Metric::Score("q".into())) });
    let found = plan.problems().join("\n");
    for word in
        ["smaller share", "another audience", "share of 0 %", "alpha", "`errors` twice", "`q` goal"]
    {
        assert!(found.contains(word), "{word} in {found}");
    }
    assert!(Plan { steps: vec![], ..Plan::canary() }.problems()[0].contains("no steps"));
    let shadow = Plan { unit: Unit::User, ..Plan::shadow() };
    assert!(shadow.problems()[0].contains("must be `call`"));
}

proptest! {
    /// Whatever happens, shares only grow while it climbs, epochs never go back, and what is over stays over.
    #[test]
    fn any_history_is_lawful(events in prop::collection::vec((0..8_u8, 1..50_i64), 1..60), seed in 0..1000_u64) {
        let mut rollout = begin(Plan::canary().with_samples(50));
        let mut traffic = Traffic::of(100_000, seed);
        let mut now = 0;
        for (event, hours) in events {
            let before = rollout.clone();
            now += hours * HOUR;
            match event {
                0 => drop(rollout.command(Command::Pause { reason: None }, now)),
                1 => drop(rollout.command(Command::Resume, now)),
                2 if rollout.effect() == Some(Effect::Promote) => drop(rollout.promoted(9, now)),
                3 if rollout.effect() == Some(Effect::Revert) => drop(rollout.reverted(now)),
                4 if seed % 5 == 0 => drop(rollout.command(Command::Abort { reason: None }, now)),
                _ => {
                    if rollout.split().is_some() {
                        traffic.flow(&mut rollout, (now - HOUR, now), 60, (GOOD, GOOD));
                    }
                    drop(rollout.tick(now));
                }
            }
            prop_assert!(rollout.epoch >= before.epoch && rollout.cursor >= before.cursor);
            if before.state.is_over() {
                prop_assert_eq!(rollout.state, before.state);
            }
            if rollout.epoch == before.epoch && rollout.state.is_climbing() {
                prop_assert!(rollout.share() >= before.share());
            }
            if rollout.state.is_over() {
                prop_assert_eq!(rollout.split(), None);
            }
        }
    }
}

/// Evidence that an earlier release stored had names where there are places now.
#[test]
fn what_an_earlier_release_stored_goes_on() {
    let mut stored = serde_json::to_value(begin(Plan::canary())).unwrap();
    let earlier = include_str!("../../guardrail/evidence-1.json");
    stored["rails"][0]["evidence"] = serde_json::from_str(earlier).unwrap();
    let mut rollout: Rollout = serde_json::from_value(stored).unwrap();
    assert_eq!(rollout.rails[0].evidence.units(), (4, 4));
    let mut traffic = Traffic::of(1_000_000, 10);
    traffic.flow(&mut rollout, (0, HOUR), 300, (GOOD, GOOD));
    let (control, candidate) = rollout.rails[0].evidence.units();
    // Whoever came twice counts once.
    assert!((300..=308).contains(&(control + candidate)), "{control} {candidate}");
    // Ten thousand of them are read and written in a second.
    let text = serde_json::to_string(&rollout).unwrap();
    assert!(text.len() < 6_500, "{} bytes", text.len());
    let again: Rollout = serde_json::from_str(&text).unwrap();
    assert_eq!(again.rails[0].evidence.units(), (control, candidate));
}
