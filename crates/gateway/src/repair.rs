//! The repair in step 8: the model is shown its own answer and what is wrong with it, once.
//!
//! The second request is the first with two messages behind it, so it is told the form in the same way, and it
//! is a request like any other: it waits within the call's own deadline, is reserved in the budgets and keeps
//! the version's cap together with what the first has cost, and a test run finds it again under its own key. There
//! a first answer of an earlier run counts with the time and the money that it took then, so that the same case is
//! repaired in every run or in none.
//! An answer that met its bound of tokens or the vendor's filter is not repaired: it would meet it again.

use std::sync::OnceLock;
use std::time::Duration;

use gatemark_core::error::{Error, Kind};
use gatemark_core::prompt::Role;
use gatemark_provider::answer::Finish;
use gatemark_provider::request::Turn;
use gatemark_provider::splice;

use crate::check::Unfit;
use crate::prepare::Prepared;
use crate::record::Pending;
use crate::reserve;
use crate::resolve::Resolved;
use crate::snapshot::Snapshot;

/// Most of a wrong answer that is shown again, in bytes.
const MOST_SHOWN: usize = 32 * 1024;

/// A second request to the model that answered.
pub(crate) struct Again {
    /// What answers: that model and no other.
    pub(crate) resolved: Resolved,
    pub(crate) prepared: Prepared,
    /// What is left of the time that the call may wait for vendors.
    pub(crate) time: Duration,
    /// How long the first answer took, if an earlier run gave it.
    pub(crate) recalled: Option<u64>,
}

/// The second request; `None` if there is to be none.
pub(crate) fn again(
    snapshot: &Snapshot,
    resolved: &Resolved,
    unfit: &Unfit,
    record: &mut Pending,
) -> Option<Again> {
    let release = &resolved.named.as_ref()?.release;
    let output = &release.version.content.output;
    let final_end = matches!(unfit.answer.finish, Finish::Length | Finish::ContentFilter);
    if output.repairs() == 0 || final_end {
        return None;
    }
    let project = snapshot.project();
    let own = release.version.content.limits.timeout();
    let timeout =
        own.or_else(|| Some(project.providers.get(resolved.model.provider())?.timeout))?;
    let time = timeout.checked_sub(record.waited()).filter(|time| !time.is_zero())?;
    let prepared = prepared(unfit, output.schema.as_ref(), record)?;
    let model = record.record().model.clone();
    let price = project.price(&model);
    let resolved = Resolved { model, price, others: None, ..resolved.clone() };
    match reserve::reserve(snapshot, &resolved, &prepared, record) {
        Ok(()) => {
            let recalled = record.ask_again();
            Some(Again { resolved, prepared, time, recalled })
        }
        Err(error) => {
            tracing::debug!(call = record.id(), %error, "the answer is not repaired");
            None
        }
    }
}

fn prepared(
    unfit: &Unfit,
    schema: Option<&serde_json::Value>,
    record: &Pending,
) -> Option<Prepared> {
    let first = &unfit.prepared;
    let mut request = first.request.clone();
    let shown = head(&unfit.answer.text, MOST_SHOWN);
    let mut words = format!(
        "Your answer cannot be used: {}.\nAnswer again with exactly one JSON value, without any text around it and \
         without a code fence.",
        unfit.why
    );
    if let (None, Some(schema)) = (&request.form, schema) {
        words.push_str(&format!(" It must satisfy this JSON Schema:\n{schema}"));
    }
    let mut turns = Vec::with_capacity(2);
    // Vendors refuse messages without text.
    if !shown.trim().is_empty() {
        turns.push(Turn { role: Role::Assistant, text: shown.to_string() });
    }
    turns.push(Turn { role: Role::User, text: words });
    request.messages = splice::followed(&request.messages, turns).ok()?;
    request.stream = false;
    request.fields.retain(|(name, _)| name != "stream_options");
    Some(Prepared {
        request,
        weighed: OnceLock::new(),
        max_output: first.max_output,
        since: first.since,
        spent: record.cost_when_given(),
        dropped: first.dropped.clone(),
    })
}

fn head(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// The second answer did not come in time.
pub(crate) fn late(record: &mut Pending) -> Error {
    let error = Error::new(Kind::Timeout, "the repaired answer did not come before the deadline");
    record.abandon(&error);
    error
}
