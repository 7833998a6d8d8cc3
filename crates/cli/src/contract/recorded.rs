//! What the recorded exchanges break, but for what is known of them.

use std::fs;

use anyhow::Context as _;
use conformance::diff::Policy;
use conformance::exchanges;
use conformance::release::{Recorded, Settings};
use conformance::report::{Finding, Level};
use conformance::verify::Against;

use super::policy;
use super::project::api_document;

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
    let against = if settings.built_in {
        Against::Contract
    } else {
        Against::Document {
            document: api_document(&settings.document)?,
            strict_parameters: false,
        }
    };
    let found = exchanges::judge(&recorded.directory, &against, &recorded.unreachable)?;
    let mut found = known.apply(found, policy::today());
    for finding in &mut found {
        // What is known has to stay true.
        if finding.id.starts_with("ignore-") {
            finding.level = Level::Error;
        }
    }
    Ok(found)
}
