//! `web1on1 contract diff --write-baseline`: findings that are accepted as they stand.

mod command;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use command::program;

/// Operations, each of whose query parameter `q` takes these values.
fn document(values: &[&str]) -> String {
    let paths: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(index, values)| {
            format!(
                r#""/things/{index}": {{ "get": {{
                    "parameters": [
                        {{ "in": "query", "name": "q", "schema": {{ "enum": {values} }} }}
                    ],
                    "responses": {{ "204": {{ "description": "done" }} }}
                }} }}"#
            )
        })
        .collect();
    format!(
        r#"{{ "openapi": "3.1.0", "paths": {{ {} }} }}"#,
        paths.join(", ")
    )
}

/// A directory in which `new.json` takes fewer values than `old.json`, and `newer.json`
/// one less.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, values) in [
        ("old.json", [r#"["a", "b", "*"]"#, r#"["a", "b"]"#]),
        ("new.json", [r#"["a", "b"]"#, r#"["a"]"#]),
        ("newer.json", [r#"["a"]"#, r#"["a"]"#]),
    ] {
        fs::write(directory.path().join(name), document(&values)).expect("a file");
    }
    directory
}

/// Compares with `old.json`; returns what the command exits with and what it says.
fn diff(directory: &Path, revision: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let output = program()
        .args(["contract", "diff", "old.json", revision])
        .args(arguments)
        .current_dir(directory)
        .output()
        .expect("the command starts");
    let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    (output.status.code(), text)
}

#[track_caller]
fn check(directory: &Path, revision: &str, arguments: &[&str], code: i32, expected: &[&str]) {
    let (exit, text) = diff(directory, revision, arguments);
    assert_eq!(exit, Some(code), "{text}");
    for expected in expected {
        assert!(text.contains(expected), "{expected:?} is not in:\n{text}");
    }
}

const WRITE: [&str; 2] = ["--write-baseline", "known.toml"];
const IGNORE: [&str; 2] = ["--ignore", "known.toml"];

#[test]
fn a_baseline_accepts_what_it_was_written_of_and_shows_what_is_new() {
    let directory = directory();
    let directory = directory.path();
    check(
        directory,
        "new.json",
        &WRITE,
        0,
        &["2 errors", "2 entries were written in known.toml"],
    );
    check(
        directory,
        "new.json",
        &IGNORE,
        0,
        &["0 errors, 0 warnings, 0 notes", "2 findings are accepted"],
    );
    check(
        directory,
        "newer.json",
        &IGNORE,
        1,
        &["1 error, 0 warnings", "may no longer be \"b\""],
    );
}

#[test]
fn what_is_gone_leaves_an_entry_without_use() {
    let directory = directory();
    let directory = directory.path();
    diff(directory, "new.json", &WRITE);
    check(
        directory,
        "old.json",
        &IGNORE,
        0,
        &["2 warnings", "[ignore-unused]"],
    );
}

#[test]
fn a_baseline_is_the_same_every_time() {
    let written = || {
        let directory = directory();
        diff(directory.path(), "newer.json", &WRITE);
        fs::read_to_string(directory.path().join("known.toml")).expect("it is written")
    };
    let text = written();
    assert_eq!(text, written());
    let entry = "\nid = \"request-parameter-enum-value-removed\"\n\
                 operation = \"GET /things/0\"\n\
                 pointer = \"/paths/~1things~10/get/parameters/0/schema\"\n\
                 message = \"the query parameter `q` may no longer be \\\"\\\\*\\\"\"\n\
                 reason = \"Written as a baseline on ";
    assert!(text.contains(entry), "{entry}\nis not in:\n{text}");
}

#[test]
fn another_file_is_left_alone() {
    let directory = directory();
    let path = directory.path().join("known.toml");
    fs::write(&path, "# ours\n").expect("a file");
    check(
        directory.path(),
        "new.json",
        &WRITE,
        2,
        &["known.toml exists"],
    );
    assert_eq!(fs::read_to_string(path).expect("a file"), "# ours\n");
}

#[test]
fn entries_are_added_to_the_ignore_file() {
    let directory = directory();
    let directory = directory.path();
    diff(directory, "new.json", &WRITE);
    let old = fs::read_to_string(directory.join("known.toml")).expect("it is written");
    let both = [IGNORE, WRITE].concat();
    check(directory, "newer.json", &both, 0, &["1 entry was written"]);
    let new = fs::read_to_string(directory.join("known.toml")).expect("it is written");
    assert!(new.starts_with(old.trim_end()), "{new}");
    check(
        directory,
        "newer.json",
        &IGNORE,
        0,
        &["0 errors, 0 warnings", "3 findings are accepted"],
    );
}

#[test]
fn an_unknown_id_is_refused_with_the_nearest() {
    let directory = directory();
    let entry = "[[ignore]]\nid = \"endpoint-aded\"\nreason = \"none\"\n";
    fs::write(directory.path().join("known.toml"), entry).expect("a file");
    check(
        directory.path(),
        "new.json",
        &IGNORE,
        2,
        &["known.toml: ", "perhaps `endpoint-added` is meant"],
    );
}
