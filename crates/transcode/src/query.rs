//! Queries that are being put together.

use std::borrow::Cow;

use percent_encoding::utf8_percent_encode;

use crate::json::TextCodec;
use transcode_core::Violation;
use transcode_core::template::RESERVED;

/// A query that is being put together.
#[derive(Debug, Default)]
pub struct Query {
    text: String,
    violations: Vec<Violation>,
}

impl Query {
    /// Adds a parameter if the field is set.
    pub fn push<C: TextCodec>(
        &mut self,
        field: &'static str,
        name: &'static str,
        value: Option<&C::Value>,
    ) {
        if let Some(value) = value.filter(|value| C::is_set(value)) {
            self.push_text(field, name, C::text(value));
        }
    }

    /// Adds a parameter unless the field has its default value.
    pub fn push_implicit<C: TextCodec<Value: Default + PartialEq>>(
        &mut self,
        field: &'static str,
        name: &'static str,
        value: Option<&C::Value>,
    ) {
        self.push::<C>(
            field,
            name,
            value.filter(|value| **value != C::Value::default()),
        );
    }

    /// Adds a parameter for each element of a list.
    pub fn push_all<C: TextCodec>(
        &mut self,
        field: &'static str,
        name: &'static str,
        values: Option<&Vec<C::Value>>,
    ) {
        for value in values.into_iter().flatten() {
            self.push_text(field, name, C::text(value));
        }
    }

    /// Adds a parameter, or notes why it has no text.
    pub(crate) fn push_text(
        &mut self,
        field: &str,
        name: &str,
        text: Result<Cow<'_, str>, String>,
    ) {
        match text {
            Ok(text) => {
                let separator = if self.text.is_empty() { '?' } else { '&' };
                self.text.push(separator);
                self.text.extend(utf8_percent_encode(name, RESERVED));
                self.text.push('=');
                self.text.extend(utf8_percent_encode(&text, RESERVED));
            }
            Err(description) => self.violations.push(Violation {
                field: field.to_owned(),
                description,
            }),
        }
    }

    /// The query behind the path.
    ///
    /// # Errors
    ///
    /// Names everything that does not fit in either.
    pub(crate) fn behind(
        self,
        path: Result<String, Vec<Violation>>,
    ) -> Result<String, Vec<Violation>> {
        match path {
            Ok(path) if self.violations.is_empty() => Ok(path + &self.text),
            Ok(_) => Err(self.violations),
            Err(mut violations) => {
                violations.extend(self.violations);
                Err(violations)
            }
        }
    }
}
