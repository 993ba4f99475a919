//! The members of a JSON object in their order, values unread.
//!
//! For formats of which we know a part: what is known is picked out, and the rest is kept as it was written
//! or refused by its name. A tree of values would lose the spelling of numbers and cost a copy of everything.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// An object's members, repeated ones included.
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// A key, borrowed unless it holds escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Members<'a> {
    /// The members of an object; `None` for anything else.
    pub(crate) fn of(raw: &'a RawValue) -> Option<Self> {
        serde_json::from_str(raw.get()).ok()
    }

    /// Takes the member `name` out, unless it is absent or `null`. Of equal names the first counts; the
    /// others stay, so that whoever refuses what is left refuses them.
    pub(crate) fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let place = self.0.iter().position(|(key, _)| key == name)?;
        let (_, raw) = self.0.remove(place);
        (raw.get() != "null").then_some(raw)
    }

    /// The first member that is left and says something.
    pub(crate) fn left(&self) -> Option<&str> {
        let mut said = self.0.iter().filter(|(_, raw)| raw.get() != "null");
        said.next().map(|(key, _)| key.as_ref())
    }
}

/// A text; `None` for any other value.
pub(crate) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Key<'_>>(raw.get()).ok().map(|Key(text)| text)
}

/// The elements of an array; `None` for any other value.
pub(crate) fn elements(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_taken_until_something_is_left() {
        let raw: &RawValue =
            serde_json::from_str(r#"{"a":1.50,"n":null,"b\u0063":"x\n","a":2}"#).unwrap();
        let mut members = Members::of(raw).unwrap();
        assert_eq!(members.take("a").unwrap().get(), "1.50");
        assert!(members.take("n").is_none() && members.take("zz").is_none());
        assert_eq!(text(members.take("bc").unwrap()).unwrap(), "x\n");
        assert_eq!(members.left(), Some("a"));
        assert!(Members::of(serde_json::from_str("[1]").unwrap()).is_none());
    }
}
