//! `gatemark judge`: prompts that judge answers.

mod new;

use gatemark_core::error::Result;

use crate::context::Context;
use crate::exit::Exit;

/// Make, calibrate and list judges
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gatemark judge new rubric && gatemark push && \
                  gatemark judge calibrate judges/rubric --labels labels.jsonl")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Write a judge's prompt and its own suite into the project
    New(new::Args),
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    match args.action {
        Action::New(args) => new::run(args, context),
    }
}
