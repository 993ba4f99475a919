//! `gatemark review`: versions and answers that a person looks at.

use gatemark_core::error::Result;
use gatemark_core::id::PromptName;
use gatemark_core::review::{Finding, ReviewItem};
use gatemark_gateway::PromptRef;
use gatemark_store::queue::ReviewFilter;
use serde_json::json;

use crate::argument;
use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::table::Table;

/// Ask for a version's review, and list and resolve answers that versions put before a person
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark review request support/triage --comment 'new tone'
  gatemark review list --prompt support/triage
  gatemark review resolve 01990000-0000-7000-8000-000000000000 wrong --note 'it is a refund'

Which answers: `output.review` in prompt.yaml. The answer itself: gatemark calls --id ID --json.")]
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
    /// The queue, oldest first
    List {
        /// Of this prompt
        #[arg(long, value_name = "NAME")]
        prompt: Option<PromptName>,
        /// open, resolved or all
        #[arg(long, value_name = "STATE", default_value = "open", value_parser = ["open", "resolved", "all"])]
        state: String,
        /// Most calls to list
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Write down what you found
    Resolve {
        /// The call's id
        #[arg(value_name = "ID")]
        call: String,
        /// right or wrong
        #[arg(value_name = "FINDING", value_parser = finding)]
        finding: Finding,
        /// Why
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
}

fn finding(word: &str) -> Result<Finding, String> {
    [Finding::Right, Finding::Wrong]
        .into_iter()
        .find(|finding| finding.word() == word)
        .ok_or_else(|| "write right or wrong".to_string())
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    match args.what {
        What::Request { prompt, comment } => request(&prompt, comment, context).await,
        What::List { prompt, state, limit } => list(prompt, &state, limit, context).await,
        What::Resolve { call, finding, note } => resolve(&call, finding, note, context).await,
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

async fn list(
    prompt: Option<PromptName>,
    state: &str,
    limit: u32,
    context: &Context<'_>,
) -> Result<Exit> {
    let resolved = match state {
        "open" => Some(false),
        "resolved" => Some(true),
        _ => None,
    };
    let filter = ReviewFilter { resolved, prompt, limit };
    let items = context.with_control(async |control| control.reviews(&filter).await).await?;
    let terminal = context.terminal;
    if terminal.json() {
        for item in &items {
            terminal.data_json_line(item)?;
        }
        return Ok(Exit::Done);
    }
    if items.is_empty() {
        terminal.note("there is nothing to look at");
    } else {
        table(&items).print(terminal);
    }
    Ok(Exit::Done)
}

fn table(items: &[ReviewItem]) -> Table {
    let headings = ["TIME (UTC)", "PROMPT", "VERSION", "ENV", "REASON", "FINDING", "BY", "ID"];
    let mut table = Table::new(headings).right(&[2]);
    for item in items {
        let resolved = item.resolved.as_ref();
        table.row([
            moment::shown(item.at),
            item.prompt.to_string(),
            item.number.to_string(),
            item.environment.clone().unwrap_or_default(),
            item.reason.clone(),
            resolved.map(|found| found.finding.word().to_string()).unwrap_or_default(),
            resolved.map(|found| found.actor.clone()).unwrap_or_default(),
            item.call.clone(),
        ]);
    }
    table
}

async fn resolve(
    call: &str,
    finding: Finding,
    note: Option<String>,
    context: &Context<'_>,
) -> Result<Exit> {
    let actor = context.actor()?;
    let said = note.clone();
    context
        .with_control(async |control| control.resolve_review(call, finding, said, &actor).await)
        .await?;
    let terminal = context.terminal;
    if terminal.json() {
        let found = json!({"call": call, "finding": finding, "note": note, "actor": actor});
        terminal.data_json(&found)?;
    } else {
        terminal.data(&format!("{actor} found call {call} {}", finding.word()));
    }
    Ok(Exit::Done)
}
