//! Cases proposed from recorded calls, and a person's decisions on them.
//!
//! A model's answer in production is no evidence of what is right: it is proposed as the wanted answer,
//! and stays `review: pending`, which `push` refuses, until somebody accepts or rejects the case.

use std::collections::{BTreeMap, HashMap, HashSet};

use gatemark_core::call::CallRecord;
use gatemark_core::error::{Error, Result};
use gatemark_core::prompt::Content;
use gatemark_core::review::{Decision, Resolution};
use gatemark_core::suite::Suite;
use gatemark_core::variable::{self, VariableType};
use gatemark_core::{Digest, canonical};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::answer_place;
use crate::redact::Redactor;

/// The tag of cases that come from calls.
const TAG: &str = "from-calls";

/// A case as a line of a review file: the fields of a case, `proposed` and `review`.
pub type Line = Map<String, Value>;

/// What became of recorded calls.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Proposals {
    /// Cases to review.
    pub lines: Vec<Line>,
    /// Calls that were looked at.
    pub calls: usize,
    /// Of these, without recorded texts.
    pub without_content: usize,
    /// With messages of the caller's own, which a case cannot hold.
    pub with_messages: usize,
    /// Whose variables the prompt's newest version does not take.
    pub misfits: usize,
    /// With the same variables as another call, as a case of the suite or as one proposed before.
    pub repeated: usize,
    /// E-mail addresses, numbers and secrets that were replaced.
    pub redacted: usize,
}

/// What proposals are made for.
pub struct Purpose<'a> {
    /// The version whose variables cases must fit.
    pub content: &'a Content,
    /// The prompt's present suite, if it has one.
    pub suite: Option<&'a Suite>,
    /// The category of new cases.
    pub category: &'a str,
    /// Ids of cases that were proposed before.
    pub known: &'a HashSet<String>,
    /// How many to draw, with the seed of the draw; all if `None`.
    pub sample: Option<(usize, u64)>,
    /// What people decided, by the call's id: an approved or edited answer is the wanted one, and for a rejected one
    /// somebody has to say what is.
    pub reviewed: &'a HashMap<String, Resolution>,
}

/// Makes cases of `records`, in their order.
pub fn of_calls(records: &[CallRecord], purpose: &Purpose<'_>) -> Result<Proposals> {
    let mut proposals = Proposals { calls: records.len(), ..Proposals::default() };
    let mut seen: HashSet<Digest> = HashSet::new();
    for case in purpose.suite.iter().flat_map(|suite| &suite.cases) {
        seen.insert(fingerprint(&case.variables)?);
        // Cases may leave out what has a default; calls record it.
        if let Ok(bound) = variable::bind(&purpose.content.variables, &case.variables) {
            seen.insert(canonical::seal(&bound)?.digest);
        }
    }
    for record in records {
        let Some(input) = record.input.as_deref() else {
            proposals.without_content += 1;
            continue;
        };
        let Some(variables) = variables_of(input, purpose.content, &mut proposals) else {
            continue;
        };
        propose(record, variables, purpose, &mut seen, &mut proposals)?;
    }
    if let Some((count, seed)) = purpose.sample {
        draw(&mut proposals.lines, count, seed);
    }
    Ok(proposals)
}

/// What is recorded is `{"variables": …}`, with `messages` if the caller went on talking.
fn variables_of(input: &str, content: &Content, counts: &mut Proposals) -> Option<Line> {
    let recorded: Value = serde_json::from_str(input).unwrap_or_default();
    let talked = recorded.get("messages").and_then(Value::as_array);
    if talked.is_some_and(|messages| !messages.is_empty()) {
        counts.with_messages += 1;
        return None;
    }
    let variables = recorded.get("variables").and_then(Value::as_object);
    let fitting = variables.filter(|given| variable::bind(&content.variables, given).is_ok());
    counts.misfits += usize::from(fitting.is_none());
    fitting.cloned()
}

fn propose(
    record: &CallRecord,
    mut variables: Line,
    purpose: &Purpose<'_>,
    seen: &mut HashSet<Digest>,
    proposals: &mut Proposals,
) -> Result<()> {
    let raw = fingerprint(&variables)?;
    let mut redactor = Redactor::default();
    for (name, value) in &mut variables {
        // Values of an enum are the author's own words, and others would not be accepted.
        let kind = purpose.content.variables.get(name).map(|variable| &variable.kind);
        if !matches!(kind, Some(VariableType::Enum { .. })) {
            redactor.redact_value(value);
        }
    }
    let clean = fingerprint(&variables)?;
    let id = format!("call-{}", clean.short());
    let first = seen.insert(raw);
    if !(seen.insert(clean) || (first && raw == clean)) || purpose.known.contains(&id) {
        proposals.repeated += 1;
        return Ok(());
    }
    let said = purpose.reviewed.get(&record.id);
    let answer = match said.map(|said| said.decision) {
        None | Some(Decision::Approve) => record.output.as_deref(),
        Some(Decision::Edit) => said.and_then(|said| said.answer.as_deref()),
        Some(Decision::Reject | Decision::Skip) => None,
    };
    let mut answer = answer.and_then(|answer| wanted(answer, purpose));
    if let Some(value) = &mut answer {
        redactor.redact_value(value);
    }
    let (mut tags, mut source) = (vec![TAG, record.outcome.word()], format!("call {}", record.id));
    if let Some(said) = said {
        tags.push(said.decision.done());
        source.push_str(&format!(", {} by {}", said.decision.done(), said.actor));
        if let Some(note) = &said.note {
            source.push_str(&format!(": {}", redactor.redact(note)));
        }
    }
    proposals.redacted += redactor.replaced();
    let mut line = Line::new();
    let mut put = |name: &str, value: Value| drop(line.insert(name.to_string(), value));
    put("id", id.into());
    put("review", "pending".into());
    put("category", purpose.category.into());
    put("tags", tags.into());
    put("source", source.into());
    put("variables", variables.into());
    if let Some(value) = answer {
        put(if said.is_some() { "expected" } else { "proposed" }, value);
    }
    proposals.lines.push(line);
    Ok(())
}

