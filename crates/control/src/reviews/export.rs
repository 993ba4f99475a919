//! Decisions as rows: for training, and as labels that judges are calibrated with.

use gatemark_core::call::CallRecord;
use gatemark_core::error::Result;
use gatemark_core::id::{ModelName, PromptName};
use gatemark_core::review::{Decision, Finding, Label, ReviewItem};
use gatemark_gateway::clock;
use gatemark_store::{CallFilter, ReviewFilter, Standing};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::Control;
use crate::redact::Redactor;

/// A decided call, as others read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReviewRow {
    /// The call's id.
    pub call: String,
    /// When it began, in microseconds since 1970.
    pub at: i64,
    /// The prompt.
    pub prompt: PromptName,
    /// The version's number.
    pub version: u32,
    /// Where it was resolved.
    pub environment: Option<String>,
    /// Who answered; `None` if the record is gone.
    pub model: Option<ModelName>,
    /// The variables and, if the caller added some, `messages`; `None` if texts are not kept.
    pub input: Option<Map<String, Value>>,
    /// The answer; `None` if texts are not kept.
    pub text: Option<String>,
    /// `right` or `wrong`.
    pub label: Option<Finding>,
    /// The answer as it should have been: the edited one, or the approved one.
    pub expected: Option<String>,
    /// What was decided.
    pub decision: Decision,
    /// Free tags.
    pub labels: Vec<Label>,
    /// Why it was looked at.
    pub reasons: Vec<String>,
    /// What the reviewer noted.
    pub note: Option<String>,
    /// Who decided.
    pub reviewer: String,
    /// When, in microseconds since 1970.
    pub decided_at: i64,
}

impl ReviewRow {
    fn of(item: ReviewItem, record: Option<CallRecord>) -> Option<Self> {
        let resolved = item.desk.resolved?;
        let (model, input, text) = match record {
            Some(record) => (Some(record.model.clone()), given(&record), record.output),
            None => (None, None, None),
        };
        let expected = match resolved.decision {
            Decision::Approve => text.clone(),
            Decision::Edit => resolved.answer,
            Decision::Reject | Decision::Skip => None,
        };
        Some(Self {
            call: item.call,
            at: item.at,
            prompt: item.prompt,
            version: item.number,
            environment: item.environment,
            model,
            input,
            text,
            label: resolved.finding,
            expected,
            decision: resolved.decision,
            labels: item.desk.labels.into_iter().collect(),
            reasons: item.reasons,
            note: resolved.note,
            reviewer: resolved.actor,
            decided_at: resolved.at,
        })
    }

    /// With placeholders for what [`crate::redact`] finds; the same text has the same one in all parts.
    fn redacted(mut self) -> Self {
        let mut redactor = Redactor::default();
        self.input
            .iter_mut()
            .flat_map(Map::values_mut)
            .for_each(|value| redactor.redact_value(value));
        for text in [&mut self.text, &mut self.expected, &mut self.note].into_iter().flatten() {
            *text = redactor.redact(text);
        }
        self
    }

    /// The row as a label for `gatemark judge calibrate`; `None` without a text or a finding.
    pub fn as_judge_label(&self) -> Option<Value> {
        let label = match self.label? {
            Finding::Right => "pass",
            Finding::Wrong => "fail",
        };
        let mut line = Map::new();
        line.insert("id".into(), self.call.as_str().into());
        line.insert("answer".into(), self.text.as_deref()?.into());
        line.insert("label".into(), label.into());
        line.insert("rater".into(), self.reviewer.as_str().into());
        if let Some(input) = &self.input {
            line.insert("input".into(), json!(input));
        }
        if self.decision == Decision::Edit
            && let Some(expected) = &self.expected
        {
            line.insert("expected".into(), expected.as_str().into());
        }
        Some(line.into())
    }
}

/// What the call was given: its variables, and what its caller added.
fn given(record: &CallRecord) -> Option<Map<String, Value>> {
    let recorded: Value = serde_json::from_str(record.input.as_deref()?).ok()?;
    let mut given =
        recorded.get("variables").and_then(Value::as_object).cloned().unwrap_or_default();
    let messages = recorded.get("messages").and_then(Value::as_array);
    if let Some(messages) = messages.filter(|messages| !messages.is_empty()) {
        given.entry("messages").or_insert_with(|| messages.clone().into());
    }
    Some(given)
}

impl Control {
    /// Decided calls as rows, the oldest first. The filter's standing and time are those of decided calls now; with
    /// `redact` placeholders stand for what looks personal or secret.
    pub async fn export_reviews(
        &self,
        filter: &ReviewFilter,
        redact: bool,
    ) -> Result<Vec<ReviewRow>> {
        self.ship_if_possible().await;
        let (standing, now) = (Standing::Decided, clock::now_us());
        let filter = ReviewFilter { standing, now, ..filter.clone() };
        let mut rows = vec![];
        for item in self.store.reviews(&filter).await? {
            let one = CallFilter { id: Some(item.call.clone()), limit: 1, ..CallFilter::default() };
            let record = self.store.calls(&one).await?.into_iter().next();
            let row = ReviewRow::of(item, record);
            rows.extend(row.map(|row| if redact { row.redacted() } else { row }));
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_core::call::CallPurpose;
    use gatemark_core::review::{Cause, Desk, Priority, Resolution};

    fn row(decision: Decision, answer: Option<&str>) -> ReviewRow {
        let model = "p/m".parse().unwrap();
        let record = CallRecord {
            input: Some(r#"{"variables":{"text":"I am z@y.example"},"messages":[]}"#.into()),
            output: Some("Hello z@y.example".into()),
            ..CallRecord::begun("c".into(), 1, CallPurpose::Serve, "app".into(), model)
        };
        let resolved = Resolution {
            decision,
            finding: decision.finding(),
            answer: answer.map(String::from),
            note: Some("ask z@y.example".into()),
            actor: "ann".into(),
            at: 9,
        };
        let item = ReviewItem {
            call: "c".into(),
            at: 1,
            prompt: "a/b".parse().unwrap(),
            number: 1,
            environment: None,
            reasons: vec!["sample".into()],
            cause: Cause::Sample,
            priority: Priority::Low,
            desk: Desk { resolved: Some(resolved), ..Desk::default() },
        };
        ReviewRow::of(item, Some(record)).unwrap()
    }

    #[test]
    fn decisions_are_labels() {
        let approved = row(Decision::Approve, None);
        assert_eq!((approved.label, &approved.expected), (Some(Finding::Right), &approved.text));
        let edited = row(Decision::Edit, Some("Hi"));
        assert_eq!((edited.label, edited.expected.as_deref()), (Some(Finding::Wrong), Some("Hi")));
        assert_eq!(row(Decision::Reject, None).expected, None);
        let label = edited.as_judge_label().unwrap();
        assert_eq!((&label["label"], &label["rater"]), (&json!("fail"), &json!("ann")));
        assert_eq!(
            (&label["expected"], &label["input"]["text"]),
            (&json!("Hi"), &json!("I am z@y.example"))
        );
        assert!(approved.as_judge_label().unwrap().get("expected").is_none());
        assert_eq!(row(Decision::Skip, None).as_judge_label(), None);
    }

    #[test]
    fn the_same_address_has_one_placeholder_in_a_row() {
        let row = row(Decision::Approve, None).redacted();
        assert_eq!(row.input.unwrap()["text"], "I am <email-1>");
        assert_eq!(row.text.as_deref(), Some("Hello <email-1>"));
        assert_eq!(row.note.as_deref(), Some("ask <email-1>"));
    }
}
