//! `gatemark cascade`: what cheap models first did to served calls.

use gatemark_control::cascade::{CascadeReport, MOST_CALLS};
use gatemark_core::error::{Error, Result};
use gatemark_core::money::NanoUsd;
use gatemark_gateway::{PromptRef, Selector};

use crate::argument;
use crate::context::Context;
use crate::exit::Exit;
use crate::print::Terminal;
use crate::table::Table;

/// Show what a prompt's cascade did to served calls
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gatemark cascade report support/triage")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Where calls ended, what that saved, and where going up was for nothing
    #[command(after_help = "Examples:
  gatemark cascade report support/triage
  gatemark cascade report support/triage@3 --json")]
    Report {
        /// The prompt: service/name, or service/name@number for one version
        #[arg(value_name = "NAME", value_parser = argument::prompt_ref)]
        prompt: PromptRef,
    },
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let What::Report { prompt } = args.what;
    let number = match prompt.selector {
        Selector::Default => None,
        Selector::Number(number) => Some(number),
        _ => return Err(Error::invalid("name one version by its number, e.g. a/b@3").at("NAME")),
    };
    let report = context
        .with_control(async |control| control.cascade_report(&prompt.name, number, None).await)
        .await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&report)?;
    } else if report.calls == 0 {
        terminal.note("no call went through a cascade yet");
    } else {
        print(&report, terminal);
    }
    Ok(Exit::Done)
}

#[allow(clippy::cast_precision_loss)]
fn percent(part: u64, whole: u64) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}

fn print(report: &CascadeReport, terminal: &Terminal) {
    let headings = ["STEP", "MODEL", "CALLS", "SHARE", "BAD", "COST", "SAVED"];
    let mut table = Table::new(headings).right(&[0, 2, 3, 4, 5, 6]);
    for at in &report.steps {
        table.row([
            at.step.to_string(),
            at.model.clone(),
            at.calls.to_string(),
            percent(at.calls, report.calls),
            at.bad.to_string(),
            NanoUsd(at.cost).to_string(),
            NanoUsd(at.saved).to_string(),
        ]);
    }
    table.print(terminal);
    for (why, count) in &report.reasons {
        terminal.data(&format!("went up   {count} times for {}", why.word()));
    }
    if let Some(judge) = &report.judge {
        terminal.data(&format!(
            "judged    {} answers for {}, without a verdict on {}",
            judge.answers,
            NanoUsd(judge.cost),
            judge.without_verdict
        ));
    }
    terminal.data(&format!(
        "regret    {} of {} that went up got the same answer ({})",
        report.same,
        report.went_up,
        percent(report.same, report.went_up)
    ));
    if report.stayed_reviewed > 0 {
        terminal.data(&format!(
            "          {} of {} answers of lower steps that a person looked at were wrong ({})",
            report.stayed_wrong,
            report.stayed_reviewed,
            percent(report.stayed_wrong, report.stayed_reviewed)
        ));
    }
    terminal.data(&format!(
        "saved     {} against the last step alone, by its price for answers of as many tokens",
        report.saved()
    ));
    if report.unpriced > 0 {
        terminal.data(&format!("          without {} calls that have no price", report.unpriced));
    }
    if report.calls >= u64::from(MOST_CALLS) {
        terminal.data(&format!("          of the newest {MOST_CALLS} calls"));
    }
}
