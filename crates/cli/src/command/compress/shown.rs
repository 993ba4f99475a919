//! What a proposal looks like.

use gatemark_control::Control;
use gatemark_control::compress::{Proposal, Shortened, Trial};
use gatemark_core::error::Result;
use gatemark_core::id::PromptName;
use gatemark_core::report::Report;
use serde_json::{Value, json};

use crate::print::{Terminal, one_line};

/// Longest stretch of a text shown of an edit, in characters.
const WIDTH: usize = 100;

/// What the suite asks of the shorter wording and does not get.
pub(super) fn unmet(trial: &Trial, control: &Control) -> Vec<String> {
    let own = &trial.after.suite.thresholds;
    let mut unmet = own.unmet(control.threshold(own), &trial.after.report.summary);
    unmet.extend(trial.after.report.stopped.clone());
    unmet
}

fn sentence(trial: &Trial) -> String {
    match &trial.versus {
        Ok(comparison) => comparison.sentence(),
        Err(why) => format!("not comparable: {}", why.reason),
    }
}

pub(super) fn json(
    prompt: &PromptName,
    proposal: &Proposal,
    trial: Option<&Trial>,
    paths: &[String],
    (control, terminal): (&Control, &Terminal),
) -> Result<()> {
    let messages: Vec<Value> = proposal.messages.iter().map(message).collect();
    let suite = trial.map(|trial| {
        let unmet = unmet(trial, control);
        json!({
            "before": figures(&trial.before.report),
            "after": figures(&trial.after.report),
            "comparison": sentence(trial),
            "reached": unmet.is_empty(),
            "unmet": unmet,
        })
    });
    terminal.data_json(&json!({
        "prompt": prompt,
        "tokens_before": proposal.tokens.0,
        "tokens_after": proposal.tokens.1,
        "messages": messages,
        "cost": proposal.cost,
        "suite": suite,
        "written": paths,
    }))
}

fn message(one: &Shortened) -> Value {
    let edits = one.edits.iter();
    let edits: Vec<Value> = edits
        .map(|edit| json!({"rule": edit.rule, "before": edit.before, "after": edit.after}))
        .collect();
    json!({
        "place": one.place,
        "role": one.role.word(),
        "tokens_before": one.tokens.0,
        "tokens_after": one.tokens.1,
        "before": one.before,
        "after": one.after,
        "edits": edits,
        "model": one.model,
        "note": one.note,
    })
}

fn figures(report: &Report) -> Value {
    let total = &report.summary.total;
    json!({"cases": total.cases, "passed": total.passed, "accuracy": total.accuracy()})
}

pub(super) fn text(
    proposal: &Proposal,
    trial: Option<&Trial>,
    paths: &[String],
    (control, terminal): (&Control, &Terminal),
) {
    let ink = terminal.ink();
    for one in &proposal.messages {
        let by = one.model.as_ref().map(|model| format!(", by {model}")).unwrap_or_default();
        let title = format!("{} ({}){by}", one.place, one.role.word());
        terminal.data(&ink.strong(&title));
        if one.model.is_none() {
            for edit in &one.edits {
                let after = if edit.after.is_empty() { "(nothing)" } else { &edit.after };
                let before = one_line(&edit.before, WIDTH);
                terminal.data(&format!("  {:<7} {before} -> {after}", edit.rule));
            }
        }
        if let Some(note) = &one.note {
            terminal.note(&format!("note: {}: {note}", one.place));
        }
        if one.after != one.before {
            terminal.data(&format!("  tokens  {} -> {}", one.tokens.0, one.tokens.1));
            terminal.data(&format!("\n{}\n", one.after.trim_end()));
        }
    }
    let (before, after) = proposal.tokens;
    if after >= before {
        terminal.data(&format!("tokens     {before}: nothing to leave out was found"));
        return;
    }
    let share = 100 * (before - after) / before.max(1);
    let saved = before - after;
    terminal.data(&format!(
        "tokens     {before} -> {after} of the messages ({saved} fewer, {share} %)"
    ));
    if let Some(cost) = proposal.cost {
        terminal.data(&format!("wording    cost {cost}"));
    }
    if let Some(trial) = trial {
        for (name, report) in [("before", &trial.before.report), ("after", &trial.after.report)] {
            let total = &report.summary.total;
            let (passed, cases) = (total.passed, total.cases);
            terminal.data(&format!("{name:<10} {passed} of {cases} cases pass"));
        }
        terminal.data(&format!("suite      {}", sentence(trial)));
        for unmet in unmet(trial, control) {
            terminal.data(&format!("unmet      {}", ink.bad(&unmet)));
        }
    }
    for path in paths {
        terminal.data(&format!("written    {path}"));
    }
}
