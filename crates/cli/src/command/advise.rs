//! `gatemark advise`: what might be changed for the better. It changes nothing.

use gatemark_control::advise::{Advice, Candidate, Question, Yardstick};
use gatemark_control::evaluate::{TestRequest, TestTarget};
use gatemark_core::advice::Holding;
use gatemark_core::error::Result;
use gatemark_core::id::ModelName;
use gatemark_core::money::NanoUsd;
use gatemark_gateway::PromptRef;
use serde_json::{Value, json};

use crate::argument;
use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::print::{Ink, Terminal};
use crate::progress::Progress;
use crate::table::Table;

/// Advise on a prompt, without changing anything
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark advise model support/triage
  gatemark advise model support/triage --models openai/gpt-4o-mini-2024-07-18,sim/learner-2026-11-01")]
pub(crate) struct Args {
    #[command(subcommand)]
    about: About,
}

#[derive(Debug, clap::Subcommand)]
enum About {
    Model(Model),
}

/// Find the cheapest model that the suite proves good enough
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark advise model support/triage
  gatemark advise model support/triage@2.1.0 --models openai/gpt-4o-mini-2024-07-18 --max-cost 2
  gatemark advise model support/triage --margin 2

A model holds if its accuracy is at least the threshold (the suite's, else the policy's) with the confidence
asked for, about all models together. Where nothing is proved it says how many more cases would. Reports are
stored as by `gatemark test`. Exit code 4 if no model holds.")]
struct Model {
    /// The prompt: service/name, or service/name@version
    #[arg(value_name = "NAME", value_parser = argument::prompt_ref)]
    prompt: PromptRef,
    /// The models to try [default: those of the prompt and of gatemark.yaml]
    #[arg(long, value_name = "MODEL,MODEL", value_delimiter = ',')]
    models: Vec<ModelName>,
    /// Measure by the model that serves: accept a loss of accuracy up to this, in percentage points
    #[arg(long, value_name = "POINTS", value_parser = points)]
    margin: Option<f64>,
    /// How often each case is asked [default: what the suite says, else 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    repeats: Option<u32>,
    /// Calls under way at once for each provider
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = argument::concurrency)]
    concurrency: usize,
    /// Ask the models even where an earlier run has the answer
    #[arg(long)]
    no_cache: bool,
    /// Stop before more than this is spent, in USD
    #[arg(long, value_name = "USD", value_parser = argument::usd)]
    max_cost: Option<NanoUsd>,
    /// How sure to be about all models together, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 95.0, value_parser = argument::percent)]
    confidence: f64,
}

fn points(text: &str) -> Result<f64, String> {
    let found = text.parse::<f64>().ok().filter(|points| *points > 0.0 && *points <= 100.0);
    found.map(|points| points / 100.0).ok_or_else(|| "write percentage points, e.g. 2".to_string())
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let About::Model(args) = args.about;
    let terminal = context.terminal;
    let progress = Progress::new(terminal);
    let advice = context
        .with_control(async |control| {
            let PromptRef { name, selector } = args.prompt.clone();
            let target = TestTarget::Registered { prompt: name, selector };
            let test = TestRequest {
                models: args.models.clone(),
                repeats: args.repeats,
                concurrency: args.concurrency,
                recall: !args.no_cache,
                max_cost: args.max_cost,
                ..TestRequest::of(target.clone(), context.actor()?)
            };
            let (confidence, margin) = (args.confidence / 100.0, args.margin);
            control.advise(&Question { target, test, confidence, margin }, &progress).await
        })
        .await?;
    if terminal.json() {
        terminal.data_json(&view(&advice))?;
    } else {
        print(&advice, terminal);
    }
    Ok(if advice.advised.is_some() { Exit::Done } else { Exit::Below })
}

fn view(advice: &Advice) -> Value {
    let candidate = |one: &Candidate| {
        let summary = &one.report.summary;
        let timed = summary.timed() > 0;
        let difference = match &one.against_serving {
            Some(Ok(comparison)) => json!(comparison.accuracy.difference),
            _ => Value::Null,
        };
        json!({
            "model": one.report.model,
            "report": one.report.id,
            "serves": one.against_serving.is_none(),
            "verdict": one.finding.holding,
            "more_cases": one.finding.more_cases,
            "accuracy": summary.total.accuracy(),
            "bounds": one.finding.bounds,
            "cases": summary.total.cases,
            "against": one.against,
            "difference_to_serving": difference,
            "cost_per_1000_nano_usd": one.cost_per_1000,
            "p50_latency_us": timed.then_some(summary.p50_latency_us),
            "p95_latency_us": timed.then_some(summary.p95_latency_us),
        })
    };
    let (threshold, margin) = match advice.yardstick {
        Yardstick::Threshold(least) => (Some(least), None),
        Yardstick::Margin(margin) => (None, Some(margin)),
    };
    json!({
        "prompt": advice.version.prompt,
        "number": advice.version.number,
        "threshold": threshold,
        "margin": margin,
        "level": advice.level,
        "advised": advised(advice).map(|one| &one.report.model),
        "models": advice.candidates.iter().map(candidate).collect::<Vec<_>>(),
        "skipped": advice.skipped,
    })
}

