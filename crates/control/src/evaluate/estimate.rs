//! What a run will cost, before it begins.

use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::money::NanoUsd;
use gatemark_core::suite::Case;

use super::plan::Plan;
use crate::Control;
use crate::checks::Ahead;
use crate::forecast::{Bill, Forecast};

/// Cases whose requests are rendered and counted; the rest is taken to be like them.
const SAMPLED: usize = 100;

/// What runs are expected to cost, answers of earlier runs not regarded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Calls of the tested models.
    pub calls: u64,
    /// Calls of further steps of cascades, if every case goes up to the last.
    pub further: u64,
    /// Calls that checks make, judges' votes and embeddings, and those of cascades' judges.
    pub checking: u64,
    /// For what the models read, by our own count; of judged answers, whose length nobody knows, nothing.
    pub input: NanoUsd,
    /// If every answer is as long as it may be; `None` if some answers are not bounded.
    pub most: Option<NanoUsd>,
    /// Calls whose model has no price; they are not in the sums.
    pub unpriced: u64,
    /// What one case with its checks is expected to cost at most.
    pub(super) of_one: NanoUsd,
}

/// Estimates `plans`. A cap on models without a price is refused here, before anything is spent.
pub(super) async fn of(
    control: &Control,
    plans: &[Plan],
    cap: Option<NanoUsd>,
) -> Result<Estimate> {
    let mut sum = Bill::default();
    for plan in plans {
        sum.join(of_plan(control, plan).await?);
    }
    sum.cappable(cap)?;
    let rows = plans.iter().map(Plan::rows).sum();
    let further = plans.iter().map(|plan| plan.rows() * plan.further_steps().len() as u64).sum();
    Ok(Estimate {
        calls: rows,
        further,
        checking: sum.calls.saturating_sub(rows).saturating_sub(further),
        input: sum.input,
        most: sum.most,
        unpriced: sum.unpriced,
        of_one: sum.of_one(rows),
    })
}

async fn of_plan(control: &Control, plan: &Plan) -> Result<Bill> {
    let cases = &plan.suite.cases;
    let step = cases.len().div_ceil(SAMPLED).max(1);
    let (mut bill, mut sampled) = (Bill::default(), 0);
    for case in cases.iter().step_by(step) {
        for forecast in of_case(control, plan, case).await? {
            bill.add(&control.project, &forecast);
        }
        sampled += 1;
    }
    Ok(bill.scaled(plan.rows(), sampled))
}

async fn of_case(control: &Control, plan: &Plan, case: &Case) -> Result<Vec<Forecast>> {
    let about = |error: Error| {
        Error::new(Kind::Invalid, format!("case `{}`: {}", case.id, error.message()))
    };
    let size = plan.release.size(&plan.model, &case.variables).map_err(about)?;
    let system = plan.release.system_text(&plan.model, &case.variables).map_err(about)?;
    let mut forecasts = vec![Forecast {
        model: plan.model.clone(),
        calls: 1,
        input: size.input_tokens,
        most_input: Some(size.input_tokens),
        most_output: size.max_output,
    }];
    let mut answer = size.max_output;
    for step in plan.further_steps() {
        let size = plan.release.size(step, &case.variables).map_err(about)?;
        // Nobody knows how many cases go up: what is read there is only bounded.
        forecasts.push(Forecast {
            model: step.clone(),
            calls: 1,
            input: 0,
            most_input: Some(size.input_tokens),
            most_output: size.max_output,
        });
        answer = answer.zip(size.max_output).map(|(one, other)| one.max(other));
    }
    if let Some((judge, size)) = plan.release.judge_size(&case.variables) {
        let input = size.input_tokens;
        forecasts.push(Forecast {
            model: judge.clone(),
            // Of all steps but the last.
            calls: plan.further_steps().len() as u64,
            input,
            most_input: answer.map(|answer| input.saturating_add(answer)),
            most_output: size.max_output,
        });
    }
    let ahead = Ahead { case, system: &system, answer };
    forecasts.extend(plan.common.iter().filter_map(|check| check.forecast(&ahead, control)));
    if case.checks.iter().any(|spec| crate::checks::waits(&spec.metric)) {
        for check in plan.own(case)? {
            check.prepare(&plan.judges, control).await?;
            forecasts.extend(check.forecast(&ahead, control));
        }
    }
    Ok(forecasts)
}
