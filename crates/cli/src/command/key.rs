//! `gatemark key`: who may use the server.

use gatemark_control::view::KeyView;
use gatemark_core::access::Role;
use gatemark_core::error::Result;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::table::Table;

/// Create, list and revoke API keys
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  export OPENAI_API_KEY=$(gatemark key create checkout --role call)"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a key and print its secret, once
    #[command(after_help = "Example:\n  gatemark key create ci --role edit --role deploy")]
    Create {
        /// Its name: visible ASCII characters without spaces
        name: String,
        /// What it is for; may be given more than once
        #[arg(long = "role", value_name = "ROLE", required = true, value_parser = role)]
        roles: Vec<Role>,
    },
    /// List keys, without their secrets
    #[command(after_help = "Example:\n  gatemark key list")]
    List,
    /// End a key; running servers refuse it within a second
    #[command(after_help = "Example:\n  gatemark key revoke ci")]
    Revoke {
        /// Its name
        name: String,
    },
}

fn role(word: &str) -> Result<Role, String> {
    let words: Vec<&str> = Role::ALL.iter().map(|role| role.word()).collect();
    Role::from_word(word).ok_or_else(|| format!("write one of {}", words.join(", ")))
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    match args.action {
        Action::Create { name, roles } => create(&name, &roles, context).await,
        Action::List => list(context).await,
        Action::Revoke { name } => revoke(&name, context).await,
    }
}

async fn create(name: &str, roles: &[Role], context: &Context<'_>) -> Result<Exit> {
    let actor = context.actor()?;
    let key =
        context.with_control(async |control| control.create_key(name, roles, &actor).await).await?;
    let terminal = context.terminal;
    if terminal.json() {
        let json = json!({"name": key.name, "roles": roles, "secret": key.secret});
        terminal.data_json(&json)?;
    } else {
        terminal.data(&key.secret);
    }
    terminal.note("Keep the secret: it is not stored and will not be shown again.");
    Ok(Exit::Done)
}

async fn list(context: &Context<'_>) -> Result<Exit> {
    let keys = context.with_control(async |control| control.keys().await).await?;
    let keys: Vec<KeyView> = keys.into_iter().map(KeyView::from).collect();
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&keys)?;
    } else if keys.is_empty() {
        terminal.note("There are no keys: a server lets callers in without one, on loopback only.");
    } else {
        let mut table =
            Table::new(["NAME", "SECRET", "ROLES", "BY", "CREATED (UTC)", "REVOKED (UTC)"]);
        for key in &keys {
            table.row([
                key.name.clone(),
                format!("{}…", key.prefix),
                key.roles.join(", "),
                key.created_by.clone(),
                moment::shown(key.created_at),
                key.revoked_at.map(moment::shown).unwrap_or_default(),
            ]);
        }
        table.print(terminal);
    }
    Ok(Exit::Done)
}

async fn revoke(name: &str, context: &Context<'_>) -> Result<Exit> {
    let actor = context.actor()?;
    context.with_control(async |control| control.revoke_key(name, &actor).await).await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&json!({"name": name, "revoked": true}))?;
    } else {
        terminal.data(&format!("revoked {name}"));
    }
    Ok(Exit::Done)
}
