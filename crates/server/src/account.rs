//! Headers about money and rates: tags on the way in, what is left and what was saved on the way out.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use gatemark_core::error::{Error, Result};
use gatemark_core::throttle::{Rate, Rates};
use gatemark_gateway::{Facts, MOST_TAGS, tag};

/// Where callers put tags: `name=value`, joined by commas.
const TAGS: &str = "x-gatemark-tags";

/// The tags of a request.
pub(crate) fn tags(headers: &HeaderMap) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let invalid =
        |why: String| Error::invalid(format!("`{TAGS}`: {why}")).at(TAGS).coded("invalid_tags");
    for value in headers.get_all(TAGS) {
        let text = value.to_str().map_err(|_| invalid("it is not plain text".to_string()))?;
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| invalid("write `name=value`, joined by commas".to_string()))?;
            let (name, value) = tag(name.trim(), value.trim()).map_err(invalid)?;
            if found.insert(name.clone(), value).is_some() {
                return Err(invalid(format!("tag `{name}` is given twice")));
            }
            if found.len() > MOST_TAGS {
                return Err(invalid(format!("there are more than {MOST_TAGS} tags")));
            }
        }
    }
    Ok(found)
}

/// Where callers say whom or what a call is for, if their dialect has no field for it.
const UNIT: &str = "x-gatemark-unit";

/// The unit that a request names.
pub(crate) fn unit(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get(UNIT) else { return Ok(None) };
    match value.to_str() {
        Ok(unit) if (1..=256).contains(&unit.len()) => Ok(Some(unit.to_string())),
        _ => {
            let message = format!("`{UNIT}` must be 1 to 256 visible ASCII characters");
            Err(Error::invalid(message).at(UNIT).coded("invalid_unit"))
        }
    }
}

/// What an answer says about money and rates, beside its cost.
pub(crate) fn describe(headers: &mut HeaderMap, facts: &Facts) {
    rates(headers, &facts.rates);
    if !facts.budget_warnings.is_empty() {
        set(headers, "x-gatemark-budget-warning", &facts.budget_warnings.join(", "));
    }
    if let (Some(cost), Some(worth)) = (facts.cost, facts.worth)
        && worth > cost
    {
        let saved = gatemark_core::NanoUsd(worth.0 - cost.0).to_string();
        set(headers, "x-gatemark-saved-usd", saved.trim_start_matches('$'));
    }
}

/// What is left of the scarcest rates, as OpenAI's clients know it.
pub(crate) fn rates(headers: &mut HeaderMap, rates: &Rates) {
    let names = [
        "x-ratelimit-limit-requests",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests",
    ];
    rate(headers, names, rates.requests);
    let names =
        ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"];
    rate(headers, names, rates.tokens);
}

fn rate(headers: &mut HeaderMap, names: [&'static str; 3], rate: Option<Rate>) {
    let Some(rate) = rate else { return };
    let values = [rate.limit.to_string(), rate.remaining.to_string(), span(rate.reset)];
    for (name, value) in names.into_iter().zip(values) {
        set(headers, name, &value);
    }
}

/// A duration as OpenAI writes it: `6m0s`, `1.5s`, `20ms`.
fn span(time: Duration) -> String {
    let millis = time.as_micros().div_ceil(1000);
    let (minutes, rest) = (millis / 60_000, millis % 60_000);
    let (seconds, millis) = (rest / 1000, rest % 1000);
    let fraction = format!("{millis:03}");
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    match (minutes, seconds) {
        (0, 0) => format!("{millis}ms"),
        (0, _) => format!("{seconds}{point}{fraction}s"),
        (60.., _) => format!("{}h{}m{seconds}{point}{fraction}s", minutes / 60, minutes % 60),
        _ => format!("{minutes}m{seconds}{point}{fraction}s"),
    }
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<BTreeMap<String, String>> {
        let mut headers = HeaderMap::new();
        headers.insert(TAGS, value.parse().unwrap());
        tags(&headers)
    }

    #[test]
    fn tags_in_a_header() {
        let found = read(" team = search , feature=a:b/c ,").unwrap();
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            [
                ("feature".to_string(), "a:b/c".to_string()),
                ("team".to_string(), "search".to_string()),
            ]
        );
        assert!(tags(&HeaderMap::new()).unwrap().is_empty());
        let many: Vec<String> = (0..17).map(|n| format!("t{n}=x")).collect();
        for bad in ["team", "=x", "team=", "a b=c", "a=1,a=2", &many.join(",")] {
            assert_eq!(read(bad).unwrap_err().code(), "invalid_tags", "{bad}");
        }
    }

    #[test]
    fn spans_as_openai_writes_them() {
        for (micros, wanted) in [
            (0, "0ms"),
            (20_000, "20ms"),
            (19_001, "20ms"),
            (1_000_000, "1s"),
            (1_500_000, "1.5s"),
            (360_000_000, "6m0s"),
            (61_005_000, "1m1.005s"),
            (3_660_000_000, "1h1m0s"),
        ] {
            assert_eq!(span(Duration::from_micros(micros)), wanted);
        }
    }
}
