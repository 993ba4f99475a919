//! Step 4, prepare: from variables to the exact request that the vendor gets.

use std::collections::BTreeMap;
use std::sync::Arc;

use gatemark_core::canonical;
use gatemark_core::error::{Error, Result};
use gatemark_core::model::Structured;
use gatemark_core::money::NanoUsd;
use gatemark_core::variable::{self, Variable};
use gatemark_provider::request::{ChatRequest, Messages, Turn};
use gatemark_provider::{Dialect, Form, splice, translate};
use gatemark_text::tokens;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::fields;
use crate::incoming::Ask;
use crate::record::Pending;
use crate::release::Compiled;
use crate::resolve::{Named, Resolved};
use crate::snapshot::Snapshot;

/// Bound of the output, sent with calls whose version caps their cost but not their tokens.
const ASSUMED_OUTPUT: u64 = 4096;

/// Tokens that a vendor may add around each message for its role and its ends; published figures are 3 to 4.
const FRAME_TOKENS: u64 = 6;

/// A request ready to be sent.
pub(crate) struct Prepared {
    pub(crate) request: ChatRequest,
    /// Tokens that the model will read, if the call's cost is capped and so has to be known before.
    pub(crate) input_tokens: Option<u64>,
    /// Most tokens that it may write, if bounded.
    pub(crate) max_output: Option<u64>,
    /// Since when the caller waits for the answer.
    pub(crate) since: Instant,
    /// What the call has cost before this request.
    pub(crate) spent: NanoUsd,
}

pub(crate) fn prepare(
    snapshot: &Snapshot,
    resolved: &Resolved,
    ask: Ask,
    record: &mut Pending,
) -> Result<Prepared> {
    match &resolved.named {
        None => plain(resolved, ask, record),
        Some(named) => {
            let ask = in_chat(snapshot, resolved, ask)?;
            let beside = Beside {
                form: form(snapshot, resolved, named),
                stable: stable(snapshot, resolved, named)?,
            };
            prompt(resolved, named, beside, ask, record)
        }
    }
}

/// What the caller adds to a prompt in the words of chat completions, which are a version's own.
fn in_chat(snapshot: &Snapshot, resolved: &Resolved, mut ask: Ask) -> Result<Ask> {
    if ask.dialect == Dialect::Chat {
        return Ok(ask);
    }
    let model = &resolved.model;
    let vendor = snapshot.vendor(model);
    let vendor = vendor.ok_or_else(|| Error::internal(format!("no connection for {model}")))?;
    if let Some(named) = &resolved.named {
        fields::yield_bound(&named.compiled(model)?.parameters, &mut ask.fields);
    }
    let request = ChatRequest {
        dialect: ask.dialect,
        messages: ask.messages.map(Messages::Raw).unwrap_or_default(),
        fields: ask.fields,
        ..ChatRequest::default()
    };
    let added = translate::continuation(&request, model.provider(), vendor.as_ref())?;
    let messages = match added.messages {
        Messages::Raw(raw) => Some(raw),
        Messages::Turns(_) => None,
    };
    Ok(Ask { dialect: Dialect::Chat, messages, fields: added.fields, ..ask })
}

fn plain(resolved: &Resolved, ask: Ask, record: &mut Pending) -> Result<Prepared> {
    let messages = ask.messages.ok_or_else(|| {
        let name = ask.dialect.conversation();
        Error::invalid(format!("`{name}` is missing: a plain model call needs it")).at(name)
    })?;
    record.note_input(|| messages.get().to_string());
    // A vector is not written token by token.
    let max_output = (ask.dialect == Dialect::Embeddings).then_some(0);
    let request = ChatRequest {
        dialect: ask.dialect,
        model: resolved.model.vendor_id().to_string(),
        messages: Messages::Raw(messages),
        stream: ask.stream,
        usage_wanted: ask.usage_wanted,
        fields: ask.fields,
        headers: ask.headers,
        stable: 0,
        form: None,
    };
    let (since, spent) = (Instant::now(), NanoUsd::ZERO);
    Ok(Prepared { request, input_tokens: None, max_output, since, spent })
}

/// What a vendor is told of a prompt beside its messages.
struct Beside<'a> {
    form: Option<&'a Arc<Form>>,
    stable: usize,
}

/// The part of the prompt that a vendor is told to keep: only vendors that speak Anthropic's words want to be
/// told, others find it by themselves.
fn stable(snapshot: &Snapshot, resolved: &Resolved, named: &Named) -> Result<usize> {
    let model = &resolved.model;
    let wants = snapshot.vendor(model).is_some_and(|vendor| vendor.speaks(Dialect::Messages));
    if !wants || !snapshot.project().caching.prompt_cache {
        return Ok(0);
    }
    Ok(named.compiled(model)?.stable_turns())
}