fn advised(advice: &Advice) -> Option<&Candidate> {
    advice.advised.and_then(|place| advice.candidates.get(place))
}

fn print(advice: &Advice, terminal: &Terminal) {
    let ink = terminal.ink();
    let version = &advice.version;
    let title = format!("{} {} (version {})", version.prompt, version.semver, version.number);
    terminal.data(&ink.strong(&title));
    terminal.data(&format!("{}\n", asked(advice)));
    terminal.data(&table(advice, ink));
    for one in &advice.candidates {
        for line in remarks(one) {
            terminal.data(&format!("\n{}: {line}", one.report.model));
        }
    }
    for (model, why) in &advice.skipped {
        terminal.data(&format!("\n{model}: not tried: {why}"));
    }
    terminal.data(&format!("\n{}", conclusion(advice)));
}

fn asked(advice: &Advice) -> String {
    let level = 100.0 * advice.level;
    match advice.yardstick {
        Yardstick::Threshold(least) => {
            format!("wanted: accuracy at least {least:.3}; bounds at {level:.1} % for each model")
        }
        Yardstick::Margin(margin) => format!(
            "wanted: at most {:.1} points of accuracy less than the model that serves; bounds of the \
             difference at {level:.1} % for each model",
            100.0 * margin
        ),
    }
}

fn table(advice: &Advice, ink: Ink) -> String {
    let headings = ["MODEL", "VERDICT", "ACCURACY", "BOUNDS", "COST OF 1,000", "P50", "P95"];
    let mut table = Table::new(headings).right(&[2, 3, 4, 5, 6]);
    for one in &advice.candidates {
        let summary = &one.report.summary;
        let verdict = match one.finding.holding {
            Holding::Holds => ink.good(one.finding.holding.words()),
            Holding::DoesNot => ink.bad(one.finding.holding.words()),
            Holding::CannotTell => one.finding.holding.words().to_string(),
        };
        let serves = if one.against_serving.is_none() { " (serves)" } else { "" };
        let timed = |latency_us| match summary.timed() {
            0 => "–".to_string(),
            _ => moment::length(latency_us),
        };
        table.row([
            format!("{}{serves}", one.report.model),
            verdict,
            format!("{:.3}", summary.total.accuracy()),
            format!("{:.3} – {:.3}", one.finding.bounds.low, one.finding.bounds.high),
            one.cost_per_1000.map_or("unknown".to_string(), |cost| cost.to_string()),
            timed(summary.p50_latency_us),
            timed(summary.p95_latency_us),
        ]);
    }
    table.text()
}

fn remarks(one: &Candidate) -> Vec<String> {
    let mut remarks = one.against.clone();
    if one.finding.holding == Holding::CannotTell && one.against.is_empty() {
        remarks.push(match one.finding.more_cases {
            Some(more) => format!("about {more} more cases like these would decide"),
            None => "it is so close that no number of cases is likely to decide".to_string(),
        });
    }
    if one.cost_per_1000.is_none() {
        remarks
            .push("it has no price in gatemark.yaml, so it cannot be called the cheapest".into());
    }
    remarks
}

fn conclusion(advice: &Advice) -> String {
    let Some(best) = advised(advice) else {
        return "advice: no model is proved to hold what is wanted".to_string();
    };
    let model = &best.report.model;
    if best.against_serving.is_none() {
        return format!("advice: stay with {model}, the cheapest that holds");
    }
    let serving = advice.candidates.first().and_then(|one| one.cost_per_1000);
    let saved = match (best.cost_per_1000, serving) {
        (Some(cost), Some(now)) if now > NanoUsd::ZERO => {
            let share = 100.0 * (1.0 - cost.as_usd() / now.as_usd());
            format!(", {share:.0} % less than what serves")
        }
        _ => String::new(),
    };
    let cost = best.cost_per_1000.unwrap_or_default();
    format!(
        "advice: {model} is the cheapest that holds: {cost} for 1,000 calls{saved}. Put it first under `models:` \
         in prompt.yaml and go through the gate"
    )
}
