//! `gatemark log`: what happened to a prompt, in the order of time.

use gatemark_control::Control;
use gatemark_core::error::Result;
use gatemark_core::gate::Purpose;
use gatemark_core::id::PromptName;
use serde::Serialize;

use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::table::Table;

/// Show a prompt's versions, tests, approvals and deployments in the order of time
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  gatemark log support/triage")]
pub(crate) struct Args {
    /// The prompt: service/name
    #[arg(value_name = "NAME")]
    prompt: PromptName,
}

/// Something that happened to a version.
#[derive(Debug, Serialize)]
struct Event {
    /// When, in microseconds since 1970.
    at: i64,
    /// `version`, `test`, `approve`, `deploy` or `rollback`.
    kind: &'static str,
    /// The version's number.
    number: u32,
    /// Who.
    actor: String,
    /// The rest, in words.
    detail: String,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let events = context.with_control(async |control| events(&args.prompt, control).await).await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&events)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["TIME (UTC)", "VERSION", "WHAT", "WHO", "DETAIL"]).right(&[1]);
    for event in &events {
        let (at, number) = (moment::shown(event.at), event.number.to_string());
        table.row([&at, &number, event.kind, &event.actor, &event.detail]);
    }
    table.print(terminal);
    Ok(Exit::Done)
}

async fn events(prompt: &PromptName, control: &Control) -> Result<Vec<Event>> {
    let mut events = vec![];
    for version in control.versions(prompt).await? {
        let number = version.number;
        for approval in control.store().approvals(&version.prompt, &version.hash).await? {
            let detail = approval.comment.unwrap_or_default();
            events.push(Event {
                at: approval.at,
                kind: "approve",
                number,
                actor: approval.actor,
                detail,
            });
        }
        let why = version.changelog.as_deref().map(|text| format!(": {}", text.trim()));
        let detail =
            format!("{} {}{}", version.semver, version.hash.short(), why.unwrap_or_default());
        let (at, actor) = (version.created_at, version.author);
        events.push(Event { at, kind: "version", number, actor, detail });
    }
    for report in control.store().reports(prompt, u32::MAX).await? {
        let total = &report.summary.total;
        let (passed, cases) = (total.passed, total.cases);
        events.push(Event {
            at: report.finished_at,
            kind: "test",
            number: report.number,
            actor: report.actor,
            detail: format!("{passed} of {cases} on {}, report {}", report.model, report.id),
        });
    }
    for moved in control.deployments(prompt, None, u32::MAX).await? {
        let kind = match moved.purpose {
            Purpose::Deploy => "deploy",
            Purpose::Rollback => "rollback",
        };
        let from = moved.replaced.map(|number| format!(", in place of {number}"));
        let detail = format!("to {}{}", moved.environment, from.unwrap_or_default());
        let (at, number, actor) = (moved.at, moved.number, moved.actor);
        events.push(Event { at, kind, number, actor, detail });
    }
    events.sort_by_key(|event| event.at);
    Ok(events)
}
