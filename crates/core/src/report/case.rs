//! How a case came out, from what its checks found.

use super::{CheckResult, Verdict};

/// What rounding may take from a mean that is exactly at the threshold.
const ROUNDING: f64 = 1e-9;

/// The verdict on a case and its score: the weighted mean of what its checks count, 0 to 1.
///
/// Without a threshold every check of a weight above 0 must hold: the verdict is the worst of theirs. With
/// one, the score must reach it, whatever single checks say; but a check that could not be found out, or
/// that found nothing to check, still decides, since its share of the score is unknown. Checks of weight 0
/// never decide; if there are no others, nothing was checked. A weight that is no number from 0, or a
/// score or threshold that is no share, is an error.
///
/// The score is `None` unless every deciding check has one.
pub fn case_verdict(results: &[CheckResult], threshold: Option<f64>) -> (Verdict, Option<f64>) {
    let weight = |result: &CheckResult| result.weight.unwrap_or(1.0);
    if results.iter().any(|result| !(weight(result).is_finite() && weight(result) >= 0.0)) {
        return (Verdict::Error, None);
    }
    let deciding: Vec<&CheckResult> =
        results.iter().filter(|result| weight(result) > 0.0).collect();
    let worst = Verdict::of_case(deciding.iter().map(|result| result.verdict));
    if worst >= Verdict::Error {
        return (worst, None);
    }
    // Weights are brought to at most 1 first: their plain sum could be infinite.
    let largest = deciding.iter().map(|result| weight(result)).fold(0.0, f64::max);
    let (mut sum, mut weights) = (0.0, 0.0);
    for result in &deciding {
        let Some(counted) = result.counted().filter(|score| (0.0..=1.0).contains(score)) else {
            return (Verdict::Error, None);
        };
        sum += counted * (weight(result) / largest);
        weights += weight(result) / largest;
    }
    let score = sum / weights;
    let verdict = match threshold {
        None => worst,
        Some(threshold) if !(0.0..=1.0).contains(&threshold) => Verdict::Error,
        Some(threshold) if score + ROUNDING >= threshold => Verdict::Pass,
        Some(_) => Verdict::Fail,
    };
    (verdict, Some(score))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Error, Fail, Inconclusive, Pass, Untested};
    use proptest::prelude::*;

    fn result(verdict: Verdict, score: Option<f64>, weight: Option<f64>) -> CheckResult {
        CheckResult { score, weight, ..CheckResult::plain("x", verdict, None) }
    }

    fn plain(verdict: Verdict) -> CheckResult {
        result(verdict, None, None)
    }

    fn weighing(verdict: Verdict, weight: f64) -> CheckResult {
        result(verdict, None, Some(weight))
    }

    #[test]
    fn without_a_threshold_every_weighing_check_must_hold() {
        for (results, wanted) in [
            (vec![], (Untested, None)),
            (vec![plain(Pass), plain(Pass)], (Pass, Some(1.0))),
            (vec![plain(Pass), plain(Fail)], (Fail, Some(0.5))),
            (vec![weighing(Pass, 3.0), weighing(Fail, 1.0)], (Fail, Some(0.75))),
            (vec![weighing(Fail, 0.0), plain(Pass)], (Pass, Some(1.0))),
            (vec![weighing(Error, 0.0), plain(Pass)], (Pass, Some(1.0))),
            (vec![weighing(Pass, 0.0)], (Untested, None)),
            (vec![plain(Pass), plain(Inconclusive)], (Inconclusive, Some(0.5))),
            (vec![plain(Fail), plain(Error)], (Error, None)),
            (vec![weighing(Pass, f64::NAN)], (Error, None)),
            (vec![weighing(Pass, -1.0)], (Error, None)),
            (vec![result(Pass, Some(f64::NAN), None)], (Error, None)),
            (vec![result(Pass, Some(0.6), None), plain(Pass)], (Pass, Some(0.8))),
        ] {
            assert_eq!(case_verdict(&results, None), wanted, "{results:?}");
        }
    }

    #[test]
    fn with_a_threshold_the_weighted_mean_decides() {
        for (results, threshold, wanted) in [
            (vec![], 0.0, Untested),
            (vec![weighing(Fail, 0.0)], 0.0, Untested),
            (vec![plain(Pass), plain(Fail)], 0.5, Pass),
            (vec![plain(Pass), plain(Fail)], 0.51, Fail),
            (vec![weighing(Pass, 3.0), weighing(Fail, 1.0)], 0.75, Pass),
            (vec![weighing(Pass, 0.1), weighing(Pass, 0.2), weighing(Fail, 0.7)], 0.3, Pass),
            (vec![plain(Pass), plain(Error)], 0.1, Error),
            (vec![plain(Pass), plain(Untested)], 0.1, Untested),
            (vec![plain(Pass)], f64::NAN, Error),
            (vec![plain(Pass)], 1.5, Error),
            (vec![weighing(Pass, f64::MAX), weighing(Fail, f64::MAX)], 0.5, Pass),
        ] {
            assert_eq!(case_verdict(&results, Some(threshold)).0, wanted, "{results:?}");
        }
    }

    fn any_result() -> impl Strategy<Value = CheckResult> {
        let verdict = prop::sample::select(vec![Pass, Fail, Inconclusive, Error, Untested]);
        let weight = prop::option::of(prop::sample::select(vec![0.0, 0.5, 1.0, 7.0]));
        (verdict, prop::option::of(0.0..=1.0), weight).prop_map(|(v, s, w)| result(v, s, w))
    }

    proptest! {
        #[test]
        fn order_scale_and_weightless_checks_do_not_matter(
            results in prop::collection::vec(any_result(), 0..6),
            threshold in prop::option::of(0.0..=1.0),
        ) {
            let (verdict, score) = case_verdict(&results, threshold);
            let mut other: Vec<CheckResult> = results.iter().rev().cloned().collect();
            for result in &mut other {
                result.weight = Some(result.weight.unwrap_or(1.0) * 4.0);
            }
            other.push(weighing(Error, 0.0));
            let (again, same) = case_verdict(&other, threshold);
            let near = |(a, b): (f64, f64)| (a - b).abs() < 1e-12;
            prop_assert_eq!(score.is_some(), same.is_some());
            prop_assert!(score.zip(same).is_none_or(near));
            // Exactly at the threshold, rounding may differ by order; nowhere else.
            let tie = score.zip(threshold).is_some_and(|(s, t)| (s - t).abs() < 1e-8);
            prop_assert!(tie || verdict == again);
        }

        #[test]
        fn it_never_passes_on_missing_evidence(
            results in prop::collection::vec(any_result(), 0..6),
            threshold in prop::option::of(0.0..=1.0),
        ) {
            let (verdict, score) = case_verdict(&results, threshold);
            let deciding: Vec<_> =
                results.iter().filter(|r| r.weight != Some(0.0)).map(|r| r.verdict).collect();
            if verdict == Pass {
                prop_assert!(!deciding.is_empty());
                prop_assert!(deciding.iter().all(|v| *v < Error));
                prop_assert!(threshold.is_some() || deciding.iter().all(|v| *v == Pass));
                prop_assert!(score.zip(threshold).is_none_or(|(s, t)| s >= t - 1e-8));
            }
            prop_assert!(score.is_none_or(|s| (0.0..=1.0 + 1e-12).contains(&s)));
        }

        #[test]
        fn raising_the_threshold_never_helps(
            results in prop::collection::vec(any_result(), 0..6),
            low in 0.0..=1.0, high in 0.0..=1.0,
        ) {
            let (low, high) = if low <= high { (low, high) } else { (high, low) };
            let passes = |t| case_verdict(&results, Some(t)).0 == Pass;
            prop_assert!(passes(low) || !passes(high));
        }
    }
}
