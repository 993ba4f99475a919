//! Fields about how failures are met.

use std::time::Duration;

use gatemark_core::resilience::{Drain, Resilience, ServerBounds};
use gatemark_core::route::Strategy;

use super::{Files, check, load_config};

const GOOD: &str = "name: demo
providers:
  openai:
    keys: [ONE_KEY, OTHER_KEY]
    timeouts: {call: 30s, attempt: 9s, first_token: 2s, between_tokens: 1s}
    retry_budget: 0.1
    hedge_after: 800ms
    max_in_flight: 7
    breaker: {failure_rate: 0.3, slow_after: 4s, min_samples: 9, open_for: 2s, probes: 1}
  sim: {breaker: false}
  anthropic:
routes:
  fast: {strategy: least_latency, hedge_after: 1s, targets: [openai/a, {model: sim/b}]}
  split: {strategy: weighted, targets: [{model: openai/a, weight: 3}, sim/b]}
server: {max_in_flight: 5, max_queue: 0, queue_wait: 10ms, write_timeout: 3s, drain: {delay: 5s, timeout: 0s}}
";

#[test]
fn everything_that_can_be_said() {
    let mut files = Files::new();
    files.insert("gatemark.yaml", GOOD);
    let (project, problems) = load_config(&files);
    assert_eq!(problems.len(), 0, "{problems:?}");
    let project = project.unwrap();
    let openai = &project.providers["openai"];
    let seconds = Duration::from_secs;
    assert_eq!(openai.timeout, seconds(30));
    assert_eq!(openai.key_variable.as_deref(), Some("ONE_KEY"));
    let found = &openai.resilience;
    assert_eq!(found.more_keys, ["OTHER_KEY"]);
    assert_eq!(found.timeouts.attempt, Some(seconds(9)));
    assert_eq!(found.timeouts.first_token, Some(seconds(2)));
    assert_eq!(found.timeouts.between_tokens, Some(seconds(1)));
    assert_eq!((found.retry_share, found.max_in_flight), (0.1, Some(7)));
    assert_eq!(found.hedge_after, Some(Duration::from_millis(800)));
    let breaker = found.breaker.unwrap();
    assert_eq!((breaker.failure_rate, breaker.slow_after), (0.3, Some(seconds(4))));
    assert_eq!((breaker.min_samples, breaker.probes), (9, 1));
    assert_eq!(project.providers["sim"].resilience.breaker, None);
    assert_eq!(project.providers["anthropic"].resilience, Resilience::default());
    let fast = &project.routes["fast"];
    assert_eq!((fast.strategy, fast.hedge_after), (Strategy::LeastLatency, Some(seconds(1))));
    let weights: Vec<u32> = project.routes["split"].targets.iter().map(|t| t.weight).collect();
    assert_eq!(weights, [3, 1]);
    let queue_wait = Duration::from_millis(10);
    let drain = Drain { delay: seconds(5), timeout: Duration::ZERO };
    let write_timeout = seconds(3);
    let bounds = ServerBounds { max_in_flight: 5, max_queue: 0, queue_wait, write_timeout, drain };
    assert_eq!(project.server, bounds);
}

#[test]
fn mistakes() {
    let text = "name: demo
providers:
  openai: {timeout: 3s, timeouts: {call: 2s}, breaker: {failure_rate: 0}, retry_budget: 2}
  sim: {keys: [A_KEY], max_in_flight: 0}
routes:
  Bad: {targets: []}
  two: {targets: [sim/b, sim/b, nobody/x, {model: sim/c, weight: 2}]}
server: {max_in_flite: 3}
";
    check(
        &[("/gatemark.yaml", text)],
        &[
            "gatemark.yaml:3:12: error: `timeout` and `timeouts.call` say the same thing (keep one of them)",
            "gatemark.yaml:3:71: error: `failure_rate` must be over 0 (write `breaker: false` to do without)",
            "gatemark.yaml:3:89: error: `retry_budget` must be a share from 0 to 1 (write 95 % as 0.95)",
            "gatemark.yaml:4:9: error: `keys` has no meaning for protocol sim (remove it)",
            "gatemark.yaml:4:39: error: `max_in_flight` must be from 1 to 65536 (change the number)",
            "gatemark.yaml:6:3: error: `Bad` is not a name for a route (use lower-case letters, digits and single hyphens)",
            "gatemark.yaml:6:3: error: route `Bad` needs 1 to 16 targets (add `- {model: provider/model}`)",
            "gatemark.yaml:7:26: error: the route names sim/b twice (give it more weight instead)",
            "gatemark.yaml:7:33: error: no provider `nobody` is configured (add `nobody: {protocol: openai, …}` under `providers` in gatemark.yaml)",
            "gatemark.yaml:7:43: error: a weight has a meaning in weighted routes only (write `strategy: weighted`, or remove the weight)",
            "gatemark.yaml:8:10: error: `server` has no field `max_in_flite` (did you mean `max_in_flight`?)",
        ],
    );
}
