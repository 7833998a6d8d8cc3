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

/// Commands that end a script before its end, or keep it from ending where one fails.
const FLOW: [&str; 5] = ["exit", "exec", "return", "set", "trap"];

/// The lines that match a pattern, each with those that it goes on in, without comments and
/// indentation. Of a script, what runs it and where it ends counts whatever the pattern is.
fn lines(text: &str, pattern: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut goes_on = false;
    for (index, line) in text.lines().enumerate() {
        let words: Vec<_> = line.split_whitespace().collect();
        let is_interpreter = index == 0 && line.starts_with("#!");
        let is_comment = words.first().is_some_and(|word| word.starts_with('#'));
        if is_comment && !is_interpreter && !goes_on {
            // It ends with its line, whatever it ends with.
            continue;
        }
        let has_comment = words.iter().any(|word| word.starts_with('#'));
        let joined = words.join(" ");
        let (own, more) = match joined.strip_suffix('\\') {
            Some(own) if !has_comment => (own.trim_end(), true),
            _ => (joined.as_str(), false),
        };
        match lines.last_mut().filter(|_| goes_on) {
            Some(last) if !own.is_empty() => {
                last.push(' ');
                last.push_str(own);
            }
            Some(_) => {}
            None => lines.push(own.to_owned()),
        }
        goes_on = more;
    }
    let is_flow = |line: &str| {
        line.starts_with("#!")
            || line
                .split(' ')
                .next()
                .is_some_and(|word| FLOW.contains(&word))
    };
    lines.retain(|line| !line.is_empty() && (matches(pattern, line) || is_flow(line)));
    lines
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
    fn what_runs_a_script_is_no_comment() {
        check(
            "#!/bin/true\nbuf lint",
            "#!/bin/sh\nbuf lint",
            "*buf*",
            &["makes `#!/bin/true` of `#!/bin/sh`"],
        );
    }

    #[test]
    fn a_comment_ends_with_its_line() {
        check("# Mind this. \\\nexit 0\na", "a", "*", &["adds `exit 0`"]);
        check(
            "a # this \\\nexit 0",
            "a # this",
            "a*",
            &["makes `a # this \\` of `a # this`"],
        );
    }

    #[test]
    fn where_a_script_ends_counts_whatever_the_pattern_is() {
        check("exit 0\nbuf lint", "buf lint", "*buf*", &["adds `exit 0`"]);
        check("set +e\nbuf lint", "buf lint", "*buf*", &["adds `set +e`"]);
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
