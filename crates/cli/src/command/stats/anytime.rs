//! What holds at all times together.

use gatemark_core::stats::proportion::{Counted, Interval};
use gatemark_core::stats::sequential::difference::{self, Block};
use gatemark_core::stats::sequential::evidence::p_value;
use gatemark_core::stats::sequential::hedged::Hedged;
use gatemark_core::stats::sequential::ratio::{self, Phase};
use gatemark_core::stats::sequential::{
    Arm, Bound, Claim, Comparison, Level, Share, Total, asymptotic, level,
};
use serde_json::{Value, json};

use super::arguments::{Arguments, Range, Stop, shown};
use super::shapes::{A, B, SUCCESSES, TRIALS};

/// Cells of the hedged sequence's grid.
const CELLS: usize = 1000;

pub(super) fn confidence_sequence(arguments: &mut Arguments) -> Result<Value, Stop> {
    let alpha = arguments.alpha(0.05);
    let samples = &["samples", "sample", "x", "data", "values"];
    if arguments.has(samples) {
        return of_samples(arguments, samples, alpha);
    }
    let one = !arguments.has(A) && !arguments.has(B) && !arguments.has(&["share"]);
    if one {
        let (successes, n) = (arguments.count(SUCCESSES), arguments.count(TRIALS));
        let counted = arguments.counted("successes", successes, n);
        arguments.check()?;
        let total = Total::counted(counted.successes, counted.n);
        return Ok(sequence(
            level::interval(total, alpha),
            total.mean(),
            counted.n,
            alpha,
            "betting",
        ));
    }
    let [a, b] = arguments.sides();
    let share = share(arguments);
    let centre = arguments.number_or(&["centre", "center"], Range::Unit, 0.5);
    arguments.check()?;
    let total = |side: Counted| Total::counted(side.successes, side.n);
    let (candidate, control) = (total(a), total(b));
    let share = share.ok_or(Stop)?;
    let block = Block { share, centre, control: control.into(), candidate: candidate.into() };
    let difference = candidate.mean().zip(control.mean()).map(|(a, b)| a - b);
    Ok(sequence(difference::interval(&[block], alpha), difference, a.n + b.n, alpha, "betting"))
}

