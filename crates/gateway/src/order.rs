//! In which order a route's models are tried.
//!
//! Least latency compares two models drawn at random rather than all: were all callers sent to the one that
//! looks fastest, it would soon be the slowest ("the power of two choices").

use gatemark_core::id::ModelName;
use gatemark_core::route::{Route, RouteTarget, Strategy};
use tokio::time::Instant;

use crate::health::Health;

/// The models of `route`, the one to be asked first before the others.
pub(crate) fn models(route: &Route, health: &Health) -> Vec<ModelName> {
    let models = |targets: &[&RouteTarget]| targets.iter().map(|t| t.model.clone()).collect();
    let mut targets: Vec<&RouteTarget> = route.targets.iter().collect();
    match route.strategy {
        Strategy::Priority => models(&targets),
        Strategy::Weighted => {
            let mut drawn: Vec<(f64, &RouteTarget)> =
                targets.into_iter().map(|target| (ticket(target.weight), target)).collect();
            drawn.sort_by(|a, b| b.0.total_cmp(&a.0));
            models(&drawn.into_iter().map(|(_, target)| target).collect::<Vec<_>>())
        }
        Strategy::LeastLatency => {
            let now = Instant::now();
            let load = |target: &RouteTarget| health.of(&target.model).load(now);
            fastrand::shuffle(&mut targets);
            if let [one, two, ..] = targets.as_mut_slice()
                && load(two) < load(one)
            {
                std::mem::swap(one, two);
            }
            if let Some(rest) = targets.get_mut(1..) {
                rest.sort_by(|a, b| load(a).total_cmp(&load(b)));
            }
            models(&targets)
        }
    }
}

/// A lot such that the largest of several is each one's with a probability proportional to its weight
/// (Efraimidis and Spirakis, 2006): the weight-th root of a number drawn evenly.
fn ticket(weight: u32) -> f64 {
    fastrand::f64().powf(1.0 / f64::from(weight.max(1)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;
    use std::time::Duration;

    use gatemark_core::model::{Protocol, Provider};

    use super::*;

    fn route(strategy: Strategy, targets: &[(&str, u32)]) -> Route {
        let target = |(model, weight): &(&str, u32)| RouteTarget {
            model: model.parse().unwrap(),
            weight: *weight,
        };
        Route { strategy, targets: targets.iter().map(target).collect(), hedge_after: None }
    }

    fn provider() -> Provider {
        Provider {
            name: "p".into(),
            api: gatemark_core::model::Api::default(),
            protocol: Protocol::Openai,
            base_url: String::new(),
            key_variable: None,
            timeout: Duration::from_secs(1),
            retries: 0,
            concurrency: None,
            resilience: Default::default(),
            sim: Default::default(),
            local: None,
            place: Default::default(),
            quirks: Default::default(),
            allow_private: false,
            structured: Default::default(),
        }
    }

    fn first(route: &Route, health: &Health, draws: u32) -> HashMap<String, u32> {
        let mut first = HashMap::new();
        for _ in 0..draws {
            let models = models(route, health);
            assert_eq!(models.len(), route.targets.len());
            *first.entry(models[0].to_string()).or_default() += 1;
        }
        first
    }

    #[test]
    fn weights_are_shares_of_the_calls() {
        fastrand::seed(7);
        let route = route(Strategy::Weighted, &[("a/x", 3), ("b/y", 1)]);
        let first = first(&route, &Health::default(), 20_000);
        // Three quarters, within five standard deviations.
        assert!(first["a/x"].abs_diff(15_000) < 310, "{first:?}");
    }

    #[test]
    fn priority_is_as_written() {
        let route = route(Strategy::Priority, &[("b/y", 1), ("a/x", 1)]);
        assert_eq!(first(&route, &Health::default(), 10)["b/y"], 10);
    }

    #[tokio::test(start_paused = true)]
    async fn the_slow_one_of_two_is_never_first_and_of_three_never_alone() {
        let health = Health::default();
        let provider = provider();
        for (model, ms) in [("a/x", 50), ("b/y", 900)] {
            let mut ticket =
                Arc::clone(&health.of(&model.parse().unwrap())).enter(&provider, true).unwrap();
            tokio::time::advance(Duration::from_millis(ms)).await;
            ticket.answered();
        }
        let route = route(Strategy::LeastLatency, &[("b/y", 1), ("a/x", 1)]);
        assert_eq!(first(&route, &health, 100)["a/x"], 100);
        let route = self::route(Strategy::LeastLatency, &[("b/y", 1), ("a/x", 1), ("c/z", 1)]);
        let first = first(&route, &health, 300);
        assert!(!first.contains_key("b/y"), "the slowest loses every comparison: {first:?}");
    }
}
