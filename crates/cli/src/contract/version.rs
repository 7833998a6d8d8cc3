//! The versions of the contract, and the changelog that tells of them.

use std::fmt::Write as _;

use conformance::report::{Finding, Level};
use semver::Version;

/// Where the version is kept, seen from the root of the repository.
pub(super) const VERSION_FILE: &str = "crates/contract/VERSION";

/// Where each version is told of.
pub(super) const CHANGELOG: &str = "CHANGELOG.md";

/// How a changelog begins.
pub(super) const HEAD: &str = "# Changes of the contract\n\n\
    What each published version means to clients, newest first.\n";

/// The least version that these changes allow after another.
pub(super) fn least(after: &Version, changes: &[Finding]) -> Version {
    let worst = changes.iter().map(|change| change.level).max();
    match worst {
        Some(Level::Error) => Version::new(after.major + 1, 0, 0),
        Some(_) => Version::new(after.major, after.minor + 1, 0),
        None => Version::new(after.major, after.minor, after.patch + 1),
    }
}

/// Returns whether a changelog has an entry for a version.
pub(super) fn tells_of(log: &str, version: &Version) -> bool {
    let heading = format!("## {version}");
    log.lines().any(|line| {
        line.strip_prefix(&heading)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

/// The entry of a version.
pub(super) fn entry(version: &Version, date: &str, changes: &[Finding]) -> String {
    let mut text = format!("## {version} ({date})\n");
    for (level, heading) in [
        (Level::Error, "Breaking"),
        (Level::Warning, "May break"),
        (Level::Info, "Compatible"),
    ] {
        let mut of_level = changes
            .iter()
            .filter(|change| change.level == level)
            .peekable();
        if of_level.peek().is_some() {
            let _ = write!(text, "\n### {heading}\n\n");
        }
        for change in of_level {
            let _ = writeln!(text, "{}", line(change));
        }
    }
    if changes.is_empty() {
        text.push_str("\nOnly descriptions have changed.\n");
    }
    text
}

/// Puts an entry before the newest one.
pub(super) fn with_entry(log: &str, entry: &str) -> String {
    let newest = if log.starts_with("## ") {
        Some(0)
    } else {
        log.find("\n## ").map(|before| before + 1)
    };
    match newest {
        Some(at) => format!("{}{entry}\n{}", &log[..at], &log[at..]),
        None => format!("{}\n\n{entry}", log.trim_end()),
    }
}

/// A line of the changelog.
pub(super) fn line(change: &Finding) -> String {
    let operation = change.operation.as_deref().unwrap_or_default();
    let operation = if operation.is_empty() {
        String::new()
    } else {
        format!("`{operation}`: ")
    };
    format!("- {operation}{} (`{}`)", change.message, change.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(level: Level) -> Finding {
        Finding {
            id: "an-id".to_owned(),
            level,
            direction: None,
            operation: Some("GET /users".to_owned()),
            also: Vec::new(),
            base: None,
            revision: None,
            message: "something changed".to_owned(),
        }
    }

    #[track_caller]
    fn check_least(changes: &[Finding], expected: &str) {
        let after = Version::new(2, 3, 4);
        assert_eq!(least(&after, changes).to_string(), expected);
    }

    #[test]
    fn the_version_follows_from_the_worst_change() {
        check_least(&[], "2.3.5");
        check_least(&[change(Level::Info)], "2.4.0");
        check_least(&[change(Level::Info), change(Level::Warning)], "2.4.0");
        check_least(&[change(Level::Info), change(Level::Error)], "3.0.0");
    }

    #[test]
    fn the_newest_entry_comes_first() {
        let first = with_entry(HEAD, &entry(&Version::new(2, 0, 0), "2026-01-02", &[]));
        let changes = [change(Level::Error), change(Level::Info)];
        let second = with_entry(
            &first,
            &entry(&Version::new(3, 0, 0), "2026-02-03", &changes),
        );
        insta::assert_snapshot!(second, @r"
        # Changes of the contract

        What each published version means to clients, newest first.

        ## 3.0.0 (2026-02-03)

        ### Breaking

        - `GET /users`: something changed (`an-id`)

        ### Compatible

        - `GET /users`: something changed (`an-id`)

        ## 2.0.0 (2026-01-02)

        Only descriptions have changed.
        ");
    }

    #[test]
    fn an_entry_is_found_by_its_heading() {
        let log = "# Changes\n\n## 2.10.0 (2026-01-02)\n";
        assert!(tells_of(log, &Version::new(2, 10, 0)));
        assert!(!tells_of(log, &Version::new(2, 1, 0)));
        assert!(!tells_of(log, &Version::new(2, 10, 1)));
    }
}