/// The part of an answer that the suite's checks compare with `expected`.
fn wanted(output: &str, purpose: &Purpose<'_>) -> Option<Value> {
    let pointer = purpose.suite.map(answer_place::common_pointer).unwrap_or_default();
    if pointer.is_empty() && purpose.content.output.schema.is_none() {
        return Some(output.into());
    }
    match serde_json::from_str::<Value>(output) {
        Ok(answer) => answer.pointer(pointer).cloned(),
        Err(_) => pointer.is_empty().then(|| output.into()),
    }
}

fn fingerprint(variables: &Map<String, Value>) -> Result<Digest> {
    let sorted: BTreeMap<&String, &Value> = variables.iter().collect();
    Ok(canonical::seal(&sorted)?.digest)
}

/// Keeps `count` of the lines: those whose hash with the seed is lowest. The order stays.
fn draw(lines: &mut Vec<Line>, count: usize, seed: u64) {
    let rank = |line: &Line| Digest::of(format!("{seed} {}", id_of(line)).as_bytes());
    let mut ranks: Vec<Digest> = lines.iter().map(rank).collect();
    ranks.sort_unstable();
    if let Some(bound) = ranks.get(count) {
        lines.retain(|line| rank(line) < *bound);
    }
}

/// A line's id; empty if it has none.
pub fn id_of(line: &Line) -> &str {
    line.get("id").and_then(Value::as_str).unwrap_or_default()
}

/// Reads a review file: JSON lines.
///
/// # Errors
/// `Invalid`, with the number of the first line that is no JSON object with an `id`.
pub fn parse(text: &str) -> Result<Vec<Line>> {
    let mut lines = vec![];
    for (number, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let line = serde_json::from_str::<Line>(text).ok().filter(|line| !id_of(line).is_empty());
        let why = || Error::invalid(format!("line {number} is no JSON object with an `id`"));
        lines.push(line.ok_or_else(why)?);
    }
    Ok(lines)
}

/// Lines as a file holds them.
pub fn written(lines: &[Line]) -> Result<String> {
    let mut text = String::new();
    for line in lines {
        let line = serde_json::to_string(line)
            .map_err(|cause| Error::internal("a case cannot be written").because(cause))?;
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}

/// A person's decisions.
#[derive(Debug, Clone, Default)]
pub struct Decisions {
    /// Ids of cases to use.
    pub accept: Vec<String>,
    /// Ids of cases to drop.
    pub reject: Vec<String>,
    /// The wanted answer, in place of the proposed one; for one accepted case.
    pub expected: Option<Value>,
}

/// What is left after decisions.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// Cases for the suite: `proposed` has become `expected`, and `review` is gone.
    pub accepted: Vec<Line>,
    /// How many were dropped.
    pub rejected: usize,
    /// What is still to be decided.
    pub pending: Vec<Line>,
}

/// Whether somebody found the answer wrong and nobody has said what would be right.
fn lacks_answer(line: &Line) -> bool {
    let rejected = Value::from(Decision::Reject.done());
    let tags = line.get("tags").and_then(Value::as_array);
    tags.is_some_and(|tags| tags.contains(&rejected)) && !line.contains_key("expected")
}

/// Applies decisions to the lines of a review file: all of them or none.
///
/// # Errors
/// `Invalid` for ids that the file lacks, that are both accepted and rejected, for a wanted answer that
/// is given to several cases, or for none where the call's answer was found wrong.
pub fn decide(lines: Vec<Line>, decisions: &Decisions) -> Result<Decided> {
    let Decisions { accept, reject, expected } = decisions;
    let known: HashSet<&str> = lines.iter().map(id_of).collect();
    let unknown: Vec<&str> =
        accept.iter().chain(reject).map(String::as_str).filter(|id| !known.contains(id)).collect();
    if !unknown.is_empty() {
        return Err(Error::invalid(format!("the file has no case {}", unknown.join(", "))));
    }
    if let Some(both) = accept.iter().find(|id| reject.contains(id)) {
        return Err(Error::invalid(format!("{both} is both accepted and rejected")));
    }
    if expected.is_some() && accept.len() != 1 {
        let message = "--expected is the wanted answer of one case: accept one at a time with it";
        return Err(Error::invalid(message).at("--expected"));
    }
    let lacking = lines.iter().filter(|line| lacks_answer(line) && expected.is_none());
    if let Some(id) = lacking.map(id_of).find(|id| accept.iter().any(|accepted| accepted == id)) {
        let message = format!(
            "the answer of {id} was rejected and nobody said what is wanted: accept it with --expected, or write \
             `expected` into its line"
        );
        return Err(Error::invalid(message).at("--accept"));
    }
    let mut decided = Decided { accepted: vec![], rejected: 0, pending: vec![] };
    for mut line in lines {
        let id = id_of(&line).to_string();
        if reject.contains(&id) {
            decided.rejected += 1;
        } else if accept.contains(&id) {
            line.shift_remove("review");
            let proposed = line.shift_remove("proposed");
            let own = line.shift_remove("expected");
            if let Some(value) = expected.clone().or(own).or(proposed) {
                line.insert("expected".to_string(), value);
            }
            decided.accepted.push(line);
        } else {
            decided.pending.push(line);
        }
    }
    Ok(decided)
}

#[cfg(test)]
mod tests;
