//! `monitors:` of environments.

use gatemark_core::rollup::Period;
use gatemark_core::signal::Severity;
use gatemark_core::stats::drift::level::Bad;
use gatemark_core::watch::{Drift, Metric, Monitors, Watch};

use super::{check, files};
use crate::project::load_config;

fn monitors(environment: &str, written: &str) -> Monitors {
    let text = format!(
        "name: t\nproviders:\n  sim:\ndefault_environment: {environment}\nenvironments:\n  {environment}: {written}\n"
    );
    let (project, problems) = load_config(&files(&[("/gatemark.yaml", text.as_bytes())]));
    assert!(problems.is_empty(), "{problems:?}");
    project.unwrap().environments.values().next().unwrap().monitors.clone()
}

#[test]
fn production_is_watched_and_others_when_they_say_so() {
    assert_eq!(monitors("production", "{}").watches, Watch::usual());
    assert_eq!(monitors("production", "{monitors: off}"), Monitors::default());
    assert_eq!(monitors("staging", "{}"), Monitors::default());
    assert_eq!(monitors("staging", "{monitors: usual}").watches, Watch::usual());
}

#[test]
fn everything_can_be_said() {
    let found = monitors(
        "production",
        "{monitors: {success: {below: 0.99, window: 5m, least: 10, severity: warning}, retries: off, \
         latency: {above_ms: 4000, times: off}, cost: {above_usd: 0.01, times: 1.5}, \
         tone: {above: 3, change: 0.5, window: 28d, drift: fleet}, errors: {rise: 0.02}, \
         input_length: {shift: 0.5}, \
         prompts: {a/b: {success: off, quality: {below: 0.9}}, c/d: off}}}",
    );
    let of = |watches: &[Watch], name: &str| {
        watches.iter().find(|watch| watch.metric == Metric::named(name)).cloned()
    };
    let success = of(&found.watches, "success").unwrap();
    assert_eq!(
        (success.limit, success.window, success.least),
        (Some(0.99), Period::FiveMinutes, 10)
    );
    assert_eq!(success.severity, Severity::Warning);
    assert_eq!(of(&found.watches, "retries"), None);
    let latency = of(&found.watches, "latency").unwrap();
    assert_eq!((latency.limit, latency.change), (Some(4000.0), None));
    let cost = of(&found.watches, "cost").unwrap();
    assert_eq!((cost.limit, cost.change), (Some(0.01), Some(1.5)));
    let tone = of(&found.watches, "tone").unwrap();
    assert_eq!((tone.limit, tone.change, tone.bad), (Some(3.0), Some(0.5), Bad::Above));
    assert_eq!((tone.window, tone.drift), (Period::FourWeeks, Some(Drift::Twentieth)));
    let errors = of(&found.watches, "errors").unwrap();
    assert_eq!((errors.limit, errors.rise), (None, Some(0.02)));
    assert_eq!(of(&found.watches, "input_length").unwrap().limit, Some(0.5));
    let ours = found.of(&"a/b".parse().unwrap());
    assert_eq!(of(ours, "success"), None);
    let quality = of(ours, "quality").unwrap();
    assert_eq!((quality.limit, quality.change), (Some(0.9), Some(0.03)));
    assert!(of(ours, "tone").is_some(), "the environment's goes on");
    assert_eq!(found.of(&"c/d".parse().unwrap()).len(), 0);
}

#[test]
fn mistakes_are_told_with_their_place() {
    let text = "name: t
providers:
  sim:
environments:
  production:
    monitors:
      success: {above: 0.9}
      errors: off
      latency: {above_ms: soon}
      cost: {window: 3h}
      tone: {window: 7d}
      prompts:
        triage: off
        a/b: on
  staging:
    monitors: some
";
    check(
        &[("/gatemark.yaml", text)],
        &[
            "gatemark.yaml:7:17: error: a monitor has no field `above` (…",
            "gatemark.yaml:8:7: error: `errors` is not watched (leave the line out)",
            "gatemark.yaml:9:27: error: `above_ms` must be a number, not text (write a number without quotes)",
            "gatemark.yaml:10:22: error: `window` must be one of 5m, 1h, 24h, 7d, 28d, not `3h` (…",
            "gatemark.yaml:11:7: error: `tone` has no limit (say above, below or by how much it may change)",
            "gatemark.yaml:13:9: error: …",
            "gatemark.yaml:14:14: error: a prompt's monitors must be one of usual, off, not `on` (…",
            "gatemark.yaml:16:15: error: `monitors` must be one of usual, off, not `some` (…",
        ],
    );
}
