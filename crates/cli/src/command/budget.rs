//! `gatemark budget`: what is spent and what is left.

use gatemark_control::budgets::BudgetState;
use gatemark_core::error::{Error, Result};
use gatemark_core::money::NanoUsd;

use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::table::Table;

/// Show what budgets have spent and have left
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark budget list
  gatemark budget show support-month --json

What is promised to calls under way is known to the server that makes them alone: GET /api/v1/budgets.")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Every budget in its present window
    List,
    /// One budget with all its accounts
    Show {
        /// The budget's name
        name: String,
    },
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let all = context.with_control(async |control| {
        control.begin_budgets().await?;
        Ok((control.budgets(), names(control)))
    });
    let (mut lines, known) = all.await?;
    if let What::Show { name } = &args.what {
        if !known.contains(name) {
            let close =
                gatemark_core::diagnostic::did_you_mean(name, known.iter().map(String::as_str));
            let hint = close.map(|close| format!(" (did you mean `{close}`?)")).unwrap_or_default();
            let message = format!("there is no budget `{name}` in gatemark.yaml{hint}");
            return Err(Error::not_found(message).coded("budget_not_found"));
        }
        lines.retain(|line| line.name == *name);
    }
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&lines)?;
        return Ok(Exit::Done);
    }
    if lines.is_empty() {
        terminal.note(if known.is_empty() {
            "gatemark.yaml has no budgets"
        } else {
            "nothing is filed for a window yet"
        });
        return Ok(Exit::Done);
    }
    table(&lines).print(terminal);
    Ok(Exit::Done)
}

/// Those for each call included, which have no account to list.
fn names(control: &gatemark_control::Control) -> Vec<String> {
    control.project().budgets.iter().map(|budget| budget.name.clone()).collect()
}

fn table(lines: &[BudgetState]) -> Table {
    let mut table = Table::new([
        "BUDGET",
        "ACCOUNT",
        "WINDOW",
        "AMOUNT",
        "SPENT",
        "LEFT",
        "ENDS (UTC)",
        "THEN",
    ]);
    for line in lines {
        let window = match line.window {
            "total" => "total".to_string(),
            window => format!("{window}, {}", line.time_zone),
        };
        let ends = line.ends_at.map(moment::shown).unwrap_or_else(|| "never".to_string());
        let dollars = |nanos: i64| NanoUsd(nanos).to_string();
        table.row([
            line.name.as_str(),
            &line.account,
            &window,
            &dollars(line.amount),
            &dollars(line.spent),
            &dollars(line.left),
            &ends,
            line.on_exceed,
        ]);
    }
    table
}
