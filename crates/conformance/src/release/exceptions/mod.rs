//! What a change adds to the rules that it is judged by.
//!
//! A waiver, an ignore entry, a lower level, a looser rule of buf, another place
//! for a statement: each could hide what the change breaks. Each is an
//! [`Exception`], and fails unless the base allows it.

mod buf;
mod guarded;
mod ignored;
mod laws;
mod silent;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use self::buf::{of_buf, of_first_buf};
use self::guarded::of_guarded;
use self::ignored::of_ignore_file;
use self::laws::of_laws;
use super::allowance::{Allowance, Exception};
use super::base::Base;
use super::changelog;
use super::error::ReleaseError;
use super::files::read_if_there;
use super::finding::wrong;
use super::settings::{Linted, Recorded, Settings};
use crate::report::{Finding, Level, Location};
use crate::waivers;

/// Returns what a change in this directory adds to the rules that the base has.
/// `ignore` is the ignore file of the command line.
///
/// # Errors
///
/// One of the files of the rules cannot be read.
pub fn of_change(
    directory: &Path,
    settings: &Settings,
    ignore: Option<&Path>,
    base: &Base,
) -> Result<Vec<Exception>, ReleaseError> {
    let mut found = Vec::new();
    if base.has_settings {
        found.extend(of_settings(settings, &base.settings));
    }
    found.extend(of_unreachable(settings, &base.settings));
    if let Some(file) = &settings.waivers {
        let now = read_if_there(&directory.join(file))?.unwrap_or_default();
        let before = match &base.settings.waivers {
            Some(file) => base.text(file)?.unwrap_or_default(),
            None => String::new(),
        };
        found.extend(of_waivers(&now, &before, file)?);
    }
    let known = |settings: &Settings| settings.recorded.as_ref()?.known.clone();
    let files = [
        (settings.ignore.clone(), base.settings.ignore.clone()),
        (known(settings), known(&base.settings)),
        (ignore.map(PathBuf::from), ignore.map(PathBuf::from)),
    ];
    for (now, before) in files {
        let Some(file) = now else { continue };
        let now = read_if_there(&directory.join(&file))?.unwrap_or_default();
        let before = match before {
            Some(file) => base.text(&file)?.unwrap_or_default(),
            None => String::new(),
        };
        found.extend(of_ignore_file(&now, &before, &file.display().to_string())?);
    }
    found.extend(of_guarded(directory, base)?);
    found.extend(of_laws(directory, settings, base)?);
    if let (Some(now), Some(before)) = (&settings.changelog, &base.settings.changelog) {
        let log = read_if_there(&directory.join(now))?.unwrap_or_default();
        let earlier = base.text(before)?.unwrap_or_default();
        let file = now.display().to_string();
        found.extend(changelog::rewritten(&log, &earlier, &file));
    }
    for Exception { finding, .. } in &mut found {
        let place = finding.revision.as_ref();
        let place = place.map(|place| format!("{}:{}", base.name, place.source));
        finding.base = place.map(|place| Location::of_text(place, None));
    }
    Ok(found)
}

