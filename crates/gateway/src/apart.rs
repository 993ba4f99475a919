//! Untrusted variables set apart from instructions, as their version wants it; see
//! [`gatemark_text::spotlight`].
//!
//! It is done when a message is rendered, after everything that cuts and chooses, which look at texts as they
//! came: a cut must not take away a mark, and what an example is chosen by is not how it is written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use gatemark_core::guard_policy::Spotlight;
use gatemark_core::prompt::{Content, Message, Role};
use gatemark_text::spotlight::{self, Boundary};
use serde_json::Value;

/// A key for marks, random: two UUIDs of version 4 take their bits from the system.
pub(crate) fn secret() -> [u8; 32] {
    let mut secret = [0; 32];
    let drawn = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
    let bytes = drawn.iter().flat_map(|one| one.as_bytes());
    secret.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
    secret
}

type Variables = BTreeMap<String, Value>;

/// The variables that are set apart, and how.
fn set_apart(content: &Content) -> impl Iterator<Item = (&String, Spotlight)> {
    content.variables.iter().filter_map(|(name, variable)| Some((name, variable.spotlight()?)))
}

/// The marks of a call with these variables; `None` if nothing is set apart.
pub(crate) fn boundary(content: &Content, variables: &Variables, key: &[u8]) -> Option<Boundary> {
    set_apart(content).next()?;
    let said: BTreeMap<&String, &Value> =
        set_apart(content).filter_map(|(name, _)| Some((name, variables.get(name)?))).collect();
    let said = serde_json::to_string(&said).unwrap_or_default();
    Some(Boundary::of(key, &said))
}

/// The variables as templates get them.
pub(crate) fn shown<'v>(
    content: &Content,
    variables: Cow<'v, Variables>,
    boundary: Option<&Boundary>,
) -> Cow<'v, Variables> {
    let Some(boundary) = boundary else { return variables };
    let mut shown = variables.into_owned();
    for (name, how) in set_apart(content) {
        if let Some(value) = shown.get_mut(name) {
            *value = spotlight::value(value, how, boundary);
        }
    }
    Cow::Owned(shown)
}

/// Adds to the messages what the model has to know of marks: to the first system message, or as one of its
/// own before all others where there is none, or where it may be cut. Gives how many messages were added.
pub(crate) fn explain(content: &Content, messages: &mut Vec<Message>) -> usize {
    let Some(words) = spotlight::instruction(set_apart(content).map(|(_, how)| how)) else {
        return 0;
    };
    let first = messages.iter_mut().find(|message| message.role == Role::System);
    match first.filter(|message| message.truncate.is_none()) {
        Some(system) => {
            let end = system.text.trim_end().len();
            system.text.truncate(end);
            system.text.push_str("\n\n");
            system.text.push_str(&words);
            0
        }
        None => {
            messages.insert(0, Message::new(Role::System, words));
            1
        }
    }
}
