//! `gatemark review`: versions and calls that a person looks at.

mod act;
mod export;
mod list;
mod show;
mod stats;

use gatemark_core::error::Result;
use gatemark_core::review::Decision;
use gatemark_gateway::PromptRef;
use serde_json::json;

use crate::argument;
use crate::context::Context;
use crate::exit::Exit;

/// Ask for a version's review, and look at calls that are put before people
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark review request support/triage --comment 'new tone'
  gatemark review list --prompt support/triage
  gatemark review claim
  gatemark review edit 01990000-0000-7000-8000-000000000000 --answer '{\"queue\": \"refunds\"}' --note 'it is a refund'

Which calls: `output.review` in prompt.yaml, guards, and `review` of environments in gatemark.yaml. See docs/review.md.")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Ask for the review of a version that has a passing report; somebody else answers with gatemark approve
    #[command(after_help = "Example:\n  gatemark review request support/triage@2")]
    Request {
        /// The prompt: service/name, or service/name@version
        #[arg(value_name = "NAME", value_parser = argument::prompt_ref)]
        prompt: PromptRef,
        /// What to look at
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
    },
    /// The queue: what waits, the most pressing first
    List(list::Args),
    /// A call with its texts, scores and what people did
    Show(show::Args),
    /// Take a call for a time; without an id the one to look at next
    Claim(act::Claim),
    /// Give a call back
    Release(act::One),
    /// Say whose a call is to look at
    Assign(act::Assign),
    /// The answer is right
    Approve(act::Decide),
    /// The answer is wrong
    Reject(act::Decide),
    /// The answer is wrong, and this would be right
    Edit(act::Edit),
    /// Nobody needs to tell
    Skip(act::Decide),
    /// Put labels on a call and take others away
    Label(act::Labels),
    /// Decided calls as lines of JSON: for training, or for judge calibrate
    Export(export::Args),
    /// What waits, what is late, and what was decided for which cause
    Stats(stats::Args),
    /// Write down what you found, in the place of what was found before: right (approve) or wrong (reject)
    Resolve(act::Resolve),
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    match args.what {
        What::Request { prompt, comment } => request(&prompt, comment, context).await,
        What::List(args) => list::run(args, context).await,
        What::Show(args) => show::run(args, context).await,
        What::Claim(args) => act::claim(args, context).await,
        What::Release(args) => act::release(args, context).await,
        What::Assign(args) => act::assign(args, context).await,
        What::Approve(args) => act::decide(args, Decision::Approve, context).await,
        What::Reject(args) => act::decide(args, Decision::Reject, context).await,
        What::Edit(args) => act::edit(args, context).await,
        What::Skip(args) => act::decide(args, Decision::Skip, context).await,
        What::Label(args) => act::label(args, context).await,
        What::Export(args) => export::run(args, context).await,
        What::Stats(args) => stats::run(args, context).await,
        What::Resolve(args) => act::resolve(args, context).await,
    }
}

async fn request(
    prompt: &PromptRef,
    comment: Option<String>,
    context: &Context<'_>,
) -> Result<Exit> {
    let actor = context.actor()?;
    let PromptRef { name, selector } = prompt;
    let version = context
        .with_control(async |control| {
            control.request_review(name, selector, &actor, comment.clone()).await
        })
        .await?;
    let (terminal, number) = (context.terminal, version.number);
    if terminal.json() {
        let asked = json!({"prompt": name, "number": number, "stage": "in_review", "actor": actor});
        terminal.data_json(&asked)?;
    } else {
        terminal.data(&format!("{actor} asks for the review of {name} version {number}"));
        terminal.note(&format!(
            "Somebody else: gatemark diff {name}, then gatemark approve {name}@{number}"
        ));
    }
    Ok(Exit::Done)
}
