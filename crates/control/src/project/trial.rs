//! A trial rendering at push: a template that passes a bound whatever it is given is refused when it is
//! written and not when it is first called. Only bounds count; whether a value fits an operation depends on
//! the value, and the ones here are made up.

use std::collections::BTreeMap;

use gatemark_core::variable::{Variable, VariableType};
use gatemark_text::template::{BOUND_CODE, Templates};
use serde_json::{Value, json};

use super::files::Files;
use super::messages::Written;
use super::problems::Problems;
use super::variables::Declared;

/// Renders each message once with sample values.
pub(super) fn render(
    files: &Files,
    messages: &[Written],
    declared: &Declared,
    problems: &mut Problems,
) {
    let samples: BTreeMap<String, Value> =
        declared.variables.iter().map(|(name, v)| (name.clone(), sample(v))).collect();
    for written in messages {
        // What does not compile was reported as it was read.
        let Ok(template) = Templates::compile(&[&written.message.text]) else { continue };
        let Err(error) = template.render(0, &samples) else { continue };
        if error.code() == BOUND_CODE {
            let line = error.param().and_then(|line| line.parse().ok()).unwrap_or(1);
            let spot = written.spot(files, line, 0, 1);
            // The place says which template and line it is.
            let what = error.message().split_once(": ").map_or(error.message(), |(_, what)| what);
            problems.error(&spot, what, "make the loop, macro or text smaller");
        }
    }
}

fn sample(variable: &Variable) -> Value {
    let made = match &variable.kind {
        VariableType::String => json!("sample"),
        VariableType::Enum { values } => json!(values.first()),
        VariableType::Integer => json!(1),
        VariableType::Number => json!(1.5),
        VariableType::Boolean => json!(true),
        VariableType::List => json!([]),
        VariableType::Object => json!({}),
    };
    variable.default.clone().unwrap_or(made)
}
