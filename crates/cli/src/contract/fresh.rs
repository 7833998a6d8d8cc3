//! Whether the files that are derived from the contract are what it derives.

use std::fmt::Write as _;
use std::path::Path;

use ::contract::openapi::Artefact;
use conformance::report::{Finding, Level, Location};
use similar::TextDiff;

use super::export::{self, Stale};

/// How many lines of a diff are shown for each stale file.
const DIFF_LINES: usize = 40;

/// What of a directory of derived files is stale, and the differences.
pub(super) fn fresh(
    directory: &Path,
    artefacts: &[Artefact],
) -> anyhow::Result<(Vec<Finding>, String)> {
    let stale = export::stale(directory, artefacts)?;
    let shown = stale.iter().filter(|file| {
        // The YAML form says the same as the JSON form.
        let json = file.path.with_extension("json");
        json == file.path || stale.iter().all(|other| other.path != json)
    });
    let differences = shown.map(difference).collect();
    Ok((stale.iter().map(stale_file).collect(), differences))
}

fn stale_file(file: &Stale) -> Finding {
    let path = file.path.display();
    let problem = match (&file.found, &file.derived) {
        (None, _) => "is missing",
        (_, None) => "is derived from nothing",
        _ => "is not what the contract derives",
    };
    Finding {
        id: "stale-file".to_owned(),
        level: Level::Error,
        direction: None,
        operation: None,
        also: Vec::new(),
        base: None,
        revision: Some(Location::of_text(path.to_string(), first_difference(file))),
        message: format!(
            "{path} {problem}; if the contract is meant to change, run `{}` and commit the result",
            export::COMMAND
        ),
    }
}

/// The first line of a file that is not as it should be, counted from 1.
fn first_difference(file: &Stale) -> Option<u32> {
    let (found, derived) = (file.found.as_deref()?, file.derived.as_deref()?);
    let same = found
        .lines()
        .zip(derived.lines())
        .take_while(|(found, derived)| found == derived)
        .count();
    u32::try_from(same + 1).ok()
}

fn difference(file: &Stale) -> String {
    let path = file.path.display();
    let found = file.found.as_deref().unwrap_or_default();
    let derived = file.derived.as_deref().unwrap_or_default();
    let diff = TextDiff::from_lines(found, derived);
    let diff = diff
        .unified_diff()
        .header(&format!("{path} (found)"), &format!("{path} (derived)"))
        .to_string();
    let lines = diff.lines().count();
    let mut shown = String::new();
    // Writing to a string cannot fail.
    for line in diff.lines().take(DIFF_LINES) {
        let _ = writeln!(shown, "      {line}");
    }
    if lines > DIFF_LINES {
        let more = lines - DIFF_LINES;
        let _ = writeln!(shown, "      … and {more} more lines");
    }
    shown
}
