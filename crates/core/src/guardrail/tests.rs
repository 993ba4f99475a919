use super::*;
use crate::stats::random::SplitMix;

fn share(value: f64) -> Share {
    Share::new(value).unwrap()
}

fn success() -> Measure {
    Measure::Share { better: Better::Higher }
}

/// Calls until a decision, with the share 0.1 and success rates of control and candidate.
fn decided(guardrail: &Guardrail, rates: (f64, f64), most: u32, seed: u64) -> (Decision, u64) {
    let mut random = SplitMix::new(seed);
    let mut evidence = Evidence::new(guardrail, Some(rates.0));
    for _ in 0..most {
        let candidate = random.unit() < 0.1;
        let (arm, rate) =
            if candidate { (Arm::Candidate, rates.1) } else { (Arm::Control, rates.0) };
        let value = f64::from(u8::from(random.unit() < rate));
        evidence.observe(guardrail, arm, value, share(0.1));
        let decision = guardrail.decision(&evidence);
        assert_eq!(decision, guardrail.judge(&evidence).decision);
        if decision != Decision::Hold {
            return (decision, evidence.units().1);
        }
    }
    (Decision::Hold, evidence.units().1)
}

#[test]
fn a_bad_candidate_reverts_soon_and_an_equal_one_passes() {
    let guardrail = Guardrail::non_inferior(success(), 0.05);
    for seed in 0..5 {
        let (decision, units) = decided(&guardrail, (0.9, 0.5), 5000, seed);
        assert_eq!(decision, Decision::Revert);
        assert!(units < 60, "{units}");
        let (decision, units) = decided(&guardrail, (0.9, 0.9), 40_000, seed + 100);
        assert_eq!(decision, Decision::Pass);
        assert!(units >= 500);
    }
}

#[test]
fn without_data_it_holds_and_says_so() {
    let guardrail = Guardrail::non_inferior(success(), 0.03);
    let mut evidence = Evidence::new(&guardrail, None);
    assert_eq!(guardrail.judge(&evidence).why, Why::NoData);
    evidence.observe(&guardrail, Arm::Control, 1.0, share(0.1));
    evidence.observe(&guardrail, Arm::Candidate, f64::NAN, share(0.1));
    let verdict = guardrail.judge(&evidence);
    assert_eq!((verdict.decision, verdict.why), (Decision::Hold, Why::NoData));
    assert_eq!(together(&[], 0.05).decision, Decision::Hold);
}

/// The direction is right for every kind of measure, against control and against a limit.
#[test]
fn worse_is_worse_in_every_unit() {
    let score = Measure::Score { low: 1.0, high: 5.0, better: Better::Higher };
    let errors = Measure::Share { better: Better::Lower };
    for (measure, good, bad, limit, margin) in [
        (success(), [1.0, 1.0, 1.0, 0.0], [0.0, 1.0, 0.0, 0.0], 0.6, 0.2),
        (errors, [0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 1.0, 1.0], 0.4, 0.2),
        (score, [4.0, 5.0, 4.5, 4.0], [2.0, 1.0, 3.0, 2.0], 3.0, 0.4),
        (Measure::Slow { limit: 2.0 }, [1.0, 1.1, 0.5, 3.0], [3.0, 4.0, 0.5, 9.0], 0.4, 0.2),
        (Measure::Amount { cap: 9.0 }, [1.0, 1.5, 2.0, 1.0], [4.0, 3.0, 5.0, 9.0], 2.5, 0.3),
    ] {
        for against in [Against::Control, Against::Limit(limit)] {
            let guardrail = Guardrail { against, ..Guardrail::non_inferior(measure, margin) };
            assert_eq!(guardrail.problems(), []);
            for (candidate, wanted) in [(bad, Decision::Revert), (good, Decision::Pass)] {
                let mut random = SplitMix::new(3);
                let mut evidence = Evidence::new(&guardrail, None);
                let mut decision = Decision::Hold;
                for _ in 0..20_000 {
                    let arm = if random.unit() < 0.5 { Arm::Candidate } else { Arm::Control };
                    let values = if arm == Arm::Candidate { candidate } else { good };
                    evidence.observe(&guardrail, arm, values[random.below(4)], share(0.5));
                    decision = guardrail.decision(&evidence);
                    if decision != Decision::Hold {
                        break;
                    }
                }
                let verdict = guardrail.judge(&evidence);
                assert_eq!(decision, wanted, "{measure:?} {against:?} {verdict:?}");
                if wanted == Decision::Revert {
                    assert!(verdict.probability_of_harm > 0.9, "{verdict:?}");
                }
            }
        }
    }
}

