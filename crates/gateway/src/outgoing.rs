//! The end of step 8: what an answer carries that may not leave, and what is done about it.
//!
//! What is looked for is the version's word, or else the environment's (`core::guard_policy`); how it is found is
//! `text::output`'s. An answer that is there as a whole is looked at once more as a whole, which sees what is told in
//! pieces; of a stream nothing leaves that could yet turn out to be part of something that may not. Thoughts that are
//! shown are looked at like the text. What a vendor sent is not passed on as it came, since it says more than was looked
//! at. Records, conversations and caches keep what left.
//!
//! Arguments of tool calls are not looked at: they go to the application, which asked for them.

use std::sync::Arc;

use gatemark_core::error::{Error, Result};
use gatemark_core::guard_policy::{Action, Mode, Output};
use gatemark_provider::Dialect;
use gatemark_provider::answer::Answer;
use gatemark_text::output::filter::filtered;
use gatemark_text::output::leak::FLAG;
use gatemark_text::output::links::Allowed;
use gatemark_text::output::lookout::{Found, Lookout, OutputFinding, Then};
use gatemark_text::safety::{Detector, pii, secrets};
use serde_json::value::RawValue;

use crate::check::{self, Checked};
use crate::gate::{Gate, note, withheld};
use crate::incoming::Ask;
use crate::record::Pending;
use crate::resolve::Resolved;
use crate::snapshot::Snapshot;

/// What is looked for in the answer to one call.
pub(crate) struct Outgoing {
    lookout: Arc<Lookout>,
    output: Output,
    /// What the caller said, as JSON, if that matters: it may be said back.
    said: Option<String>,
}

impl Outgoing {
    /// `None` if nothing is looked for.
    ///
    /// # Errors
    /// `Internal` if a built-in pattern is wrong.
    pub(crate) fn of(snapshot: &Snapshot, resolved: &Resolved, ask: &Ask) -> Result<Option<Self>> {
        let place = resolved.guards(snapshot);
        let release = resolved.named.as_ref().map(|named| &named.release);
        let is_left_out = match release {
            Some(_) => false,
            None => ask.dialect == Dialect::Embeddings || !place.is_some_and(|place| place.plain),
        };
        let is_off = place.is_some_and(|place| place.mode == Mode::Off);
        if is_left_out || is_off {
            return Ok(None);
        }
        let policy = release.and_then(|release| release.version.content.guard.as_ref());
        let output = match place {
            Some(place) => place.output(policy),
            None => policy.map(|policy| policy.output.clone()).unwrap_or_default(),
        };
        if output.is_off() {
            return Ok(None);
        }
        let kept = release.map(|release| release.kept()).filter(|kept| !kept.is_empty());
        let lookout = Lookout {
            leak: kept.zip(output.leak.and_then(then)),
            detectors: detectors(&output)?,
            links: output.links.as_ref().and_then(|links| {
                Some((Allowed::new(links.allow.iter().map(String::as_str)), then(links.action)?))
            }),
        };
        let said = lookout.leak.is_some().then(|| said(resolved, ask.messages.as_deref()));
        Ok(Some(Self { lookout: Arc::new(lookout), output, said }))
    }

    /// What is served of an answer that was checked.
    pub(crate) fn look(
        self,
        resolved: &Resolved,
        checked: Checked,
        record: &mut Pending,
    ) -> Result<Checked> {
        match checked {
            Checked::Whole(answer) => self.whole(resolved, *answer, false, record),
            Checked::StreamedWhole(answer) => self.whole(resolved, *answer, true, record),
            Checked::Stream { started, watched, input, gate: _ } => {
                let gate = Some(Box::new(Gate::new(&self.lookout, self.said.as_deref())));
                Ok(Checked::Stream { started, watched, input, gate })
            }
        }
    }

