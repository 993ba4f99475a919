//! Many p-values, whole distributions, and raters.

use std::collections::BTreeMap;

use gatemark_core::stats::agreement::{self, Weights};
use gatemark_core::stats::drift::population;
use gatemark_core::stats::{multiple, two_sample};
use serde_json::{Value, json};

use super::arguments::{Arguments, Range, Stop};

pub(super) fn holm(arguments: &mut Arguments) -> Result<Value, Stop> {
    adjusted(arguments, multiple::holm)
}

pub(super) fn benjamini_hochberg(arguments: &mut Arguments) -> Result<Value, Stop> {
    adjusted(arguments, multiple::benjamini_hochberg)
}

fn adjusted(arguments: &mut Arguments, adjust: fn(&[f64]) -> Vec<f64>) -> Result<Value, Stop> {
    let names = &["p_values", "pvalues", "pvals", "ps", "p"];
    let p = arguments.numbers(names, Range::Unit, 1);
    let alpha = arguments.alpha(0.05);
    arguments.check()?;
    let adjusted = adjust(&p);
    let reject: Vec<bool> = adjusted.iter().map(|p| *p <= alpha).collect();
    Ok(
        json!({"adjusted": adjusted, "p_values_adjusted": adjusted, "reject": reject, "alpha": alpha}),
    )
}

pub(super) fn psi(arguments: &mut Arguments) -> Result<Value, Stop> {
    const SAMPLES: [&[&str]; 2] =
        [&["expected_samples", "reference_samples"], &["actual_samples", "current_samples"]];
    let (expected, actual, edges) = if arguments.has(SAMPLES[0]) || arguments.has(SAMPLES[1]) {
        let [expected, actual] = SAMPLES.map(|names| arguments.numbers(names, Range::Any, 1));
        let bins = if arguments.has(&["bins"]) { arguments.count(&["bins"]) } else { 10 };
        if !(2..=1000).contains(&bins) {
            arguments.problem("bins", format!("is {bins}: write 2 to 1000"));
        }
        arguments.stop()?;
        let edges = population::edges(&expected, usize::try_from(bins).unwrap_or(10));
        let counts = [expected, actual].map(|values| population::binned(&values, &edges));
        let [expected, actual] = counts;
        (expected, actual, Some(edges))
    } else {
        let mut side = |names| arguments.numbers(names, Range::NotNegative, 1);
        let expected = side(&["expected", "reference", "baseline"]);
        (expected, side(&["actual", "current", "observed"]), None)
    };
    let floor = arguments.number_or(&["floor", "epsilon"], Range::Inside, 1e-4);
    if expected.len() != actual.len() {
        let (n, m) = (expected.len(), actual.len());
        arguments.problem("actual", format!("has {m} bins and expected {n}: write as many"));
    }
    for (name, side) in [("expected", &expected), ("actual", &actual)] {
        if !side.is_empty() && side.iter().sum::<f64>() <= 0.0 {
            arguments.problem(name, "sums to 0: write counts or shares");
        }
    }
    arguments.check()?;
    let psi = population::stability_index(&expected, &actual, floor).ok_or(Stop)?;
    let shift = match psi {
        psi if psi < 0.1 => "none",
        psi if psi < 0.25 => "some",
        _ => "large",
    };
    Ok(json!({"psi": psi, "shift": shift, "edges": edges, "expected": expected, "actual": actual}))
}

pub(super) fn ks(arguments: &mut Arguments) -> Result<Value, Stop> {
    let [a, b] = arguments.samples(1);
    let alpha = arguments.alpha(0.05);
    arguments.check()?;
    let test = two_sample::kolmogorov_smirnov(&a, &b).ok_or(Stop)?;
    Ok(json!({
        "statistic": test.d, "p_value": test.p,
        "method": if test.exact { "exact" } else { "asymptotic" }, "significant": test.p < alpha,
    }))
}

