//! `gatemark alert`: what people do with alerts, their messages and their channels.

use gatemark_control::alerting::{DeliveryView, SilenceView, Silencing};
use gatemark_core::alert::Matcher;
use gatemark_core::error::{Error, Result};
use gatemark_core::ramp::seconds;
use gatemark_core::signal::Severity;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::print::one_line;
use crate::table::{Table, show_list};

/// Silence alerts, take them on, and try their channels
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatemark alert silence --prompt 'support/*' --for 2h --reason 'INC-7'
  gatemark alert silences
  gatemark alert unsilence 01990000-0000-7000-8000-000000000000
  gatemark alert ack breaker_open/openai/gpt-4o
  gatemark alert test ops
  gatemark alert deliveries --state dead
  gatemark alert retry

The alerts themselves: gatemark alerts. Channels and routes: `alerts` in gatemark.yaml.")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Tell nobody of some alerts for a while; their states go on changing
    Silence {
        #[command(flatten)]
        which: Which,
        /// For how long: 30m, 2h, 3d; at most 30 days
        #[arg(long = "for", value_name = "TIME", value_parser = time)]
        lasts: u64,
        /// Why, in one line
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// List the silences in force
    Silences,
    /// End a silence
    Unsilence {
        /// Its id
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Take an alert on: no more reminders until it is over
    Ack {
        /// Its key
        #[arg(value_name = "KEY")]
        key: String,
        /// What to say about it, in one line
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Send a test message to a channel, now and from this machine; exit code 1 if it does not arrive
    Test {
        /// Its name in gatemark.yaml
        #[arg(value_name = "CHANNEL")]
        channel: String,
    },
    /// List messages to channels and what became of them, newest first
    Deliveries {
        /// waiting, sent or dead (given up)
        #[arg(long, value_name = "STATE", value_parser = ["waiting", "sent", "dead"])]
        state: Option<String>,
        /// Most messages to list
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Have messages that were given up tried again
    Retry {
        /// The message's id; all of them by default
        #[arg(value_name = "ID")]
        id: Option<String>,
    },
}

/// Which alerts: everything that is said has to fit.
#[derive(Debug, clap::Args)]
struct Which {
    /// The alert's key, or its beginning and a star
    #[arg(value_name = "KEY")]
    key: Option<String>,
    /// Of this rule, or of those that begin so: 'rollout_*'
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// About this prompt, or about those of a service: 'support/*'
    #[arg(long, value_name = "NAME")]
    prompt: Option<String>,
    /// In this environment
    #[arg(long, value_name = "ENV")]
    environment: Option<String>,
    /// At least this severe: info, warning or critical
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    severity: Option<Severity>,
    /// Every alert
    #[arg(long, conflicts_with_all = ["key", "rule", "prompt", "environment", "severity"])]
    everything: bool,
}

fn time(text: &str) -> Result<u64, String> {
    seconds(text).map_err(|error| error.to_string())
}

fn severity(word: &str) -> Result<Severity, String> {
    Severity::from_word(word).ok_or_else(|| "write info, warning or critical".to_string())
}

impl Which {
    fn matcher(self) -> Result<Matcher> {
        let Self { key, rule, prompt, environment, severity, everything } = self;
        let matcher = Matcher { key, rule, prompt, environment, severity };
        if matcher.is_empty() && !everything {
            let message = "say which alerts: a key, --rule, --prompt, --environment, --severity, or --everything";
            return Err(Error::invalid(message).at("KEY"));
        }
        Ok(matcher)
    }
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    match args.what {
        What::Silence { which, lasts, reason } => {
            let wanted = Silencing { matcher: which.matcher()?, seconds: lasts, reason };
            silence(wanted, context).await
        }
        What::Silences => silences(context).await,
        What::Unsilence { id } => unsilence(&id, context).await,
        What::Ack { key, note } => ack(&key, note, context).await,
        What::Test { channel } => test(&channel, context).await,
        What::Deliveries { state, limit } => deliveries(state.as_deref(), limit, context).await,
        What::Retry { id } => retry(id.as_deref(), context).await,
    }
}

async fn silence(wanted: Silencing, context: &Context<'_>) -> Result<Exit> {
    let actor = context.actor()?;
    let begun = context.with_control(async |c| c.silence_alerts(wanted, &actor).await).await?;
    if context.terminal.json() {
        context.terminal.data_json(&begun)?;
    } else {
        context.terminal.data(&begun.id);
        let until = moment::shown(begun.until);
        context.terminal.note(&format!("silenced until {until} UTC: {}", begun.means));
    }
    Ok(Exit::Done)
}

async fn silences(context: &Context<'_>) -> Result<Exit> {
    let found = context.with_control(async |control| control.silences().await).await?;
    show_list(context.terminal, &found, "Nothing is silenced.", silence_table)?;
    Ok(Exit::Done)
}

fn silence_table(silences: &[SilenceView]) -> Table {
    let mut table = Table::new(["UNTIL (UTC)", "ID", "WHICH", "BY", "WHY"]);
    for silence in silences {
        table.row([
            moment::shown(silence.until),
            silence.id.clone(),
            silence.means.clone(),
            silence.actor.clone(),
            silence.reason.clone().unwrap_or_default(),
        ]);
    }
    table
}

async fn unsilence(id: &str, context: &Context<'_>) -> Result<Exit> {
    let actor = context.actor()?;
    let ended = context.with_control(async |c| c.end_silence(id, &actor).await).await?;
    if context.terminal.json() {
        context.terminal.data_json(&ended)?;
    } else {
        context.terminal.data(&format!("ended: {}", ended.means));
    }
    Ok(Exit::Done)
}

async fn ack(key: &str, note: Option<String>, context: &Context<'_>) -> Result<Exit> {
    let actor = context.actor()?;
    let taken =
        context.with_control(async |c| c.acknowledge_alert(key, &actor, note).await).await?;
    if context.terminal.json() {
        context.terminal.data_json(&taken)?;
    } else {
        context.terminal.data(&format!("{actor} has taken on {}", taken.key));
    }
    Ok(Exit::Done)
}

async fn test(channel: &str, context: &Context<'_>) -> Result<Exit> {
    let actor = context.actor()?;
    let tried = context.with_control(async |c| c.try_channel(channel, &actor).await).await?;
    if context.terminal.json() {
        context.terminal.data_json(&tried)?;
    } else if tried.delivered {
        context.terminal.data(&format!("{} ({}) took the message", tried.channel, tried.kind));
    } else {
        let why = tried.error.as_deref().unwrap_or_default();
        let said = format!("{} ({}) did not take the message: {why}", tried.channel, tried.kind);
        context.terminal.data(&said);
    }
    Ok(if tried.delivered { Exit::Done } else { Exit::Failed })
}

async fn deliveries(state: Option<&str>, limit: u32, context: &Context<'_>) -> Result<Exit> {
    let found = context.with_control(async |c| c.deliveries(state, limit).await).await?;
    show_list(context.terminal, &found, "There are no messages.", delivery_table)?;
    Ok(Exit::Done)
}

/// Widest sentence.
const WIDTH: usize = 90;

fn delivery_table(deliveries: &[DeliveryView]) -> Table {
    let mut table = Table::new(["AT (UTC)", "ID", "CHANNEL", "STATE", "TRIED", "WHAT", "ERROR"]);
    for delivery in deliveries {
        table.row([
            moment::shown(delivery.at),
            delivery.id.clone(),
            delivery.channel.clone(),
            delivery.state.clone(),
            delivery.attempts.to_string(),
            one_line(&delivery.notices.join("; "), WIDTH),
            one_line(delivery.error.as_deref().unwrap_or_default(), WIDTH),
        ]);
    }
    table.right(&[4])
}

async fn retry(id: Option<&str>, context: &Context<'_>) -> Result<Exit> {
    let count = context.with_control(async |control| control.retry_deliveries(id).await).await?;
    if context.terminal.json() {
        context.terminal.data_json(&json!({ "messages": count }))?;
    } else {
        context.terminal.data(&format!("{count} tried again by a running server"));
    }
    Ok(Exit::Done)
}
