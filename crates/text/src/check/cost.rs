//! `cost`: the call cost at most so much.

use gatemark_core::NanoUsd;
use serde_json::Value;

use super::parameters::Parameters;
use super::{Check, CheckProblem, Finding, Observation};

struct Cost {
    max: NanoUsd,
}

pub(super) fn build(parameters: &Parameters<'_>) -> Result<Box<dyn Check>, CheckProblem> {
    let written = parameters.required("max_usd")?;
    let text = match written {
        Value::String(text) => text.trim().to_owned(),
        // A float prints as the shortest decimal that reads back as it, which is what the author wrote.
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => float.to_string(),
            None => number.to_string(),
        },
        _ => String::new(),
    };
    let max = NanoUsd::from_usd_text(&text).ok_or_else(|| {
        parameters.wrong("max_usd", "an amount of dollars with at most 9 decimals", written)
    })?;
    Ok(Box::new(Cost { max }))
}

impl Check for Cost {
    fn observe(&self, seen: &Observation<'_>) -> Finding {
        match seen.cost {
            None => Finding::CannotTell("the model has no price in gatemark.yaml".to_string()),
            Some(cost) if cost <= self.max => Finding::Holds,
            Some(cost) => Finding::Fails(format!("expected at most {}, found {cost}", self.max)),
        }
    }

    fn describe(&self) -> String {
        format!("cost at most {}", self.max)
    }
}
