//! `gatemark judge calibrate`: a judge against people.

use std::path::PathBuf;

use gatemark_control::calibrate::{CalibrateRequest, CalibrationRun, Format};
use gatemark_control::judge::Rule;
use gatemark_core::calibration::{Calibration, ENOUGH, Figures, Judged, Rating, Share};
use gatemark_core::error::{Error, Result};
use gatemark_core::id::ModelName;
use gatemark_core::money::NanoUsd;
use gatemark_gateway::PromptRef;
use serde_json::json;

use crate::argument;
use crate::context::Context;
use crate::exit::Exit;
use crate::print::one_line;

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gatemark judge calibrate judges/rubric --labels labels.jsonl

A label is a line {\"id\", \"answer\", \"label\"} with label pass, fail or a score on the judge's scale, and
if wanted \"expected\", \"input\", \"criteria\", \"system\" and \"rater\"; several people label an answer in a line each.
For judges of pairs: {\"id\", \"first\", \"second\", \"label\"} with label first, second or tie.
A .csv file has the same fields as columns.")]
pub(super) struct Args {
    /// The judge: service/name, or service/name@version
    #[arg(value_name = "NAME", value_parser = argument::prompt_ref)]
    judge: PromptRef,
    /// What people said of answers: .jsonl or .csv
    #[arg(long, value_name = "FILE")]
    labels: PathBuf,
    /// The model that judges [default: the judge's own]
    #[arg(long, value_name = "MODEL")]
    model: Option<ModelName>,
    /// By what to judge, for labels without their own `criteria`
    #[arg(long, value_name = "TEXT")]
    criteria: Option<String>,
    /// From which score on, 0 to 1, an answer passes
    #[arg(long, value_name = "SHARE", default_value_t = 0.75, value_parser = share)]
    at_least: f64,
    /// Votes on each answer
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=25))]
    votes: u32,
    /// Answers under way at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// Spend at most this many dollars; a calibration that needs more is not kept
    #[arg(long, value_name = "USD", value_parser = argument::usd)]
    max_cost: Option<NanoUsd>,
    /// Most disagreements to show
    #[arg(long, value_name = "N", default_value_t = 10)]
    disagreements: usize,
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "write a number from 0 to 1".to_string())
}

/// Longest text shown of a disagreement, in characters.
const WIDTH: usize = 240;

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let labels = std::fs::read_to_string(&args.labels).map_err(|cause| {
        let message = format!("{} cannot be read: {cause}", args.labels.display());
        Error::invalid(message).at("--labels").because(cause)
    })?;
    let is_csv = args.labels.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    let request = CalibrateRequest {
        judge: args.judge,
        model: args.model,
        labels,
        format: if is_csv { Format::Csv } else { Format::Jsonl },
        criteria: args.criteria,
        rule: Rule { at_least: args.at_least, votes: args.votes, min_agreement: 0.6 },
        concurrency: usize::from(args.concurrency),
        max_cost: args.max_cost,
        actor: context.actor()?,
    };
    let CalibrationRun { calibration, rows } =
        context.with_control(async |control| control.calibrate(&request).await).await?;
    let terminal = context.terminal;
    let differing: Vec<&Judged> =
        rows.iter().filter(|row| differs(row, calibration.at_least)).collect();
    if terminal.json() {
        let differing: Vec<_> = differing
            .iter()
            .map(|row| json!({"id": row.id, "people": row.people, "judge": row.judge, "note": row.note}))
            .collect();
        terminal.data_json(&json!({"calibration": calibration, "disagreements": differing}))?;
        return Ok(Exit::Done);
    }
    terminal.data(&text(&calibration));
    for row in differing.iter().take(args.disagreements) {
        let said = row.judge.as_ref().map_or("no verdict".to_string(), word);
        let people: Vec<String> =
            row.people.iter().map(|(who, rating)| format!("{who}: {}", word(rating))).collect();
        let people = people.join(", ");
        terminal.data(&format!("\n  {}: {people}; judge: {said}", one_line(&row.id, 60)));
        terminal.data(&format!("    {}", one_line(&row.note, WIDTH)));
    }
    Ok(Exit::Done)
}

fn word(rating: &Rating) -> String {
    match rating {
        Rating::Passes(true) => "pass".to_string(),
        Rating::Passes(false) => "fail".to_string(),
        Rating::Score(score) => format!("{score:.2}"),
        Rating::Prefers(0) => "tie".to_string(),
        Rating::Prefers(side) => if *side > 0 { "first" } else { "second" }.to_string(),
    }
}

/// Whether the judge gave no verdict, or another one than somebody.
fn differs(row: &Judged, at_least: f64) -> bool {
    let side = |rating: &Rating| match rating {
        Rating::Passes(passes) => i8::from(*passes),
        Rating::Score(score) => i8::from(*score >= at_least),
        Rating::Prefers(side) => *side,
    };
    let Some(judge) = row.judge.as_ref().map(side) else { return true };
    row.people.iter().any(|(_, rating)| side(rating) != judge)
}

fn text(calibration: &Calibration) -> String {
    let Calibration { judge, number, model, figures, votes, .. } = calibration;
    let mut lines = vec![
        format!("{judge}@{number} on {model}, {votes} votes on each of {} labels", figures.items),
        String::new(),
    ];
    let mut line = |name: &str, value: String| lines.push(format!("{name:<20} {value}"));
    line(
        "judged",
        format!(
            "{} ({} undecided, {} without a verdict, {} disputed among {} raters)",
            figures.judged, figures.undecided, figures.errors, figures.disputed, figures.raters
        ),
    );
    line("Cohen's kappa", kappa(figures));
    if let Some(weighted) = figures.weighted_kappa {
        line("weighted kappa", format!("{weighted:.3} (quadratic, on the scale)"));
    }
    line("Krippendorff's alpha", number_or_none(figures.alpha));
    if figures.raters > 1 {
        line("  among people", number_or_none(figures.alpha_people));
    }
    if let Some(found) = &figures.confusion {
        line("people pass", format!("judge passes {}, fails {}", found.pass_pass, found.pass_fail));
        line("people fail", format!("judge passes {}, fails {}", found.fail_pass, found.fail_fail));
        line("sensitivity", shown(figures.sensitivity));
        line("specificity", shown(figures.specificity));
    }
    if let Some(bias) = figures.length_bias {
        let (short, long, median) = (bias.short, bias.long, bias.median);
        line(
            "length bias",
            format!(
                "passes {short:+.3} more than people up to {median} characters, {long:+.3} beyond"
            ),
        );
    }
    if figures.position_bias.is_some() {
        line("position bias", shown(figures.position_bias));
    }
    line("self-agreement", number_or_none(figures.self_agreement));
    line("cost", figures.cost.to_string());
    lines.join("\n")
}

fn kappa(figures: &Figures) -> String {
    match figures.kappa {
        None => "none: people or the judge never varied".to_string(),
        Some(kappa) if kappa >= ENOUGH => {
            format!(
                "{kappa:.3} (from {ENOUGH} on, as a rule of thumb, a judge may stand in for people)"
            )
        }
        Some(kappa) => {
            format!("{kappa:.3} (UNDER {ENOUGH}, the rule of thumb: do not gate by this judge)")
        }
    }
}

fn number_or_none(value: Option<f64>) -> String {
    value.map_or("none".to_string(), |value| format!("{value:.3}"))
}

fn shown(share: Option<Share>) -> String {
    share.map_or("none".to_string(), |share| {
        let (low, high) = (share.interval.low, share.interval.high);
        format!("{:.3} ({}/{}, 95 % {low:.3} – {high:.3})", share.value(), share.count, share.of)
    })
}