fn of_samples(
    arguments: &mut Arguments,
    names: &[&'static str],
    alpha: f64,
) -> Result<Value, Stop> {
    let low = arguments.number_or(&["low", "lower"], Range::Any, 0.0);
    let high = arguments.number_or(&["high", "upper"], Range::Any, 1.0);
    let method = arguments.word("method", &[&["hedged"], &["betting"], &["asymptotic"]]);
    let values = arguments.numbers(names, Range::Any, 1);
    if low >= high {
        arguments.problem("low", format!("is {low} and high {high}: write low < high"));
    }
    let outside = values.iter().position(|value| !(low..=high).contains(value));
    if let Some(place) = outside.filter(|_| method != 2) {
        let what = format!("is outside {low} to {high}: set low and high to all that is possible");
        arguments.problem(&format!("samples[{place}]"), what);
    }
    let horizon = arguments.number_or(&["horizon"], Range::Positive, 1000.0);
    arguments.check()?;
    let parts: Vec<f64> = values.iter().map(|value| (value - low) / (high - low)).collect();
    let back = |part: f64| low + part * (high - low);
    #[allow(clippy::cast_precision_loss)]
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let (found, name) = match method {
        1 => {
            let mut total = Total::default();
            parts.iter().for_each(|part| total.add(*part));
            let found = level::interval(total, alpha);
            (Interval { low: back(found.low), high: back(found.high) }, "betting")
        }
        2 => {
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            let rho2 = asymptotic::mixture_for(horizon, alpha);
            let variance = squares / count / count;
            (asymptotic::interval(mean, count, variance, rho2, alpha), "asymptotic")
        }
        _ => {
            let mut hedged = Hedged::new(alpha, CELLS);
            parts.iter().for_each(|part| hedged.observe(*part));
            let found = hedged.interval();
            (Interval { low: back(found.low), high: back(found.high) }, "hedged")
        }
    };
    Ok(sequence(found, Some(mean), values.len() as u64, alpha, name))
}

fn sequence(found: Interval, estimate: Option<f64>, n: u64, alpha: f64, method: &str) -> Value {
    json!({
        "estimate": estimate, "low": found.low, "high": found.high,
        "confidence_interval": [found.low, found.high], "n": n, "alpha": alpha, "method": method,
        "valid_for": "any number of looks",
    })
}

/// The candidate's share, which has to be known before.
fn share(arguments: &mut Arguments) -> Option<Share> {
    Share::new(arguments.number(&["share"], Range::Inside))
}

pub(super) fn betting_test(arguments: &mut Arguments) -> Result<Value, Stop> {
    let alpha = arguments.alpha(0.05);
    let less = arguments.word("alternative", &[&["less", "smaller"], &["greater", "larger"]]) == 0;
    let samples = &["samples", "sample", "x", "data", "values"];
    if arguments.has(samples) {
        let values = arguments.numbers(samples, Range::Unit, 1);
        let null = arguments.number(&["null", "mean", "mu"], Range::Inside);
        arguments.check()?;
        let bound = if less { Bound::AtLeast(null) } else { Bound::AtMost(null) };
        let mut test = Level::new(bound);
        let mut first = None;
        for (place, value) in values.iter().enumerate() {
            test.observe(*value);
            first = first.or(test.refutes(alpha).then_some(place + 1));
        }
        return Ok(tested(test.log_e(), first, values.len() as u64, alpha));
    }
    let margin = arguments.number_or(&["margin"], Range::NotNegative, 0.0);
    let centre = arguments.number_or(&["centre", "center"], Range::Unit, 0.5);
    let claim = if less { Claim::NotWorse(margin) } else { Claim::Worse(margin) };
    let test = Comparison::new(claim, centre);
    if arguments.has(&["outcomes", "arms"]) {
        return in_order(arguments, test, alpha);
    }
    let [a, b] = arguments.sides();
    let share = share(arguments);
    arguments.check()?;
    let mut test = test;
    let total = |side: Counted| Total::counted(side.successes, side.n);
    test.absorb(share.ok_or(Stop)?, total(b), total(a));
    let first = test.refutes(alpha).then_some(a.n + b.n);
    let first = first.and_then(|n| usize::try_from(n).ok());
    Ok(tested(test.log_e(), first, a.n + b.n, alpha))
}

/// Outcomes with their arms, one by one; the centre follows control's mean so far, which weighs as much
/// as the given one after 20 outcomes.
#[allow(clippy::cast_precision_loss)]
fn in_order(arguments: &mut Arguments, mut test: Comparison, alpha: f64) -> Result<Value, Stop> {
    let outcomes = arguments.numbers(&["outcomes"], Range::Unit, 1);
    let arms = arms(arguments);
    let shares = shares(arguments, outcomes.len());
    if arms.len() != outcomes.len() {
        let (n, m) = (outcomes.len(), arms.len());
        arguments.problem("arms", format!("has {m} values and outcomes {n}: write as many"));
    }
    arguments.check()?;
    let (centre, mut control, mut first) = (test.centre(), Total::default(), None);
    for (place, ((arm, outcome), share)) in arms.iter().zip(&outcomes).zip(&shares).enumerate() {
        test.recentre((20.0 * centre + control.sum) / (20.0 + control.n as f64));
        test.observe(*arm, *outcome, *share);
        if *arm == Arm::Control {
            control.add(*outcome);
        }
        first = first.or(test.refutes(alpha).then_some(place + 1));
    }
    Ok(tested(test.log_e(), first, outcomes.len() as u64, alpha))
}

fn tested(log_e: f64, first: Option<usize>, n: u64, alpha: f64) -> Value {
    json!({
        "e_value": log_e.exp(), "log_e_value": log_e, "p_value": p_value(log_e),
        "reject": first.is_some(), "first_rejected_at": first, "n": n, "alpha": alpha,
        "valid_for": "any number of looks",
    })
}

fn arms(arguments: &mut Arguments) -> Vec<Arm> {
    let Some((name, value)) = arguments.take(&["arms"]) else {
        arguments.problem("arms", "is missing: write a list of control and candidate");
        return vec![];
    };
    let mut found = vec![];
    for (place, value) in value.as_array().into_iter().flatten().enumerate() {
        let arm = match value.as_str() {
            Some("control" | "baseline") => Some(Arm::Control),
            Some("candidate" | "treatment") => Some(Arm::Candidate),
            _ if value.as_f64() == Some(0.0) => Some(Arm::Control),
            _ if value.as_f64() == Some(1.0) => Some(Arm::Candidate),
            _ => None,
        };
        if arm.is_none() {
            let what = format!("is {}: write control or candidate (or 0 or 1)", shown(value));
            arguments.problem(&format!("{name}[{place}]"), what);
            break;
        }
        found.extend(arm);
    }
    found
}

/// One share for all, or one for each.
fn shares(arguments: &mut Arguments, n: usize) -> Vec<Share> {
    let Some((name, value)) = arguments.take(&["share", "shares"]) else {
        arguments.problem("share", "is missing: write the candidate's chance, e.g. 0.1");
        return vec![];
    };
    if !value.is_array() {
        let share = arguments.number_in(&name, &value, Range::Inside);
        return Share::new(share).map(|share| vec![share; n]).unwrap_or_default();
    }
    let values = arguments.numbers_in(&name, &value, Range::Inside, 1);
    if values.len() != n {
        let have = values.len();
        arguments.problem(&name, format!("has {have} values and outcomes {n}: write as many"));
    }
    values.into_iter().filter_map(Share::new).collect()
}

pub(super) fn srm(arguments: &mut Arguments) -> Result<Value, Stop> {
    let alpha = arguments.alpha(0.001);
    let mut phases = vec![];
    if let Some((name, value)) = arguments.take(&["phases"]) {
        let list = value.as_array().cloned().unwrap_or_default();
        if list.is_empty() {
            arguments.problem(&name, "write a list of {\"weights\": […], \"counts\": […]}");
        }
        for (place, phase) in list.iter().enumerate() {
            let place = format!("{name}[{place}]");
            let (counts, weights) = (phase.get("counts"), phase.get("weights"));
            phases.push(self::phase(arguments, &place, counts, weights));
        }
    } else {
        let counts = arguments.take(&["counts", "observed", "f_obs"]).map(|found| found.1);
        let names = &["weights", "shares", "expected", "ratio", "f_exp"];
        let weights = arguments.take(names).map(|found| found.1);
        phases.push(phase(arguments, "", counts.as_ref(), weights.as_ref()));
    }
    arguments.check()?;
    let log_e = ratio::log_e(&phases);
    let chi: Vec<Value> = phases
        .iter()
        .map(|phase| {
            ratio::chi_square(phase)
                .map_or(Value::Null, |(chi2, p)| json!({"statistic": chi2, "p_value": p}))
        })
        .collect();
    let only = chi.first().filter(|_| chi.len() == 1).cloned().unwrap_or(Value::Null);
    Ok(json!({
        "e_value": log_e.exp(), "log_e_value": log_e, "sequential_p_value": p_value(log_e),
        "mismatch": log_e >= -alpha.ln(), "alpha": alpha,
        "statistic": only.get("statistic"), "p_value": only.get("p_value"), "chi_square": chi,
    }))
}

fn phase(
    arguments: &mut Arguments,
    place: &str,
    counts: Option<&Value>,
    weights: Option<&Value>,
) -> Phase {
    let at = |field: &str| {
        if place.is_empty() { field.to_string() } else { format!("{place}.{field}") }
    };
    let Some(counts) = counts else {
        arguments.problem(&at("counts"), "is missing: write units by arm");
        return Phase { weights: vec![], counts: vec![] };
    };
    let counts = arguments.counts_in(&at("counts"), counts);
    let weights = match weights {
        Some(weights) => arguments.numbers_in(&at("weights"), weights, Range::NotNegative, 2),
        None => vec![1.0; counts.len()],
    };
    if counts.len() < 2 {
        arguments.problem(&at("counts"), "write at least two arms");
    } else if weights.len() != counts.len() {
        let (n, m) = (counts.len(), weights.len());
        arguments.problem(&at("weights"), format!("has {m} values and counts {n}: write as many"));
    } else if weights.iter().filter(|weight| **weight > 0.0).count() < 2 {
        arguments.problem(&at("weights"), "at least two arms need a weight above 0");
    }
    Phase { weights, counts }
}
