//! Step 4, prepare: from variables to the exact request that the vendor gets.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use gatemark_core::call::Dropped;
use gatemark_core::canonical;
use gatemark_core::error::{Error, Result};
use gatemark_core::model::Structured;
use gatemark_core::money::NanoUsd;
use gatemark_core::variable;
use gatemark_provider::request::{ChatRequest, Messages, Turn};
use gatemark_provider::{Dialect, Form, splice, translate, turns};
use gatemark_text::tokens;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::apart;
use crate::fields;
use crate::fit::{self, FRAME_TOKENS, History, Whole};
use crate::incoming::Ask;
use crate::record::Pending;
use crate::release::Compiled;
use crate::resolve::{Named, Resolved};
use crate::room::Room;
use crate::shorten;
use crate::shots::Chosen;
use crate::snapshot::Snapshot;
use crate::unjudged;
use crate::weigh::Weight;

/// Bound of the output, sent with calls whose version caps their cost but not their tokens.
const ASSUMED_OUTPUT: u64 = 4096;

/// A request ready to be sent.
pub(crate) struct Prepared {
    pub(crate) request: ChatRequest,
    /// How much the model will read; see [`Prepared::weight`].
    pub(crate) weighed: OnceLock<Weight>,
    /// Most tokens that it may write, if bounded.
    pub(crate) max_output: Option<u64>,
    /// Since when the caller waits for the answer.
    pub(crate) since: Instant,
    /// What the call has cost before this request.
    pub(crate) spent: NanoUsd,
    /// What was left out for it to fit.
    pub(crate) dropped: Vec<Dropped>,
}

impl Prepared {
    /// How much the model will read at most. Found out once, and only for calls that something bounds.
    pub(crate) fn weight(&self) -> Weight {
        *self.weighed.get_or_init(|| Weight::of(&self.request))
    }
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
            let door = ask.dialect;
            let ask = in_chat(snapshot, resolved, ask)?;
            let beside = Beside {
                door,
                form: form(snapshot, resolved, named),
                stable: stable(snapshot, resolved, named)?,
            };
            prompt((snapshot, resolved, named), beside, ask, record)
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
    let dropped = vec![];
    Ok(Prepared { request, weighed: OnceLock::new(), max_output, since, spent, dropped })
}

/// What a vendor is told of a prompt beside its messages.
struct Beside<'a> {
    /// The caller's own dialect, in which it is told what it may not ask.
    door: Dialect,
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
    (snapshot, resolved, named): (&Snapshot, &Resolved, &Named),
    Beside { door, form, stable }: Beside<'_>,
    ask: Ask,
    record: &mut Pending,
) -> Result<Prepared> {
    let content = &named.release.version.content;
    let mut variables = variable::bind(&content.variables, &named.variables).map_err(refuse)?;
    let given = canonical::seal(&variables)?.digest;
    record.note_input(|| recorded(&variables, ask.messages.as_deref()));
    let mut dropped = shorten::to_bounds(&content.variables, &mut variables)?;
    record.note_variables(given);
    let boundary = apart::boundary(content, &variables, &record.marks_key());
    let history = ask.past.as_ref().map(|past| past.messages()).transpose()?.flatten();
    let compiled = named.compiled(&resolved.model)?;
    let vectors = ask.near.as_deref().zip(named.release.vectors.get().map(Vec::as_slice));
    let chosen = compiled.shots.choose(&variables, vectors);
    let mut asked = ask.fields;
    if let Some(form) = form {
        fields::yield_form(form, door, &mut asked)?;
    }
    unjudged::refuse(&compiled.parameters, door, &mut asked)?;
    let told = if form.is_some() { named.release.form_tokens() } else { 0 };
    let mut fields = fields::merged(&compiled.parameters, door, asked)?;
    let capped = content.limits.cost_per_call.is_some();
    if capped && fields::max_output(&fields).is_none() {
        fields::bound_output(&mut fields, ASSUMED_OUTPUT)?;
    }
    let caller = ask.messages.as_deref();
    let summarised = ask.past.as_ref().is_some_and(|past| past.summary().is_some());
    let whole = Whole {
        content,
        compiled,
        variables: &variables,
        boundary: boundary.as_ref(),
        chosen: &chosen,
        history: History { messages: history.as_deref(), summarised },
        caller,
        fields: &fields,
    };
    let model = snapshot.project().models.get(&resolved.model);
    let room = Room::of(&resolved.model, model, &content.limits, &fields);
    let room = room.map(|room| room.without(told));
    let fitted = fit::fit(whole, room)?;
    // A beginning that lost something is not the one that is the same in every call.
    let stable = if fitted.dropped.is_empty() { stable } else { 0 };
    dropped.extend(fitted.dropped);
    let caller = fitted.caller.as_deref().or(caller);
    let history = fitted.history.as_deref().or(history.as_deref());
    let present = fitted.present;
    record.note_question(|| {
        let own = fitted.turns.get(present..).unwrap_or_default();
        turns::together([&*splice::listed(own), caller.map_or("[]", RawValue::get)])
    })?;
    let stable = if history.is_some() { stable.min(present) } else { stable };
    let messages = match (history, caller) {
        (Some(history), caller) => splice::conversed(&fitted.turns, (present, history), caller)?,
        (None, Some(caller)) => splice::continued(fitted.turns, caller)?,
        (None, None) => Messages::Turns(fitted.turns),
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
    Ok(Prepared { request, weighed: OnceLock::new(), max_output, since, spent, dropped })
}

/// What is kept of a call's input: the variables, and what the caller added to the conversation.
fn recorded(variables: &BTreeMap<String, Value>, caller: Option<&RawValue>) -> String {
    let variables = serde_json::to_string(variables).unwrap_or_default();
    match caller {
        None => format!(r#"{{"variables":{variables}}}"#),
        Some(caller) => format!(r#"{{"variables":{variables},"messages":{}}}"#, caller.get()),
    }
}

/// Everything that the model will read of a version: examples, rendered messages, tools.
pub(crate) fn input_tokens(
    compiled: &Compiled,
    (turns, chosen): (&[Turn], &Chosen),
    fields: &[(String, Box<RawValue>)],
) -> u64 {
    let before = compiled.examples_before;
    let examples = before..before + 2 * chosen.order.len();
    let rendered = turns.iter().enumerate().filter(|(index, _)| !examples.contains(index));
    let texts = rendered
        .map(|(_, turn)| turn.text.as_str())
        .chain(fields.iter().map(|(_, value)| value.get()));
    let frames = turns.len() as u64 * FRAME_TOKENS + FRAME_TOKENS;
    let counted: u64 = texts.map(|text| tokens::count(text) as u64).sum();
    compiled.shots.tokens(chosen) + counted + frames
}

pub(crate) fn refuse(problems: Vec<variable::Mismatch>) -> Error {
    let listed: Vec<String> =
        problems.iter().map(|problem| format!("`{}` {}", problem.name, problem.problem)).collect();
    let param = problems.first().map(|p| format!("variables.{}", p.name)).unwrap_or_default();
    Error::invalid(format!("variables do not fit the prompt: {}", listed.join("; ")))
        .at(param)
        .coded("invalid_variables")
}
