//! `gatemark compat`: would another model do?

use gatemark_control::Control;
use gatemark_control::compat::{Compat, OnModel};
use gatemark_control::evaluate::{TestRequest, TestTarget};
use gatemark_core::error::Result;
use gatemark_core::id::ModelName;
use gatemark_core::money::NanoUsd;
use gatemark_core::report::Summary;
use gatemark_gateway::{PromptRef, Selector};
use serde_json::{Value, json};

use crate::argument;
use crate::context::Context;
use crate::evidence;
use crate::exit::Exit;
use crate::moment;
use crate::print::Terminal;
use crate::progress::Progress;
use crate::table::Table;

/// Run a prompt's suite on several models and compare each with the one that serves
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark compat support/triage --models openai/gpt-4o-2024-08-06,sim/learner-2026-11-01
  gatemark compat --all --models openai/gpt-4o-2024-08-06 --max-cost 5

Accuracy (also by category), format, latency and cost for each model, and which cases flip. The
differences are paired: both models answered the same cases.")]
pub(crate) struct Args {
    /// The prompt: service/name, or service/name@version
    #[arg(value_name = "NAME", value_parser = argument::prompt_ref, required_unless_present = "all")]
    prompt: Option<PromptRef>,
    /// Every prompt that has a suite
    #[arg(long, conflicts_with = "prompt")]
    all: bool,
    /// The models to try
    #[arg(long, value_name = "MODEL,MODEL", value_delimiter = ',', required = true)]
    models: Vec<ModelName>,
    /// How often each case is asked [default: what the suite says, else 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    repeats: Option<u32>,
    /// Calls under way at once for each provider
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = argument::concurrency)]
    concurrency: usize,
    /// Ask the models even where an earlier run has the answer
    #[arg(long)]
    no_cache: bool,
    /// Stop before more than this is spent on one prompt, in USD
    #[arg(long, value_name = "USD", value_parser = argument::usd)]
    max_cost: Option<NanoUsd>,
    /// Confidence of the intervals, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 95.0, value_parser = argument::percent)]
    confidence: f64,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let terminal = context.terminal;
    let progress = Progress::new(terminal);
    let found = context
        .with_control(async |control| {
            let request = TestRequest {
                targets: targets(&args, control).await?,
                models: args.models.clone(),
                repeats: args.repeats,
                concurrency: args.concurrency,
                recall: !args.no_cache,
                resume: true,
                max_cost: args.max_cost,
                stop_early: false,
                actor: context.actor()?,
            };
            control.compat(&request, args.confidence / 100.0, &progress).await
        })
        .await?;
    if terminal.json() {
        terminal.data_json(&found.iter().map(view).collect::<Vec<_>>())?;
    } else {
        found.iter().for_each(|one| print(one, terminal));
    }
    Ok(Exit::Done)
}

async fn targets(args: &Args, control: &Control) -> Result<Vec<TestTarget>> {
    if let Some(PromptRef { name, selector }) = args.prompt.clone() {
        return Ok(vec![TestTarget::Registered { prompt: name, selector }]);
    }
    let names = control.with_suites().await?;
    Ok(names
        .into_iter()
        .map(|prompt| TestTarget::Registered { prompt, selector: Selector::Default })
        .collect())
}

fn view(one: &Compat) -> Value {
    let model = |on: &OnModel| {
        json!({
            "model": on.report.model,
            "report": on.report.id,
            "summary": on.report.summary,
            "against_serving": match &on.against_serving {
                None => Value::Null,
                Some(Ok(comparison)) => json!({
                    "comparison": comparison,
                    "sentence": comparison.sentence(),
                }),
                Some(Err(why)) => json!({"not_comparable": why.reason}),
            },
        })
    };
    json!({
        "prompt": one.version.prompt,
        "number": one.version.number,
        "models": one.models.iter().map(model).collect::<Vec<_>>(),
    })
}

fn print(one: &Compat, terminal: &Terminal) {
    let ink = terminal.ink();
    let version = &one.version;
    let title = format!("{} {} (version {})", version.prompt, version.semver, version.number);
    terminal.data(&ink.strong(&title));
    terminal.data("");
    terminal.data(&matrix(one));
    let categories = categories(one);
    if !categories.is_empty() {
        terminal.data(&format!("\n{categories}"));
    }
    for on in &one.models {
        let Some(compared) = &on.against_serving else { continue };
        let said = match compared {
            Ok(comparison) => comparison.sentence(),
            Err(why) => format!("not comparable: {}", why.reason),
        };
        terminal.data(&format!("\n{}: {said}", on.report.model));
        if let Ok(comparison) = compared {
            for (word, cases) in [("lost", &comparison.lost), ("gained", &comparison.gained)] {
                if !cases.is_empty() {
                    terminal.data(&format!("  {word:<7} {}", some(cases)));
                }
            }
        }
    }
    terminal.data("");
}

/// The first few of a list of cases.
fn some(cases: &[String]) -> String {
    let shown = cases.iter().take(12).cloned().collect::<Vec<_>>().join(", ");
    match cases.len().saturating_sub(12) {
        0 => shown,
        more => format!("{shown} and {more} more (--json has all)"),
    }
}

fn matrix(one: &Compat) -> String {
    let headings = [
        "MODEL",
        "ACCURACY",
        "INTERVAL",
        "DIFFERENCE",
        "LOST",
        "GAINED",
        "FORMAT",
        "P50",
        "P95",
        "MEAN COST",
    ];
    let mut table = Table::new(headings).right(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for on in &one.models {
        let summary = &on.report.summary;
        let [difference, lost, gained] = match &on.against_serving {
            None => ["serves".to_string(), String::new(), String::new()],
            Some(Err(_)) => ["?".to_string(), "?".to_string(), "?".to_string()],
            Some(Ok(found)) => {
                let interval = &found.accuracy.difference.interval;
                let estimate = found.accuracy.difference.estimate;
                [
                    format!("{estimate:+.3} ({:+.3} to {:+.3})", interval.low, interval.high),
                    found.lost.len().to_string(),
                    found.gained.len().to_string(),
                ]
            }
        };
        table.row([
            on.report.model.to_string(),
            format!("{:.3}", summary.total.accuracy()),
            evidence::interval(&summary.total),
            difference,
            lost,
            gained,
            format!("{:.3}", summary.total.format_validity()),
            timed(summary, summary.p50_latency_us),
            timed(summary, summary.p95_latency_us),
            summary.mean_cost.to_string(),
        ]);
    }
    table.text()
}

/// A latency, or a dash where every answer comes from an earlier run.
fn timed(summary: &Summary, latency_us: u64) -> String {
    if summary.timed() == 0 { "–".to_string() } else { moment::length(latency_us) }
}

/// Accuracy of each model in each category.
fn categories(one: &Compat) -> String {
    let Some(first) = one.models.first() else { return String::new() };
    let names: Vec<&String> = first.report.summary.categories.keys().collect();
    if names.len() < 2 {
        return String::new();
    }
    let mut table =
        Table::new(["CATEGORY", "MODEL", "PASSED", "ACCURACY", "95 % INTERVAL"]).right(&[2, 3, 4]);
    for name in names {
        for on in &one.models {
            let Some(tally) = on.report.summary.categories.get(name) else { continue };
            table.row([
                name.clone(),
                on.report.model.to_string(),
                format!("{}/{}", tally.passed, tally.cases),
                format!("{:.3}", tally.accuracy()),
                evidence::interval(tally),
            ]);
        }
    }
    table.text()
}
