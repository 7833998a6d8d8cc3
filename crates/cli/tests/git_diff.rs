//! `web1on1 contract git-diff`: what `git diff` shows of a document.

mod command;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use command::{program, without_settings};

/// One operation whose query parameter `q` takes these values.
fn document(values: &str) -> String {
    format!(
        r#"{{ "openapi": "3.1.0", "paths": {{ "/things": {{ "get": {{
            "parameters": [{{ "in": "query", "name": "q", "schema": {{ "enum": {values} }} }}],
            "responses": {{ "204": {{ "description": "done" }} }}
        }} }} }} }}"#
    )
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = without_settings("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
        .args(["-c", "commit.gpgsign=false"])
        .args(["-c", "core.hooksPath=/dev/null"])
        .args(arguments)
        .env("GIT_PAGER", "cat")
        .current_dir(directory)
        .output()
        .expect("git starts");
    let reason = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {reason}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A repository that shows `api.json` with the command, and another file as ever.
fn repository() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    git(path, &["init", "--quiet"]);
    let command = format!("'{}' contract git-diff", env!("CARGO_BIN_EXE_web1on1"));
    git(path, &["config", "diff.openapi.command", &command]);
    fs::write(path.join(".gitattributes"), "*.json diff=openapi\n").expect("a file");
    fs::write(path.join("api.json"), document(r#"["a", "b"]"#)).expect("a file");
    fs::write(path.join("other.txt"), "one\n").expect("a file");
    git(path, &["add", "."]);
    git(path, &["commit", "--quiet", "--message", "first"]);
    directory
}

/// Checks what `git diff` says of the repository once `api.json` has this text, or is gone.
#[track_caller]
fn check(text: Option<&str>, expected: &[&str]) {
    let directory = repository();
    let path = directory.path();
    match text {
        Some(text) => fs::write(path.join("api.json"), text).expect("a file"),
        None => fs::remove_file(path.join("api.json")).expect("a file"),
    }
    // git goes on to the next file, whatever it is told of the first.
    fs::write(path.join("other.txt"), "two\n").expect("a file");
    let shown = git(path, &["diff"]);
    for expected in expected.iter().chain(&["+two"]) {
        assert!(shown.contains(expected), "{expected:?} is not in:\n{shown}");
    }
    let has_lines = shown.contains("+{");
    let reads_lines = shown.contains("so these are the lines");
    assert_eq!(has_lines, reads_lines, "{shown}");
}

#[test]
fn a_change_is_shown_in_sentences() {
    check(
        Some(&document(r#"["a"]"#)),
        &[
            "api.json: 1 error, 0 warnings, 0 notes\n",
            "the query parameter `q` may no longer be \"b\"",
            "  revision: new api.json:",
        ],
    );
}

#[test]
fn what_clients_cannot_notice_is_said_in_a_line() {
    let same = document(r#"["b", "a"]"#);
    check(Some(&same), &["api.json: clients notice nothing"]);
}

#[test]
fn a_document_that_is_gone_is_said_in_a_line() {
    check(None, &["api.json: the document is gone\n"]);
}

#[test]
fn a_document_that_cannot_be_read_is_said_in_a_line() {
    check(
        Some("{"),
        &["api.json: it cannot be compared", "new api.json", "\n+{\n"],
    );
}

#[test]
fn the_lines_of_a_part_of_a_document_are_shown() {
    let directory = in_two_files(r#"["a", "b"]"#);
    let path = directory.path();
    fs::write(path.join(".gitattributes"), "* diff=openapi\n").expect("a file");
    write_values(path, r#"["a"]"#);
    let shown = git(path, &["diff", "more"]);
    let expected = "diff --git a/more/values.yaml b/more/values.yaml\n\
        --- a/more/values.yaml\n\
        +++ b/more/values.yaml\n\
        @@ -1 +1 @@\n\
        -Values: {type: string, enum: [\"a\", \"b\"]}\n\
        +Values: {type: string, enum: [\"a\"]}\n";
    assert_eq!(shown, expected);
    fs::remove_file(path.join("more/values.yaml")).expect("it was there");
    let shown = git(path, &["diff", "more"]);
    assert!(
        shown.contains("--- a/more/values.yaml\n+++ /dev/null\n"),
        "{shown}"
    );
}

/// A repository whose document has its one parameter in another file.
fn in_two_files(values: &str) -> TempDir {
    let directory = repository();
    let path = directory.path();
    let text = r#"{ "openapi": "3.1.0", "info": { "title": "A", "version": "1" }, "paths": {
        "/a": { "get": { "operationId": "a", "parameters": [
            { "name": "q", "in": "query", "schema": { "$ref": "more/values.yaml#/Values" } }
        ], "responses": { "204": { "description": "Done." } } } } } }"#;
    fs::create_dir(path.join("more")).expect("a directory");
    fs::write(path.join("api.json"), text).expect("a file");
    write_values(path, values);
    git(path, &["add", "."]);
    git(path, &["commit", "--quiet", "--message", "second"]);
    directory
}

fn write_values(path: &Path, values: &str) {
    let text = format!("Values: {{type: string, enum: {values}}}\n");
    fs::write(path.join("more/values.yaml"), text).expect("a file");
}

/// Changes the document and what it refers to.
fn change_both(path: &Path) {
    write_values(path, r#"["a"]"#);
    let text = fs::read_to_string(path.join("api.json")).expect("a text");
    let text = text.replace("Done.", "It is done.");
    fs::write(path.join("api.json"), text).expect("a file");
}

#[test]
fn references_lead_to_the_files_of_the_same_version() {
    let gone = "the query parameter `q` may no longer be \"b\"";
    let directory = in_two_files(r#"["a", "b"]"#);
    let path = directory.path();
    change_both(path);
    let shown = git(path, &["diff", "api.json"]);
    assert!(shown.contains(gone), "{shown}");
    git(path, &["commit", "--quiet", "--all", "--message", "third"]);
    let shown = git(path, &["diff", "HEAD^", "HEAD", "api.json"]);
    assert!(shown.contains(gone), "{shown}");
}

#[test]
fn a_document_whose_files_are_not_there_is_said_in_a_line() {
    let text = r#"{ "openapi": "3.1.0", "paths": { "/a": { "$ref": "a.json" } } }"#;
    check(Some(text), &["api.json: it cannot be compared"]);
}

#[test]
fn a_new_and_a_renamed_document_are_shown() {
    let directory = repository();
    let path = directory.path();
    fs::write(path.join("more.json"), document("[1]")).expect("a file");
    git(path, &["add", "--intent-to-add", "more.json"]);
    let shown = git(path, &["diff"]);
    assert_eq!(shown, "more.json: the document is new\n");

    git(path, &["rm", "--quiet", "--force", "more.json"]);
    git(path, &["mv", "api.json", "moved.json"]);
    let renamed = document(r#"["a", "b", "c"]"#);
    fs::write(path.join("moved.json"), renamed).expect("a file");
    let shown = git(path, &["diff", "--find-renames=20%", "HEAD"]);
    assert!(
        shown.starts_with("api.json → moved.json: 0 errors, 0 warnings, 1 note\n"),
        "{shown}"
    );
}

#[test]
fn a_path_that_is_not_merged_is_said_in_a_line() {
    // git gives nothing but the path of such a file.
    let output = program()
        .args(["contract", "git-diff", "api.json"])
        .output()
        .expect("the command starts");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{text}");
    assert_eq!(text, "api.json: it is not merged\n");
}
