//! What the recorded exchanges break, but for what is known of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ::contract::openapi::openapi;
use anyhow::Context as _;
use conformance::diff::Policy;
use conformance::release::{Recorded, Settings, read_all};
use conformance::report::{Direction, Finding, Level};
use conformance::verify::Against;
use conformance::{exchanges, verify};

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
    let (document, against) = if settings.built_in {
        (openapi(), Against::Contract)
    } else {
        let document = api_document(&settings.document)?;
        let value = document.value().clone();
        let against = Against::Document {
            document,
            strict_parameters: false,
        };
        (value, against)
    };
    let directory = &recorded.directory;
    let mut found = exchanges::check(directory, &document, &recorded.unreachable)?;
    // What is no exchange of an operation has no schemas to keep.
    let is_readable = found.iter().all(|finding| {
        finding.id != "exchange-malformed" && finding.id != "exchange-unknown-operation"
    });
    if is_readable {
        for directory in with_exchanges(directory)? {
            found.extend(verify::recorded(&directory, &against)?.findings);
        }
    }
    found.retain(|finding| {
        let file = finding.revision.as_ref().map_or("", |place| &*place.source);
        finding.direction != Some(Direction::Request)
            || !exchanges::has_bad_request(Path::new(file))
    });
    let mut found = known.apply(found, policy::today());
    for finding in &mut found {
        // What is known has to stay true.
        if finding.id.starts_with("ignore-") {
            finding.level = Level::Error;
        }
    }
    Ok(found)
}

/// A directory and those below it, as far as they hold exchanges.
fn with_exchanges(directory: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let files = read_all(directory)?;
    let parents = files.keys().filter_map(|path| path.parent());
    Ok(parents.map(|parent| directory.join(parent)).collect())
}
