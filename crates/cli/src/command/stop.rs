//! `gatemark stop`: the kill switch.
//!
//! It needs neither a server nor a database nor a `gatemark.yaml` that can be used: the order goes into a file
//! of the data directory, which running servers look at ten times a second.

use std::sync::Arc;
use std::time::Duration;

use gatemark_control::stop::{Given, StopView, Switch, Wanted, spread};
use gatemark_core::error::Result;
use gatemark_core::id::{EnvironmentName, PromptName};
use gatemark_core::stop::{StopKind, StopScope, StopServe};
use gatemark_gateway::clock;
use gatemark_store::Store;

use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::print::Terminal;
use crate::table::{Table, show_list};

/// How long the database may take to open.
const PATIENCE: Duration = Duration::from_secs(2);

/// Stop calls to models at once, or list what is stopped
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark stop support/triage --reason 'wrong refunds, see INC-7'
  gatemark stop --service support --serve error
  gatemark stop --all
  gatemark stop                       what is stopped

Works without the database and without a server. No call that begins after it asks a vendor; calls under
way finish. End it with: gatemark resume")]
pub(crate) struct Args {
    #[command(flatten)]
    scope: Scope,
    /// What calls get: fallback (the version's static fallback, else a cached answer, else an error), cached
    /// (the other way round) or error
    #[arg(long, value_name = "WHAT", default_value = "fallback", value_parser = serve)]
    serve: StopServe,
    /// Why, in one line; callers read it in the error
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// What is meant.
#[derive(Debug, clap::Args)]
#[group(id = "scope", multiple = false)]
pub(crate) struct Scope {
    /// One prompt: service/name
    #[arg(value_name = "NAME")]
    prompt: Option<PromptName>,
    /// Every prompt of a service
    #[arg(long, value_name = "SERVICE", value_parser = service)]
    service: Option<StopScope>,
    /// Every prompt in an environment
    #[arg(long, value_name = "ENV")]
    environment: Option<EnvironmentName>,
    /// Every call, plain ones and those of test runs included
    #[arg(long)]
    all: bool,
}

impl Scope {
    /// The scope, if one is named.
    pub(crate) fn named(self) -> Option<StopScope> {
        let all = self.all.then_some(StopScope::All);
        let environment = self.environment.map(StopScope::Environment);
        all.or(environment).or(self.service).or(self.prompt.map(StopScope::Prompt))
    }
}

fn service(name: &str) -> Result<StopScope, String> {
    StopScope::service(name).map_err(|error| error.to_string())
}

fn serve(word: &str) -> Result<StopServe, String> {
    StopServe::from_word(word).ok_or_else(|| "write fallback, cached or error".to_string())
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let Args { scope, serve, reason } = args;
    match scope.named() {
        Some(scope) => {
            let wanted = Wanted { scope, kind: StopKind::Stop, serve, reason };
            order(wanted, context).await
        }
        None => list(context).await,
    }
}

/// Gives an order on the project's data directory.
pub(crate) async fn order(wanted: Wanted, context: &Context<'_>) -> Result<Exit> {
    let actor = context.actor()?;
    let switch = Arc::new(Switch::open(&context.folders()?.data)?);
    // To end a stop one has to know it; a stop asks nobody first.
    let known = wanted.kind == StopKind::Stop;
    let early =
        if known { Some(switch.give(wanted.clone(), &actor, clock::now_us())?) } else { None };
    if let Err(error) = switch.write() {
        tracing::debug!(%error, "tried again below, where it is told");
    }
    let store = database(context).await?;
    if let Some(store) = &store {
        let learnt = tokio::time::timeout(PATIENCE, switch.learn_from(store)).await;
        tracing::debug!(?learnt, "orders of the database");
    }
    let order = match early {
        Some(order) => order,
        None => switch.give(wanted, &actor, clock::now_us())?,
    };
    let given = spread(&switch, store.as_ref(), &order).await;
    if let Some(store) = store {
        store.close().await;
    }
    told(&given?, &switch, context.terminal)
}

/// The database, if it is there and lets itself be opened. One that is not there is not made.
async fn database(context: &Context<'_>) -> Result<Option<Store>> {
    let path = context.folders()?.data.join("gatemark.db");
    if !path.is_file() {
        return Ok(None);
    }
    match tokio::time::timeout(PATIENCE, Store::open(&path)).await {
        Ok(Ok(store)) => Ok(Some(store)),
        Ok(Err(error)) => {
            context.terminal.note(&format!("the database cannot be used: {error}"));
            Ok(None)
        }
        Err(_) => Ok(None),
    }
}

fn told(given: &Given, switch: &Switch, terminal: &Terminal) -> Result<Exit> {
    if terminal.json() {
        terminal.data_json(given)?;
    } else if given.kind == StopKind::Stop.word() {
        terminal.data(&format!("stopped {}: calls get {}", given.order.scope, given.order.serve));
    } else {
        terminal.data(&format!("resumed {}", given.order.scope));
    }
    given.notes.iter().for_each(|note| terminal.note(note));
    let others: Vec<String> = switch
        .in_force()
        .into_iter()
        .map(|stop| stop.scope)
        .filter(|scope| *scope != given.order.scope)
        .collect();
    if !others.is_empty() {
        terminal.note(&format!("also stopped: {}", others.join(", ")));
    }
    Ok(Exit::Done)
}

async fn list(context: &Context<'_>) -> Result<Exit> {
    let switch = Switch::open(&context.folders()?.data)?;
    if let Some(store) = database(context).await? {
        let learnt = tokio::time::timeout(PATIENCE, switch.learn_from(&store)).await;
        tracing::debug!(?learnt, "orders of the database");
        store.close().await;
    }
    let stops = switch.in_force();
    show_list(context.terminal, &stops, "Nothing is stopped.", table)?;
    Ok(Exit::Done)
}

fn table(stops: &[StopView]) -> Table {
    let mut table = Table::new(["SINCE (UTC)", "WHAT", "CALLS GET", "BY", "WHY", "IN DATABASE"]);
    for stop in stops {
        table.row([
            moment::shown(stop.at),
            stop.scope.clone(),
            stop.serve.to_string(),
            stop.actor.clone(),
            stop.reason.clone().unwrap_or_default(),
            if stop.stored { "yes" } else { "not yet" }.to_string(),
        ]);
    }
    table
}
