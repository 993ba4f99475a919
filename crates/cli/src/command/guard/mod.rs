//! `gatemark guard`: what guards make of texts, without a call.

mod asked;
mod calibrate;
mod check;
mod leak;
mod pii;

use gatemark_core::error::Result;

use crate::exit::Exit;
use crate::print::Terminal;

/// See what guards make of texts
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark guard check --jsonl messages.jsonl > verdicts.jsonl
  gatemark guard calibrate --jsonl messages.jsonl
  gatemark guard leak --jsonl answers.jsonl > verdicts.jsonl
  gatemark guard pii --jsonl texts.jsonl > spans.jsonl")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Check(check::Args),
    Calibrate(calibrate::Args),
    Leak(leak::Args),
    Pii(pii::Args),
}

pub(crate) fn run(args: Args, terminal: &Terminal) -> Result<Exit> {
    match args.action {
        Action::Check(args) => check::run(&args, terminal),
        Action::Calibrate(args) => calibrate::run(&args, terminal),
        Action::Leak(args) => leak::run(&args, terminal),
        Action::Pii(args) => pii::run(&args, terminal),
    }
}
