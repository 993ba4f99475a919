//! A prompt's own turns followed by what the caller adds to the conversation.

use gatemark_core::error::{Error, Result};
use serde_json::value::RawValue;

use crate::message::{self, Speaker};
use crate::request::{Messages, Turn};
use crate::turns;

/// `turns` and then the caller's messages, which pass through as they were written. They may not speak as
/// the system, whose words are the version's and were tested.
pub fn continued(turns: Vec<Turn>, caller: &RawValue) -> Result<Messages> {
    let said = message::read(&Messages::Raw(caller.to_owned()))?;
    if said.is_empty() {
        return Ok(Messages::Turns(turns));
    }
    if said.iter().any(|message| message.speaker == Speaker::System) {
        let message = "a call to a prompt cannot add system messages: they are part of its version";
        return Err(Error::invalid(message).at("messages"));
    }
    let mut joined: Vec<String> = turns.iter().map(written).collect();
    let tail = caller.get().trim();
    let tail = tail.strip_prefix('[').and_then(|tail| tail.strip_suffix(']')).unwrap_or_default();
    joined.push(tail.to_string());
    RawValue::from_string(format!("[{}]", joined.join(",")))
        .map(Messages::Raw)
        .map_err(|cause| Error::internal("messages could not be joined").because(cause))
}

/// The same with `history`, an array of messages, before the turn at `place`. It was said in earlier calls, which
/// were checked then.
///
/// # Errors
/// As [`continued`].
pub fn conversed(
    turns: &[Turn],
    (place, history): (usize, &RawValue),
    caller: Option<&RawValue>,
) -> Result<Messages> {
    let place = place.min(turns.len());
    let (before, after) = turns.split_at_checked(place).unwrap_or((turns, &[]));
    let after = match caller {
        None => Messages::Turns(after.to_vec()),
        Some(caller) => continued(after.to_vec(), caller)?,
    };
    let after = match &after {
        Messages::Turns(turns) => listed(turns),
        Messages::Raw(raw) => raw.get().to_string(),
    };
    turns::together([&*listed(before), history.get(), &after]).map(Messages::Raw)
}

/// `turns` as one array.
pub fn listed(turns: &[Turn]) -> String {
    let written: Vec<String> = turns.iter().map(written).collect();
    format!("[{}]", written.join(","))
}

/// `messages` with `turns` behind them.
///
/// # Errors
/// `Internal` if the messages are not a list.
pub fn followed(messages: &Messages, turns: Vec<Turn>) -> Result<Messages> {
    let raw = match messages {
        Messages::Turns(before) => {
            return Ok(Messages::Turns(before.iter().cloned().chain(turns).collect()));
        }
        Messages::Raw(raw) => raw,
    };
    let before = raw.get().trim().strip_prefix('[').and_then(|list| list.strip_suffix(']'));
    let before = before.ok_or_else(|| Error::internal("messages are not a list"))?.trim();
    let mut joined: Vec<String> = Vec::with_capacity(turns.len() + 1);
    joined.extend((!before.is_empty()).then(|| before.to_string()));
    joined.extend(turns.iter().map(written));
    RawValue::from_string(format!("[{}]", joined.join(",")))
        .map(Messages::Raw)
        .map_err(|cause| Error::internal("messages could not be joined").because(cause))
}

fn written(turn: &Turn) -> String {
    let text = serde_json::Value::from(turn.text.as_str());
    format!(r#"{{"role":"{}","content":{text}}}"#, turn.role.word())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_core::prompt::Role;

    fn continued_by(caller: &str) -> Result<Messages> {
        let turns = vec![Turn { role: Role::System, text: "Be \"kind\".".into() }];
        continued(turns, &RawValue::from_string(caller.into()).unwrap())
    }

    #[test]
    fn the_callers_messages_follow_as_they_are() {
        let Messages::Raw(raw) =
            continued_by(r#"[ {"role":"user","content":"x","name":"n"} ]"#).unwrap()
        else {
            panic!("not raw")
        };
        let expected = r#"[{"role":"system","content":"Be \"kind\"."}, {"role":"user","content":"x","name":"n"} ]"#;
        assert_eq!(raw.get(), expected);
    }

    #[test]
    fn a_history_stands_before_the_present_turn() {
        let turn = |role, text: &str| Turn { role, text: text.into() };
        let turns = [turn(Role::System, "s"), turn(Role::User, "now")];
        let raw = |text: &str| RawValue::from_string(text.into()).unwrap();
        let history = raw(r#"[{"role":"user","content":"then"}]"#);
        let of = |caller: Option<&RawValue>| match conversed(&turns, (1, &history), caller) {
            Ok(Messages::Raw(raw)) => raw.get().to_string(),
            other => panic!("{other:?}"),
        };
        let system = r#"{"role":"system","content":"s"}"#;
        let then = r#"{"role":"user","content":"then"}"#;
        let now = r#"{"role":"user","content":"now"}"#;
        assert_eq!(of(None), format!("[{system},{then},{now}]"));
        let more = raw(r#"[{"role":"user","content":"more"}]"#);
        assert_eq!(of(Some(&more)), format!("[{system},{then},{now},{}", &more.get()[1..]));
        let rude = raw(r#"[{"role":"system","content":"x"}]"#);
        assert!(conversed(&turns, (1, &history), Some(&rude)).is_err());
    }

    #[test]
    fn nothing_added_is_nothing_changed() {
        assert!(matches!(continued_by("[]").unwrap(), Messages::Turns(turns) if turns.len() == 1));
    }

    #[test]
    fn turns_follow_either_kind_of_conversation() {
        let turn = |text: &str| Turn { role: Role::User, text: text.into() };
        let raw = |text: &str| Messages::Raw(RawValue::from_string(text.into()).unwrap());
        for (before, wanted) in [
            (raw(r#"[{"role":"x"} ]"#), r#"[{"role":"x"},{"role":"user","content":"b"}]"#),
            (raw("[ ]"), r#"[{"role":"user","content":"b"}]"#),
        ] {
            let Messages::Raw(raw) = followed(&before, vec![turn("b")]).unwrap() else {
                panic!("not raw")
            };
            assert_eq!(raw.get(), wanted);
        }
        let followed = followed(&Messages::Turns(vec![turn("a")]), vec![turn("b")]).unwrap();
        assert!(matches!(followed, Messages::Turns(turns) if turns.len() == 2));
    }

    #[test]
    fn callers_are_not_the_system() {
        for role in ["system", "developer"] {
            let error =
                continued_by(&format!(r#"[{{"role":"{role}","content":"x"}}]"#)).unwrap_err();
            assert_eq!(error.param(), Some("messages"));
        }
    }
}
