//! Tests and intervals for one look that was planned before.

use gatemark_core::stats::distribution::normal_quantile;
use gatemark_core::stats::paired::{Discordant, tango};
use gatemark_core::stats::planning;
use gatemark_core::stats::power::Aim;
use gatemark_core::stats::proportion::{self, Interval};
use gatemark_core::stats::two_sample::{self, Alternative, Method, Welch};
use serde_json::{Value, json};

use super::arguments::{Arguments, Range, Stop};
use super::shapes::{SUCCESSES, TRIALS};

fn ends(interval: Interval) -> Value {
    json!([interval.low, interval.high])
}

fn two_sided_z(alpha: f64) -> f64 {
    normal_quantile(1.0 - 0.5 * alpha)
}

#[allow(clippy::cast_precision_loss)]
pub(super) fn two_proportion_z(arguments: &mut Arguments) -> Result<Value, Stop> {
    let [a, b] = arguments.sides();
    let (alternative, alpha) = (arguments.alternative(), arguments.alpha(0.05));
    let null = arguments.number_or(&["null", "value"], Range::Any, 0.0);
    let pooled = arguments.flag("pooled", true);
    arguments.check()?;
    let test = two_sample::two_proportions(a, b, null, pooled, alternative).ok_or(Stop)?;
    let interval = proportion::newcombe(a, b, two_sided_z(alpha));
    let share = |side: proportion::Counted| side.successes as f64 / side.n as f64;
    Ok(json!({
        "statistic": test.z, "p_value": test.p, "difference": test.difference,
        "estimates": [share(a), share(b)], "standard_error": test.standard_error,
        "confidence_interval": ends(interval), "significant": test.p < alpha,
        "valid_for": "one look that was planned before",
    }))
}

pub(super) fn welch_t(arguments: &mut Arguments) -> Result<Value, Stop> {
    let [a, b] = arguments.samples(2);
    let (alternative, alpha) = (arguments.alternative(), arguments.alpha(0.05));
    arguments.check()?;
    let test = Welch::of(&a, &b).ok_or(Stop)?;
    let p = test.p(alternative);
    Ok(json!({
        "statistic": test.t, "p_value": p, "df": test.freedom, "difference": test.difference,
        "standard_error": test.standard_error,
        "confidence_interval": ends(test.interval(1.0 - alpha)), "significant": p < alpha,
        "valid_for": "one look that was planned before",
    }))
}

pub(super) fn mann_whitney(arguments: &mut Arguments) -> Result<Value, Stop> {
    let [a, b] = arguments.samples(1);
    let (alternative, alpha) = (arguments.alternative(), arguments.alpha(0.05));
    let method = match arguments.word("method", &[&["auto"], &["exact"], &["asymptotic"]]) {
        1 => Method::Exact,
        2 => Method::Asymptotic,
        _ => Method::Auto,
    };
    arguments.check()?;
    let Some(test) = two_sample::mann_whitney(&a, &b, alternative, method) else {
        arguments.problem("method", "exact is for smaller samples: write asymptotic");
        return Err(Stop);
    };
    Ok(json!({
        "statistic": test.u, "p_value": test.p, "superiority": test.superiority,
        "method": if test.exact { "exact" } else { "asymptotic" }, "significant": test.p < alpha,
        "valid_for": "one look that was planned before",
    }))
}

#[allow(clippy::cast_precision_loss)]
pub(super) fn wilson(arguments: &mut Arguments) -> Result<Value, Stop> {
    let (successes, n) = (arguments.count(SUCCESSES), arguments.count(TRIALS));
    let counted = arguments.counted("successes", successes, n);
    let alpha = arguments.alpha(0.05);
    arguments.check()?;
    let found = proportion::wilson(counted.successes, counted.n, two_sided_z(alpha));
    Ok(json!({
        "estimate": counted.successes as f64 / counted.n as f64, "low": found.low,
        "high": found.high, "confidence_interval": ends(found), "alpha": alpha,
    }))
}

#[allow(clippy::cast_precision_loss)]
pub(super) fn newcombe(arguments: &mut Arguments) -> Result<Value, Stop> {
    let [a, b] = arguments.sides();
    let alpha = arguments.alpha(0.05);
    arguments.check()?;
    let found = proportion::newcombe(a, b, two_sided_z(alpha));
    let share = |side: proportion::Counted| side.successes as f64 / side.n as f64;
    Ok(json!({
        "difference": share(a) - share(b), "low": found.low, "high": found.high,
        "confidence_interval": ends(found), "alpha": alpha,
    }))
}