/// Settings that no longer say what they did. A check that is added is none.
fn of_settings(now: &Settings, before: &Settings) -> Vec<Exception> {
    let shown = |path: &Option<PathBuf>| {
        path.as_ref()
            .map_or_else(|| "nothing".to_owned(), |path| path.display().to_string())
    };
    let directory = |recorded: &Option<Recorded>| recorded.as_ref().map(|of| of.directory.clone());
    let mut changed: Vec<(&str, String, String)> = Vec::new();
    for (key, now, before) in [
        (
            "document",
            Some(now.document.clone()),
            Some(before.document.clone()),
        ),
        (
            "published",
            Some(now.published.clone()),
            Some(before.published.clone()),
        ),
        ("changelog", now.changelog.clone(), before.changelog.clone()),
        ("version", now.version.clone(), before.version.clone()),
        (
            "recorded",
            directory(&now.recorded),
            directory(&before.recorded),
        ),
    ] {
        if before.is_some() && now != before {
            changed.push((key, shown(&now), shown(&before)));
        }
    }
    let list = |paths: &[PathBuf]| {
        let paths: Vec<_> = paths
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        paths.join(", ")
    };
    for (key, now, before) in [
        ("protos", &now.protos, &before.protos),
        ("imports", &now.imports, &before.imports),
    ] {
        if !before.iter().all(|path| now.contains(path)) {
            changed.push((key, list(now), list(before)));
        }
    }
    if now.lint != before.lint && now.lint != Linted::All {
        let word = |lint: Linted| lint.word().to_owned();
        changed.push(("lint", word(now.lint), word(before.lint)));
    }
    if before.built_in && !now.built_in {
        changed.push(("built-in", "false".to_owned(), "true".to_owned()));
    }
    let mut changed: Vec<_> = changed
        .into_iter()
        .map(|(key, now, before)| (key.to_owned(), now, before))
        .collect();
    for (path, pattern) in &before.guarded {
        let still = now.guarded.get(path);
        if still != Some(pattern) {
            let still = still.map_or_else(|| "nothing".to_owned(), Clone::clone);
            changed.push((
                format!("guarded {}", path.display()),
                still,
                pattern.clone(),
            ));
        }
    }
    let changed = changed.into_iter().map(|(key, now, before)| Exception {
        subject: key.clone(),
        finding: wrong(
            "settings-changed",
            Settings::FILE,
            format!("`{key}` is {now}, and was {before} in the base"),
        ),
    });
    changed.collect()
}

/// Returns the allowances that a change adds. They count from the next change on, and
/// are shown, so that somebody looks at them now.
pub fn allowances(settings: &Settings, base: &Base) -> Vec<Finding> {
    let is_new = |allowance: &&Allowance| {
        !base.settings.allow.iter().any(|old| {
            (&old.id, &old.subject, &old.expires)
                == (&allowance.id, &allowance.subject, &allowance.expires)
        })
    };
    let added = settings.allow.iter().filter(is_new).map(|allowance| {
        let message = format!(
            "this change allows `{}` for `{}` from the next change on ({})",
            allowance.id, allowance.subject, allowance.reason
        );
        let mut finding = wrong("allowance-added", Settings::FILE, message);
        finding.level = Level::Warning;
        finding
    });
    added.collect()
}

fn of_unreachable(now: &Settings, before: &Settings) -> Vec<Exception> {
    let statuses = |settings: &Settings| -> BTreeSet<String> {
        let recorded = settings.recorded.iter();
        recorded
            .flat_map(|of| of.unreachable.keys().cloned())
            .collect()
    };
    let before = statuses(before);
    let added = statuses(now);
    let added = added.difference(&before).map(|status| Exception {
        subject: status.clone(),
        finding: wrong(
            "unreachable-added",
            Settings::FILE,
            format!(
                "this change says that no test can reach {status}; the base asks for its exchanges"
            ),
        ),
    });
    added.collect()
}

fn of_waivers(now: &str, before: &str, file: &Path) -> Result<Vec<Exception>, ReleaseError> {
    let file = file.display().to_string();
    let of_file = |source| ReleaseError::Waivers {
        file: file.clone(),
        source,
    };
    let now = waivers::parse(now).map_err(of_file)?;
    let before = waivers::parse_earlier(before).map_err(of_file)?;
    let added = now.iter().filter(|waiver| {
        !before.iter().any(|old| {
            (&old.subject, &old.aspect, old.side) == (&waiver.subject, &waiver.aspect, waiver.side)
        })
    });
    let added = added.map(|waiver| Exception {
        subject: format!("{} {}", waiver.subject, waiver.aspect),
        finding: wrong(
            "waiver-added",
            &file,
            format!(
                "this change waives the {} of {}, which the base does not ({})",
                waiver.aspect, waiver.subject, waiver.reason
            ),
        ),
    });
    Ok(added.collect())
}
