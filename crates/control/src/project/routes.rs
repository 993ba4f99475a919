//! `routes:` and `server:` of the project.

use std::collections::BTreeMap;
use std::time::Duration;

use gatemark_core::id::ModelName;
use gatemark_core::resilience::{Drain, ServerBounds};
use gatemark_core::route::{Route, RouteTarget, Strategy};

use super::node::{Key, Node, Value};
use super::problems::Problems;
use super::reader::{Fields, entries, items, shown};
use super::{models, resilience, typed};

/// Most targets of one route.
const MOST_TARGETS: usize = 16;
/// Most calls that a bound may allow.
const MOST: u64 = 1_000_000;

/// Reads the routes by name. `providers` are those that exist.
pub(super) fn read(
    node: &Node,
    providers: &[&str],
    problems: &mut Problems,
) -> BTreeMap<String, Route> {
    let mut routes = BTreeMap::new();
    for (key, node) in entries(node, "`routes`", problems).unwrap_or_default() {
        let name = key.name.as_str();
        if format!("{name}/m").parse::<ModelName>().is_err() || name.contains('/') {
            let message = format!("`{}` is not a name for a route", shown(name));
            let hint = "use lower-case letters, digits and single hyphens";
            problems.error(&key.spot, message, hint);
        }
        if let Some(route) = route(key, node, providers, problems) {
            routes.insert(name.to_string(), route);
        }
    }
    routes
}

fn route(key: &Key, node: &Node, providers: &[&str], problems: &mut Problems) -> Option<Route> {
    let mut fields = Fields::open(node, "a route", problems)?;
    let strategy = fields.get("strategy", problems);
    let strategy =
        strategy.and_then(|node| typed::word(node, "`strategy`", &Strategy::ALL, problems));
    let strategy = strategy.unwrap_or(Strategy::Priority);
    let hedge_after = resilience::duration(&mut fields, "hedge_after", "`hedge_after`", problems);
    let list = fields.required("targets", problems);
    let list = list.and_then(|node| items(node, "`targets`", problems));
    fields.close(problems);
    let list = list?;
    if list.is_empty() || list.len() > MOST_TARGETS {
        let message = format!("route `{}` needs 1 to {MOST_TARGETS} targets", shown(&key.name));
        problems.error(&key.spot, message, "add `- {model: provider/model}`");
    }
    let mut targets: Vec<RouteTarget> = vec![];
    for node in list.iter().take(MOST_TARGETS) {
        let Some(target) = target(node, strategy, providers, problems) else { continue };
        if targets.iter().any(|known| known.model == target.model) {
            let message = format!("the route names {} twice", target.model);
            problems.error(&node.spot, message, "give it more weight instead");
            continue;
        }
        targets.push(target);
    }
    (!targets.is_empty()).then_some(Route { strategy, targets, hedge_after })
}

fn target(
    node: &Node,
    strategy: Strategy,
    providers: &[&str],
    problems: &mut Problems,
) -> Option<RouteTarget> {
    if let Value::Text(_) = &node.value {
        return Some(RouteTarget { model: model(node, providers, problems)?, weight: 1 });
    }
    let mut fields = Fields::open(node, "a target", problems)?;
    let named = fields.required("model", problems);
    let named = named.and_then(|node| model(node, providers, problems));
    let weight = resilience::count(&mut fields, "weight", "`weight`", 10_000, problems);
    if weight.is_some() && strategy != Strategy::Weighted {
        let hint = "write `strategy: weighted`, or remove the weight";
        problems.error(&node.spot, "a weight has a meaning in weighted routes only", hint);
    }
    fields.close(problems);
    Some(RouteTarget { model: named?, weight: weight.unwrap_or(1) })
}

fn model(node: &Node, providers: &[&str], problems: &mut Problems) -> Option<ModelName> {
    let text = typed::words(node, "`model`", problems)?;
    let name = match text.parse::<ModelName>() {
        Ok(name) => name,
        Err(error) => {
            let hint = "name the provider, a slash, and the vendor's own id";
            problems.error(&node.spot, error.to_string(), hint);
            return None;
        }
    };
    models::known_provider(providers.iter().copied(), &name, &node.spot, problems);
    Some(name)
}

/// Reads `server`.
pub(super) fn server(node: &Node, problems: &mut Problems) -> ServerBounds {
    let standard = ServerBounds::default();
    let Some(mut fields) = Fields::open(node, "`server`", problems) else { return standard };
    let most = resilience::count(&mut fields, "max_in_flight", "`max_in_flight`", MOST, problems);
    let queue = fields.get("max_queue", problems);
    let queue = queue.and_then(|node| typed::whole(node, "`max_queue`", (0, MOST), problems));
    let wait = resilience::duration(&mut fields, "queue_wait", "`queue_wait`", problems);
    let write = resilience::duration(&mut fields, "write_timeout", "`write_timeout`", problems);
    let ends = fields.get("drain", problems).map(|node| drain(node, problems));
    fields.close(problems);
    ServerBounds {
        max_in_flight: most.unwrap_or(standard.max_in_flight),
        max_queue: queue.and_then(|queue| u32::try_from(queue).ok()).unwrap_or(standard.max_queue),
        queue_wait: wait.unwrap_or(standard.queue_wait),
        write_timeout: write.unwrap_or(standard.write_timeout),
        drain: ends.unwrap_or_default(),
    }
}

/// Reads `server.drain`.
fn drain(node: &Node, problems: &mut Problems) -> Drain {
    let standard = Drain::default();
    let Some(mut fields) = Fields::open(node, "`drain`", problems) else { return standard };
    let mut time = |name, what| {
        let node = fields.get(name, problems)?;
        typed::duration(node, what, 0, problems).map(Duration::from_millis)
    };
    let delay = time("delay", "`delay`").unwrap_or(standard.delay);
    let timeout = time("timeout", "`timeout`").unwrap_or(standard.timeout);
    fields.close(problems);
    Drain { delay, timeout }
}
