//! An experiment for people.

use gatemark_control::experiment::ExperimentView;
use gatemark_core::rollout::spell;

use crate::moment;
use crate::print::{Terminal, printable};
use crate::table::Table;

/// The line about its state.
pub(super) fn line(view: &ExperimentView) -> String {
    let ExperimentView { name, prompt, environment, state, aim, metric, .. } = view;
    let why = view.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    format!(
        "experiment {name} of {prompt} in {environment} is {state}{why}\naim: {aim} by {metric}"
    )
}

/// Everything about one.
pub(super) fn whole(view: &ExperimentView, terminal: &Terminal) {
    terminal.data(&printable(&line(view)));
    if let Some(winner) = &view.winner {
        terminal.data(&format!("winner: {winner}"));
    }
    for wait in &view.waits_for {
        terminal.data(&format!("waits for {wait}"));
    }
    arms(view).print(terminal);
}

fn arms(view: &ExperimentView) -> Table {
    let head = ["ARM", "VERSION", "SHARE", "CALLS", "UNITS", "CHANCE THAT IT IS WORSE", "STATE"];
    let mut table = Table::new(head).right(&[3, 4]);
    let number = |version: Option<u32>| version.map_or("-".to_string(), |n| n.to_string());
    table.row([
        "control",
        &number(view.control),
        &spell(view.control_share),
        &view.control_calls.to_string(),
        &view.control_units.to_string(),
        "-",
        "",
    ]);
    for arm in &view.arms {
        let model = arm.model.as_ref().map(|model| format!(" on {model}")).unwrap_or_default();
        let harm = arm.probability_of_harm.filter(|_| arm.units > 0);
        table.row([
            arm.name.as_str(),
            &format!("{}{model}", number(arm.version)),
            &spell(arm.share),
            &arm.calls.to_string(),
            &arm.units.to_string(),
            &harm.map_or("-".to_string(), |harm| format!("{:.0} %", 100.0 * harm)),
            arm.stopped.as_deref().unwrap_or_default(),
        ]);
    }
    table
}

/// Many, a line each.
pub(super) fn list(views: &[ExperimentView]) -> Table {
    let head = ["NAME", "PROMPT", "ENVIRONMENT", "STATE", "ARMS", "WINNER", "CHANGED (UTC)"];
    let mut table = Table::new(head);
    for view in views {
        table.row([
            view.name.as_str(),
            &view.prompt,
            &view.environment,
            &view.state,
            &(view.arms.len() + 1).to_string(),
            view.winner.as_deref().unwrap_or("-"),
            &moment::shown(view.changed_at),
        ]);
    }
    table
}
