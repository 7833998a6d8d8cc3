//! `web1on1 contract diff`: where documents come from, what is written, and
//! what it exits with.

mod command;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use command::{program, without_settings};

/// One operation whose query parameter `q` takes these values.
fn document(values: &str) -> String {
    format!(
        r#"{{
  "openapi": "3.1.0",
  "info": {{ "title": "Things", "version": "1" }},
  "paths": {{
    "/things": {{
      "get": {{
        "parameters": [
          {{ "in": "query", "name": "q", "schema": {{ "enum": {values} }} }}
        ],
        "responses": {{ "204": {{ "description": "done" }} }}
      }}
    }}
  }}
}}
"#
    )
}

/// A directory in which `old.json` takes a value more than `new.json`.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    write(directory.path(), "old.json", &document(r#"["a", "b"]"#));
    write(directory.path(), "new.json", &document(r#"["a"]"#));
    directory
}

fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).expect("a directory");
    }
    fs::write(path, text).expect("a file");
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    program()
        .args(["contract", "diff"])
        .args(arguments)
        .current_dir(directory)
        .output()
        .expect("the command starts")
}

/// Checks what the command exits with, and that it says something.
#[track_caller]
fn check(directory: &Path, arguments: &[&str], code: i32, expected: &str) {
    let output = run(directory, arguments);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(expected), "{expected:?} is not in:\n{text}");
}

/// Checks that a document is refused in one line that says what is wrong where.
#[track_caller]
fn refused(text: &[u8], expected: &str) {
    let directory = directory();
    fs::write(directory.path().join("bad"), text).expect("a file");
    let output = run(directory.path(), &["old.json", "bad"]);
    let message = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.contains(expected) && message.contains("bad"),
        "{expected:?} or the file is not named: {message}"
    );
    assert_eq!(message.lines().count(), 1, "more than a line: {message}");
}

const BREAKING: [&str; 2] = ["old.json", "new.json"];
const HARMLESS: [&str; 2] = ["new.json", "old.json"];

#[test]
fn a_breaking_change_exits_with_1() {
    let expected = "error[request-parameter-enum-value-removed] GET /things";
    check(directory().path(), &BREAKING, 1, expected);
}

#[test]
fn a_harmless_change_exits_with_0() {
    check(
        directory().path(),
        &HARMLESS,
        0,
        "0 errors, 0 warnings, 1 note",
    );
}

#[test]
fn places_have_lines() {
    let expected = "new.json:8#/paths/~1things/get/parameters/0/schema";
    check(directory().path(), &BREAKING, 1, expected);
}

#[test]
fn yaml_is_compared_with_json() {
    let directory = directory();
    let yaml = "openapi: 3.1.0\npaths:\n  /things:\n    get:\n      parameters:\n      - {in: query, name: q, schema: {enum: [a, b]}}\n      responses:\n        204: {description: done}\n";
    write(directory.path(), "old.yaml", yaml);
    check(directory.path(), &["old.yaml", "old.json"], 0, "0 notes");
    check(
        directory.path(),
        &["old.yaml", "new.json"],
        1,
        "old.yaml:6#/paths/~1things/get/parameters/0/schema",
    );
}

fn git(directory: &Path, arguments: &[&str]) {
    let done = without_settings("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
        .args([
            "-c",
            "commit.gpgsign=false",
            "-c",
            "core.hooksPath=/dev/null",
        ])
        .args(arguments)
        .current_dir(directory)
        .output()
        .expect("git starts");
    let reason = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "git {arguments:?}: {reason}");
}

