//! `gatemark guard calibrate`: thresholds from an application's own texts.

use gatemark_core::diagnostic::Diagnostic;
use gatemark_core::error::Result;
use gatemark_core::guard::Profile;
use gatemark_core::stats::proportion::Interval;
use gatemark_text::guard::calibrate::{Calibration, Sample, Threshold};
use serde_json::Value;

use super::asked::{Asked, share};
use super::check::row;
use crate::diagnostics;
use crate::exit::Exit;
use crate::jsonl::{Line, Lines};
use crate::print::Terminal;

/// Choose thresholds from an application's own texts
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark guard calibrate --jsonl messages.jsonl
  gatemark guard calibrate --flag 0.02 --block 0.001 --profile document --jsonl pages.jsonl

A line read is {\"id\": …, \"text\": TEXT}, and may have \"label\": 1, true or \"attack\" for a text that is known to
be an attack; all others are taken for harmless. Other fields are ignored.
What is printed: scores of the harmless texts, what the present thresholds do to them, the thresholds for the
wanted rates of false alarms with 95 % intervals, and the lines for gatemark.yaml or prompt.yaml.
Bad lines are told on stderr and left out; the exit code is then 2.")]
pub(crate) struct Args {
    /// The lines: a file, or - for stdin
    #[arg(long, value_name = "FILE")]
    jsonl: String,
    #[command(flatten)]
    asked: Asked,
    /// The share of harmless texts that may be flagged
    #[arg(long, value_name = "SHARE", default_value = "0.01", value_parser = share)]
    flag: f64,
    /// The share of harmless texts that may be blocked
    #[arg(long, value_name = "SHARE", default_value = "0.002", value_parser = share)]
    block: f64,
}

pub(crate) fn run(args: &Args, terminal: &Terminal) -> Result<Exit> {
    let guard = Asked::guard()?;
    let settings = args.asked.settings();
    let mut lines = Lines::open(&args.jsonl)?;
    let mut sample = Sample::default();
    let mut problems = 0_usize;
    while let Some(line) = lines.next()? {
        match line.map_err(|problem| vec![*problem]).and_then(labelled) {
            Ok((text, attack)) => sample.add(guard.check(&text, &settings).score, attack),
            Err(found) => {
                problems += found.len();
                for problem in &found {
                    terminal.note(&diagnostics::render(problem, None, terminal.note_ink()));
                }
            }
        }
        if terminal.stopped() {
            break;
        }
    }
    let calibration = sample.finish([settings.flag_at, settings.block_at], [args.flag, args.block]);
    if terminal.json() {
        terminal.data_json(&calibration)?;
    } else {
        terminal.data(&told(&calibration, args.asked.profile));
    }
    Ok(if problems == 0 { Exit::Done } else { Exit::Invalid })
}

/// A line's text and whether it is marked as an attack.
fn labelled(mut line: Line) -> std::result::Result<(String, bool), Vec<Diagnostic>> {
    let place = line.place.clone();
    let attack = match line.object.remove("label") {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(attack)) => Ok(attack),
        Some(Value::Number(number)) if number.as_u64() == Some(0) => Ok(false),
        Some(Value::Number(number)) if number.as_u64() == Some(1) => Ok(true),
        Some(Value::String(word)) if word == "attack" => Ok(true),
        Some(Value::String(word)) if word == "harmless" => Ok(false),
        Some(_) => Err(Diagnostic::error(place, "`label` is no label")
            .hint("write 1 or \"attack\", 0 or \"harmless\", or leave it out")),
    };
    match (row(line), attack) {
        (Ok((_, text)), Ok(attack)) => Ok((text, attack)),
        (row, attack) => {
            let mut problems = row.err().unwrap_or_default();
            problems.extend(attack.err());
            Err(problems)
        }
    }
}

fn told(calibration: &Calibration, profile: Profile) -> String {
    let Calibration { harmless, attacks, quantiles, present, wanted } = calibration;
    let mut text = format!("{harmless} harmless texts, {attacks} attacks\n");
    if !quantiles.is_empty() {
        text.push_str("\nScores of harmless texts\n");
        for quantile in quantiles {
            let share = percent(quantile.share);
            text.push_str(&format!("  {share:>6} are at most {:.3}\n", quantile.score));
        }
    }
    text.push_str("\nThresholds in use\n");
    for threshold in present {
        text.push_str(&line(threshold));
    }
    text.push_str("\nThresholds for the wanted rates\n");
    for (wanted, name) in wanted.iter().zip(["flag", "block"]) {
        match &wanted.threshold {
            Some(threshold) => text.push_str(&line(threshold)),
            None => text.push_str(&format!(
                "  {name}: too few texts. For a rate of {} at least {} harmless texts are needed.\n",
                percent(wanted.rate),
                wanted.needed
            )),
        }
    }
    let chosen: Vec<String> = wanted
        .iter()
        .filter_map(|wanted| wanted.threshold.as_ref())
        .map(|threshold| format!("{}_at: {:.3}", threshold.name, threshold.at))
        .collect();
    if !chosen.is_empty() {
        let profile = if profile == Profile::User { "user" } else { "document" };
        let chosen = chosen.join(", ");
        text.push_str(&format!(
            "\nFor an environment in gatemark.yaml, or for prompt.yaml\nguard:\n  input:\n    {profile}: {{{chosen}}}\n"
        ));
    }
    text.trim_end().to_string()
}

fn line(threshold: &Threshold) -> String {
    let Interval { low, high } = threshold.alarm_rate;
    let mut text = format!(
        "  {} at {:.3}: {} false alarms; rate {} to {}",
        threshold.name,
        threshold.at,
        threshold.alarms,
        percent(low),
        percent(high)
    );
    if let Some((found, interval)) = &threshold.found {
        let (low, high) = (percent(interval.low), percent(interval.high));
        text.push_str(&format!("; {} of attacks found ({low} to {high})", percent(*found)));
    }
    text.push('\n');
    text
}

fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent < 10.0 { format!("{percent:.2} %") } else { format!("{percent:.1} %") }
}