/// The form that the vendor is to be told, if it is told any. A version whose own parameters say what is
/// wanted is not talked over.
fn form<'a>(snapshot: &Snapshot, resolved: &Resolved, named: &'a Named) -> Option<&'a Arc<Form>> {
    let model = &resolved.model;
    let form = named.release.form.as_ref()?;
    let parameters = &named.compiled(model).ok()?.parameters;
    let mode = snapshot.vendor(model)?.structured(model.vendor_id());
    let said = parameters.iter().any(|(name, _)| name == "response_format");
    (mode != Structured::Off && !said).then_some(form)
}

fn prompt(
    resolved: &Resolved,
    named: &Named,
    Beside { form, stable }: Beside<'_>,
    ask: Ask,
    record: &mut Pending,
) -> Result<Prepared> {
    let content = &named.release.version.content;
    let variables = variable::bind(&content.variables, &named.variables).map_err(refuse)?;
    within_bounds(&content.variables, &variables)?;
    record.note_variables(canonical::seal(&variables)?.digest);
    record.note_input(|| recorded(&variables, ask.messages.as_deref()));
    let compiled = named.compiled(&resolved.model)?;
    let turns = render(compiled, &variables)?;
    let mut asked = ask.fields;
    if let Some(form) = form {
        fields::yield_form(form, &mut asked)?;
    }
    let mut fields = fields::merged(&compiled.parameters, asked)?;
    let input_tokens = match content.limits.cost_per_call {
        None => None,
        Some(_) => {
            if fields::max_output(&fields).is_none() {
                fields::bound_output(&mut fields, ASSUMED_OUTPUT)?;
            }
            let told = form.map_or(0, |form| tokens::count(form.identity()) as u64);
            Some(input_tokens(compiled, &turns, ask.messages.as_deref(), &fields) + told)
        }
    };
    let messages = match &ask.messages {
        Some(caller) => splice::continued(turns, caller)?,
        None => Messages::Turns(turns),
    };
    let request = ChatRequest {
        dialect: ask.dialect,
        model: resolved.model.vendor_id().to_string(),
        messages,
        stream: ask.stream,
        usage_wanted: ask.usage_wanted,
        fields,
        headers: ask.headers,
        stable,
        form: form.cloned(),
    };
    let max_output = fields::max_output(&request.fields);
    let (since, spent) = (Instant::now(), NanoUsd::ZERO);
    Ok(Prepared { request, input_tokens, max_output, since, spent })
}

/// What is kept of a call's input: the variables, and what the caller added to the conversation.
fn recorded(variables: &BTreeMap<String, Value>, caller: Option<&RawValue>) -> String {
    let variables = serde_json::to_string(variables).unwrap_or_default();
    match caller {
        None => format!(r#"{{"variables":{variables}}}"#),
        Some(caller) => format!(r#"{{"variables":{variables},"messages":{}}}"#, caller.get()),
    }
}

/// Everything that the model will read: examples, rendered messages, what the caller adds, tools.
pub(crate) fn input_tokens(
    compiled: &Compiled,
    turns: &[Turn],
    caller: Option<&RawValue>,
    fields: &[(String, Box<RawValue>)],
) -> u64 {
    let examples = compiled.examples_before..compiled.examples_before + compiled.examples.len();
    let rendered = turns.iter().enumerate().filter(|(index, _)| !examples.contains(index));
    let texts = rendered
        .map(|(_, turn)| turn.text.as_str())
        .chain(caller.map(RawValue::get))
        .chain(fields.iter().map(|(_, value)| value.get()));
    let frames = turns.len() as u64 * FRAME_TOKENS + FRAME_TOKENS;
    let counted: u64 = texts.map(|text| tokens::count(text) as u64).sum();
    compiled.example_tokens() + counted + frames
}

pub(crate) fn refuse(problems: Vec<variable::Mismatch>) -> Error {
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

pub(crate) fn render(
    compiled: &Compiled,
    variables: &BTreeMap<String, Value>,
) -> Result<Vec<Turn>> {
    let mut turns = Vec::with_capacity(compiled.roles.len() + compiled.examples.len());
    for (index, role) in compiled.roles.iter().enumerate() {
        if index == compiled.examples_before {
            turns.extend(compiled.examples.iter().cloned());
        }
        turns.push(Turn { role: *role, text: compiled.templates.render(index, variables)? });
    }
    Ok(turns)
}
