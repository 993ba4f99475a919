//! Step 4, prepare: from variables to the exact request that the vendor gets.

use std::collections::BTreeMap;

use gatemark_core::canonical;
use gatemark_core::error::{Error, Result};
use gatemark_core::variable::{self, Variable};
use gatemark_provider::request::{ChatRequest, Messages, Turn};
use gatemark_provider::splice;
use gatemark_text::tokens;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::incoming::Ask;
use crate::record::Pending;
use crate::release::Compiled;
use crate::resolve::{Named, Resolved};

/// A request ready to be sent.
pub(crate) struct Prepared {
    pub(crate) request: ChatRequest,
    /// Tokens that the model will read, if the call's cost is capped and so has to be known before.
    pub(crate) input_tokens: Option<u64>,
    /// Most tokens that it may write, if bounded.
    pub(crate) max_output: Option<u64>,
}

pub(crate) fn prepare(resolved: &Resolved, ask: Ask, record: &mut Pending) -> Result<Prepared> {
    match &resolved.named {
        None => plain(resolved, ask, record),
        Some(named) => prompt(resolved, named, ask, record),
    }
}

fn plain(resolved: &Resolved, ask: Ask, record: &mut Pending) -> Result<Prepared> {
    let messages = ask.messages.ok_or_else(|| {
        Error::invalid("`messages` is missing: a plain model call needs them").at("messages")
    })?;
    record.note_input(|| messages.get().to_string());
    let request = ChatRequest {
        model: resolved.model.vendor_id().to_string(),
        messages: Messages::Raw(messages),
        stream: ask.stream,
        usage_wanted: ask.usage_wanted,
        fields: ask.fields,
    };
    Ok(Prepared { request, input_tokens: None, max_output: None })
}

fn prompt(resolved: &Resolved, named: &Named, ask: Ask, record: &mut Pending) -> Result<Prepared> {
    let content = &named.release.version.content;
    let variables = variable::bind(&content.variables, &named.variables).map_err(refuse)?;
    within_bounds(&content.variables, &variables)?;
    record.note_variables(canonical::seal(&variables)?.digest);
    record.note_input(|| serde_json::to_string(&variables).unwrap_or_default());
    let compiled = named.compiled(&resolved.model)?;
    let turns = render(compiled, &variables)?;
    let messages = match &ask.messages {
        Some(caller) => splice::continued(turns, caller)?,
        None => Messages::Turns(turns),
    };
    let request = ChatRequest {
        model: resolved.model.vendor_id().to_string(),
        messages,
        stream: ask.stream,
        usage_wanted: ask.usage_wanted,
        fields: fields(compiled, ask.fields)?,
    };
    let is_capped = content.limits.cost_per_call.is_some();
    let input_tokens = is_capped.then(|| compiled.static_tokens() + tokens_of(&variables));
    Ok(Prepared { request, input_tokens, max_output: compiled.max_output })
}

fn refuse(problems: Vec<variable::Mismatch>) -> Error {
    let listed: Vec<String> =
        problems.iter().map(|problem| format!("`{}` {}", problem.name, problem.problem)).collect();
    let param = problems.first().map(|p| format!("variables.{}", p.name)).unwrap_or_default();
    Error::invalid(format!("variables do not fit the prompt: {}", listed.join("; ")))
        .at(param)
        .coded("invalid_variables")
}

/// Refuses variables over their own bound.
fn within_bounds(
    declared: &BTreeMap<String, Variable>,
    bound: &BTreeMap<String, Value>,
) -> Result<()> {
    for (name, variable) in declared {
        let (Some(limit), Some(value)) = (variable.max_tokens, bound.get(name)) else { continue };
        let text = crate::release::as_text(value);
        // A token is at least one byte, so most texts need no counting.
        if text.len() > limit as usize && tokens::count_up_to(&text, limit as usize).is_none() {
            let message = format!("variable `{name}` is longer than its bound of {limit} tokens");
            let param = format!("variables.{name}");
            return Err(Error::invalid(message).at(param).coded("variable_too_long"));
        }
    }
    Ok(())
}

fn tokens_of(variables: &BTreeMap<String, Value>) -> u64 {
    variables.values().map(|value| tokens::count(&crate::release::as_text(value)) as u64).sum()
}

fn render(compiled: &Compiled, variables: &BTreeMap<String, Value>) -> Result<Vec<Turn>> {
    let mut turns = Vec::with_capacity(compiled.roles.len() + compiled.examples.len());
    for (index, role) in compiled.roles.iter().enumerate() {
        if index == compiled.examples_before {
            turns.extend(compiled.examples.iter().cloned());
        }
        turns.push(Turn { role: *role, text: compiled.templates.render(index, variables)? });
    }
    Ok(turns)
}

/// The version's parameters, then the caller's other fields. What the version fixes was tested that way,
/// so a caller may repeat it but not change it.
fn fields(
    compiled: &Compiled,
    asked: Vec<(String, Box<RawValue>)>,
) -> Result<Vec<(String, Box<RawValue>)>> {
    let mut fields: Vec<(String, Box<RawValue>)> = compiled.parameters.clone();
    for (name, value) in asked {
        match compiled.parameters.iter().find(|(fixed, _)| *fixed == name) {
            None => fields.push((name, value)),
            Some((_, fixed)) if same_json(fixed, &value) => {}
            Some((_, fixed)) => {
                let message = format!(
                    "`{name}` is fixed at {} by the prompt's version: leave it out of the request",
                    fixed.get()
                );
                return Err(Error::invalid(message).at(name).coded("parameter_fixed"));
            }
        }
    }
    Ok(fields)
}

fn same_json(a: &RawValue, b: &RawValue) -> bool {
    let read = |raw: &RawValue| serde_json::from_str::<Value>(raw.get()).ok();
    match (read(a), read(b)) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}
