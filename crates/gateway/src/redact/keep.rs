//! What is kept of a call.

use gatemark_core::call::CallRecord;
use gatemark_core::conversation::Said;
use gatemark_text::redact::{Redactor, Wanted};

/// Takes what is wanted out of every text of the record that somebody wrote or said.
pub(crate) fn keep(wanted: Wanted, record: &mut CallRecord) {
    if wanted.is_nothing() {
        return;
    }
    let mut redactor = Redactor::for_good(wanted);
    let said = record.talk.as_mut().map(|talk| match &mut talk.said {
        Said::Turn(turn) => (&mut turn.messages, true),
        Said::Summary(summary) => (&mut summary.text, false),
    });
    let texts = [
        record.input.as_mut().map(|input| (input, true)),
        record.output.as_mut().map(|output| (output, false)),
        said,
    ];
    for (text, json) in texts.into_iter().flatten() {
        let redacted = if json { redactor.redact_json(text) } else { redactor.redact(text) };
        if let std::borrow::Cow::Owned(redacted) = redacted {
            *text = redacted;
        }
    }
    for value in record.tags.values_mut() {
        *value = redactor.redact(value).into_owned();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gatemark_core::call::CallPurpose;
    use gatemark_text::safety::pii::Kinds;

    use super::*;

    /// Put together at run time, so that no scanner of this repository takes it for a real one.
    fn secret() -> String {
        format!("sk-{}-{}", "proj", "a8Zq3Lm0Xv7Rt2Pw9Yb4Nc6Kd1")
    }

    fn record() -> CallRecord {
        let model = "sim/mock".parse().unwrap();
        let begun = CallRecord::begun("c".into(), 0, CallPurpose::Serve, "app".into(), model);
        CallRecord {
            // The line's end before it is written as a letter, which hides its beginning from who does not read JSON.
            input: Some(format!(r#"{{"variables":{{"a":"x\n{}","n":1.50}}}}"#, secret())),
            output: Some(format!("It is {}, jo@firm.example", secret())),
            tags: BTreeMap::from([("team".to_string(), secret())]),
            ..begun
        }
    }

    #[test]
    fn secrets_go_and_the_rest_stays() {
        let mut record = record();
        keep(Wanted { secrets: true, pii: Kinds::NONE }, &mut record);
        assert_eq!(record.input.as_deref(), Some(r#"{"variables":{"a":"x\n<SECRET_1>","n":1.5}}"#));
        assert_eq!(record.output.as_deref(), Some("It is <SECRET_1>, jo@firm.example"));
        assert_eq!(record.tags["team"], "<SECRET_1>");
    }

    #[test]
    fn nothing_is_touched_where_nothing_is_wanted_or_found() {
        let mut kept = record();
        keep(Wanted { secrets: false, pii: Kinds::NONE }, &mut kept);
        assert_eq!(kept, record());
        let clean = CallRecord { input: Some("{\"n\":1.50}".into()), output: None, ..record() };
        let mut kept = CallRecord { tags: BTreeMap::new(), ..clean };
        let before = kept.clone();
        keep(Wanted::all(), &mut kept);
        assert_eq!(kept, before, "not even the writing of a number");
    }
}
