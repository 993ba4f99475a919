//! Comparisons by hand, and that "not worse" is rarely said wrongly.

use super::*;
use crate::report::{CheckResult, Row, Verdict};
use crate::stats::random::SplitMix;

fn outcome(case: usize, passes: u32, tries: u32) -> Outcome {
    let category = ["happy", "edge"][case % 2].to_string();
    Outcome { case: format!("case-{case:03}"), category, passes, tries, ..Outcome::default() }
}

/// Outcomes of single tries: 1 passes.
fn side(passes: &[u32]) -> Vec<Outcome> {
    passes.iter().enumerate().map(|(case, passes)| outcome(case, *passes, 1)).collect()
}

fn row(case: &str, verdict: Verdict, score: Option<f64>) -> Row {
    Row {
        case: case.into(),
        category: "happy".into(),
        repeat: 1,
        verdict,
        score: None,
        format_valid: true,
        actual: String::new(),
        checks: vec![CheckResult {
            metric: "rouge".into(),
            score,
            ..CheckResult::plain("rouge", verdict, None)
        }],
        error: None,
        latency_us: 100,
        cost: Some(crate::NanoUsd(10)),
        paid: None,
        weight: None,
        cached: false,
        call: String::new(),
    }
}

#[test]
fn rows_become_outcomes() {
    let mut outcomes = Outcomes::default();
    outcomes.add(&row("b", Verdict::Pass, Some(0.5)));
    outcomes.add(&Row { cached: true, latency_us: 9, ..row("b", Verdict::Error, Some(1.0)) });
    outcomes.add(&Row { cost: None, cached: true, ..row("a", Verdict::Fail, None) });
    let found = outcomes.finish(|case| (case == "b").then(|| "document".to_string()));
    assert_eq!((found[1].passes, found[1].tries, found[1].scores["rouge"]), (1, 2, 0.75));
    assert_eq!((found[1].latency_us, found[1].source.as_deref()), (Some(100.0), Some("document")));
    assert_eq!((found[0].latency_us, found[0].cost, found[0].scores.len()), (None, None, 0));
    assert!(!found[1].holds() && found[1].share() == 0.5);
}