pub(super) fn kappa(arguments: &mut Arguments) -> Result<Value, Stop> {
    if let Some((name, counts)) = arguments.take(&["counts", "table"]) {
        return fleiss(arguments, &name, &counts);
    }
    let a = labels(arguments, &["a", "y1", "rater1", "first"]);
    let b = labels(arguments, &["b", "y2", "rater2", "second"]);
    let order = arguments.has(&["labels"]).then(|| labels(arguments, &["labels"]));
    let words: [&[&str]; 3] = [&["none", "plain", "unweighted"], &["linear"], &["quadratic"]];
    let weights = arguments.word("weights", &words);
    if a.len() != b.len() {
        let (n, m) = (a.len(), b.len());
        arguments.problem("b", format!("has {m} labels and a has {n}: write as many"));
    }
    let order = order.unwrap_or_else(|| sorted(a.iter().chain(&b)));
    let ranks: BTreeMap<String, usize> =
        order.iter().enumerate().map(|(rank, label)| (key(label), rank)).collect();
    let unknown = a.iter().chain(&b).find(|label| !ranks.contains_key(&key(label)));
    if let Some(label) = unknown {
        arguments.problem("labels", format!("does not hold {label}: write every label"));
    }
    arguments.check()?;
    let rank = |label: &Value| ranks.get(&key(label)).copied().unwrap_or(usize::MAX);
    let pairs: Vec<(usize, usize)> = a.iter().zip(&b).map(|(a, b)| (rank(a), rank(b))).collect();
    let weights =
        [Weights::Plain, Weights::Linear, Weights::Quadratic].get(weights).copied().ok_or(Stop)?;
    let kappa = agreement::kappa(&pairs, order.len(), weights);
    let agree = pairs.iter().filter(|(a, b)| a == b).count();
    Ok(
        json!({"kappa": kappa, "n": pairs.len(), "agreeing": agree, "labels": order, "method": "cohen"}),
    )
}

fn fleiss(arguments: &mut Arguments, name: &str, counts: &Value) -> Result<Value, Stop> {
    let rows: Vec<Vec<u64>> = match counts.as_array() {
        Some(rows) => {
            let rows = rows.iter().enumerate();
            rows.map(|(i, row)| arguments.counts_in(&format!("{name}[{i}]"), row)).collect()
        }
        None => vec![],
    };
    let raters = |row: &Vec<u64>| row.iter().sum::<u64>();
    let first = rows.first().cloned().unwrap_or_default();
    let uneven = |row: &Vec<u64>| row.len() != first.len() || raters(row) != raters(&first);
    if raters(&first) < 2 {
        arguments.problem(name, "write for each thing how many raters chose each class, 2 or more");
    } else if let Some(place) = rows.iter().position(uneven) {
        let what = "has other classes or another number of raters than the first row";
        arguments.problem(&format!("{name}[{place}]"), what);
    }
    arguments.check()?;
    let kappa = agreement::fleiss(&rows);
    Ok(json!({"kappa": kappa, "n": rows.len(), "raters": raters(&first), "method": "fleiss"}))
}

/// A list of texts, numbers, or yes and no.
fn labels(arguments: &mut Arguments, names: &[&'static str]) -> Vec<Value> {
    let Some((name, value)) = arguments.take(names) else {
        let name = names.first().copied().unwrap_or_default();
        arguments.problem(name, "is missing: write a list of labels");
        return vec![];
    };
    let list = value.as_array().cloned().unwrap_or_default();
    if list.is_empty() {
        arguments.problem(&name, "write a list of labels, at least one");
    }
    let odd =
        list.iter().position(|label| label.is_array() || label.is_object() || label.is_null());
    if let Some(place) = odd {
        arguments.problem(&format!("{name}[{place}]"), "write a text or a number");
    }
    list
}

/// Labels by value: numbers first, then texts.
fn sorted<'a>(labels: impl Iterator<Item = &'a Value>) -> Vec<Value> {
    let mut all: Vec<Value> = labels.cloned().collect();
    all.sort_by(|a, b| {
        let number = |value: &Value| value.as_f64().unwrap_or(f64::INFINITY);
        number(a).total_cmp(&number(b)).then_with(|| key(a).cmp(&key(b)))
    });
    all.dedup_by(|a, b| key(a) == key(b));
    all
}

/// 1 and 1.0 are one label; "1" is another.
fn key(label: &Value) -> String {
    label.as_f64().map_or_else(|| label.to_string(), |number| number.to_string())
}
