//! Files that the checks know nothing of, and that can silence them all the same:
//! the script that starts them, lists of differences that tests accept.

use std::path::Path;

use serde_json::Value;

use super::super::allowance::{Exception, matches};
use super::super::base::Base;
use super::super::error::ReleaseError;
use super::super::files::read_if_there;
use super::super::finding::wrong;

/// How many characters of a line or an entry a message shows.
const SHOWN: usize = 160;

/// Returns what a change in a directory does to the files that the base guards.
pub(super) fn of_guarded(directory: &Path, base: &Base) -> Result<Vec<Exception>, ReleaseError> {
    let mut found = Vec::new();
    for (path, pattern) in &base.settings.guarded {
        let now = read_if_there(&directory.join(path))?.unwrap_or_default();
        let before = base.text(path)?.unwrap_or_default();
        let file = path.display().to_string();
        let changes = compare(&now, &before, pattern).into_iter();
        found.extend(changes.map(|what| Exception {
            subject: file.clone(),
            finding: wrong(
                "guarded-file-changed",
                &file,
                format!("{file} decides what is checked, and this change {what}"),
            ),
        }));
    }
    Ok(found)
}

/// Says what was changed. A JSON list is one of exceptions, so an entry less is none;
/// of any other text the lines that match stay, in their order.
fn compare(now: &str, before: &str, pattern: &str) -> Vec<String> {
    let list = |text: &str| serde_json::from_str::<Vec<Value>>(text).ok();
    if let (Some(now), Some(before)) = (list(now), list(before)) {
        let added = now.iter().filter(|entry| !before.contains(entry));
        return added
            .map(|entry| format!("adds {}", shown(&entry.to_string())))
            .collect();
    }
    let (now, before) = (lines(now, pattern), lines(before, pattern));
    if now == before {
        return Vec::new();
    }
    let gone = before.iter().find(|line| !now.contains(line));
    let added = now.iter().find(|line| !before.contains(line));
    vec![match (gone, added) {
        (Some(gone), Some(added)) => {
            format!("makes `{}` of `{}`", shown(added), shown(gone))
        }
        (Some(gone), None) => format!("removes `{}`", shown(gone)),
        (None, Some(added)) => format!("adds `{}`", shown(added)),
        (None, None) => "puts its lines in another order".to_owned(),
    }]
}

/// The lines that match a pattern, each with those that it goes on in, without
/// comments and indentation.
fn lines(text: &str, pattern: &str) -> Vec<String> {
    let text = text.replace("\\\n", " ");
    let lines = text.lines().map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        words.join(" ")
    });
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#') && matches(pattern, line))
        .collect()
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[track_caller]
    fn check(now: &str, before: &str, pattern: &str, expected: &[&str]) {
        assert_eq!(compare(now, before, pattern), expected);
    }

    #[test]
    fn an_entry_more_is_a_change_and_one_less_is_none() {
        check(r#"[{"of": "a"}]"#, r#"[{"of": "a"}, 1]"#, "*", &[]);
        check("[1, 2]", "[1]", "*", &["adds 2"]);
    }

    #[test]
    fn a_command_is_one_line_however_it_is_broken() {
        check("a \\\n  b\n", "a b\n\n# c\n", "*", &[]);
        check(
            "a b --off",
            "a \\\n b",
            "*",
            &["makes `a b --off` of `a b`"],
        );
    }

    #[test]
    fn lines_that_do_not_match_do_not_count() {
        check("cargo test\nbuf lint", "buf lint", "*buf*", &[]);
        check("cargo test", "buf lint", "*buf*", &["removes `buf lint`"]);
    }

    #[test]
    fn another_order_is_a_change() {
        check("a\nb", "b\na", "*", &["puts its lines in another order"]);
    }

    #[test]
    fn a_file_that_is_new_is_a_change() {
        check("[alias]", "", "*", &["adds `[alias]`"]);
    }
}
