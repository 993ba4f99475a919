use super::*;
use crate::money::NanoUsd;

fn row(case: &str, category: &str, verdict: Verdict, latency_us: u64, cost: i64) -> Row {
    Row {
        case: case.into(),
        category: category.into(),
        repeat: 1,
        verdict,
        score: None,
        format_valid: verdict == Verdict::Pass,
        actual: String::new(),
        checks: vec![],
        error: None,
        latency_us,
        cost: Some(NanoUsd(cost)),
        paid: None,
        weight: None,
        cached: false,
        call: String::new(),
    }
}

#[test]
fn figures_come_from_rows() {
    let rows = [
        row("a", "happy", Verdict::Pass, 10, 3),
        row("b", "happy", Verdict::Error, 20, 0),
        row("c", "edge", Verdict::Untested, 30, 1),
    ];
    let summary = Summary::of(&rows);
    assert_eq!(summary.total.cases, 3);
    assert_eq!(summary.total.passed, 1);
    assert_eq!(summary.categories["happy"].errors, 1);
    assert_eq!(summary.p95_latency_us, 30);
    assert_eq!((summary.mean_cost, summary.max_cost), (NanoUsd(2), NanoUsd(3)));
}

#[test]
fn a_case_is_as_good_as_its_worst_check() {
    use Verdict::{Error, Fail, Inconclusive, Pass, Untested};
    assert_eq!(Verdict::of_case([Pass, Pass]), Pass);
    assert_eq!(Verdict::of_case([Pass, Fail]), Fail);
    assert_eq!(Verdict::of_case([Inconclusive, Pass]), Inconclusive);
    assert_eq!(Verdict::of_case([Fail, Error]), Error);
    assert_eq!(Verdict::of_case([]), Untested);
}

#[test]
fn a_flaky_case_is_no_pass_and_is_told_apart() {
    let rows = [
        row("a", "happy", Verdict::Pass, 1, 0),
        row("a", "happy", Verdict::Fail, 1, 0),
        row("b", "happy", Verdict::Pass, 1, 0),
        row("b", "happy", Verdict::Pass, 1, 0),
    ];
    let summary = Summary::of(&rows);
    assert_eq!((summary.total.cases, summary.total.passed, summary.total.flaky), (2, 1, 1));
    assert_eq!(summary.repeats, 2);
    assert_eq!(summary.pass_at, [0.75, 1.0]);
    assert_eq!(summary.pass_hat, [0.75, 0.5]);
}

#[test]
fn what_an_earlier_run_answered_is_neither_timed_nor_paid_again() {
    let mut rows = [row("a", "happy", Verdict::Pass, 1, 5), row("b", "happy", Verdict::Pass, 9, 7)];
    rows[1].cached = true;
    let summary = Summary::of(&rows);
    assert_eq!((summary.p95_latency_us, summary.timed(), summary.cached), (1, 1, 1));
    assert_eq!((summary.spent, summary.total_cost), (NanoUsd(5), NanoUsd(12)));
}
