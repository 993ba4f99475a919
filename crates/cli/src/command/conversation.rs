//! `gatemark conversation`: conversations that are kept.

use gatemark_control::conversation::Meant;
use gatemark_control::conversation_view::{ConversationTexts, ConversationView};
use gatemark_core::conversation::ConversationId;
use gatemark_core::error::Result;
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_store::conversation::ConversationFilter;
use serde_json::Value;

use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::print::{Terminal, one_line};
use crate::table::Table;

/// Widest text of a message in a listing.
const WIDEST: usize = 100;

/// List, show and erase conversations that are kept
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark conversation list --prompt support/chat
  gatemark conversation show user-17 --prompt support/chat
  gatemark conversation delete user-17

Which prompts keep conversations: `conversation` in prompt.yaml. The same id under another caller, prompt or
environment is another conversation.")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Conversations, the one with the newest turn first
    List {
        /// With this prompt
        #[arg(long, value_name = "NAME")]
        prompt: Option<PromptName>,
        /// In this environment
        #[arg(long, value_name = "NAME")]
        environment: Option<EnvironmentName>,
        /// Of this caller
        #[arg(long, value_name = "NAME")]
        caller: Option<String>,
        /// Most conversations to list
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Turns, summaries, and what the next call would send
    Show {
        #[command(flatten)]
        which: Which,
    },
    /// Erase turns, summaries and the recorded texts of its calls
    Delete {
        #[command(flatten)]
        which: Which,
    },
}

/// One conversation.
#[derive(Debug, clap::Args)]
struct Which {
    /// The caller's id of the conversation
    #[arg(value_name = "ID")]
    id: ConversationId,
    /// With this prompt
    #[arg(long, value_name = "NAME")]
    prompt: Option<PromptName>,
    /// In this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<EnvironmentName>,
    /// Of this caller
    #[arg(long, value_name = "NAME")]
    caller: Option<String>,
}

impl From<Which> for Meant {
    fn from(which: Which) -> Self {
        let Which { id, prompt, environment, caller } = which;
        Self { id, caller, prompt, environment }
    }
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let terminal = context.terminal;
    match args.what {
        What::List { prompt, environment, caller, limit } => {
            let filter = ConversationFilter { caller, prompt, environment, id: None, limit };
            let found =
                context.with_control(async |control| control.conversations(&filter).await).await?;
            list(found.into_iter().map(ConversationView::from).collect(), terminal)
        }
        What::Show { which } => {
            let meant = which.into();
            let found = context
                .with_control(async |control| control.conversation_texts(&meant).await)
                .await?;
            show(&found, terminal)
        }
        What::Delete { which } => {
            let (meant, actor) = (which.into(), context.actor()?);
            let erased = context
                .with_control(async |control| control.erase_conversation(&meant, &actor).await)
                .await?;
            let erased = ConversationView::from(erased);
            if terminal.json() {
                terminal.data_json(&erased)?;
            } else {
                let ConversationView { id, prompt, environment, turns, .. } = &erased;
                terminal.data(&format!(
                    "erased conversation {id} of {prompt} in {environment}: {turns} turns"
                ));
                terminal.note("running servers forget it within a second");
            }
            Ok(Exit::Done)
        }
    }
}

fn list(found: Vec<ConversationView>, terminal: &Terminal) -> Result<Exit> {
    if terminal.json() {
        for one in &found {
            terminal.data_json_line(one)?;
        }
        return Ok(Exit::Done);
    }
    if found.is_empty() {
        terminal.note("no conversation is kept");
        return Ok(Exit::Done);
    }
    let headings =
        ["LAST TURN (UTC)", "ID", "PROMPT", "ENV", "CALLER", "TURNS", "SUMMARIES", "UNTIL"];
    let mut table = Table::new(headings).right(&[5, 6]);
    for one in &found {
        table.row([
            moment::shown(one.last_at),
            one.id.clone(),
            one.prompt.clone(),
            one.environment.clone(),
            one.caller.clone(),
            one.turns.to_string(),
            one.summaries.to_string(),
            moment::shown(one.expires_at),
        ]);
    }
    table.print(terminal);
    Ok(Exit::Done)
}

fn show(found: &ConversationTexts, terminal: &Terminal) -> Result<Exit> {
    if terminal.json() {
        terminal.data_json(found)?;
        return Ok(Exit::Done);
    }
    let head = &found.conversation;
    terminal.data(&format!(
        "conversation {} of {} in {}, caller {}: {} turns, {} summaries, kept until {}",
        head.id,
        head.prompt,
        head.environment,
        head.caller,
        head.turns,
        head.summaries,
        moment::shown(head.expires_at)
    ));
    for summary in &found.all_summaries {
        let sent = if summary.sent { ", sent" } else { "" };
        terminal.data(&format!(
            "\nsummary {} of turns 1-{} by {} v{}, {} tokens{sent}\n  {}",
            summary.number,
            summary.through,
            summary.prompt,
            summary.version,
            summary.tokens,
            one_line(&summary.text, WIDEST)
        ));
    }
    for turn in &found.all_turns {
        let sent = if turn.sent { ", sent" } else { "" };
        let dropped: u64 = turn.dropped.iter().map(|dropped| dropped.tokens).sum();
        let dropped = if dropped > 0 {
            format!(", its call left out {dropped} tokens")
        } else {
            String::new()
        };
        terminal.data(&format!(
            "\nturn {} at {}, {} tokens{sent}{dropped}",
            turn.number,
            moment::shown(turn.at),
            turn.tokens
        ));
        for message in turn.messages.as_array().into_iter().flatten() {
            let role = message["role"].as_str().unwrap_or_default();
            terminal.data(&format!("  {role}: {}", one_line(&said(message), WIDEST)));
        }
    }
    terminal.data(&format!("\n{}", next(found)));
    Ok(Exit::Done)
}

/// The text of a message, or its JSON if it is more than text.
fn said(message: &Value) -> String {
    match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Null => message.to_string(),
        other => other.to_string(),
    }
}

fn next(found: &ConversationTexts) -> String {
    let next = &found.next;
    let Some(version) = next.version else {
        return "the next call would be refused: no version that keeps conversations serves here"
            .to_string();
    };
    let turns: Vec<String> = next.turns.iter().map(ToString::to_string).collect();
    let turns = if turns.is_empty() { "none".to_string() } else { turns.join(", ") };
    let summary = next.summary.map_or("none".to_string(), |number| number.to_string());
    let left_out = match next.left_out {
        0 => String::new(),
        count => format!("; {count} turns are left out"),
    };
    format!(
        "next call (version {version}): summary {summary}, turns {turns}, {} tokens before its own{left_out}",
        next.tokens
    )
}
