//! The versions of a contract.

use std::collections::BTreeSet;

use semver::Version;

use super::allowance::Exception;
use super::error::ReleaseError;
use super::files::Files;
use super::finding::wrong;
use super::published::Published;
use crate::report::{Finding, Level};

/// Returns the least version that these changes allow after another.
pub fn least(after: &Version, changes: &[Finding]) -> Version {
    let worst = changes.iter().map(|change| change.level).max();
    match worst {
        Some(Level::Error) => Version::new(after.major + 1, 0, 0),
        Some(_) => Version::new(after.major, after.minor + 1, 0),
        None => Version::new(after.major, after.minor, after.patch + 1),
    }
}

/// Makes warnings of what breaks clients: a new major version may, but they
/// should know how.
pub fn announce(mut found: Vec<Finding>) -> Vec<Finding> {
    for finding in &mut found {
        finding.level = finding.level.min(Level::Warning);
    }
    found
}

/// What a version is held against.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    /// The version that the contract states now.
    pub current: &'a Version,
    /// Where it states that.
    pub file: &'a str,
    /// What is published in the working tree.
    pub tree: &'a Published,
    /// What the base published.
    pub base: Option<&'a Published>,
    /// Whether people write it there, and not `contract bless`.
    pub by_hand: bool,
}

/// Returns where the version is not what it has to be: the one that is published,
/// and raised by what has changed since the base.
///
/// # Errors
///
/// What is published cannot be read.
pub fn check(history: History<'_>, changes: &[Finding]) -> Result<Vec<Finding>, ReleaseError> {
    let History {
        current,
        file,
        tree,
        base,
        by_hand,
    } = history;
    let mut found = Vec::new();
    if *current != tree.version {
        let advice = if by_hand {
            "publish it with `contract bless`, which says whether it is raised by as much as the \
             changes ask for"
        } else {
            "leave the version to `contract bless`, which publishes what it raises"
        };
        let message = format!(
            "the version is {current}, but {} was published last; {advice}",
            tree.version
        );
        found.push(wrong("version-not-published", file, message));
    }
    if let Some(base) = base
        && tree.files()? != base.files()?
    {
        let least = least(&base.version, changes);
        if tree.version < least {
            let message = format!(
                "what is published has changed since {}, which was {}; this asks for {least} at \
                 least, and it is {}",
                base.name, base.version, tree.version
            );
            found.push(wrong("version-not-raised", file, message));
        }
    }
    Ok(found)
}

/// Returns what the contract says and nobody published. `contents` are the files that
/// would be published now.
///
/// # Errors
///
/// What is published cannot be read.
pub fn unpublished(
    history: History<'_>,
    contents: &Files,
) -> Result<Option<Finding>, ReleaseError> {
    let History { tree, file, .. } = history;
    let published = tree.files()?;
    let names: BTreeSet<_> = contents.keys().chain(published.keys()).collect();
    let changed = names
        .into_iter()
        .filter(|name| contents.get(*name) != published.get(*name));
    let changed: Vec<_> = changed.map(|name| name.display().to_string()).collect();
    let Some(first) = changed.first() else {
        return Ok(None);
    };
    let more = match changed.len() {
        1 => String::new(),
        2 => " and 1 more file".to_owned(),
        more => format!(" and {} more files", more - 1),
    };
    let message = format!(
        "{first}{more} changed since {} was published; `contract bless` publishes that under a \
         version of its own, so that nothing changes without being told",
        tree.version
    );
    Ok(Some(wrong("unpublished-change", file, message)))
}

/// Returns a raised major version, which lets changes break clients, as an
/// exception that the base has to allow.
pub fn raised(history: History<'_>) -> Option<Exception> {
    let base = history.base?;
    let current = history.current;
    (current.major > base.version.major).then(|| Exception {
        subject: current.to_string(),
        finding: wrong(
            "version-raised",
            history.file,
            format!(
                "this change raises the version from {} to {current}, so what breaks clients is \
                 only a warning",
                base.version
            ),
        ),
    })
}
