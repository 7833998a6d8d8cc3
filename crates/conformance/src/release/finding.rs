//! Findings about files.

use crate::report::{Finding, Level, Location, OperationList};

/// Returns an error about a file.
pub(crate) fn wrong(id: &str, place: &str, message: String) -> Finding {
    Finding {
        id: id.to_owned(),
        level: Level::Error,
        direction: None,
        operation: None,
        also: OperationList::default(),
        base: None,
        revision: Some(Location::of_text(place, None)),
        message,
    }
}
