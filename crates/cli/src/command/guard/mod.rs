//! `gatemark guard`: what guards make of texts, without a call.

mod pii;

use gatemark_core::error::Result;

use crate::exit::Exit;
use crate::print::Terminal;

/// See what guards make of texts
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark guard pii --jsonl texts.jsonl > spans.jsonl")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Pii(pii::Args),
}

pub(crate) fn run(args: Args, terminal: &Terminal) -> Result<Exit> {
    match args.action {
        Action::Pii(args) => pii::run(&args, terminal),
    }
}