#[test]
fn minutes_and_calls_agree() {
    let guardrail = Guardrail::non_inferior(success(), 0.03);
    let mut random = SplitMix::new(1);
    let mut apart = Evidence::new(&guardrail, Some(0.9));
    let mut together = apart;
    for _ in 0..50 {
        let (mut control, mut candidate) = (Moments::default(), Moments::default());
        for _ in 0..40 {
            let is_candidate = random.unit() < 0.2;
            let value = f64::from(u8::from(random.unit() < 0.9));
            let (arm, sums) = if is_candidate {
                (Arm::Candidate, &mut candidate)
            } else {
                (Arm::Control, &mut control)
            };
            sums.add(guardrail.outcome(value).unwrap());
            apart.observe(&guardrail, arm, value, share(0.2));
        }
        together.absorb(&guardrail, share(0.2), control, candidate);
    }
    let (apart, together) = (guardrail.judge(&apart), guardrail.judge(&together));
    assert_eq!(apart.candidate_units, together.candidate_units);
    // The centre moves between minutes only.
    assert!((apart.log_e_harm - together.log_e_harm).abs() < 0.1, "{apart:?} {together:?}");
    assert!((apart.difference.unwrap() - together.difference.unwrap()).abs() < 1e-3);
}

/// A state that was written and read goes on as if it had not been: a controller may be killed anywhere.
#[test]
fn stored_evidence_goes_on_where_it_was() {
    let guardrail = Guardrail::non_inferior(success(), 0.03);
    let mut kept = Evidence::new(&guardrail, Some(0.9));
    let mut stored = serde_json::to_string(&kept).unwrap();
    let mut random = SplitMix::new(2);
    for _ in 0..300 {
        let arm = if random.unit() < 0.1 { Arm::Candidate } else { Arm::Control };
        let value = f64::from(u8::from(random.unit() < 0.85));
        kept.observe(&guardrail, arm, value, share(0.1));
        let mut read: Evidence = serde_json::from_str(&stored).unwrap();
        read.observe(&guardrail, arm, value, share(0.1));
        stored = serde_json::to_string(&read).unwrap();
    }
    let read: Evidence = serde_json::from_str(&stored).unwrap();
    let (a, b) = (guardrail.judge(&kept), guardrail.judge(&read));
    assert!((a.log_e_harm - b.log_e_harm).abs() < 1e-6 && a.decision == b.decision);
    assert!(stored.len() < 700, "{} bytes", stored.len());
}

#[test]
fn several_guardrails_are_one_test() {
    let guardrail = Guardrail::non_inferior(success(), 0.03);
    let fresh = guardrail.judge(&Evidence::new(&guardrail, None));
    let with = |e: f64| Verdict { log_e_harm: e.ln(), ..fresh };
    let five = |e: f64| [with(1.0), with(e), with(1.0), with(0.5), with(0.5)];
    let weak = together(&five(90.0), 0.05);
    assert_eq!((weak.decision, weak.worst), (Decision::Hold, Some(1)));
    assert_eq!(together(&five(98.0), 0.05).decision, Decision::Revert);
    let pass = Verdict { decision: Decision::Pass, ..fresh };
    assert_eq!(together(&[pass, pass], 0.05).decision, Decision::Pass);
    assert_eq!(together(&[pass, fresh], 0.05).decision, Decision::Hold);
}

#[test]
fn impossible_guardrails_are_told_all_at_once() {
    let guardrail = Guardrail {
        against: Against::Limit(1.5),
        tolerance: -1.0,
        goal: Goal::NonInferior(0.0),
        alpha_revert: 0.0,
        alpha_pass: f64::NAN,
        ..Guardrail::non_inferior(success(), 0.0)
    };
    let fields: Vec<&str> = guardrail.problems().iter().map(|(field, _)| *field).collect();
    assert_eq!(fields, ["alpha_revert", "alpha_pass", "against", "goal", "tolerance"]);
}

/// Evidence as this release and earlier ones stored it; every later one has to read it or refuse it, and read it the
/// same.
#[test]
fn stored_evidence_stays_readable() {
    let guardrail = Guardrail::non_inferior(success(), 0.03);
    let mut evidence = Evidence::new(&guardrail, Some(0.75));
    evidence.absorb(&guardrail, share(0.5), Moments::counted(3, 4), Moments::counted(1, 4));
    let stored = include_str!("evidence-2.json");
    assert_eq!(serde_json::to_string(&evidence).unwrap(), stored.trim());
    for stored in [include_str!("evidence-1.json"), stored] {
        let read: Evidence = serde_json::from_str(stored).unwrap();
        assert_eq!(read, evidence);
    }
    let other = stored.replacen("\"version\":2", "\"version\":3", 1);
    let refused = serde_json::from_str::<Evidence>(&other).unwrap_err().to_string();
    assert!(refused.contains("has the form 3"), "{refused}");
}
