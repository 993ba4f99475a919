//! `gatemark guard`: what guards make of texts, without a call.

mod leak;

use gatemark_core::error::Result;

use crate::exit::Exit;
use crate::print::Terminal;

/// See what guards make of texts
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark guard leak --jsonl answers.jsonl > verdicts.jsonl")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Leak(leak::Args),
}

pub(crate) fn run(args: Args, terminal: &Terminal) -> Result<Exit> {
    match args.action {
        Action::Leak(args) => leak::run(&args, terminal),
    }
}
