//! Conversations in calls: which one is meant, and what the answer says about it.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use gatemark_core::conversation::{BadId, ConversationId, Part};
use gatemark_core::error::{Error, Result};
use gatemark_gateway::{Talking, Target};
use serde_json::Value;
use serde_json::value::RawValue;

const HEADER: &str = "x-gatemark-conversation";

/// The field of the body: an id, or OpenAI's object `{"id": …}`.
const FIELD: &str = "conversation";

type Fields = Vec<(String, Box<RawValue>)>;

/// The conversation that a call speaks in. Of a plain call only the header is ours: the field is its vendor's.
pub(crate) fn talking(
    headers: &HeaderMap,
    target: &Target,
    fields: &mut Fields,
) -> Result<Option<Talking>> {
    let by_header = headers.get(HEADER).map(|value| {
        let text = value.to_str().map_err(|_| Error::from_bad(BadId, HEADER))?;
        text.trim().parse::<ConversationId>().map_err(|bad| Error::from_bad(bad, HEADER))
    });
    let by_header = by_header.transpose()?;
    let by_field = match target {
        Target::Named { .. } => taken(fields)?,
        _ => None,
    };
    match (by_header, by_field) {
        (Some(one), Some(other)) if one != other => {
            let message = format!(
                "the header `{HEADER}` says `{one}`, but `{FIELD}` says `{other}`: send one"
            );
            Err(Error::invalid(message).at(FIELD))
        }
        (header, field) => Ok(header.or(field).map(Talking::Turn)),
    }
}

/// Takes the field out of the request.
fn taken(fields: &mut Fields) -> Result<Option<ConversationId>> {
    let Some(place) = fields.iter().position(|(name, _)| name == FIELD) else { return Ok(None) };
    let (_, raw) = fields.remove(place);
    let value: Value = serde_json::from_str(raw.get()).unwrap_or_default();
    let id = match &value {
        Value::Null => return Ok(None),
        Value::String(id) => Some(id.as_str()),
        Value::Object(object) if object.len() == 1 => object.get("id").and_then(Value::as_str),
        _ => None,
    };
    let Some(id) = id else {
        let message = format!("`{FIELD}` must be the id of a conversation, or `{{\"id\": …}}`");
        return Err(Error::invalid(message).at(FIELD));
    };
    id.parse().map(Some).map_err(|bad| Error::from_bad(bad, FIELD))
}

trait FromBad {
    fn from_bad(bad: BadId, place: &str) -> Self;
}

impl FromBad for Error {
    fn from_bad(bad: BadId, place: &str) -> Self {
        Error::invalid(format!("`{place}`: {bad}")).at(place).coded("conversation_id")
    }
}

/// What the answer says about it.
pub(crate) fn describe(headers: &mut HeaderMap, part: &Part) {
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    let told = [
        (HEADER, Some(part.id.to_string())),
        ("x-gatemark-conversation-turn", number(part.turn)),
        ("x-gatemark-conversation-summary", number(part.summary)),
        ("x-gatemark-conversation-left-out", number(part.left_out)),
    ];
    for (name, value) in told {
        if let Some(value) = value.and_then(|value| HeaderValue::from_maybe_shared(value).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatemark_gateway::PromptRef;
    use serde_json::Map;

    fn read(
        header: Option<&str>,
        field: Option<&str>,
        plain: bool,
    ) -> (Result<Option<String>>, usize) {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(HEADER, header.parse().unwrap());
        }
        let raw = |text: &str| RawValue::from_string(text.into()).unwrap();
        let mut fields: Fields =
            field.into_iter().map(|text| (FIELD.to_string(), raw(text))).collect();
        let target = if plain {
            Target::Plain("openai/x".parse().unwrap())
        } else {
            let prompt = PromptRef::parse("a/b", "model").unwrap();
            Target::Named { prompt, variables: Map::new() }
        };
        let found = talking(&headers, &target, &mut fields).map(|found| {
            found.map(|talking| match talking {
                Talking::Turn(id) => id.to_string(),
                Talking::Summary(_) => unreachable!(),
            })
        });
        (found, fields.len())
    }

    #[test]
    fn one_place_is_enough() {
        for (header, field) in [
            (Some("c-1"), None),
            (None, Some("\"c-1\"")),
            (None, Some(r#"{"id": "c-1"}"#)),
            (Some("c-1"), Some("\"c-1\"")),
        ] {
            let (found, left) = read(header, field, false);
            assert_eq!((found.unwrap().as_deref(), left), (Some("c-1"), 0), "{header:?} {field:?}");
        }
        assert_eq!(read(None, Some("null"), false).0.unwrap(), None);
        let (plain, left) = read(None, Some("\"conv_1\""), true);
        assert_eq!((plain.unwrap(), left), (None, 1), "it is the vendor's");
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for (header, field) in [
            (Some("a b"), None),
            (None, Some("5")),
            (None, Some("\"\"")),
            (None, Some(r#"{"name": "x"}"#)),
            (Some("a"), Some("\"b\"")),
        ] {
            assert!(read(header, field, false).0.is_err(), "{header:?} {field:?}");
        }
    }
}
