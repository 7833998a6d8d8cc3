//! What is bound to a statement, and what comes back.

use std::any::Any;

use bytes::Bytes;

/// What was made of rows, for code that is the same whatever that is.
pub(crate) type AnyOf = Box<dyn Any + Send>;

/// A value of a column. There are no others, so that one text of SQL does for
/// both databases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Bytes),
}

impl Value {
    /// The text of a value that has one.
    pub(crate) fn text(value: Option<impl ToString>) -> Self {
        value.map_or(Self::Null, |value| Self::Text(value.to_string()))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A column does not hold what it should.
#[derive(Debug, thiserror::Error)]
#[error("column {column} holds {found:?} instead of {expected}")]
pub(crate) struct Unexpected {
    column: usize,
    expected: &'static str,
    found: Option<Value>,
}

/// A row of a result.
#[derive(Debug)]
pub(crate) struct Cells(pub(super) Vec<Value>);

impl Cells {
    /// Takes the text of a column, if it has one.
    pub(crate) fn optional_text(&mut self, column: usize) -> Result<Option<String>, Unexpected> {
        match self.take(column) {
            Some(Value::Null) => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            found => Err(Unexpected {
                column,
                expected: "a text",
                found,
            }),
        }
    }

    /// Takes the text of a column.
    pub(crate) fn text(&mut self, column: usize) -> Result<String, Unexpected> {
        self.optional_text(column)?.ok_or(Unexpected {
            column,
            expected: "a text",
            found: Some(Value::Null),
        })
    }

    /// The number of a column.
    pub(crate) fn integer(&mut self, column: usize) -> Result<i64, Unexpected> {
        match self.take(column) {
            Some(Value::Integer(number)) => Ok(number),
            found => Err(Unexpected {
                column,
                expected: "a number",
                found,
            }),
        }
    }

    /// Takes the bytes of a column.
    pub(crate) fn bytes(&mut self, column: usize) -> Result<Bytes, Unexpected> {
        match self.take(column) {
            Some(Value::Bytes(bytes)) => Ok(bytes),
            found => Err(Unexpected {
                column,
                expected: "bytes",
                found,
            }),
        }
    }

    fn take(&mut self, column: usize) -> Option<Value> {
        let value = self.0.get_mut(column)?;
        Some(std::mem::replace(value, Value::Null))
    }
}
