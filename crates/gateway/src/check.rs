//! Step 8, check: does the answer keep the version's contract, and what is served if not.
//!
//! A whole answer off format is replaced by the static fallback if there is one, and passed on and marked
//! otherwise. A streamed answer has left before it can be judged; it is judged when it ends, and the
//! record says how it came out.

use gatemark_core::call::Outcome;
use gatemark_core::error::{Error, Kind, Result};
use gatemark_provider::answer::{Answer, Finish};
use gatemark_text::conform::Conformance;

use crate::dispatch::{Got, Started};
use crate::prepare::Prepared;
use crate::record::Pending;
use crate::release::Release;
use crate::resolve::Resolved;
use crate::written::as_text;

/// What will be served.
pub(crate) enum Checked {
    /// This answer.
    Whole(Box<Answer>),
    /// A stream, to be judged at its end.
    Stream {
        started: Box<Started>,
        usage_wanted: bool,
        input: gatemark_provider::request::Messages,
    },
    /// This answer, made by us, in the form of a stream.
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

pub(crate) fn check(
    resolved: &Resolved,
    prepared: Prepared,
    got: Result<Got>,
    record: &mut Pending,
) -> Result<Checked> {
    let release = resolved.named.as_ref().map(|named| named.release.as_ref());
    match got {
        Err(error) => fall_back(resolved, release, error, prepared.request.stream, record),
        Ok(Got::Stream(started)) => {
            let usage_wanted = prepared.request.usage_wanted;
            let input = prepared.request.messages;
            Ok(Checked::Stream { started, usage_wanted, input })
        }
        Ok(Got::Whole(answer)) => {
            if let Some(calls) = answer.tool_calls.as_deref() {
                record.note_tool_calls(calls);
            }
            record.note_answer(&prepared.request.messages, &answer.text, answer.usage);
            Ok(Checked::Whole(judged(resolved, release, answer, record)))
        }
    }
}

/// How `text` keeps the contract of `release`.
pub(crate) fn outcome_of(release: Option<&Release>, text: &str, finish: &Finish) -> Outcome {
    let Some(release) = release else { return Outcome::Ok };
    if *finish == Finish::ToolCalls {
        return Outcome::Ok;
    }
    match release.contract.judge(text) {
        Conformance::Valid(_) => Outcome::Ok,
        Conformance::Insufficient => Outcome::Insufficient,
        Conformance::OffFormat(_) => Outcome::OffFormat,
    }
}

fn judged(
    resolved: &Resolved,
    release: Option<&Release>,
    answer: Box<Answer>,
    record: &mut Pending,
) -> Box<Answer> {
    let outcome = outcome_of(release, &answer.text, &answer.finish);
    record.note_outcome(outcome);
    if outcome != Outcome::OffFormat {
        return answer;
    }
    match release.and_then(|release| static_answer(resolved, release)) {
        Some(fallback) => {
            record.note_fallback("off_format", &fallback.text);
            Box::new(fallback)
        }
        None => answer,
    }
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
    Ok(if stream {
        Checked::StreamedWhole(Box::new(fallback))
    } else {
        Checked::Whole(Box::new(fallback))
    })
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
