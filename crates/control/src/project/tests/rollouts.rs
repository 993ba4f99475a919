//! `rollout:` of environments.

use gatemark_core::assign::{Mode, Unit};
use gatemark_core::rollout::{Metric, Plan, Strategy};

use super::{check, files};
use crate::project::load_config;

fn plan(rollout: &str) -> Option<Plan> {
    let text = format!(
        "name: t\nproviders:\n  sim:\nenvironments:\n  production:\n    rollout: {rollout}\n"
    );
    let (project, problems) = load_config(&files(&[("/gatemark.yaml", text.as_bytes())]));
    assert!(problems.is_empty(), "{problems:?}");
    let project = project.unwrap();
    project.environments.values().next().unwrap().rollout.clone()
}

#[test]
fn a_word_is_enough() {
    assert_eq!(plan("all-at-once"), None);
    assert_eq!(plan("canary"), Some(Plan::canary()));
    assert_eq!(plan("shadow"), Some(Plan::shadow()));
    assert_eq!(plan("{strategy: canary}"), Some(Plan::canary()));
}

#[test]
fn everything_can_be_said() {
    let plan = plan(
        "{steps: '5%:24h, 20%:48h:300', audience: tier = free, unit: call, watch: 7d, no_data: 2h, \
         longest: 30d, stale_after: 1d, alpha: 0.1, proof: no-harm, retire: false, samples: 200, guardrails: {errors: \
         {margin: 0.01}, latency: {slow_ms: 4000}, cost: off, quality: {low: 1, high: 5, better: higher, \
         margin: 0.2, samples: 50}}}",
    )
    .unwrap();
    assert_eq!((plan.strategy, plan.unit, plan.proof), (Strategy::Canary, Unit::Call, false));
    assert!(!plan.retire && Plan::canary().retire);
    let steps: Vec<_> = plan.steps.iter().map(|s| (s.mode, s.share, s.hold_s, s.least)).collect();
    assert_eq!(steps, [(Mode::Serve, 500, 86_400, 100), (Mode::Serve, 2_000, 172_800, 300)]);
    assert!(plan.steps.iter().all(|step| step.audience.to_string() == "tier = free"));
    assert_eq!((plan.watch_s, plan.silence_s, plan.stale_s), (604_800, 7_200, 86_400));
    let names: Vec<&str> = plan.rails.iter().map(|rail| rail.name()).collect();
    assert_eq!(names, ["errors", "off_format", "fallbacks", "retries", "latency", "quality"]);
    assert_eq!((plan.rails[0].margin, plan.rails[0].least), (0.01, 200));
    assert_eq!(plan.rails[4].above, Some(4_000_000.0));
    let quality = &plan.rails[5];
    assert_eq!(quality.metric, Metric::Score("quality".into()));
    assert_eq!((quality.bounds, quality.least), (Some((1.0, 5.0)), 50));
}

#[test]
fn mistakes_are_told_with_their_place() {
    let text = "name: t
providers:
  sim:
environments:
  production:
    rollout:
      strategy: fast
      steps: 20%:1h, 5%:1h
  staging:
    rollout:
      steps: 20%:1h, 5%:1h
      guardrails:
        speed: off
  other:
    rollout:
      steps: 20%:1h, 5%:1h
";
    let config = &[("/gatemark.yaml", text)];
    check(
        config,
        &[
            "gatemark.yaml:7:17: error: `strategy` must be one of all-at-once, shadow, canary, not `fast` (write one of these words)",
            "gatemark.yaml:13:9: error: there is no guardrail `speed` to switch off (leave the line out)",
            "gatemark.yaml:16:7: error: the rollout step 2 has a smaller share than step 1 (5 % after 20 %) (see docs/rollouts.md)",
        ],
    );
}
