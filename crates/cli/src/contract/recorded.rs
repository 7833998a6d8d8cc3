//! What the recorded exchanges break, but for what is known of them.

use std::fs;

use anyhow::Context as _;
use conformance::diff::Policy;
use conformance::release::{Recorded, Settings};
use conformance::report::{Finding, Level};
use conformance::verify;

use super::policy;

/// Judges the exchanges of a directory.
pub(super) fn findings(settings: &Settings, recorded: &Recorded) -> anyhow::Result<Vec<Finding>> {
    let known = match &recorded.known {
        Some(path) => {
            let text = fs::read_to_string(path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            Policy::parse(&text).with_context(|| path.display().to_string())?
        }
        None => Policy::default(),
    };
    let mut found = Vec::new();
    if settings.built_in {
        found.extend(verify::recorded(&recorded.directory)?.findings);
    }
    let mut found = known.apply(found, &policy::today());
    for finding in &mut found {
        // What is known has to stay true.
        if finding.id.starts_with("ignore-") {
            finding.level = Level::Error;
        }
    }
    Ok(found)
}
