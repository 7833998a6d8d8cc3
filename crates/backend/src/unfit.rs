//! What is wrong with JSON, without what stands in it.
//!
//! `serde_json` quotes the value that does not fit. What is kept here can be the key of
//! tokens or a bot's secret, and errors go to the log.

use std::error::Error as StdError;

use serde_json::error::Category;

/// Why JSON cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at line {line} column {column}")]
pub struct Unfit {
    what: &'static str,
    line: usize,
    column: usize,
}

impl From<serde_json::Error> for Unfit {
    fn from(error: serde_json::Error) -> Self {
        let what = match error.classify() {
            Category::Data => "a value does not fit",
            Category::Syntax => "it is not JSON",
            Category::Eof => "it breaks off",
            Category::Io => "it cannot be read",
        };
        Self {
            what,
            line: error.line(),
            column: error.column(),
        }
    }
}

/// The same error, if it quotes nothing.
pub(crate) fn without_values(
    error: Box<dyn StdError + Send + Sync>,
) -> Box<dyn StdError + Send + Sync> {
    match error.downcast::<serde_json::Error>() {
        Ok(error) => Unfit::from(*error).into(),
        Err(other) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_does_not_fit_is_not_quoted() {
        let error = serde_json::from_str::<Vec<u8>>("\n\"canary\"").expect_err("a string");
        let error = without_values(error.into());
        assert_eq!(error.to_string(), "a value does not fit at line 2 column 8");
    }
}
