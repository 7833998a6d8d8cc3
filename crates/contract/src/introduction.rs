//! The introduction of the OpenAPI document: what every caller has to know.
//!
//! The text is `introduction.md`, in which the table of reasons is filled in.

use std::fmt::Write as _;

use crate::reasons::{REASONS, Reason};

/// The text around the table.
const TEXT: &str = include_str!("introduction.md");

/// The line in whose place the rows of the table come.
const ROWS: &str = "REASONS\n";

/// The introduction, in Markdown.
pub(crate) fn introduction() -> String {
    let rows = REASONS.iter().fold(String::new(), |mut rows, reason| {
        let Reason {
            name,
            status,
            meaning,
            remedy,
        } = reason;
        let _ = writeln!(rows, "| `{name}` | {status} | {meaning} | {remedy} |");
        rows
    });
    TEXT.replace(ROWS, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_row() {
        let text = introduction();
        for reason in REASONS {
            let row = format!("| `{}` | {} | ", reason.name, reason.status);
            assert!(text.contains(&row), "{} has no row", reason.name);
        }
        assert!(!text.contains(ROWS), "the table was not filled in");
    }

    #[test]
    fn no_text_breaks_the_table() {
        for reason in REASONS {
            for text in [reason.meaning, reason.remedy] {
                let is_plain = !text.contains('|') && !text.contains('\n');
                assert!(is_plain && text.ends_with('.'), "{}: {text}", reason.name);
            }
        }
    }
}
