//! What people do with a call of the queue: `gatemark review claim`, `release`, `assign`, `approve`, `reject`, `edit`,
//! `skip`, `label` and `resolve`.

use std::io::Read as _;

use gatemark_control::reviews::ReviewView;
use gatemark_core::error::{Error, Result};
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::ramp::seconds;
use gatemark_core::review::{Act, Cause, Decision, Finding, Label, USUAL_LEASE_US};
use gatemark_gateway::clock;
use gatemark_store::ReviewFilter;
use serde_json::json;

use super::list::cause;
use crate::context::Context;
use crate::exit::Exit;
use crate::moment;

/// Longest answer read from stdin, in bytes.
const LONGEST: u64 = 1 << 20;

#[derive(Debug, clap::Args)]
pub(super) struct One {
    /// The call's id
    #[arg(value_name = "ID")]
    call: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Claim {
    /// The call's id [default: assigned to you, else the most pressing, else the oldest]
    #[arg(value_name = "ID")]
    call: Option<String>,
    /// How long: 10m, 2h; 24h at most [default: 30m]
    #[arg(long = "for", value_name = "TIME", value_parser = lease)]
    lease: Option<i64>,
    /// The next one of this prompt
    #[arg(long, value_name = "NAME", conflicts_with = "call")]
    prompt: Option<PromptName>,
    /// The next one in this environment
    #[arg(long, value_name = "ENV", conflicts_with = "call")]
    env: Option<EnvironmentName>,
    /// The next one that is looked at for this: guard, condition, fallback or sample
    #[arg(long, value_name = "CAUSE", conflicts_with = "call", value_parser = cause)]
    cause: Option<Cause>,
}

fn lease(text: &str) -> Result<i64, String> {
    let read = seconds(text).map_err(|error| error.message().to_string())?;
    i64::try_from(read.saturating_mul(1_000_000)).map_err(|_| "that is too long".to_string())
}

#[derive(Debug, clap::Args)]
pub(super) struct Assign {
    /// The call's id
    #[arg(value_name = "ID")]
    call: String,
    /// Whose it is to look at
    #[arg(value_name = "PERSON", required_unless_present = "nobody")]
    to: Option<String>,
    /// Anybody may
    #[arg(long, conflicts_with = "to")]
    nobody: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Decide {
    /// The call's id
    #[arg(value_name = "ID")]
    call: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Also in the place of another decision
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Edit {
    #[command(flatten)]
    decide: Decide,
    /// The answer as it should have been, in the form that the version demands; `-` reads it from stdin
    #[arg(long, value_name = "TEXT")]
    answer: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Labels {
    /// The call's id
    #[arg(value_name = "ID")]
    call: String,
    /// To be there
    #[arg(value_name = "LABEL", required_unless_present = "remove")]
    add: Vec<Label>,
    /// Not to be there; may be given more than once
    #[arg(long, value_name = "LABEL")]
    remove: Vec<Label>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Resolve {
    /// The call's id
    #[arg(value_name = "ID")]
    call: String,
    /// right or wrong
    #[arg(value_name = "FINDING", value_parser = finding)]
    finding: Finding,
    /// Why
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

fn finding(word: &str) -> Result<Finding, String> {
    [Finding::Right, Finding::Wrong]
        .into_iter()
        .find(|finding| finding.word() == word)
        .ok_or_else(|| "write right or wrong".to_string())
}

pub(super) async fn claim(args: Claim, context: &Context<'_>) -> Result<Exit> {
    let lease = args.lease.unwrap_or(USUAL_LEASE_US);
    if let Some(call) = &args.call {
        let until = clock::now_us().saturating_add(lease);
        return act(call, &Act::Claim { until }, "claimed", context).await;
    }
    let actor = context.actor()?;
    let filter = ReviewFilter {
        prompt: args.prompt,
        environment: args.env,
        cause: args.cause,
        ..ReviewFilter::default()
    };
    let found = context
        .with_control(async |control| control.claim_next_review(&filter, &actor, lease).await)
        .await?;
    match found {
        Some(view) => done(&view, &format!("{actor} claimed"), context),
        None if context.terminal.json() => {
            context.terminal.data_json(&json!(null))?;
            Ok(Exit::Done)
        }
        None => {
            context.terminal.note("there is nothing to look at");
            Ok(Exit::Done)
        }
    }
}

pub(super) async fn release(args: One, context: &Context<'_>) -> Result<Exit> {
    act(&args.call, &Act::Release, "released", context).await
}

pub(super) async fn assign(args: Assign, context: &Context<'_>) -> Result<Exit> {
    let to = args.to;
    let whose = to.as_deref().map_or("nobody".to_string(), ToString::to_string);
    act(&args.call, &Act::Assign { to }, &format!("assigned to {whose}"), context).await
}

pub(super) async fn decide(
    args: Decide,
    decision: Decision,
    context: &Context<'_>,
) -> Result<Exit> {
    let (note, again) = (args.note, args.replace);
    let one = Act::Decide { decision, answer: None, note, again };
    act(&args.call, &one, decision.done(), context).await
}

pub(super) async fn edit(args: Edit, context: &Context<'_>) -> Result<Exit> {
    let Decide { call, note, replace } = args.decide;
    let answer = Some(if args.answer == "-" { read()? } else { args.answer });
    let decision = Decision::Edit;
    let one = Act::Decide { decision, answer, note, again: replace };
    act(&call, &one, decision.done(), context).await
}

/// Stdin, without the end of its last line.
fn read() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().lock().take(LONGEST).read_to_string(&mut text).map_err(|cause| {
        Error::invalid(format!("the answer cannot be read from stdin: {cause}")).at("--answer")
    })?;
    let end = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(end);
    Ok(text)
}

pub(super) async fn label(args: Labels, context: &Context<'_>) -> Result<Exit> {
    let (add, remove) = (args.add.into_iter().collect(), args.remove.into_iter().collect());
    act(&args.call, &Act::Label { add, remove }, "labelled", context).await
}

async fn act(call: &str, act: &Act, did: &str, context: &Context<'_>) -> Result<Exit> {
    let actor = context.actor()?;
    let view = context
        .with_control(async |control| control.act_on_review(call, act, &actor, None).await)
        .await?;
    done(&view, &format!("{actor} {did}"), context)
}

fn done(view: &ReviewView, did: &str, context: &Context<'_>) -> Result<Exit> {
    let (terminal, item) = (context.terminal, &view.item);
    if terminal.json() {
        terminal.data_json(view)?;
        return Ok(Exit::Done);
    }
    terminal.data(&format!("{did} call {}", item.call));
    if view.state.word() == "claimed"
        && let Some(claim) = &item.desk.claim
    {
        let until = moment::shown(claim.until);
        terminal.note(&format!(
            "until {until} UTC. Look at it: gatemark review show {0}, then approve, reject, edit, skip or release {0}",
            item.call
        ));
    }
    Ok(Exit::Done)
}

pub(super) async fn resolve(args: Resolve, context: &Context<'_>) -> Result<Exit> {
    let Resolve { call, finding, note } = args;
    let actor = context.actor()?;
    let said = note.clone();
    context
        .with_control(async |control| control.resolve_review(&call, finding, said, &actor).await)
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
