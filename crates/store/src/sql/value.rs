//! Values that go into and come out of statements, the same for every engine.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use gatemark_core::{Digest, EnvironmentName, Error, ModelName, NanoUsd, PromptName, Result};
use serde::de::DeserializeOwned;

/// One value of a statement or a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    /// A count. More than `i64` holds is kept as the largest that it holds.
    pub(crate) fn count(count: u64) -> Self {
        Self::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    fn noun(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Integer(_) => "an integer",
            Self::Real(_) => "a real number",
            Self::Text(_) => "a text",
            Self::Bytes(_) => "bytes",
        }
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<u32> for Value {
    fn from(integer: u32) -> Self {
        Self::Integer(integer.into())
    }
}

impl From<NanoUsd> for Value {
    fn from(amount: NanoUsd) -> Self {
        Self::Integer(amount.0)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<&Digest> for Value {
    fn from(digest: &Digest) -> Self {
        Self::Text(digest.to_string())
    }
}

macro_rules! from_name {
    ($($name:ty),+) => {$(
        impl From<&$name> for Value {
            fn from(name: &$name) -> Self {
                Self::Text(name.as_str().into())
            }
        }
    )+};
}
from_name!(PromptName, EnvironmentName, ModelName);

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The values of a statement's placeholders, in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::sql::Value::from($value)),*] };
}
pub(crate) use values;

/// One row of an answer. Columns are asked for by name, so that the order in a statement does not matter.
#[derive(Debug)]
pub(crate) struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl Row {
    pub(crate) fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    fn value(&self, column: &str) -> Result<&Value> {
        let position = self.columns.iter().position(|name| name == column);
        let value = position.and_then(|position| self.values.get(position));
        value.ok_or_else(|| Error::internal(format!("the statement gives no column `{column}`")))
    }

    pub(crate) fn optional_integer(&self, column: &str) -> Result<Option<i64>> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Integer(integer) => Ok(Some(*integer)),
            other => Err(unexpected(column, "an integer", other)),
        }
    }

    pub(crate) fn integer(&self, column: &str) -> Result<i64> {
        self.optional_integer(column)?.ok_or_else(|| null(column))
    }

    pub(crate) fn real(&self, column: &str) -> Result<f64> {
        match self.value(column)? {
            Value::Real(real) => Ok(*real),
            Value::Null => Err(null(column)),
            other => Err(unexpected(column, "a real number", other)),
        }
    }

    pub(crate) fn optional_text(&self, column: &str) -> Result<Option<&str>> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            other => Err(unexpected(column, "a text", other)),
        }
    }

    pub(crate) fn text(&self, column: &str) -> Result<&str> {
        self.optional_text(column)?.ok_or_else(|| null(column))
    }

    pub(crate) fn bytes(&self, column: &str) -> Result<&[u8]> {
        match self.value(column)? {
            Value::Bytes(bytes) => Ok(bytes),
            Value::Null => Err(null(column)),
            other => Err(unexpected(column, "bytes", other)),
        }
    }

    /// An integer that must not be negative.
    pub(crate) fn count(&self, column: &str) -> Result<u64> {
        in_range(column, self.integer(column)?)
    }

    /// A version's number.
    pub(crate) fn number(&self, column: &str) -> Result<u32> {
        in_range(column, self.integer(column)?)
    }

    /// A version's number that may be absent.
    pub(crate) fn optional_number(&self, column: &str) -> Result<Option<u32>> {
        self.optional_integer(column)?.map(|integer| in_range(column, integer)).transpose()
    }

    /// A text with a form: a name, a digest, a semantic version.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T> {
        parse(column, self.text(column)?)
    }

    /// A text with a form that may be absent.
    pub(crate) fn optional_parsed<T: FromStr<Err: Display>>(
        &self,
        column: &str,
    ) -> Result<Option<T>> {
        self.optional_text(column)?.map(|text| parse(column, text)).transpose()
    }

    /// A JSON document.
    pub(crate) fn document<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        serde_json::from_str(self.text(column)?).map_err(|cause| {
            Error::internal(format!("the stored document in `{column}` cannot be read"))
                .because(cause)
        })
    }
}

/// A document as it is stored.
pub(crate) fn to_document<T: serde::Serialize + ?Sized>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|cause| Error::internal("a value cannot be written as JSON").because(cause))
}

fn parse<T: FromStr<Err: Display>>(column: &str, text: &str) -> Result<T> {
    text.parse().map_err(|cause: T::Err| {
        Error::internal(format!("the stored `{column}` is not valid: the database is damaged"))
            .because(cause.to_string())
    })
}

fn in_range<T: TryFrom<i64>>(column: &str, integer: i64) -> Result<T> {
    T::try_from(integer).map_err(|_| {
        Error::internal(format!("the stored `{column}` is {integer}, which is out of range"))
    })
}

fn unexpected(column: &str, wanted: &str, found: &Value) -> Error {
    Error::internal(format!("the stored `{column}` is {} instead of {wanted}", found.noun()))
}

fn null(column: &str) -> Error {
    Error::internal(format!("the stored `{column}` is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn getters_say_what_is_wrong() {
        let columns: Arc<[String]> = ["a", "b", "c"].map(String::from).to_vec().into();
        let row = Row::new(columns, vec![Value::Integer(-1), Value::Null, Value::Text("x".into())]);
        let message = |error: Error| error.to_string();
        assert_eq!(row.integer("a").unwrap(), -1);
        assert_eq!(row.optional_integer("b").unwrap(), None);
        assert!(message(row.number("a").unwrap_err()).contains("`a` is -1"));
        assert!(message(row.integer("b").unwrap_err()).contains("`b` is missing"));
        assert!(message(row.integer("c").unwrap_err()).contains("a text instead of an integer"));
        assert!(message(row.text("d").unwrap_err()).contains("no column `d`"));
        assert!(message(row.parsed::<Digest>("c").unwrap_err()).contains("damaged"));
    }
}
