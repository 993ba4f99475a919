//! What a run will cost, before it begins.

use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::model::{Project, Usage};
use gatemark_core::money::NanoUsd;

use super::plan::Plan;

/// Cases whose requests are rendered and counted; the rest is taken to be like them.
const SAMPLED: usize = 100;

/// What runs are expected to cost, answers of earlier runs not regarded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Calls in all.
    pub calls: u64,
    /// For what the models read, by our own count.
    pub input: NanoUsd,
    /// If every answer is as long as it may be; `None` if some answers are not bounded.
    pub most: Option<NanoUsd>,
    /// Calls whose model has no price; they are not in the sums.
    pub unpriced: u64,
}

impl Estimate {
    /// What one call is expected to cost at most.
    pub(super) fn of_one(&self) -> NanoUsd {
        let all = self.most.unwrap_or(self.input);
        NanoUsd(all.0 / i64::try_from(self.calls.max(1)).unwrap_or(i64::MAX))
    }
}

/// Estimates `plans`. A cap on models without a price is refused here, before anything is spent.
pub(super) fn of(project: &Project, plans: &[Plan], cap: Option<NanoUsd>) -> Result<Estimate> {
    let mut sum = Estimate { most: Some(NanoUsd::ZERO), ..Estimate::default() };
    for plan in plans {
        let one = of_plan(project, plan)?;
        sum.calls += one.calls;
        sum.input += one.input;
        sum.unpriced += one.unpriced;
        sum.most = sum.most.zip(one.most).map(|(a, b)| a + b);
    }
    match cap {
        Some(cap) if sum.unpriced > 0 => {
            let message = format!(
                "the run cannot be capped at {cap}: {} of its calls go to a model without a price; give it one \
                 under `models` in gatemark.yaml",
                sum.unpriced
            );
            Err(Error::invalid(message).at("max_cost").coded("price_unknown"))
        }
        _ => Ok(sum),
    }
}

fn of_plan(project: &Project, plan: &Plan) -> Result<Estimate> {
    let calls = plan.rows();
    let Some(price) = project.price(&plan.model) else {
        return Ok(Estimate {
            calls,
            unpriced: calls,
            most: Some(NanoUsd::ZERO),
            ..Estimate::default()
        });
    };
    let cases = &plan.suite.cases;
    let step = cases.len().div_ceil(SAMPLED).max(1);
    let (mut input, mut most, mut sampled) = (NanoUsd::ZERO, Some(NanoUsd::ZERO), 0_u64);
    for case in cases.iter().step_by(step) {
        let size = plan.release.size(&plan.model, &case.variables).map_err(|error| {
            Error::new(Kind::Invalid, format!("case `{}`: {}", case.id, error.message()))
        })?;
        let usage = Usage { input: size.input_tokens, ..Usage::default() };
        input += price.of(&usage);
        most = most
            .zip(size.max_output)
            .map(|(sum, output)| sum + price.of(&Usage { output, ..usage }));
        sampled += 1;
    }
    let scale = |sum: NanoUsd| {
        let scaled = i128::from(sum.0) * i128::from(calls) / i128::from(sampled.max(1));
        NanoUsd(i64::try_from(scaled).unwrap_or(i64::MAX))
    };
    Ok(Estimate { calls, input: scale(input), most: most.map(scale), unpriced: 0 })
}
