//! What a check found, and how to say so.
//!
//! Every check of this crate ends in a [`Report`]: a flat list of findings,
//! each with an identifier that scripts and ignore files can rely on.
//! [`render`] writes it for people, for CI systems and for other programs. The
//! module judges nothing and reads nothing.

mod advice;
mod changelog;
mod ci;
mod entry;
mod html;
mod joined;
mod json;
mod markdown;
mod model;
#[cfg(test)]
mod tests;
mod text;

pub use entry::entry;
pub use model::{Coverage, Finding, Report, Seen, Shown};
pub use openapi_diff::{Direction, Level, Location, OperationList};

use std::io;

use model::Hidden;

/// The JSON Schema (2020-12) of [`Format::Json`].
pub const JSON_SCHEMA: &str = include_str!("report.schema.json");

/// The forms in which a report can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// For programs; its form is [`JSON_SCHEMA`].
    Json,
    /// Annotations of GitHub Actions, one workflow command a line.
    Github,
    /// `JUnit` XML, one test case per finding.
    Junit,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// A changelog that fits into a comment of a pull request.
    Markdown,
    /// The same as a page.
    Html,
}

/// Returns what of a report is to be shown. `colour` matters to [`Format::Text`] only.
/// The text ends with a newline.
pub fn render(report: &Report, format: Format, colour: bool, shown: Shown<'_>) -> String {
    let mut text = Vec::new();
    // Memory takes everything.
    let _ = write(report, format, colour, shown, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// Writes what of a report is to be shown, as [`render`] does.
///
/// # Errors
///
/// What is written to refuses it.
pub fn write(
    report: &Report,
    format: Format,
    colour: bool,
    shown: Shown<'_>,
    to: &mut dyn io::Write,
) -> io::Result<()> {
    let hidden = Hidden::of(report, shown);
    let part;
    let part = if hidden.is_empty() {
        report
    } else {
        part = report.part(shown);
        &part
    };
    let text = match format {
        Format::Json => return json::write(part, to),
        Format::Sarif => return ci::sarif(part, to),
        Format::Text => text::text(part, &report.tally(), &hidden, colour, shown.explain),
        Format::Markdown => markdown::markdown(report, part, &hidden, shown),
        Format::Html => html::html(report, part, &hidden, shown),
        Format::Github => ci::github(part),
        Format::Junit => ci::junit(part),
    };
    to.write_all(text.as_bytes())
}
