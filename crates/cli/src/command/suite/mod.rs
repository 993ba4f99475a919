//! `gatemark suite`: test cases, looked at, compared, and made from recorded calls.

mod coverage;
mod diff;
mod from_calls;
mod review;
mod show;
mod which;

use gatemark_core::error::Result;

use crate::context::Context;
use crate::exit::Exit;

/// Look at test cases, and make new ones from recorded calls
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark suite show support/triage --category edge
  gatemark suite coverage support/triage
  gatemark suite from-calls support/triage --since 7d --sample 50")]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Show(show::Args),
    Diff(diff::Args),
    Coverage(coverage::Args),
    FromCalls(from_calls::Args),
    Review(review::Args),
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    match args.action {
        Action::Show(args) => show::run(args, context).await,
        Action::Diff(args) => diff::run(args, context).await,
        Action::Coverage(args) => coverage::run(args, context).await,
        Action::FromCalls(args) => from_calls::run(args, context).await,
        Action::Review(args) => review::run(args, context),
    }
}
