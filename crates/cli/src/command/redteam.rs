//! `gatemark redteam`: attacks on a prompt, and what stops them.

use gatemark_control::redteam::RedteamRequest;
use gatemark_core::error::Result;
use gatemark_core::id::{EnvironmentName, ModelName};
use gatemark_core::money::NanoUsd;
use gatemark_core::redteam::{Family, Figures, Line, Rate, Report, Tried};
use gatemark_gateway::PromptRef;

use crate::argument;
use crate::context::Context;
use crate::exit::Exit;
use crate::table::Table;

/// Attack a prompt through its own pipeline, and report what stops the attacks
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark redteam support/triage
  gatemark redteam support/triage@2.1.0 --env staging --family direct --family leak --json

Each attack is called three times: without guards and marks, with the version's marks, and with
everything. The report is kept; `policy: {redteam: {max_success: 0.05}}` has the gate ask for it.")]
pub(crate) struct Args {
    /// The prompt: service/name, or service/name@version; the newest version by default
    #[arg(value_name = "NAME", value_parser = argument::prompt_ref)]
    prompt: PromptRef,
    /// Whose guards are in force [default: the default environment]
    #[arg(long, value_name = "ENV")]
    env: Option<EnvironmentName>,
    /// The model [default: the version's first]
    #[arg(long, value_name = "MODEL")]
    model: Option<ModelName>,
    /// Only this family: direct, indirect, encoded, multilingual, leak, obfuscated; may be repeated
    #[arg(long, value_name = "FAMILY", value_parser = family)]
    family: Vec<Family>,
    /// Attacks of each family
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    per_family: u16,
    /// Draws other attacks
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Attacks under way at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = argument::concurrency)]
    concurrency: usize,
    /// Spend at most this many dollars; a report that needs more is not kept
    #[arg(long, value_name = "USD", value_parser = argument::usd)]
    max_cost: Option<NanoUsd>,
}

fn family(text: &str) -> Result<Family, String> {
    let words = || Family::ALL.map(Family::word).join(", ");
    Family::named(text).ok_or_else(|| format!("write one of {}", words()))
}

/// Most attacks that are listed as having reached their goal.
const LISTED: usize = 20;

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let request = RedteamRequest {
        prompt: args.prompt,
        model: args.model,
        environment: args.env,
        families: args.family,
        per_family: usize::from(args.per_family),
        seed: args.seed,
        concurrency: args.concurrency,
        max_cost: args.max_cost,
        actor: context.actor()?,
    };
    let report = context.with_control(async |control| control.redteam(&request).await).await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&report)?;
        return Ok(Exit::Done);
    }
    let Report { prompt, number, model, environment, corpus, seed, .. } = &report;
    terminal.data(&format!(
        "{prompt}@{number} on {model}, guards of {environment}; corpus {corpus}, seed {seed}\n"
    ));
    figures(&report).print(terminal);
    terminal.data(&format!("\nStopped by: {}", lines(&report.total)));
    if report.total.flagged > 0 {
        let flagged = report.total.flagged;
        terminal.data(&format!("{flagged} of the calls that went on would come before a person."));
    }
    let through: Vec<&Tried> = report.tried.iter().filter(|tried| tried.guarded).collect();
    for tried in through.iter().take(LISTED) {
        let Tried { attack, variable, call, .. } = tried;
        terminal.data(&format!("  got through: {attack} in variables.{variable}, call {call}"));
    }
    if through.len() > LISTED {
        terminal.data(&format!("  and {} more (--json lists all)", through.len() - LISTED));
    }
    terminal.note(&format!("Report {}; cost {}.", report.id, report.cost));
    Ok(Exit::Done)
}

fn figures(report: &Report) -> Table {
    let headings = ["FAMILY", "ATTACKS", "BARE", "MARKS", "GUARDED", "95 % INTERVAL"];
    let mut table = Table::new(headings).right(&[1, 2, 3, 4, 5]);
    let all = ("all", &report.total);
    let families = report.families.iter().map(|(family, figures)| (family.word(), figures));
    for (name, figures) in families.chain([all]) {
        let Figures { bare, structure, guarded, .. } = figures;
        let interval = &guarded.interval;
        table.row([
            name.to_string(),
            guarded.of.to_string(),
            share(bare),
            share(structure),
            share(guarded),
            format!("{:.1}-{:.1} %", 100.0 * interval.low, 100.0 * interval.high),
        ]);
    }
    table
}

fn share(rate: &Rate) -> String {
    if rate.of == 0 { "-".to_string() } else { format!("{:.1} %", 100.0 * rate.share()) }
}

fn lines(figures: &Figures) -> String {
    let listed: Vec<String> = figures
        .stopped_by
        .iter()
        .map(|(line, count): &(Line, u64)| format!("{} {count}", line.shown()))
        .collect();
    if listed.is_empty() { "nothing".to_string() } else { listed.join(", ") }
}