    fn whole(
        &self,
        resolved: &Resolved,
        mut answer: Answer,
        stream: bool,
        record: &mut Pending,
    ) -> Result<Checked> {
        // The author's own words.
        if record.is_fallback() {
            return Ok(check::in_form(Box::new(answer), stream));
        }
        let said = self.said.as_deref();
        let text = filtered(&self.lookout, &answer.text, said);
        let thoughts = filtered(&self.lookout, &answer.reasoning, said);
        let mut findings = text.findings;
        let more = self.as_a_whole(&answer.text, &findings);
        findings.extend(more);
        let stop = findings.iter().chain(thoughts.stopped.as_ref());
        let stop =
            stop.filter(|finding| finding.then == Then::Stop).map(|finding| finding.found).min();
        let taken = taken_out(&answer.text, &text.text, &findings);
        findings.extend(thoughts.findings);
        note(&findings, record);
        let changed = taken != answer.text || thoughts.text != answer.reasoning;
        if changed {
            (answer.text, answer.reasoning, answer.raw) = (taken, thoughts.text, None);
            record.note_left(&answer.text);
        }
        let Some(found) = stop else { return Ok(check::in_form(Box::new(answer), stream)) };
        let fallback = (self.action(found) == Some(Action::Replace))
            .then(|| check::withheld(resolved, stream, record))
            .flatten();
        fallback.ok_or_else(|| withheld(found))
    }

    /// The system text told in pieces, of which none alone is enough to tell.
    fn as_a_whole(&self, text: &str, findings: &[OutputFinding]) -> Vec<OutputFinding> {
        let Some((kept, then)) = &self.lookout.leak else { return vec![] };
        if findings.iter().any(|finding| finding.found == Found::Leak) {
            return vec![];
        }
        let judged = kept.judge(text, self.said.as_deref());
        if judged.score < FLAG {
            return vec![];
        }
        let found = |finding: &gatemark_text::output::leak::LeakFinding| OutputFinding {
            found: Found::Leak,
            then: *then,
            rule: finding.rule,
            score: judged.score,
            start: finding.start,
            end: finding.end,
        };
        judged.findings.iter().map(found).collect()
    }

    fn action(&self, found: Found) -> Option<Action> {
        match found {
            Found::Leak => self.output.leak,
            Found::Pii => self.output.pii,
            Found::Secret => self.output.secrets,
            Found::Link => self.output.links.as_ref().map(|links| links.action),
        }
    }
}

fn then(action: Action) -> Option<Then> {
    match action {
        Action::Off => None,
        Action::Review => Some(Then::Tell),
        Action::Redact => Some(Then::TakeOut),
        Action::Replace | Action::Block => Some(Then::Stop),
    }
}

type Detectors = Vec<(Found, Then, Arc<dyn Detector>)>;

fn detectors(output: &Output) -> Result<Detectors> {
    let wrong = |problem: gatemark_text::safety::BadRule| Error::internal(problem.to_string());
    let mut detectors: Detectors = vec![];
    if let Some(then) = output.pii.and_then(then) {
        let pii = pii::Pii::new(pii::TYPES, &[]).map_err(wrong)?;
        detectors.push((Found::Pii, then, Arc::new(pii)));
    }
    if let Some(then) = output.secrets.and_then(then) {
        let secrets = secrets::Secrets::new(&[]).map_err(wrong)?;
        detectors.push((Found::Secret, then, Arc::new(secrets)));
    }
    Ok(detectors)
}

/// What the caller gave: variables and messages. Escapes in it are read by who compares it.
fn said(resolved: &Resolved, messages: Option<&RawValue>) -> String {
    let variables = resolved.named.as_ref().map(|named| &named.variables);
    let variables = variables.and_then(|variables| serde_json::to_string(variables).ok());
    format!("{}\n{}", variables.unwrap_or_default(), messages.map_or("", RawValue::get))
}

/// `left`, without what was found in the whole of `text` only.
fn taken_out(text: &str, left: &str, findings: &[OutputFinding]) -> String {
    let taken: Vec<&OutputFinding> =
        findings.iter().filter(|finding| finding.then == Then::TakeOut).collect();
    if taken.is_empty() || left != text {
        return left.to_string();
    }
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        match taken.iter().find(|finding| finding.start <= at && at < finding.end) {
            Some(finding) if finding.start == at => out.push_str(finding.found.placeholder()),
            Some(_) => {}
            None => out.push(c),
        }
    }
    out
}
