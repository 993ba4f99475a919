//! `gatemark judge list`: which judges there are, and how far they are to be trusted.

use gatemark_control::calibrate::JudgeInfo;
use gatemark_control::judge::Form;
use gatemark_core::calibration::ENOUGH;
use gatemark_core::error::Result;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::moment;
use crate::table::Table;

pub(super) async fn run(context: &Context<'_>) -> Result<Exit> {
    let judges = context.with_control(async |control| control.judges().await).await?;
    let terminal = context.terminal;
    if terminal.json() {
        let views: Vec<_> = judges
            .iter()
            .map(|judge| {
                json!({"name": judge.name, "number": judge.number, "model": judge.model,
                    "form": judge.form.as_ref().ok().map(form),
                    "problems": judge.form.as_ref().err(), "calibration": judge.calibration})
            })
            .collect();
        terminal.data_json(&views)?;
        return Ok(Exit::Done);
    }
    if judges.is_empty() {
        terminal.note("There are no judges. Make one with: gatemark judge new rubric");
        return Ok(Exit::Done);
    }
    let headings = ["JUDGE", "VERSION", "MODEL", "REPLIES", "KAPPA", "LABELS", "CALIBRATED (UTC)"];
    let mut table = Table::new(headings).right(&[1, 4, 5]);
    for judge in &judges {
        table.row([
            judge.name.to_string(),
            judge.number.to_string(),
            judge.model.as_ref().map(ToString::to_string).unwrap_or_default(),
            judge.form.as_ref().map_or("is no judge", form).to_string(),
            kappa(judge),
            judge.calibration.as_ref().map(|c| c.figures.items.to_string()).unwrap_or_default(),
            judge.calibration.as_ref().map(|c| moment::shown(c.finished_at)).unwrap_or_default(),
        ]);
    }
    table.print(terminal);
    for judge in &judges {
        if let Err(problems) = &judge.form {
            terminal.note(&format!("note: {} is no judge: {}", judge.name, problems.join("; ")));
        }
    }
    terminal.note(&format!(
        "A judge may stand in for people from a kappa of {ENOUGH} on, as a rule of thumb."
    ));
    Ok(Exit::Done)
}

fn form(form: &Form) -> &'static str {
    match form {
        Form::Score { verdict: false, .. } => "score",
        Form::Score { verdict: true, .. } => "score and verdict",
        Form::Verdict => "verdict",
        Form::Winner => "winner",
    }
}

fn kappa(judge: &JudgeInfo) -> String {
    match &judge.calibration {
        Some(calibration) => {
            calibration.figures.kappa.map_or("none".to_string(), |kappa| format!("{kappa:.3}"))
        }
        None if judge.calibrated_before => "outdated".to_string(),
        None => "not calibrated".to_string(),
    }
}
