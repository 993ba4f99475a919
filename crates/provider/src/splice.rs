//! A prompt's own turns followed by what the caller adds to the conversation.

use gatemark_core::error::{Error, Result};
use serde_json::value::RawValue;

use crate::message::{self, Speaker};
use crate::request::{Messages, Turn};

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
    let own = turns.iter().map(|turn| {
        let text = serde_json::Value::from(turn.text.as_str());
        format!(r#"{{"role":"{}","content":{text}}}"#, turn.role.word())
    });
    let mut joined: Vec<String> = own.collect();
    let tail = caller.get().trim();
    let tail = tail.strip_prefix('[').and_then(|tail| tail.strip_suffix(']')).unwrap_or_default();
    joined.push(tail.to_string());
    RawValue::from_string(format!("[{}]", joined.join(",")))
        .map(Messages::Raw)
        .map_err(|cause| Error::internal("messages could not be joined").because(cause))
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
    fn nothing_added_is_nothing_changed() {
        assert!(matches!(continued_by("[]").unwrap(), Messages::Turns(turns) if turns.len() == 1));
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
