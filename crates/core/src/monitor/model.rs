//! What is to come of the models that serve: an end that is announced, a price that has changed.

use std::collections::BTreeMap;

use super::Series;
use crate::id::ModelName;
use crate::period::Span;
use crate::signal::{Severity, Signal, SignalState};

/// Days before the end from which it is a breach, and from which it is critical.
const AHEAD: i64 = 60;
const CLOSE: i64 = 14;
/// How long a changed price is shown, in microseconds.
const SHOWN: i64 = 7 * 86_400_000_000;

/// Whether a model that a version is served on ends soon: at `end`, microseconds since 1970.
#[allow(clippy::cast_precision_loss)]
pub fn deprecation(series: &Series, model: &ModelName, end: i64, now: i64) -> Signal {
    let left = end.saturating_sub(now).div_euclid(Span::Day.micros());
    let state = if left < AHEAD { SignalState::Breach } else { SignalState::Ok };
    let severity = if left < CLOSE { Severity::Critical } else { Severity::Warning };
    let Series { prompt, environment, number } = series;
    let when = match left {
        ..0 => "has ended".to_string(),
        0 => "ends within a day".to_string(),
        1 => "ends in a day".to_string(),
        _ => format!("ends in {left} days"),
    };
    Signal {
        key: series.key(&format!("deprecation/{model}")),
        rule: "deprecation".to_string(),
        prompt: Some(prompt.clone()),
        environment: Some(environment.clone()),
        state,
        severity,
        value: Some(left as f64),
        threshold: Some(AHEAD as f64),
        unit: "days".to_string(),
        window: String::new(),
        since: now,
        summary: format!(
            "{prompt} version {number} in {environment} is served on {model}, which {when}"
        ),
        context: BTreeMap::from([
            ("version".to_string(), number.to_string()),
            ("model".to_string(), model.to_string()),
        ]),
    }
}

/// Whether a model's price is another than at the look before: `price` names it, see
/// [`Price::version`](crate::price::Price::version), and `before` is what that look said. A change is shown for a week.
pub fn price(model: &ModelName, price: &str, before: Option<&Signal>, now: i64) -> Signal {
    let known = before.and_then(|before| before.context.get("price"));
    let changed = known.is_some_and(|known| known != price);
    let recent = before.filter(|before| {
        before.state == SignalState::Breach && now.saturating_sub(before.since) < SHOWN
    });
    let mut context = BTreeMap::from([
        ("model".to_string(), model.to_string()),
        ("price".to_string(), price.to_string()),
    ]);
    let earlier = match (changed, recent) {
        (true, _) => known.cloned(),
        (false, Some(before)) => before.context.get("before").cloned(),
        (false, None) => None,
    };
    let breach = earlier.is_some();
    context.extend(earlier.map(|earlier| ("before".to_string(), earlier)));
    let what = if breach { "has changed" } else { "is as it was" };
    Signal {
        key: format!("monitor/price/{model}"),
        rule: "price".to_string(),
        prompt: None,
        environment: None,
        state: if breach { SignalState::Breach } else { SignalState::Ok },
        severity: Severity::Info,
        value: None,
        threshold: None,
        unit: String::new(),
        window: String::new(),
        since: now,
        summary: format!("the price of {model} {what}"),
        context,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000_000;

    #[test]
    fn an_end_comes_nearer() {
        let series = Series {
            prompt: "a/b".parse().unwrap(),
            environment: "production".parse().unwrap(),
            number: 3,
        };
        let at = |days: i64| deprecation(&series, &"p/m".parse().unwrap(), days * DAY, 0);
        assert_eq!((at(61).state, at(60).state), (SignalState::Ok, SignalState::Ok));
        assert_eq!((at(59).state, at(59).severity), (SignalState::Breach, Severity::Warning));
        assert_eq!((at(13).severity, at(-5).state), (Severity::Critical, SignalState::Breach));
        assert!(at(-5).summary.ends_with("is served on p/m, which has ended"));
        assert_eq!(at(1).key, "monitor/production/a/b/deprecation/p/m");
    }

    #[test]
    fn a_price_changes_once() {
        let model = "p/m".parse().unwrap();
        let first = price(&model, "one", None, 0);
        assert_eq!(first.state, SignalState::Ok);
        let same = price(&model, "one", Some(&first), DAY);
        assert_eq!(same.state, SignalState::Ok);
        let other = price(&model, "two", Some(&same), 2 * DAY);
        assert_eq!((other.state, other.context["before"].as_str()), (SignalState::Breach, "one"));
        let later = price(&model, "two", Some(&other), 5 * DAY);
        assert_eq!((later.state, later.context["before"].as_str()), (SignalState::Breach, "one"));
        let over = price(&model, "two", Some(&other), 9 * DAY);
        assert_eq!((over.state, over.context.get("before")), (SignalState::Ok, None));
    }
}