#[test]
fn single_tries_are_compared_by_their_flips() {
    let baseline = side(&[1, 1, 1, 0, 1, 1, 1, 1, 1, 1]);
    let mut candidate = side(&[0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
    candidate.push(outcome(77, 1, 1));
    let found = compare(candidate, baseline, 0.95);
    assert_eq!((found.cases, found.only_candidate, found.only_baseline), (10, 1, 0));
    assert_eq!(found.lost, ["case-000", "case-001"]);
    assert_eq!(found.gained, ["case-003"]);
    let difference = &found.accuracy.difference;
    assert!((difference.estimate + 0.1).abs() < 1e-12 && (difference.p - 1.0).abs() < 1e-12);
    assert!(
        matches!(difference.method, Method::Mcnemar(pairs) if (pairs.gained, pairs.lost) == (1, 2))
    );
    assert_eq!(found.categories["edge"].cases, 5);
    assert_eq!(found.standing(0.02), Standing::Inconclusive);
    assert!(
        found
            .sentence()
            .starts_with("Accuracy 80.0 % against 90.0 % (-10.0 points; 95 % interval -"),
        "{}",
        found.sentence()
    );
    assert!(
        found.sentence().contains("10 cases (1 on one side only, left out): 2 lost and 1 gained")
    );
    let json = serde_json::to_string(&found).unwrap();
    let read: Comparison = serde_json::from_str(&json).unwrap();
    assert_eq!((&read.lost, read.cases, read.accuracy.candidate), (&found.lost, 10, 0.8));
}

#[test]
fn repeats_and_sources_are_clustered() {
    let repeated: Vec<Outcome> = (0..40).map(|case| outcome(case, 2, 3)).collect();
    let better: Vec<Outcome> =
        (0..40).map(|case| outcome(case, 2 + u32::from(case < 20), 3)).collect();
    let found = compare(better, repeated, 0.95);
    assert_eq!(found.accuracy.difference.method, Method::PairedT { clusters: 40 });
    assert!((found.accuracy.difference.estimate - 1.0 / 6.0).abs() < 1e-12);
    assert_eq!((found.standing(0.0), found.gained.len()), (Standing::NotWorse, 20));
    let shared = |passes: &[u32]| -> Vec<Outcome> {
        let source = |case: usize| Some(format!("document {}", case / 4));
        let with = |(case, outcome)| Outcome { source: source(case), ..outcome };
        side(passes).into_iter().enumerate().map(with).collect()
    };
    let found = compare(shared(&[1; 40]), shared(&[1; 40]), 0.95);
    assert_eq!(
        (found.clusters, found.accuracy.difference.method),
        (10, Method::PairedT { clusters: 10 })
    );
    // Ten documents without a difference prove about as little as ten cases.
    assert!(found.accuracy.difference.bounds.low < -0.2);
    assert!(found.sentence().contains("40 cases from 10 sources: no case flipped"));
}

#[test]
fn nothing_in_common_is_inconclusive_and_one_source_says_nothing() {
    let found = compare(side(&[1]), vec![], 0.95);
    assert_eq!((found.standing(0.5), found.cases), (Standing::Inconclusive, 0));
    let alone = |passes| vec![Outcome { source: Some("x".into()), ..outcome(0, passes, 2) }];
    let found = compare(alone(2), alone(2), 0.95);
    assert_eq!(found.standing(0.5), Standing::Inconclusive);
}

#[test]
fn metrics_are_corrected_for_their_number() {
    let scored = |shift: f64| -> Vec<Outcome> {
        let with = |(case, outcome): (usize, Outcome)| {
            let base = (case % 7) as f64 / 10.0;
            let noise = (case % 3) as f64 / 100.0 * shift.signum();
            let scores = [("a", base + shift + noise), ("b", base)];
            let scores =
                scores.map(|(name, score)| (name.to_string(), score)).into_iter().collect();
            Outcome { scores, latency_us: Some(100.0 + 50.0 * shift), ..outcome }
        };
        side(&[1; 30]).into_iter().enumerate().map(with).collect()
    };
    let found = compare(scored(0.2), scored(0.0), 0.95);
    let (a, b) = (&found.metrics["a"], &found.metrics["b"]);
    assert!(a.difference.p < 1e-9 && a.p_adjusted >= 2.9 * a.difference.p, "{a:?}");
    assert_eq!((b.difference.p, b.p_adjusted, b.difference.estimate), (1.0, 1.0, 0.0));
    assert!((found.latency_ratio.unwrap() - 1.1).abs() < 1e-12 && found.cost_ratio.is_none());
}

#[test]
fn a_suite_says_what_it_cannot_see() {
    let mut passes = [1; 50];
    passes[0] = 0;
    passes[1] = 0;
    let mut other = [1; 50];
    other[2] = 0;
    let found = compare(side(&passes), side(&other), 0.95);
    assert_eq!(found.sight(), "These 50 cases cannot see a drop below 12.1 points.");
    let wanted = NonInferiority { margin: 0.02, confidence: 0.95 };
    assert_eq!(
        found.judgement(wanted),
        "inconclusive: with 95 % confidence it may be up to 9.8 points worse"
    );
}

/// Where the candidate is worse by exactly the margin, "not worse" may be said in 5 % of comparisons.
#[test]
fn not_worse_is_rarely_said_wrongly() {
    let mut random = SplitMix::new(4);
    for (repeats, sources) in [(1, 0), (3, 0), (1, 40)] {
        let (runs, mut wrong) = (600, 0_u32);
        for _ in 0..runs {
            let (mut ours, mut theirs) = (vec![], vec![]);
            for case in 0..120 {
                // Cases are hard or easy for both sides; the candidate loses 5 points.
                let ease = if sources > 0 { 0.75 } else { 0.6 + 0.3 * random.unit() };
                let mut draw = |p: f64| (0..repeats).filter(|_| random.unit() < p).count();
                let count = |n: usize| u32::try_from(n).unwrap();
                let source = (sources > 0).then(|| format!("{}", case % sources));
                let with = |passes| Outcome {
                    source: source.clone(),
                    ..outcome(case, passes, count(repeats))
                };
                theirs.push(with(count(draw(ease))));
                ours.push(with(count(draw(ease - 0.05))));
            }
            wrong += u32::from(compare(ours, theirs, 0.95).standing(0.05) == Standing::NotWorse);
        }
        let share = f64::from(wrong) / f64::from(runs);
        assert!((0.01..0.08).contains(&share), "{repeats} repeats, {sources} sources: {share}");
    }
}
