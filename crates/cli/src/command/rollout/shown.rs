//! A rollout for people.

use gatemark_core::guardrail::{Decision, Measure, Why};
use gatemark_core::money::NanoUsd;
use gatemark_core::rollout::{Rail, Rollout, State, Told, spell};

use crate::moment;
use crate::print::Terminal;
use crate::table::Table;

/// The line about one that has just begun.
pub(super) fn begun(rollout: &Rollout) -> String {
    let Rollout { prompt, environment, candidate, control, plan, .. } = rollout;
    format!(
        "rollout: {prompt} version {} begins in {environment} against version {}\n{}: {}",
        candidate.number,
        control.number,
        plan.strategy.word(),
        plan.spelled()
    )
}

/// The line about its state.
pub(super) fn state(rollout: &Rollout) -> String {
    let Rollout { prompt, environment, candidate, .. } = rollout;
    let why = rollout.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let number = candidate.number;
    let state = rollout.state.word();
    let share = spell(rollout.share());
    format!("{prompt} version {number} in {environment} is {state} at {share}{why}")
}

/// Many, a line each.
pub(super) fn list(rollouts: &[Rollout]) -> Table {
    let mut table = Table::new([
        "PROMPT",
        "ENVIRONMENT",
        "STRATEGY",
        "STATE",
        "STEP",
        "SHARE",
        "VERSION",
        "AGAINST",
        "CHANGED (UTC)",
    ]);
    for rollout in rollouts {
        let step = step(rollout);
        table.row([
            rollout.prompt.as_str(),
            rollout.environment.as_str(),
            rollout.plan.strategy.word(),
            rollout.state.word(),
            &step,
            &spell(rollout.share()),
            &rollout.candidate.number.to_string(),
            &rollout.control.number.to_string(),
            &moment::shown(rollout.changed_at),
        ]);
    }
    table
}

fn step(rollout: &Rollout) -> String {
    match rollout.state {
        State::Running | State::Paused => {
            format!("{} of {}", rollout.step + 1, rollout.plan.steps.len())
        }
        _ => "-".to_string(),
    }
}

/// Everything about one.
pub(super) fn whole(rollout: &Rollout, now: i64, terminal: &Terminal) {
    let standing = rollout.standing(now);
    terminal.data(&state(rollout));
    terminal.data(&format!(
        "{} against version {}, begun by {} on {} UTC",
        rollout.plan.strategy.word(),
        rollout.control.number,
        rollout.actor,
        moment::shown(rollout.started_at)
    ));
    terminal.data(&format!("steps: {}", rollout.plan.spelled()));
    if rollout.state.is_climbing() {
        terminal.data(&format!(
            "step {} since {} UTC, {} units with the candidate",
            step(rollout),
            moment::shown(rollout.step_since),
            rollout.step_units
        ));
    }
    for wait in &standing.waits_for {
        terminal.data(&format!("waits for {wait}"));
    }
    if !standing.guardrails.is_empty() {
        guardrails(&rollout.rails, &standing.guardrails).print(terminal);
    }
}

fn guardrails(rails: &[Rail], told: &[Told]) -> Table {
    let mut table = Table::new([
        "GUARDRAIL",
        "CONTROL",
        "UNITS",
        "CANDIDATE",
        "UNITS",
        "DIFFERENCE (95 %, AT ALL TIMES)",
        "E OF HARM",
        "VERDICT",
    ])
    .right(&[1, 2, 3, 4]);
    for (rail, told) in rails.iter().zip(told) {
        let figure = |value: Option<f64>| value.map_or("-".to_string(), |v| amount(rail, v));
        let verdict = &told.verdict;
        let difference = match (verdict.difference, verdict.interval) {
            (Some(difference), Some(interval)) => format!(
                "{} ({} to {})",
                amount(rail, difference),
                amount(rail, interval.low),
                amount(rail, interval.high)
            ),
            _ => "-".to_string(),
        };
        table.row([
            told.name.as_str(),
            &figure(verdict.control),
            &verdict.control_units.to_string(),
            &figure(verdict.candidate),
            &verdict.candidate_units.to_string(),
            &difference,
            &format!("{:.2}", verdict.log_e_harm.clamp(-30.0, 30.0).exp()),
            word(verdict.decision, verdict.why),
        ]);
    }
    table
}

fn word(decision: Decision, why: Why) -> &'static str {
    match (decision, why) {
        (Decision::Revert, _) => "worse",
        (Decision::Pass, _) => "not worse",
        (Decision::Hold, Why::NoData) => "no data",
        (Decision::Hold, Why::TooFew) => "not worse, too few units",
        (Decision::Hold, _) => "undecided",
    }
}

/// A value in the guardrail's unit: a share in percent (of slow calls, too), dollars, or a score.
fn amount(rail: &Rail, value: f64) -> String {
    match rail.guardrail.measure {
        Measure::Share { .. } | Measure::Slow { .. } => format!("{:.2} %", 100.0 * value),
        #[allow(clippy::cast_possible_truncation)]
        Measure::Amount { .. } if value.is_finite() => NanoUsd(value.round() as i64).to_string(),
        _ => format!("{value:.3}"),
    }
}
