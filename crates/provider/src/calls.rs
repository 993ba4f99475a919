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

/// A call on its way to a caller whose format wants one after the other.
#[derive(Debug)]
pub(crate) struct Call {
    /// The vendor's index, if it gives any.
    index: Option<u64>,
    pub(crate) id: String,
    pub(crate) name: String,
    /// Arguments that were not written yet.
    pub(crate) waiting: String,
    /// Whether it was written to its end.
    pub(crate) closed: bool,
}

/// The calls of an answer, in the order in which they began.
#[derive(Debug, Default)]
pub(crate) struct Queue(Vec<Call>);

impl Queue {
    /// Takes in a piece; the rank of its call, which may be new. `made` names a call whose vendor gave no id.
    ///
    /// # Errors
    /// `VendorFailed` if the piece belongs to no call, or to one that has ended.
    pub(crate) fn take_in(
        &mut self,
        piece: Piece,
        made: impl FnOnce(usize) -> String,
    ) -> Result<usize> {
        let rank = self.rank(&piece).map_or_else(|| self.begin(&piece, made), Ok)?;
        if let Some(call) = self.0.get_mut(rank) {
            if call.closed {
                let message = "the vendor wrote on in a call of a tool after text that followed it";
                return Err(Error::new(Kind::VendorFailed, message));
            }
            call.waiting.push_str(&piece.arguments);
        }
        Ok(rank)
    }

    /// Which call a piece belongs to.
    fn rank(&self, piece: &Piece) -> Option<usize> {
        match (piece.index, &piece.id) {
            (Some(index), _) => self.0.iter().position(|call| call.index == Some(index)),
            (None, Some(id)) => self.0.iter().position(|call| call.id == *id),
            (None, None) if piece.name.is_none() => self.0.len().checked_sub(1),
            (None, None) => None,
        }
    }

    fn begin(&mut self, piece: &Piece, made: impl FnOnce(usize) -> String) -> Result<usize> {
        let Some(name) = piece.name.clone() else {
            let message = "the vendor sent a piece of a call of a tool that was never begun";
            return Err(Error::new(Kind::VendorFailed, message));
        };
        let rank = self.0.len();
        let id = piece.id.clone().unwrap_or_else(|| made(rank));
        let (waiting, closed) = (String::new(), false);
        self.0.push(Call { index: piece.index, id, name, waiting, closed });
        Ok(rank)
    }

    /// The call of that rank.
    pub(crate) fn get_mut(&mut self, rank: usize) -> Option<&mut Call> {
        self.0.get_mut(rank)
    }

    /// The first call that has not been written to its end.
    pub(crate) fn unwritten(&self) -> Option<usize> {
        self.0.iter().position(|call| !call.closed)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
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
