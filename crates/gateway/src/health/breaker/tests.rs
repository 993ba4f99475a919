//! The breaker against a model that keeps every result.

use super::*;
use proptest::prelude::*;

const MS: Duration = Duration::from_millis(1);

fn settings() -> BreakerSettings {
    BreakerSettings {
        window: 1000 * MS,
        min_samples: 5,
        failure_rate: 0.5,
        slow_after: Some(100 * MS),
        slow_rate: 0.8,
        open_for: 300 * MS,
        probes: 2,
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Wait(u64),
    Ask,
    /// Reports the n-th pass that is out.
    Report(usize, Verdict),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let verdict = prop_oneof![
        3 => Just(Verdict::Failed),
        3 => Just(Verdict::Answered(MS)),
        2 => Just(Verdict::Answered(150 * MS)),
        1 => Just(Verdict::Unknown),
    ];
    let step = prop_oneof![
        2 => (1u64..400).prop_map(Step::Wait),
        4 => Just(Step::Ask),
        4 => (0usize..4, verdict).prop_map(|(index, verdict)| Step::Report(index, verdict)),
    ];
    proptest::collection::vec(step, 1..300)
}

/// What the window may hold at least and at most: slots are dropped whole, so a result counts for between
/// nine and ten tenths of the window.
fn window(results: &[(Duration, bool)], now: Duration) -> (usize, usize) {
    let within = |age: Duration| results.iter().filter(|(at, _)| now - *at < age).count();
    (within(900 * MS), within(1000 * MS))
}

proptest! {
    #[test]
    fn holds_in_every_history(steps in steps()) {
        let settings = settings();
        let start = Instant::now();
        let mut now = start;
        let mut breaker = Breaker::new(start);
        let mut out: Vec<(Pass, BreakerState)> = vec![];
        // Results that count, since the breaker last closed.
        let mut results: Vec<(Duration, bool)> = vec![];
        let mut opened_at: Option<Instant> = None;
        let mut well = 0;
        for step in steps {
            let before = breaker.state(now);
            match step {
                Step::Wait(ms) => now += MS * u32::try_from(ms).unwrap(),
                Step::Ask => {
                    let expected = breaker.would_admit(&settings, now);
                    let passed = breaker.admit(&settings, now);
                    prop_assert_eq!(passed.is_ok(), expected);
                    if let Some(at) = opened_at && now < at + settings.open_for {
                        prop_assert!(passed.is_err(), "open means open");
                    }
                    if let Ok(pass) = passed {
                        out.push((pass, breaker.state(now)));
                    }
                    let probes = out.iter().filter(|(pass, state)| {
                        *state == BreakerState::HalfOpen && pass.period == breaker.period
                    });
                    prop_assert!(probes.count() <= settings.probes as usize);
                }
                Step::Report(index, verdict) if index < out.len() => {
                    let (pass, _) = out.remove(index);
                    let counts = pass.period == breaker.period && verdict != Verdict::Unknown;
                    let bad = match verdict {
                        Verdict::Failed => true,
                        Verdict::Answered(took) => took >= 100 * MS,
                        Verdict::Unknown => false,
                    };
                    if counts && before == BreakerState::Closed {
                        results.push((now - start, verdict == Verdict::Failed));
                    }
                    breaker.report(&settings, pass, verdict, now);
                    let after = breaker.state(now);
                    if !counts {
                        prop_assert_eq!(before, after, "a late or void report changes nothing");
                    }
                    match (before, after) {
                        (BreakerState::Closed, BreakerState::Open) => {
                            let (_, most) = window(&results, now - start);
                            prop_assert!(most >= 5, "opened on {most} samples");
                            opened_at = Some(now);
                        }
                        (BreakerState::Closed, BreakerState::Closed) if counts => {
                            // Everything in the window failed: it has to open.
                            let age = |at: Duration| now - start - at;
                            let recent: Vec<_> =
                                results.iter().filter(|(at, _)| age(*at) < 1000 * MS).collect();
                            let (least, _) = window(&results, now - start);
                            let all = recent.iter().all(|(_, failed)| *failed);
                            prop_assert!(!(least >= 5 && all), "stayed closed on {recent:?}");
                        }
                        (BreakerState::HalfOpen, BreakerState::Closed) => {
                            prop_assert_eq!(well + 1, settings.probes);
                            results.clear();
                            opened_at = None;
                        }
                        (BreakerState::HalfOpen, BreakerState::Open) => {
                            prop_assert!(bad);
                            opened_at = Some(now);
                        }
                        _ => {}
                    }
                    well = match after {
                        BreakerState::HalfOpen if counts && !bad => well + 1,
                        BreakerState::HalfOpen => well,
                        _ => 0,
                    };
                    if after != BreakerState::Closed {
                        results.clear();
                    }
                }
                Step::Report(..) => {}
            }
        }
    }
}

fn ask(breaker: &mut Breaker, verdict: Verdict, now: Instant) {
    let pass = breaker.admit(&settings(), now).unwrap();
    breaker.report(&settings(), pass, verdict, now);
}

#[test]
fn opens_on_failures_and_closes_after_probes_that_do_well() {
    let (settings, start) = (settings(), Instant::now());
    let mut breaker = Breaker::new(start);
    for _ in 0..4 {
        ask(&mut breaker, Verdict::Failed, start);
        assert_eq!(breaker.state(start), BreakerState::Closed, "too few to judge by");
    }
    ask(&mut breaker, Verdict::Failed, start);
    assert_eq!(breaker.state(start), BreakerState::Open);
    assert_eq!(breaker.admit(&settings, start + 100 * MS), Err(200 * MS));
    let later = start + 300 * MS;
    let (one, two) =
        (breaker.admit(&settings, later).unwrap(), breaker.admit(&settings, later).unwrap());
    assert!(breaker.admit(&settings, later).is_err(), "two probes at once, no more");
    breaker.report(&settings, one, Verdict::Answered(MS), later);
    assert_eq!(breaker.state(later), BreakerState::HalfOpen);
    breaker.report(&settings, two, Verdict::Answered(MS), later);
    assert_eq!(breaker.state(later), BreakerState::Closed);
    assert_eq!(breaker.opened(), 1);
}

#[test]
fn slow_answers_open_it_too_and_an_abandoned_probe_makes_room() {
    let (settings, start) = (settings(), Instant::now());
    let mut breaker = Breaker::new(start);
    for _ in 0..5 {
        ask(&mut breaker, Verdict::Answered(100 * MS), start);
    }
    assert_eq!(breaker.state(start), BreakerState::Open);
    let later = start + 300 * MS;
    let probe = breaker.admit(&settings, later).unwrap();
    let other = breaker.admit(&settings, later).unwrap();
    assert!(!breaker.would_admit(&settings, later));
    breaker.report(&settings, probe, Verdict::Unknown, later);
    assert!(breaker.would_admit(&settings, later));
    breaker.report(&settings, other, Verdict::Failed, later);
    assert_eq!(breaker.state(later), BreakerState::Open);
}

#[test]
fn old_results_are_forgotten() {
    let (settings, start) = (settings(), Instant::now());
    let mut breaker = Breaker::new(start);
    for _ in 0..4 {
        ask(&mut breaker, Verdict::Failed, start);
    }
    let later = start + 1000 * MS;
    assert_eq!(breaker.counts(&settings, later), Counts::default());
    ask(&mut breaker, Verdict::Failed, later);
    assert_eq!(breaker.state(later), BreakerState::Closed);
}
