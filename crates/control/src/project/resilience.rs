//! The fields of a provider that say how failures are met.

use std::time::Duration;

use gatemark_core::resilience::{BreakerSettings, Resilience, Timeouts};

use super::node::{Node, Value};
use super::problems::Problems;
use super::reader::{Fields, items};
use super::typed;

/// Longest list of keys.
const MOST_KEYS: usize = 16;

/// Reads them beside the timeout of the whole call, if `timeouts` sets it. The keys are read elsewhere.
pub(super) fn read(
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) -> (Resilience, Option<Duration>) {
    let mut found = Resilience::default();
    let mut call = None;
    if let Some(node) = fields.get("timeouts", problems) {
        (found.timeouts, call) = timeouts(node, problems);
    }
    if call.is_some() {
        let hint = "keep one of them";
        fields.refuse("timeout", "and `timeouts.call` say the same thing", hint, problems);
    }
    if let Some(node) = fields.get("breaker", problems) {
        found.breaker = breaker(node, problems);
    }
    let share = fields.get("retry_budget", problems);
    let share = share.and_then(|node| typed::share(node, "`retry_budget`", problems));
    found.retry_share = share.unwrap_or(found.retry_share);
    found.hedge_after = duration(fields, "hedge_after", "`hedge_after`", problems);
    found.max_in_flight = count(fields, "max_in_flight", "`max_in_flight`", 65_536, problems);
    (found, call)
}

/// The names in `keys`, each checked by `is_name`.
pub(super) fn keys(
    fields: &mut Fields<'_>,
    is_name: impl Fn(&Node, &str, &mut Problems) -> Option<String>,
    problems: &mut Problems,
) -> Option<Vec<String>> {
    let node = fields.get("keys", problems)?;
    let hint = "list every variable in `keys`";
    fields.refuse("key_env", "and `keys` say the same thing", hint, problems);
    let list = items(node, "`keys`", problems)?;
    if list.is_empty() || list.len() > MOST_KEYS {
        let message = format!("`keys` lists 1 to {MOST_KEYS} environment variables");
        problems.error(&node.spot, message, "name one, such as `[MY_KEY]`");
        return None;
    }
    let mut names: Vec<String> = vec![];
    for item in list {
        let Some(name) = is_name(item, "`keys`", problems) else { continue };
        if names.contains(&name) {
            problems.error(&item.spot, format!("`keys` names {name} twice"), "remove one");
            continue;
        }
        names.push(name);
    }
    Some(names)
}

fn timeouts(node: &Node, problems: &mut Problems) -> (Timeouts, Option<Duration>) {
    let mut found = Timeouts::default();
    let Some(mut fields) = Fields::open(node, "`timeouts`", problems) else {
        return (found, None);
    };
    let call = duration(&mut fields, "call", "`call`", problems);
    found.attempt = duration(&mut fields, "attempt", "`attempt`", problems);
    found.first_token = duration(&mut fields, "first_token", "`first_token`", problems);
    let between = duration(&mut fields, "between_tokens", "`between_tokens`", problems);
    found.between_tokens = between.or(found.between_tokens);
    fields.close(problems);
    (found, call)
}

/// `false` switches it off.
fn breaker(node: &Node, problems: &mut Problems) -> Option<BreakerSettings> {
    if node.value == Value::Bool(false) {
        return None;
    }
    let standard = BreakerSettings::default();
    let Some(mut fields) = Fields::open(node, "`breaker`", problems) else {
        return Some(standard);
    };
    let mut time =
        |name, what, otherwise| duration(&mut fields, name, what, problems).unwrap_or(otherwise);
    let window = time("window", "`window`", standard.window);
    let open_for = time("open_for", "`open_for`", standard.open_for);
    let slow_after = duration(&mut fields, "slow_after", "`slow_after`", problems);
    let failure_rate = rate(&mut fields, "failure_rate", "`failure_rate`", problems);
    let slow_rate = rate(&mut fields, "slow_rate", "`slow_rate`", problems);
    let min_samples = count(&mut fields, "min_samples", "`min_samples`", 100_000, problems);
    let probes = count(&mut fields, "probes", "`probes`", 100, problems);
    fields.close(problems);
    Some(BreakerSettings {
        window,
        min_samples: min_samples.unwrap_or(standard.min_samples),
        failure_rate: failure_rate.unwrap_or(standard.failure_rate),
        slow_after,
        slow_rate: slow_rate.unwrap_or(standard.slow_rate),
        open_for,
        probes: probes.unwrap_or(standard.probes),
    })
}

/// A share at which something happens; at none it would always happen.
fn rate(
    fields: &mut Fields<'_>,
    name: &'static str,
    what: &str,
    problems: &mut Problems,
) -> Option<f64> {
    let node = fields.get(name, problems)?;
    let share = typed::share(node, what, problems)?;
    if share > 0.0 {
        return Some(share);
    }
    let hint = "write `breaker: false` to do without";
    problems.error(&node.spot, format!("{what} must be over 0"), hint);
    None
}

/// A duration of at least a millisecond.
pub(super) fn duration(
    fields: &mut Fields<'_>,
    name: &'static str,
    what: &str,
    problems: &mut Problems,
) -> Option<Duration> {
    let node = fields.get(name, problems)?;
    typed::duration(node, what, 1, problems).map(Duration::from_millis)
}

/// A whole number from 1 to `most`.
pub(super) fn count(
    fields: &mut Fields<'_>,
    name: &'static str,
    what: &str,
    most: u64,
    problems: &mut Problems,
) -> Option<u32> {
    let node = fields.get(name, problems)?;
    let number = typed::whole(node, what, (1, most), problems)?;
    u32::try_from(number).ok()
}