pub(super) fn mcnemar(arguments: &mut Arguments) -> Result<Value, Stop> {
    let (pairs, all) = discordant(arguments);
    let (alternative, alpha) = (arguments.alternative(), arguments.alpha(0.05));
    arguments.check()?;
    let test = pairs.test();
    let (exact, mid) = match alternative {
        Alternative::TwoSided => (test.exact, test.mid),
        Alternative::Greater => (test.better, test.better_mid),
        Alternative::Less => (test.worse, test.worse_mid),
    };
    let interval = all.then(|| ends(tango(pairs, 1.0 - alpha)));
    Ok(json!({
        "statistic": pairs.gained.min(pairs.lost), "p_value": exact, "mid_p_value": mid,
        "gained": pairs.gained, "lost": pairs.lost,
        "difference": all.then(|| pairs.difference()), "confidence_interval": interval,
        "significant": exact < alpha,
    }))
}

/// The pairs, and whether it is known how many there are in all.
fn discordant(arguments: &mut Arguments) -> (Discordant, bool) {
    let Some((name, table)) = arguments.take(&["table"]) else {
        let gained = arguments.count(&["gained", "b"]);
        let lost = arguments.count(&["lost", "c"]);
        let all = arguments.has(&["cases", "n"]);
        let cases =
            if all { arguments.count(&["cases", "n"]) } else { gained.saturating_add(lost) };
        if cases < gained.saturating_add(lost) {
            arguments.problem("cases", "is less than gained and lost together");
        }
        return (Discordant { gained, lost, cases }, all);
    };
    let rows: Vec<Vec<u64>> = match table.as_array() {
        Some(rows) => {
            let rows = rows.iter().enumerate();
            rows.map(|(i, row)| arguments.counts_in(&format!("{name}[{i}]"), row)).collect()
        }
        None => vec![],
    };
    match rows.iter().map(Vec::as_slice).collect::<Vec<_>>().as_slice() {
        [[both, gained], [lost, neither]] => {
            let cases = both.saturating_add(*gained).saturating_add(*lost);
            let cases = cases.saturating_add(*neither);
            (Discordant { gained: *gained, lost: *lost, cases }, true)
        }
        _ => {
            arguments.problem(&name, "write two rows of two counts");
            (Discordant::default(), true)
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(super) fn sample_size(arguments: &mut Arguments) -> Result<Value, Stop> {
    let alpha = arguments.alpha(0.05);
    let power = arguments.number_or(&["power"], Range::Inside, 0.8);
    let ratio = arguments.number_or(&["ratio"], Range::Positive, 1.0);
    let (alternative, aim) = (arguments.alternative(), Aim { alpha, power });
    const FIRST: &[&str] = &["p1", "baseline", "baseline_rate", "prop1"];
    const SECOND: &[&str] = &["p2", "target", "prop2"];
    const EFFECT: &[&str] = &["effect", "mde", "minimum_detectable_effect", "diff"];
    const SPREAD: &[&str] = &["sd", "std", "standard_deviation"];
    let sizes = if arguments.has(SPREAD) {
        let sd = arguments.number(SPREAD, Range::Positive);
        let difference = arguments.number(&["difference", "effect", "delta", "mde"], Range::Any);
        arguments.check()?;
        planning::for_means(difference, sd, ratio, aim, alternative)
    } else if arguments.has(&["margin"]) {
        let p = arguments.number(FIRST, Range::Inside);
        let margin = arguments.number(&["margin"], Range::Inside);
        arguments.check()?;
        planning::for_non_inferiority(p, margin, ratio, aim)
    } else {
        let p = arguments.number(FIRST, Range::Inside);
        let q = if arguments.has(EFFECT) {
            p + arguments.number(EFFECT, Range::Any)
        } else {
            arguments.number(SECOND, Range::Inside)
        };
        if !(q > 0.0 && q < 1.0) {
            arguments.problem("effect", format!("leads to a share of {q}: it must be in 0 to 1"));
        }
        arguments.check()?;
        planning::for_shares(p, q, ratio, aim, alternative)
    };
    let Some(sizes) = sizes else {
        arguments.problem("effect", "is 0: no size shows that; write the effect to find");
        return Err(Stop);
    };
    let whole = |n: f64| n.ceil() as u64;
    let (first, second) = (whole(sizes.first), whole(sizes.second));
    Ok(json!({
        "n": first, "n1": first, "n2": second, "total": first.saturating_add(second),
        "exact": [sizes.first, sizes.second], "alpha": alpha, "power": power, "ratio": ratio,
    }))
}
