//! `monitors:` and `probe:` of an environment: what is watched of its calls, and what is asked again.

use gatemark_core::id::PromptName;
use gatemark_core::ramp::seconds;
use gatemark_core::rollup::Period;
use gatemark_core::signal::Severity;
use gatemark_core::stats::drift::level::Bad;
use gatemark_core::watch::{Drift, Metric, Monitors, Probe, Watch};

use super::node::{Key, Node, Value};
use super::problems::Problems;
use super::reader::{Fields, entries, shown};
use super::typed;

const WORDS: [(&str, bool); 2] = [("usual", true), ("off", false)];
/// How many false alarms a slow fall may raise.
const DRIFTS: [(&str, Option<Drift>); 3] =
    [("watched", Some(Drift::HalfAYear)), ("fleet", Some(Drift::Twentieth)), ("off", None)];
/// Largest number of calls that a watch may wait for.
const MOST: u64 = 100_000_000;
/// Largest limit of any unit.
const LARGEST: f64 = 1e9;

/// Reads `monitors:`; what is named goes over the usual watches.
pub(super) fn read(node: &Node, problems: &mut Problems) -> Monitors {
    let mut monitors = Monitors { watches: Watch::usual(), ..Monitors::default() };
    if let Value::Text(_) = node.value {
        let usual = typed::word(node, "`monitors`", &WORDS, problems).unwrap_or(true);
        return if usual { monitors } else { Monitors::default() };
    }
    let all = entries(node, "`monitors`", problems).unwrap_or_default();
    let (prompts, named): (Vec<_>, Vec<_>) = all.iter().partition(|(key, _)| key.name == "prompts");
    for (key, node) in named {
        over(&mut monitors.watches, key, node, problems);
    }
    for (_, node) in prompts {
        for (key, node) in entries(node, "`prompts`", problems).unwrap_or_default() {
            let name = match key.name.parse::<PromptName>() {
                Ok(name) => name,
                Err(error) => {
                    problems.error(&key.spot, error.to_string(), "write it as service/name");
                    continue;
                }
            };
            let watches = of_prompt(monitors.watches.clone(), node, problems);
            monitors.prompts.insert(name, watches);
        }
    }
    monitors
}

/// A prompt's own: `off`, or what goes over the environment's.
fn of_prompt(mut watches: Vec<Watch>, node: &Node, problems: &mut Problems) -> Vec<Watch> {
    if let Value::Text(_) = node.value {
        let kept = typed::word(node, "a prompt's monitors", &WORDS, problems).unwrap_or(true);
        return if kept { watches } else { vec![] };
    }
    for (key, node) in entries(node, "a prompt's monitors", problems).unwrap_or_default() {
        over(&mut watches, key, node, problems);
    }
    watches
}

fn over(watches: &mut Vec<Watch>, key: &Key, node: &Node, problems: &mut Problems) {
    let metric = Metric::named(&key.name);
    let place = watches.iter().position(|watch| watch.metric == metric);
    if matches!(&node.value, Value::Text(text) if text == "off") {
        match place {
            Some(place) => drop(watches.remove(place)),
            None => {
                let message = format!("`{}` is not watched", shown(&key.name));
                problems.error(&key.spot, message, "leave the line out");
            }
        }
        return;
    }
    let usual = place.and_then(|place| watches.get(place).cloned());
    let Some(watch) = watch(usual.unwrap_or_else(|| Watch::new(metric)), node, problems) else {
        return;
    };
    if !watch.looks() {
        let message = format!("`{}` has no limit", shown(&key.name));
        problems.error(&key.spot, message, "say above, below or by how much it may change");
        return;
    }
    match place.and_then(|place| watches.get_mut(place)) {
        Some(known) => *known = watch,
        None => watches.push(watch),
    }
}

fn watch(mut watch: Watch, node: &Node, problems: &mut Problems) -> Option<Watch> {
    let mut fields = Fields::open(node, "a monitor", problems)?;
    let mut number = |name: &'static str, most: f64, problems: &mut Problems| {
        let node = fields.get(name, problems)?;
        if matches!(&node.value, Value::Text(text) if text == "off") {
            return Some(None);
        }
        typed::number(node, &format!("`{name}`"), (0.0, most), problems).map(Some)
    };
    match &watch.metric {
        Metric::Success => limit(&mut watch, number("below", 1.0, problems), Bad::Below),
        Metric::Latency => {
            limit(&mut watch, number("above_ms", LARGEST, problems), Bad::Above);
            change(&mut watch, number("times", 1_000.0, problems));
        }
        Metric::Cost => {
            limit(&mut watch, number("above_usd", LARGEST, problems), Bad::Above);
            change(&mut watch, number("times", 1_000.0, problems));
        }
        Metric::Score(_) => {
            limit(&mut watch, number("below", LARGEST, problems), Bad::Below);
            limit(&mut watch, number("above", LARGEST, problems), Bad::Above);
            change(&mut watch, number("change", LARGEST, problems));
        }
        Metric::InputLength | Metric::OutputLength => {
            limit(&mut watch, number("shift", 100.0, problems), Bad::Above);
        }
        _ => {
            if let Some(written) = number("rise", 0.99, problems) {
                watch.rise = written.filter(|limit| *limit > 0.0);
            }
            limit(&mut watch, number("above", 1.0, problems), Bad::Above);
        }
    }
    if let Metric::Score(_) = watch.metric
        && let Some(node) = fields.get("drift", problems)
    {
        watch.drift = typed::word(node, "`drift`", &DRIFTS, problems).unwrap_or(watch.drift);
    }
    if let Some(node) = fields.get("window", problems) {
        let window = typed::word(node, "`window`", &Period::WORDS, problems);
        watch.window = window.unwrap_or(watch.window);
    }
    if let Some(node) = fields.get("least", problems) {
        watch.least = typed::whole(node, "`least`", (1, MOST), problems).unwrap_or(watch.least);
    }
    if let Some(node) = fields.get("severity", problems) {
        let severity = typed::word(node, "`severity`", &Severity::WORDS, problems);
        watch.severity = severity.unwrap_or(watch.severity);
    }
    fields.close(problems);
    Some(watch)
}

fn limit(watch: &mut Watch, written: Option<Option<f64>>, bad: Bad) {
    if let Some(limit) = written {
        watch.limit = limit;
        watch.bad = bad;
    }
}

fn change(watch: &mut Watch, written: Option<Option<f64>>) {
    if let Some(change) = written {
        watch.change = change;
    }
}

/// Reads `probe:`; `daily`, or what differs from that.
pub(super) fn probe(node: &Node, problems: &mut Problems) -> Option<Probe> {
    if let Value::Text(_) = node.value {
        let words = [("daily", Some(Probe::default())), ("off", None)];
        return typed::word(node, "`probe`", &words, problems).flatten();
    }
    let mut fields = Fields::open(node, "a probe", problems)?;
    let mut probe = Probe::default();
    if let Some(node) = fields.get("every", problems)
        && let Some(text) = typed::words(node, "`every`", problems)
    {
        match seconds(text) {
            Ok(every) if every >= 60 => probe.every_s = every,
            _ => problems.error(&node.spot, "`every` is no time of a minute or more", "e.g. 24h"),
        }
    }
    if let Some(node) = fields.get("max_usd", problems) {
        probe.max_cost = typed::money(node, "`max_usd`", problems).unwrap_or(probe.max_cost);
    }
    if let Some(node) = fields.get("margin", problems) {
        probe.margin = typed::share(node, "`margin`", problems).unwrap_or(probe.margin);
    }
    fields.close(problems);
    Some(probe)
}