#[test]
fn a_document_is_read_from_a_revision() {
    let directory = directory();
    let path = directory.path();
    write(path, "api/openapi.json", &document(r#"["a", "b"]"#));
    git(path, &["init", "--quiet"]);
    git(path, &["add", "api"]);
    git(path, &["commit", "--quiet", "--message", "first"]);
    write(path, "api/openapi.json", &document(r#"["a"]"#));
    let now = "api/openapi.json";
    check(
        path,
        &["HEAD:api/openapi.json", now],
        1,
        "HEAD:api/openapi.json → api",
    );
    git(path, &["commit", "--quiet", "--all", "--message", "second"]);
    check(
        path,
        &["HEAD~1:./api/openapi.json", "HEAD:api/openapi.json"],
        1,
        "1 error,",
    );
    check(path, &["HEAD:api/openapi.json", now], 0, "0 notes");
    check(
        path,
        &["HEAD:nothing.json", now],
        2,
        "HEAD:nothing.json cannot be read",
    );
    check(path, &["--", "--output=x:y", now], 2, "cannot be read");
}

#[test]
fn without_documents_the_published_contract_is_the_old_one() {
    let directory = directory();
    let path = directory.path();
    check(path, &[], 2, "there is no contract.toml here");
    let settings = "document = \"api/shop.json\"\npublished = \"out\"\nignore = \"known.toml\"\n";
    write(path, "contract.toml", settings);
    check(path, &[], 2, "there is no document api/shop.json");
    write(path, "api/shop.json", &document(r#"["a"]"#));
    check(
        path,
        &[],
        2,
        "publish a first contract with `contract bless`",
    );
    write(path, "out/shop.json", &document(r#"["a", "b"]"#));
    write(path, "known.toml", "");
    check(path, &[], 1, "out/shop.json → api/shop.json: 1 error");
    let known = "[levels]\nrequest-parameter-enum-value-removed = \"warning\"\n";
    write(path, "known.toml", known);
    check(
        path,
        &[],
        0,
        "out/shop.json → api/shop.json: 0 errors, 1 warning",
    );
}

#[test]
fn every_format_can_be_asked_for() {
    for (format, expected) in [
        ("text", "  revision: new.json:8#/paths"),
        ("json", "\"line\": 8"),
        (
            "github",
            "::error file=new.json,line=8,title=request-parameter-enum",
        ),
        (
            "junit",
            "<failure type=\"request-parameter-enum-value-removed\"",
        ),
        ("sarif", "\"startLine\": 8"),
        (
            "markdown",
            "### Breaking changes (1)\n\n- **`GET /things`**: ",
        ),
        ("html", "<h2 id=\"breaking-changes\">Breaking changes"),
    ] {
        let arguments = [&BREAKING[..], &["--format", format]].concat();
        check(directory().path(), &arguments, 1, expected);
    }
}

#[test]
fn json_is_what_its_schema_says() {
    let output = run(
        directory().path(),
        &["old.json", "new.json", "--format", "json"],
    );
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["findings"][0]["level"], "error");
    assert_eq!(report["findings"][0]["direction"], "request");
}

#[test]
fn the_level_to_fail_on_can_be_chosen() {
    let with = |level| [&HARMLESS[..], &["--fail-on", level]].concat();
    check(directory().path(), &with("error"), 0, "1 note");
    check(directory().path(), &with("warning"), 0, "1 note");
    check(directory().path(), &with("info"), 1, "1 note");
}

#[track_caller]
fn with_level(level: &str, code: i32, expected: &str) {
    let arguments = [&BREAKING[..], &["--level", level]].concat();
    check(directory().path(), &arguments, code, expected);
}

#[test]
fn the_level_of_a_kind_of_change_can_be_chosen() {
    let id = "request-parameter-enum-value-removed";
    with_level(&format!("{id}=warning"), 0, "0 errors, 1 warning");
    with_level(&format!("{id}=none"), 0, "0 errors, 0 warnings, 0 notes");
    with_level(&format!("{id}=loud"), 2, "is not ID=error");
    with_level("nothing=info", 2, "no change has the id `nothing`");
}

#[test]
fn what_is_not_shown_is_counted_and_fails_all_the_same() {
    with_level("error", 1, "error[request-parameter-enum-value-removed]");
    with_level("verbose", 2, "say error, warning or info, or ID=LEVEL");
    let none = [&BREAKING[..], &["--max", "0"]].concat();
    check(directory().path(), &none, 1, "1 more finding is not shown");
    let errors = [&HARMLESS[..], &["--level", "error", "--fail-on", "info"]].concat();
    check(directory().path(), &errors, 1, "below the level error");
}

/// Compares with an ignore file of this text.
#[track_caller]
fn ignoring(text: &str, code: i32, expected: &str) {
    let directory = directory();
    write(directory.path(), "ignore.toml", text);
    let arguments = [&BREAKING[..], &["--ignore", "ignore.toml"]].concat();
    let output = run(directory.path(), &arguments);
    let all = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    assert_eq!(output.status.code(), Some(code), "{all}");
    assert!(all.contains(expected), "{expected:?} is not in:\n{all}");
    assert!(
        code != 2 || all.lines().count() == 1,
        "more than a line: {all}"
    );
}

#[test]
fn an_accepted_change_is_not_reported() {
    let entry = "[[ignore]]\nid = \"request-parameter-enum-value-removed\"\noperation = \"GET /*\"\npointer = \"/paths/*/schema\"\nreason = \"nobody sends it\"\n";
    ignoring(entry, 0, "0 errors, 0 warnings, 0 notes");
    ignoring(
        &format!("{entry}expires = \"2999-01-01\"\n"),
        0,
        "0 errors, 0 warnings",
    );
}

#[test]
fn an_expired_entry_accepts_nothing() {
    let entry = "[[ignore]]\nid = \"request-parameter-enum-value-removed\"\nreason = \"for now\"\nexpires = \"2020-01-01\"\n";
    ignoring(entry, 1, "1 error, 1 warning");
}

#[test]
fn a_wrong_ignore_file_is_refused_with_its_place() {
    ignoring("[[ignore]\n", 2, "ignore.toml: line 1: ");
    ignoring("[levels]\nx = 1\n", 2, "ignore.toml: line 2: ");
    ignoring(
        "[[ignore]]\nid = \"endpoint-added\"\nreason = \" \"\n",
        2,
        "gives no reason",
    );
}

#[test]
fn references_in_a_circle_are_refused() {
    let text = br##"{"openapi": "3.1.0", "components": {"schemas": {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}}}"##;
    refused(text, "#/components/schemas/A: the reference");
}

#[test]
fn a_reference_that_leads_nowhere_is_refused() {
    let text = br##"{"openapi": "3.1.0", "components": {"schemas": {"A": {"$ref": "#/components/schemas/B"}}}}"##;
    refused(
        text,
        "#/components/schemas/A: the reference `#/components/schemas/B` leads nowhere",
    );
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!("{{\"openapi\": \"3.1.0\", \"x\": {}", "[".repeat(100_000));
    refused(deep.as_bytes(), "more than 100 levels of nesting at /x");
}

#[test]
fn a_duplicate_key_is_refused() {
    let text = br#"{"openapi": "3.1.0", "paths": {"/a": {"get": {}, "get": {}}}}"#;
    refused(text, "the key `get` stands twice at /paths/~1a");
    refused(b"openapi: 3.1.0\npaths:\n  /a: {}\n  /a: {}\n", "/paths");
}

#[test]
fn text_that_is_not_utf_8_is_refused() {
    refused(b"{\"openapi\": \"3.1.0\", \"x\": \"\xff\"}", "UTF-8");
}

#[test]
fn what_is_no_openapi_document_is_refused() {
    refused(b"swagger: '2.0'\n", "convert it to OpenAPI 3");
    refused(b"info: {}\n", "OpenAPI 3.0, 3.1 and 3.2");
    refused(b"", "is empty");
    refused(b"{\"openapi\": ", "line 1");
}

#[test]
fn a_missing_file_is_named() {
    check(
        directory().path(),
        &["old.json", "no.json"],
        2,
        "no.json cannot be read",
    );
    check(directory().path(), &["old.json"], 2, "");
}

#[test]
fn five_megabytes_are_judged() {
    let large = |bound: u32| {
        let mut text = String::from("{\"openapi\": \"3.1.0\", \"components\": {\"schemas\": {");
        for index in 0..5_000 {
            let next = index + 1;
            let _ = write!(
                text,
                r##""S{index}": {{"type": "object", "description": "{}", "properties": {{"next": {{"$ref": "#/components/schemas/S{next}"}}}}}}, "##,
                "x".repeat(900)
            );
        }
        let _ = write!(
            text,
            r##""S5000": {{"type": "integer", "maximum": {bound}}}}}}}, "paths": {{"/a": {{"post": {{"requestBody": {{"content": {{"application/json": {{"schema": {{"$ref": "#/components/schemas/S4990"}}}}}}}}, "responses": {{}}}}}}}}}}"##
        );
        text
    };
    let directory = directory();
    write(directory.path(), "a.json", &large(9));
    write(directory.path(), "b.json", &large(8));
    check(
        directory.path(),
        &["a.json", "b.json"],
        1,
        "request-property-max-decreased",
    );
    check(
        directory.path(),
        &["b.json", "a.json"],
        0,
        "request-property-max-increased",
    );
}
