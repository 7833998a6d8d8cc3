//! Whether the files that are derived from the contract are what it derives.

use std::fmt::Write as _;
use std::path::Path;

use ::contract::artefacts::Artefact;
use conformance::release::{Settings, read_all};
use conformance::report::{Finding, Level, Location, OperationList};
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

/// What lies in a directory of derived files and is neither derived nor named in the
/// settings.
pub(super) fn strays(
    directory: &Path,
    artefacts: &[Artefact],
    settings: &Settings,
) -> anyhow::Result<Vec<Finding>> {
    let recorded = settings.recorded.as_ref();
    let is_named = |path: &Path| {
        recorded
            .is_some_and(|of| path.starts_with(&of.directory) || of.known.as_deref() == Some(path))
    };
    let is_derived = |below: &Path| {
        // `fresh` finds what is wrong in there.
        below.starts_with("schemas") || artefacts.iter().any(|of| Path::new(&of.path) == below)
    };
    let files = read_all(directory)?;
    let strays = files
        .keys()
        .filter(|below| !is_derived(below) && !is_named(&directory.join(below)));
    let found = strays.map(|below| {
        let path = directory.join(below).display().to_string();
        let message = format!("{path} is derived from nothing; remove it");
        stale(path, None, message)
    });
    Ok(found.collect())
}

fn stale_file(file: &Stale) -> Finding {
    let path = file.path.display();
    let problem = match (&file.found, &file.derived) {
        (None, _) => "is missing",
        (_, None) => "is derived from nothing",
        _ => "is not what the contract derives",
    };
    let message = format!(
        "{path} {problem}; if the contract is meant to change, run `{}` and commit the result",
        export::COMMAND
    );
    stale(path.to_string(), first_difference(file), message)
}

fn stale(path: String, line: Option<u32>, message: String) -> Finding {
    Finding {
        id: "stale-file".to_owned(),
        level: Level::Error,
        direction: None,
        operation: None,
        also: OperationList::default(),
        base: None,
        revision: Some(Location::of_text(path, line)),
        message,
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
