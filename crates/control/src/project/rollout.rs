//! `rollout:` of an environment: how its deployments take place unless somebody says otherwise.

use gatemark_core::assign::Unit;
use gatemark_core::guardrail::Better;
use gatemark_core::rollout::{Metric, Plan, RailPlan, Strategy, read_steps, seconds};

use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::{Fields, entries};
use super::typed;

const STRATEGIES: [(&str, Strategy); 3] = [
    ("all-at-once", Strategy::AllAtOnce),
    ("shadow", Strategy::Shadow),
    ("canary", Strategy::Canary),
];
pub(super) const UNITS: [(&str, Unit); 3] =
    [("user", Unit::User), ("conversation", Unit::Conversation), ("call", Unit::Call)];
const PROOFS: [(&str, bool); 2] = [("shown", true), ("no-harm", false)];
const BETTER: [(&str, Better); 2] = [("higher", Better::Higher), ("lower", Better::Lower)];
/// Largest number of units or samples.
const MOST: u64 = 100_000_000;

/// Reads `rollout:`; `None` for all at once.
pub(super) fn read(node: &Node, problems: &mut Problems) -> Option<Plan> {
    let before = problems.errors();
    if let Value::Text(_) = node.value {
        let strategy = typed::word(node, "`rollout`", &STRATEGIES, problems)?;
        return base(strategy);
    }
    let mut fields = Fields::open(node, "a rollout", problems)?;
    let strategy = fields.get("strategy", problems);
    let strategy = strategy.and_then(|n| typed::word(n, "`strategy`", &STRATEGIES, problems));
    let plan = base(strategy.unwrap_or(Strategy::Canary));
    // Fields are read under any strategy, so that mistakes are told and not hidden.
    let plan =
        over(plan.clone().unwrap_or_else(Plan::canary), &mut fields, problems, plan.is_some());
    fields.close(problems);
    if problems.errors() == before
        && let Some(plan) = &plan
    {
        for problem in plan.problems() {
            problems.error(&node.spot, format!("the rollout {problem}"), "see docs/rollouts.md");
        }
    }
    plan
}

fn base(strategy: Strategy) -> Option<Plan> {
    match strategy {
        Strategy::AllAtOnce => None,
        Strategy::Shadow => Some(Plan::shadow()),
        Strategy::Canary | Strategy::Staged => Some(Plan::canary()),
    }
}

fn over(
    mut plan: Plan,
    fields: &mut Fields<'_>,
    problems: &mut Problems,
    wanted: bool,
) -> Option<Plan> {
    if let Some(node) = fields.get("steps", problems)
        && let Some(text) = typed::words(node, "`steps`", problems)
    {
        match read_steps(text, 100) {
            Ok(steps) => plan.steps = steps,
            Err(error) => problems.error(&node.spot, error.to_string(), "see docs/rollouts.md"),
        }
    }
    if plan.strategy == Strategy::Shadow {
        plan.steps.iter_mut().for_each(|step| step.mode = gatemark_core::assign::Mode::Shadow);
    }
    if let Some(node) = fields.get("audience", problems)
        && let Some(text) = typed::words(node, "`audience`", problems)
    {
        match text.parse() {
            Ok(audience) => plan = plan.among(&audience),
            Err(error) => {
                let error: gatemark_core::Error = error;
                problems.error(&node.spot, error.to_string(), "tags are what callers send");
            }
        }
    }
    if let Some(node) = fields.get("unit", problems) {
        plan.unit = typed::word(node, "`unit`", &UNITS, problems).unwrap_or(plan.unit);
    }
    time(fields, "watch", &mut plan.watch_s, problems);
    time(fields, "no_data", &mut plan.silence_s, problems);
    time(fields, "longest", &mut plan.longest_s, problems);
    time(fields, "stale_after", &mut plan.stale_s, problems);
    if let Some(node) = fields.get("alpha", problems) {
        plan.alpha = typed::share(node, "`alpha`", problems).unwrap_or(plan.alpha);
    }
    if let Some(node) = fields.get("proof", problems) {
        plan.proof = typed::word(node, "`proof`", &PROOFS, problems).unwrap_or(plan.proof);
    }
    if let Some(node) = fields.get("retire", problems) {
        plan.retire = typed::boolean(node, "`retire`", problems).unwrap_or(plan.retire);
    }
    if let Some(node) = fields.get("samples", problems) {
        plan = match count(node, "`samples`", problems) {
            Some(samples) => plan.with_samples(samples),
            None => plan,
        };
    }
    if let Some(node) = fields.get("guardrails", problems) {
        guardrails(&mut plan.rails, node, problems);
    }
    wanted.then_some(plan)
}

