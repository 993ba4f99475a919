//! `gatemark review stats`.

use gatemark_control::reviews::standing::{CauseFigures, ReviewFigures, ReviewStanding};
use gatemark_core::error::Result;
use gatemark_core::review::Cause;
use gatemark_gateway::clock;

use super::list::since;
use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::print::Terminal;
use crate::table::Table;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Decisions about calls begun since: how long ago (15m, 1h, 7d) or a moment (2026-11-21) [default: all]
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<i64>,
}

pub(super) async fn run(args: Args, context: &Context<'_>) -> Result<Exit> {
    let (now, since) = (clock::now_us(), args.since.unwrap_or(i64::MIN));
    let found =
        context.with_control(async |control| control.review_figures(now, since).await).await?;
    let terminal = context.terminal;
    if terminal.json() {
        terminal.data_json(&found)?;
    } else {
        print(&found, terminal);
    }
    Ok(Exit::Done)
}

fn print(found: &ReviewFigures, terminal: &Terminal) {
    if found.environments.is_empty() && found.causes.is_empty() {
        terminal.note("the queue is empty, and no environment in gatemark.yaml has `review`");
        return;
    }
    let headings = [
        "ENVIRONMENT",
        "OPEN",
        "CLAIMED",
        "OVERDUE",
        "SLA",
        "OLDEST (UTC)",
        "SAMPLE",
        "TURNED AWAY",
    ];
    let mut table = Table::new(headings).right(&[1, 2, 3, 6, 7]);
    for place in &found.environments {
        table.row(standing(place));
    }
    table.print(terminal);
    let headings = ["CAUSE", "WAITING", "APPROVED", "REJECTED", "EDITED", "SKIPPED", "WRONG"];
    let mut table = Table::new(headings).right(&[1, 2, 3, 4, 5, 6]);
    for (cause, figures) in found.causes.iter().rev() {
        table.row(decided(*cause, figures));
    }
    if !found.causes.is_empty() {
        terminal.data("");
        table.print(terminal);
    }
}

fn standing(place: &ReviewStanding) -> [String; 8] {
    let turned_away: u64 = place.turned_away.values().sum();
    [
        if place.environment.is_empty() { "none".into() } else { place.environment.clone() },
        place.open.to_string(),
        place.claimed.to_string(),
        place.overdue.to_string(),
        place.sla_s.map(sla).unwrap_or_default(),
        place.oldest.map(moment::shown).unwrap_or_default(),
        format!("{:.2} %", 100.0 * place.sample),
        turned_away.to_string(),
    ]
}

fn sla(seconds: i64) -> String {
    if seconds % 3_600 == 0 {
        return format!("{} h", seconds / 3_600);
    }
    format!("{} min", seconds / 60)
}

/// With the share of wrong answers among those that somebody could judge.
#[allow(clippy::cast_precision_loss)]
fn decided(cause: Cause, figures: &CauseFigures) -> [String; 7] {
    let wrong = figures.rejected + figures.edited;
    let judged = figures.approved + wrong;
    let share = (judged > 0).then(|| format!("{:.1} %", 100.0 * wrong as f64 / judged as f64));
    [
        cause.to_string(),
        figures.waiting.to_string(),
        figures.approved.to_string(),
        figures.rejected.to_string(),
        figures.edited.to_string(),
        figures.skipped.to_string(),
        share.unwrap_or_default(),
    ]
}
