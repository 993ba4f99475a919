use super::*;
use crate::stats::random::SplitMix;

fn plan() -> Plan {
    Plan {
        control: "control".into(),
        weights: [("control".to_string(), 1.0), ("v7".to_string(), 1.0)].into(),
        alpha: 0.05,
        margin: 0.05,
        lower: ["cost".to_string()].into(),
        rule: Rule::Anytime,
    }
}

/// Users of `calls` calls each, alike within a user.
fn recorded(users: u32, calls: u32, effect: f64, seed: u64) -> Vec<Record> {
    let mut random = SplitMix::new(seed);
    let mut records = vec![];
    for user in 0..users {
        let candidate = random.unit() < 0.5;
        let rate = 1.0 - 0.4 * random.unit() + if candidate { effect } else { 0.0 };
        for _ in 0..calls {
            let success = f64::from(u8::from(random.unit() < rate));
            let cost = (2.0 + random.unit()) * if candidate { 1.0 - effect } else { 1.0 };
            records.push(Record {
                arm: if candidate { "v7" } else { "control" }.into(),
                unit: format!("user {user}"),
                share: None,
                values: [("success".to_string(), success), ("cost".to_string(), cost)].into(),
            });
        }
    }
    records
}

fn found<'a>(analysis: &'a Analysis, metric: &str) -> &'a Compared {
    analysis.metrics.iter().find(|one| one.metric == metric).unwrap()
}

#[test]
fn a_worse_arm_is_told_in_every_metric() {
    let analysis = analyse(&recorded(1500, 3, -0.2, 1), &plan());
    for metric in ["success", "cost"] {
        let one = found(&analysis, metric);
        assert_eq!(one.finding, Finding::Worse, "{one:?}");
        assert!(one.sentence.contains("it is worse: stop it"), "{}", one.sentence);
        assert!(one.probability_of_harm > 0.99);
    }
    let success = found(&analysis, "success");
    assert_eq!((success.scale, success.lower_is_better), (Scale::Share, false));
    let interval = success.anytime.interval.unwrap();
    assert!(interval.low < -0.2 && -0.2 < interval.high && interval.high < 0.0, "{interval:?}");
    let cost = found(&analysis, "cost");
    assert!((cost.estimate - 0.5).abs() < 0.05 && cost.anytime.interval.unwrap().low > 0.0);
    assert!(!analysis.sample_ratio.unwrap().mismatch);
}

#[test]
fn equal_arms_are_not_worse_and_errors_are_those_of_units() {
    let records = recorded(9000, 5, 0.0, 2);
    let analysis = analyse(&records, &plan());
    let success = found(&analysis, "success");
    assert_eq!(success.finding, Finding::NotWorse, "{success:?}");
    // As if every call were a unit, the interval would be narrower.
    let loose: Vec<Record> = records
        .iter()
        .enumerate()
        .map(|(call, record)| Record { unit: call.to_string(), ..record.clone() })
        .collect();
    let loose = analyse(&loose, &plan());
    let width = |one: &Compared| one.fixed.interval.map(|i| i.high - i.low).unwrap();
    assert!(width(success) > 1.1 * width(found(&loose, "success")));
}

#[test]
fn lost_units_block_every_verdict() {
    let mut records = recorded(2000, 2, -0.3, 3);
    let mut kept = 0;
    records.retain(|record| {
        kept += 1;
        record.arm == "control" || kept % 4 < 2
    });
    let mut plan = plan();
    plan.weights.insert("control".into(), 2.5);
    let analysis = analyse(&records, &plan);
    assert!(analysis.sample_ratio.unwrap().mismatch, "{:?}", analysis.sample_ratio);
    assert!(analysis.metrics.iter().all(|one| one.finding == Finding::Blocked));
    assert!(found(&analysis, "success").sentence.contains("do not believe this"));
}

#[test]
fn units_that_move_are_left_out_and_told() {
    let mut records = recorded(10, 2, 0.0, 4);
    let arm = if records[0].arm == "v7" { "control" } else { "v7" };
    records.push(Record { arm: arm.into(), ..records[0].clone() });
    let analysis = analyse(&records, &plan());
    assert!(analysis.notes.iter().any(|note| note.starts_with("1 calls left out")));
    assert_eq!(analysis.arms.values().map(|size| size.calls).sum::<usize>(), 20);
}

#[test]
fn the_rule_for_one_look_says_what_peeking_does() {
    let mut plan = plan();
    plan.rule = Rule::Fixed;
    plan.weights.clear();
    let analysis = analyse(&recorded(800, 1, -0.2, 5), &plan);
    assert!(analysis.notes.iter().any(|note| note == PEEKING));
    assert!(analysis.notes.iter().any(|note| note.contains("no planned weights")));
    let success = found(&analysis, "success");
    assert_eq!(success.finding, Finding::Worse);
    assert!(success.sentence.contains("at one planned look"), "{}", success.sentence);
    assert!(analyse(&[], &plan).metrics.is_empty());
}

/// 150 A/A experiments with two metrics: any difference is declared in less than about one in twenty.
#[test]
fn equal_arms_are_rarely_told_apart() {
    let mut wrong = 0;
    for seed in 0..150 {
        let analysis = analyse(&recorded(300, 4, 0.0, 100 + seed), &plan());
        let differs = |one: &Compared| matches!(one.finding, Finding::Worse | Finding::Better);
        wrong += i32::from(analysis.metrics.iter().any(differs));
    }
    assert!(wrong <= 10, "{wrong}");
}

/// Where nothing varies the difference still says something, and less where there are few units.
#[test]
fn a_difference_without_variance_is_a_chance_of_harm() {
    let harm = |units: usize| {
        let mut records = vec![];
        for unit in 0..units {
            for (arm, value) in [("control", 0.0), ("v2", 1.0)] {
                let values = BTreeMap::from([("errors".to_string(), value)]);
                let unit = format!("{arm}-{unit}");
                records.push(Record { arm: arm.into(), unit, share: None, values });
            }
        }
        let plan = Plan {
            control: "control".into(),
            weights: BTreeMap::new(),
            alpha: 0.05,
            margin: 0.03,
            lower: BTreeSet::from(["errors".to_string()]),
            rule: Rule::Anytime,
        };
        analyse(&records, &plan).metrics[0].probability_of_harm
    };
    assert!((0.8..0.97).contains(&harm(2)), "{}", harm(2));
    assert!(harm(20) > 0.999_9);
}
