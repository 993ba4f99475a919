//! Step 8, check: does the answer keep the version's contract, and what is served if not.
//!
//! A whole answer off format goes back to the model once with what is wrong (`repair`); what is then still off
//! format is replaced by the static fallback if there is one, and passed on and marked otherwise. A stream is
//! held against the schema while it is passed on: found wrong before anything has left it is dealt with like a
//! whole answer, except that it is never passed on; found wrong later it is broken off. A version may have its
//! streams held back until they are judged.

use gatemark_core::call::Outcome;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_core::guard_policy::OnBlock;
use gatemark_core::prompt::Streaming;
use gatemark_provider::answer::{Answer, Finish};
use gatemark_provider::request::Messages;
use gatemark_text::conform::Conformance;

use crate::Done;
use crate::dispatch::{Got, Started};
use crate::gate::Gate;
use crate::inspect::Blocked;
use crate::opening::{self, Seen};
use crate::prepare::Prepared;
use crate::record::{GUARD_BLOCKED, OFF_FORMAT, Pending, STOPPED};
use crate::release::Release;
use crate::resolve::Resolved;
use crate::written::as_text;

/// Longest streamed answer, in bytes: the same bound as that of whole ones.
pub(crate) const MAX_ANSWER: usize = gatemark_provider::http::MAX_BODY;

/// What will be served.
pub(crate) enum Checked {
    /// This answer.
    Whole(Box<Answer>),
    /// A stream, to be judged while it is passed on and at its end.
    Stream { started: Box<Started>, watched: bool, input: Messages, gate: Option<Box<Gate>> },
    /// This answer, made by us or kept back, in the form of a stream.
    StreamedWhole(Box<Answer>),
}

impl Checked {
    /// The same as a stream.
    pub(crate) fn streamed(self) -> Self {
        match self {
            Self::Whole(answer) => Self::StreamedWhole(answer),
            other => other,
        }
    }
}

/// What came of the check.
pub(crate) enum Judged {
    /// This is served.
    Final(Checked),
    /// This cannot be, and may be repaired.
    Unfit(Box<Unfit>),
}

/// An answer off format of which nothing has left yet.
pub(crate) struct Unfit {
    pub(crate) prepared: Prepared,
    pub(crate) answer: Box<Answer>,
    pub(crate) why: String,
}

/// How an answer keeps its contract.
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    /// What is wrong with it.
    why: Option<String>,
    /// The condition by which a person looks at it.
    pub(crate) review: Option<String>,
}

pub(crate) async fn check(
    resolved: &Resolved,
    prepared: Prepared,
    got: Result<Got>,
    record: &mut Pending,
) -> Result<Judged> {
    let release = resolved.named.as_ref().map(|named| named.release.as_ref());
    let stream = prepared.request.stream;
    match got {
        Err(error) => fall_back(resolved, release, error, stream, record).map(Judged::Final),
        Ok(Got::Stream(started)) => match seen(release, &prepared, started, record).await {
            Err(error) => fall_back(resolved, release, error, stream, record).map(Judged::Final),
            Ok(Seen::Fit(started)) => {
                let watched = is_watched(&prepared);
                let input = prepared.request.messages;
                let checked = Checked::Stream { started, watched, input, gate: None };
                Ok(Judged::Final(checked))
            }
            Ok(Seen::Unfit(answer, why)) => {
                note(record, &prepared, &answer);
                Ok(Judged::Unfit(Box::new(Unfit { prepared, answer, why })))
            }
        },
        Ok(Got::Whole(answer)) => {
            note(record, &prepared, &answer);
            let verdict = verdict(release, &answer.text, &answer.finish);
            match verdict.why {
                Some(why) => Ok(Judged::Unfit(Box::new(Unfit { prepared, answer, why }))),
                None => Ok(Judged::Final(served(answer, verdict, stream, record))),
            }
        }
    }
}

fn note(record: &mut Pending, prepared: &Prepared, answer: &Answer) {
    if let Some(calls) = answer.tool_calls.as_deref() {
        record.note_tool_calls(calls);
    }
    record.note_answer(&prepared.request.messages, &answer.text, answer.usage);
}

/// What can be told of a stream before any of it leaves.
async fn seen(
    release: Option<&Release>,
    prepared: &Prepared,
    started: Box<Started>,
    record: &mut Pending,
) -> Result<Seen> {
    let Some(release) = release else { return Ok(Seen::Fit(started)) };
    let input = &prepared.request.messages;
    if release.version.content.output.streaming() == Streaming::Hold {
        let (mut started, answer) = opening::hold(started, MAX_ANSWER, input, record).await?;
        started.rest = Box::pin(futures_util::stream::empty());
        let verdict = verdict(Some(release), &answer.text, &answer.finish);
        return Ok(match verdict.why {
            Some(why) => Seen::Unfit(Box::new(answer), why),
            None => Seen::Fit(started),
        });
    }
    match release.contract.watch().filter(|_| is_watched(prepared)) {
        Some(watch) => opening::look(started, watch, input, record).await,
        None => Ok(Seen::Fit(started)),
    }
}

/// Whether the text of a stream can be held against the schema: beside a call of a tool the model may say what
/// it likes.
fn is_watched(prepared: &Prepared) -> bool {
    prepared.request.field("tools").is_none()
}

