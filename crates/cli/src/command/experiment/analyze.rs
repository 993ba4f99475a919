//! `gatemark experiment analyze`: what calls show that were recorded anywhere. It needs no project, no server
//! and no prompt of ours.

use std::collections::{BTreeMap, BTreeSet};

use gatemark_core::analysis::{Analysis, Plan, Record, Rule, analyse};
use gatemark_core::diagnostic::Diagnostic;
use gatemark_core::error::{Error, Result};
use serde_json::Value;

use crate::diagnostics;
use crate::exit::Exit;
use crate::jsonl::{Line, Lines};
use crate::moment;
use crate::print::{Terminal, printable};

/// Say what recorded calls show, per metric, with intervals that are valid at any time
#[derive(Debug, clap::Args)]
#[command(
    visible_alias = "analyse",
    after_help = "Examples:
  gatemark experiment analyze --jsonl calls.jsonl --weights control=90,v7=10
  gatemark experiment analyze --jsonl - --control v6 --lower cost_usd --json < calls.jsonl

A line is {\"arm\": \"v7\", \"unit\": \"user 12\", \"time\": \"2026-11-21T10:00:00Z\", \"success\": true, \"cost_usd\": 0.004}.
`arm` is needed. `unit` is who made the call and stays in an arm; without it each call is one. `time` is a
timestamp or a number of seconds, and orders the lines; without it they are in order. `share`, if given, is
the chance by which the unit came to its candidate and not to control. All other fields, or those in
`metrics`, are numbers or true and false; null is not measured.

Exit codes: 0 analysed; 2 a line or an argument is wrong, every problem is told on stderr."
)]
pub(super) struct Args {
    /// The calls: a file, or - for stdin
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-", required = true)]
    jsonl: String,
    /// The arm that others are compared with; by default the one named control
    #[arg(long, value_name = "ARM", default_value = "control")]
    control: String,
    /// Planned weights of all arms, e.g. control=90,v7=10: needed for the sample-ratio check
    #[arg(long, value_name = "ARM=WEIGHT", value_delimiter = ',', value_parser = weight)]
    weights: Vec<(String, f64)>,
    /// Metrics of which less is better; by default those whose name says latency, cost, error, retry, …
    #[arg(long, value_name = "METRIC", value_delimiter = ',')]
    lower: Vec<String>,
    /// Metrics of which more is better, whatever their name says
    #[arg(long, value_name = "METRIC", value_delimiter = ',')]
    higher: Vec<String>,
    /// How much worse is as good: of metrics between 0 and 1 a difference, of others a fraction
    #[arg(long, default_value_t = 0.03, value_parser = fraction)]
    margin: f64,
    /// Chance of any false difference
    #[arg(long, default_value_t = 0.05, value_parser = fraction)]
    alpha: f64,
    /// anytime is valid for any number of looks, fixed for one that was planned before
    #[arg(long, value_enum, default_value = "anytime")]
    rule: RuleArg,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum RuleArg {
    Anytime,
    Fixed,
}

fn weight(written: &str) -> std::result::Result<(String, f64), String> {
    let (arm, weight) = written.rsplit_once('=').ok_or("write ARM=WEIGHT, e.g. control=90")?;
    let weight: f64 = weight.parse().map_err(|_| format!("{weight} is no number"))?;
    if weight > 0.0 && weight.is_finite() {
        Ok((arm.to_string(), weight))
    } else {
        Err("a weight is a number above 0".to_string())
    }
}

fn fraction(written: &str) -> std::result::Result<f64, String> {
    let value: f64 = written.parse().map_err(|_| "is no number".to_string())?;
    if value > 0.0 && value < 1.0 {
        Ok(value)
    } else {
        Err("write a number between 0 and 1".into())
    }
}

/// Words in a metric's name by which less is better.
const LOWER: [&str; 12] = [
    "latency",
    "cost",
    "error",
    "retr",
    "fallback",
    "off_format",
    "token",
    "_ms",
    "seconds",
    "duration",
    "fail",
    "block",
];

pub(super) fn run(args: Args, terminal: &Terminal) -> Result<Exit> {
    let (records, bad) = read(&args.jsonl, terminal)?;
    if bad > 0 {
        terminal.note(&format!("{bad} bad lines; nothing was analysed"));
        return Ok(Exit::Invalid);
    }
    let arms: BTreeSet<&str> = records.iter().map(|record| record.arm.as_str()).collect();
    if !arms.contains(args.control.as_str()) {
        let names: Vec<&str> = arms.into_iter().collect();
        return Err(Error::invalid(format!(
            "no call is of the arm `{}`: name control with --control; the arms are: {}",
            args.control,
            if names.is_empty() { "none".to_string() } else { names.join(", ") }
        )));
    }
    let plan = plan(args, &records)?;
    let analysis = analyse(&records, &plan);
    if terminal.json() {
        terminal.data_json(&analysis)?;
    } else {
        show(&analysis, terminal);
    }
    Ok(Exit::Done)
}

fn plan(args: Args, records: &[Record]) -> Result<Plan> {
    let metrics: BTreeSet<&String> =
        records.iter().flat_map(|record| record.values.keys()).collect();
    let unknown: Vec<&String> =
        args.lower.iter().chain(&args.higher).filter(|name| !metrics.contains(name)).collect();
    if let Some(name) = unknown.first() {
        return Err(Error::invalid(format!(
            "no call has the metric `{name}` that --lower or --higher names"
        )));
    }
    let by_name = |metric: &str| {
        let metric = metric.to_lowercase();
        LOWER.iter().any(|word| metric.contains(word))
    };
    let lower = |metric: &String| {
        args.lower.contains(metric) || (!args.higher.contains(metric) && by_name(metric))
    };
    let lower = metrics.into_iter().filter(|metric| lower(metric)).cloned().collect();
    let rule = match args.rule {
        RuleArg::Anytime => Rule::Anytime,
        RuleArg::Fixed => Rule::Fixed,
    };
    let weights: BTreeMap<String, f64> = args.weights.into_iter().collect();
    if !weights.is_empty() && !weights.contains_key(&args.control) {
        return Err(Error::invalid(format!("--weights leaves out control, `{}`", args.control)));
    }
    Ok(Plan { control: args.control, weights, alpha: args.alpha, margin: args.margin, lower, rule })
}

/// All calls in the order of their times, and how many lines are bad.
fn read(file: &str, terminal: &Terminal) -> Result<(Vec<Record>, usize)> {
    let mut lines = Lines::open(file)?;
    let mut timed: Vec<(f64, Record)> = vec![];
    let mut bad = 0;
    while let Some(line) = lines.next()? {
        let found = line.map_err(|problem| vec![*problem]).and_then(|line| {
            let number = line.place.line;
            record(line, number)
        });
        match found {
            Ok(found) => timed.push(found),
            Err(problems) => {
                bad += 1;
                for problem in problems {
                    let text = diagnostics::render(&problem, None, terminal.note_ink());
                    terminal.note(&printable(&text));
                }
            }
        }
    }
    // Stable: calls without times stay in their order.
    timed.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok((timed.into_iter().map(|(_, record)| record).collect(), bad))
}

/// A line as its time and a record, or all that is wrong with it.
fn record(line: Line, number: usize) -> std::result::Result<(f64, Record), Vec<Diagnostic>> {
    let mut problems = vec![];
    let place = line.place;
    let mut problem = |field: &str, what: &str, hint: &str| {
        problems.push(Diagnostic::error(place.clone(), format!("{field} {what}")).hint(hint));
    };
    let (mut arm, mut unit, mut time, mut share) = (None, None, 0.0, None);
    let mut values = BTreeMap::new();
    let mut metrics = vec![];
    for (field, value) in line.object {
        match (field.as_str(), value) {
            ("arm", Value::String(name)) if !name.is_empty() => arm = Some(name),
            ("arm", _) => problem("arm", "is no name", "write a text, e.g. \"control\""),
            ("unit", Value::String(name)) => unit = Some(name),
            ("unit", Value::Number(name)) => unit = Some(name.to_string()),
            ("unit", Value::Null) => {}
            ("unit", _) => problem("unit", "is no name", "write a text or a number"),
            ("time", value) => match seconds(&value) {
                Some(found) => time = found,
                None => problem("time", "is no time", "write 2026-11-21T10:00:00Z or seconds"),
            },
            ("share", value) => match value.as_f64().filter(|x| *x > 0.0 && *x < 1.0) {
                Some(found) => share = Some(found),
                None => problem("share", "is no chance", "write a number between 0 and 1"),
            },
            ("metrics", Value::Object(object)) => metrics.extend(object),
            ("metrics", _) => problem("metrics", "is no object", "write {\"name\": number, …}"),
            (_, value) => metrics.push((field, value)),
        }
    }
    for (name, value) in metrics {
        let number = match &value {
            Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
            Value::Null => continue,
            other => other.as_f64(),
        };
        match number {
            Some(number) => {
                values.insert(name, number);
            }
            None => problem(&name, "is no number", "write a number, true, false or null"),
        }
    }
    if arm.is_none() && problems.is_empty() {
        problems.push(Diagnostic::error(place, "arm is missing").hint("write the call's arm"));
    }
    match arm {
        Some(arm) if problems.is_empty() => {
            let unit = unit.unwrap_or_else(|| format!("line {number}"));
            Ok((time, Record { arm, unit, share, values }))
        }
        _ => Err(problems),
    }
}

fn seconds(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        // Not lengths of time, which `moment` reads too.
        Value::String(text) if text.contains('-') =>
        {
            #[allow(clippy::cast_precision_loss)]
            moment::parse(text, 0).ok().map(|micros| micros as f64 / 1e6)
        }
        _ => None,
    }
}

pub(super) fn show(analysis: &Analysis, terminal: &Terminal) {
    for (arm, size) in &analysis.arms {
        let control = if *arm == analysis.control { " (control)" } else { "" };
        let (units, calls) = (size.units, size.calls);
        terminal.data(&printable(&format!("{arm}{control}: {units} units, {calls} calls")));
    }
    if let Some(check) = analysis.sample_ratio {
        let said = if check.mismatch {
            "does not fit the planned weights"
        } else {
            "fits the planned weights"
        };
        terminal.data(&format!(
            "ratio of units: {said} (p {:.4}, at any number of looks)",
            check.p_value
        ));
    }
    for one in &analysis.metrics {
        terminal.data("");
        terminal.data(&printable(&one.sentence));
        let less = if one.lower_is_better { "less is better" } else { "more is better" };
        let (fixed, anytime) = (one.fixed.adjusted, one.anytime.adjusted);
        terminal.data(&format!(
            "  {less}; probability of harm {:.3}; p corrected {anytime:.4} at any number of looks, {fixed:.4} at one",
            one.probability_of_harm
        ));
    }
    for note in &analysis.notes {
        terminal.note(&format!("note: {}", printable(note)));
    }
}
