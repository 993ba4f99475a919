//! `gatemark judge`: prompts that judge answers.

mod calibrate;
mod list;
pub(crate) mod new;

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
    /// Compare a judge with what people said, and keep how far they agree
    Calibrate(calibrate::Args),
    /// List judges with their agreement with people
    #[command(after_help = "Example:\n  gatemark judge list")]
    List,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    match args.action {
        Action::New(args) => new::run(args, context),
        Action::Calibrate(args) => calibrate::run(args, context).await,
        Action::List => list::run(context).await,
    }
}