/// How `text` keeps the contract of `release`.
pub(crate) fn verdict(release: Option<&Release>, text: &str, finish: &Finish) -> Verdict {
    let plain = |outcome| Verdict { outcome, why: None, review: None };
    let Some(release) = release else { return plain(Outcome::Ok) };
    if *finish == Finish::ToolCalls {
        return plain(Outcome::Ok);
    }
    match release.contract.judge(text) {
        Conformance::Valid(value) => {
            let holds = |value| release.review.as_ref().is_some_and(|when| when.holds(value));
            let review = release.version.content.output.review.as_ref();
            let review = review.filter(|_| value.as_ref().is_some_and(holds));
            Verdict { review: review.map(|review| review.when.clone()), ..plain(Outcome::Ok) }
        }
        Conformance::Insufficient => plain(Outcome::Insufficient),
        Conformance::OffFormat(why) => Verdict { why: Some(why), ..plain(Outcome::OffFormat) },
    }
}

fn served(answer: Box<Answer>, verdict: Verdict, stream: bool, record: &mut Pending) -> Checked {
    record.note_outcome(verdict.outcome);
    if let Some(why) = &verdict.review {
        record.note_review(why);
    }
    in_form(answer, stream)
}

pub(crate) fn in_form(answer: Box<Answer>, stream: bool) -> Checked {
    if stream { Checked::StreamedWhole(answer) } else { Checked::Whole(answer) }
}

/// What is served in place of an answer that is not repaired.
pub(crate) fn unrepaired(
    resolved: &Resolved,
    unfit: Unfit,
    record: &mut Pending,
) -> Result<Checked> {
    let stream = unfit.prepared.request.stream;
    record.note_outcome(Outcome::OffFormat);
    let release = resolved.named.as_ref().map(|named| named.release.as_ref());
    if let Some(fallback) = release.and_then(|release| static_answer(resolved, release)) {
        record.note_fallback(OFF_FORMAT, &fallback.text);
        return Ok(in_form(Box::new(fallback), stream));
    }
    if stream { Err(off_format(&unfit.why)) } else { Ok(Checked::Whole(unfit.answer)) }
}

/// What is served after the model was asked again.
pub(crate) fn repaired(
    resolved: &Resolved,
    unfit: Unfit,
    again: &Prepared,
    got: Result<Got>,
    record: &mut Pending,
) -> Result<Checked> {
    let answer = match got {
        Ok(Got::Whole(answer)) => answer,
        Ok(Got::Stream(..)) => return unrepaired(resolved, unfit, record),
        Err(error) => {
            tracing::debug!(call = record.id(), %error, "the answer could not be repaired");
            return unrepaired(resolved, unfit, record);
        }
    };
    let stream = unfit.prepared.request.stream;
    let release = resolved.named.as_ref().map(|named| named.release.as_ref());
    note(record, again, &answer);
    let verdict = verdict(release, &answer.text, &answer.finish);
    match verdict.why {
        Some(why) => unrepaired(resolved, Unfit { answer, why, ..unfit }, record),
        None => {
            record.note_repaired();
            Ok(served(answer, verdict, stream, record))
        }
    }
}

/// An answer that keeps no form and is not passed on.
pub(crate) fn off_format(why: &str) -> Error {
    Error::new(Kind::VendorFailed, format!("the model's answer is off format: {why}"))
        .coded(OFF_FORMAT)
}

fn fall_back(
    resolved: &Resolved,
    release: Option<&Release>,
    error: Error,
    stream: bool,
    record: &mut Pending,
) -> Result<Checked> {
    // A call that the vendor or the translation refuses is the caller's or the operator's to mend: an answer
    // in its place would hide that.
    let may_pass = matches!(
        error.kind(),
        Kind::VendorFailed | Kind::Timeout | Kind::Limited | Kind::Unavailable
    );
    let fallback =
        release.filter(|_| may_pass).and_then(|release| static_answer(resolved, release));
    let Some(fallback) = fallback else { return Err(error) };
    tracing::warn!(call = record.id(), %error, "the vendor failed; serving the static fallback");
    record.note_fallback(error.kind().code(), &fallback.text);
    Ok(in_form(Box::new(fallback), stream))
}

/// The version's static fallback for a call that was stopped, if it has one.
pub(crate) fn stopped(resolved: &Resolved, stream: bool, record: &mut Pending) -> Option<Checked> {
    let release = resolved.named.as_ref().map(|named| named.release.as_ref());
    let fallback = static_answer(resolved, release?)?;
    record.note_fallback(STOPPED, &fallback.text);
    Some(in_form(Box::new(fallback), stream))
}

/// What is served in place of a call that was refused for what it says.
///
/// # Errors
/// `Invalid` with the code `guard_blocked` if an error is wanted, or there is no static fallback.
pub(crate) fn blocked(
    resolved: &Resolved,
    blocked: &Blocked,
    stream: bool,
    record: &mut Pending,
) -> Result<Done> {
    let release = resolved.named.as_ref().map(|named| named.release.as_ref());
    let fallback = release.filter(|_| blocked.on_block == OnBlock::Fallback);
    let Some(fallback) = fallback.and_then(|release| static_answer(resolved, release)) else {
        return Err(blocked.error());
    };
    record.note_fallback(GUARD_BLOCKED, &fallback.text);
    Ok(Done::Checked(in_form(Box::new(fallback), stream), None))
}

/// The version's static fallback for an answer that is not passed on for what it carries, if it has one.
pub(crate) fn withheld(resolved: &Resolved, stream: bool, record: &mut Pending) -> Option<Checked> {
    let release = resolved.named.as_ref().map(|named| named.release.as_ref());
    let fallback = static_answer(resolved, release?)?;
    record.note_fallback(GUARD_BLOCKED, &fallback.text);
    Some(in_form(Box::new(fallback), stream))
}

/// The version's static fallback in the form of an answer.
fn static_answer(resolved: &Resolved, release: &Release) -> Option<Answer> {
    let text = as_text(release.version.content.output.fallback.as_ref()?);
    Some(Answer {
        id: "chatcmpl-fallback".to_string(),
        model: resolved.model.vendor_id().to_string(),
        text,
        ..Answer::default()
    })
}