pub(super) fn time(
    fields: &mut Fields<'_>,
    name: &'static str,
    into: &mut u64,
    problems: &mut Problems,
) {
    let Some(node) = fields.get(name, problems) else { return };
    let Some(text) = typed::words(node, &format!("`{name}`"), problems) else { return };
    match if text == "0s" { Ok(0) } else { seconds(text) } {
        Ok(found) => *into = found,
        Err(error) => {
            problems.error(&node.spot, format!("`{name}`: {error}"), "e.g. 24h or 14d");
        }
    }
}

pub(super) fn count(node: &Node, what: &str, problems: &mut Problems) -> Option<u64> {
    typed::whole(node, what, (0, MOST), problems)
}

/// `{errors: {margin: 0.01}, cost: off, quality: {better: higher}}`: what is named goes over the usual ones.
pub(super) fn guardrails(rails: &mut Vec<RailPlan>, node: &Node, problems: &mut Problems) {
    let least = rails.first().map_or(500, |rail| rail.least);
    for (key, node) in entries(node, "`guardrails`", problems).unwrap_or_default() {
        let place = rails.iter().position(|rail| rail.name() == key.name);
        if matches!(&node.value, Value::Text(text) if text == "off") {
            match place {
                Some(place) => drop(rails.remove(place)),
                None => {
                    let message = format!("there is no guardrail `{}` to switch off", key.name);
                    problems.error(&key.spot, message, "leave the line out");
                }
            }
            continue;
        }
        let metric = RailPlan::metric_named(&key.name);
        let usual = RailPlan { least, ..RailPlan::new(metric) };
        let usual = place.and_then(|place| rails.get(place).cloned()).unwrap_or(usual);
        let Some(rail) = rail(usual, node, problems) else { continue };
        match place.and_then(|place| rails.get_mut(place)) {
            Some(known) => *known = rail,
            None => rails.push(rail),
        }
    }
}

pub(super) fn rail(mut rail: RailPlan, node: &Node, problems: &mut Problems) -> Option<RailPlan> {
    let mut fields = Fields::open(node, "a guardrail", problems)?;
    let scale = match rail.metric {
        Metric::Latency => 1_000.0,
        Metric::Cost => 1e9,
        _ => 1.0,
    };
    let mut number = |name: &'static str, problems: &mut Problems| {
        let node = fields.get(name, problems)?;
        typed::number(node, &format!("`{name}`"), (0.0, 1e12), problems)
    };
    if let Some(margin) = number("margin", problems) {
        rail.margin = margin;
    }
    if let Some(limit) = number("limit", problems) {
        rail.limit = Some(if rail.metric == Metric::Cost { limit * scale } else { limit });
    }
    match rail.metric {
        Metric::Latency => {
            if let Some(above) = number("slow_ms", problems) {
                rail.above = Some(above * scale);
            }
        }
        Metric::Cost => {
            if let Some(above) = number("cap_usd", problems) {
                rail.above = Some(above * scale);
            }
        }
        Metric::Score(_) => {
            let bounds = (number("low", problems), number("high", problems));
            if bounds != (None, None) {
                rail.bounds = Some((bounds.0.unwrap_or(0.0), bounds.1.unwrap_or(1.0)));
            }
            if let Some(node) = fields.get("better", problems) {
                let found = typed::word(node, "`better`", &BETTER, problems);
                rail.better = found.unwrap_or(rail.better);
            }
        }
        _ => {}
    }
    if let Some(node) = fields.get("samples", problems) {
        rail.least = count(node, "`samples`", problems).unwrap_or(rail.least);
    }
    fields.close(problems);
    Some(rail)
}
