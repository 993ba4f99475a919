//! Calls of tools in the shape of chat completions, whole or in pieces, read for doors of other shapes.
//!
//! Tolerant where servers differ: some leave out the index, the id or the type, some give arguments as an
//! object instead of a text.

use gatemark_core::{Error, Kind, Result};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::object;

/// A call, or a piece of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Which call it belongs to, if the vendor says.
    pub(crate) index: Option<u64>,
    /// The vendor's id; absent in later pieces.
    pub(crate) id: Option<String>,
    /// The tool; absent in later pieces.
    pub(crate) name: Option<String>,
    /// Arguments that were written, or more of them.
    pub(crate) arguments: String,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(default)]
    index: Option<u64>,
    #[serde(default)]
    id: Option<String>,
    #[serde(borrow, default)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(default)]
    name: Option<String>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

/// Reads a `tool_calls` array.
///
/// # Errors
/// `VendorFailed` if it is something else.
pub(crate) fn read(raw: &RawValue) -> Result<Vec<Piece>> {
    let wires: Vec<Wire<'_>> = serde_json::from_str(raw.get()).map_err(|cause| {
        let message = "the vendor sent calls of tools that cannot be read";
        Error::new(Kind::VendorFailed, message).because(cause)
    })?;
    Ok(wires.into_iter().map(piece).collect())
}

fn piece(wire: Wire<'_>) -> Piece {
    let (name, arguments) =
        wire.function.map_or((None, None), |function| (function.name, function.arguments));
    let full = |text: &String| !text.is_empty();
    Piece {
        index: wire.index,
        id: wire.id.filter(full),
        name: name.filter(full),
        arguments: match arguments.filter(|raw| raw.get() != "null") {
            None => String::new(),
            Some(raw) => object::text(raw).map_or_else(|| raw.get().to_string(), Into::into),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_many_servers() {
        let of = |text: &str| read(&RawValue::from_string(text.into()).unwrap());
        let piece = |index, id: Option<&str>, name: Option<&str>, arguments: &str| Piece {
            index,
            id: id.map(Into::into),
            name: name.map(Into::into),
            arguments: arguments.into(),
        };
        let found =
            of(r#"[{"index":1,"id":"c","type":"function","function":{"name":"f","arguments":""}},
            {"index":1,"id":"","function":{"name":null,"arguments":"{\"a\""}},
            {"function":{"name":"g","arguments":{"x":1.50}}}, {"id":"z"}]"#)
            .unwrap();
        let wanted = [
            piece(Some(1), Some("c"), Some("f"), ""),
            piece(Some(1), None, None, "{\"a\""),
            piece(None, None, Some("g"), r#"{"x":1.50}"#),
            piece(None, Some("z"), None, ""),
        ];
        assert_eq!(found, wanted);
        assert!(of("{}").is_err());
    }
}
