//! What `web1on1 contract verify` and `record` exit with, and where they write.

mod command;

use std::fs;
use std::path::Path;
use std::process::Output;

use command::program;

fn contract(arguments: &[&str]) -> Output {
    program()
        .arg("contract")
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .output()
        .expect("the command starts")
}

/// Checks what the command exits with, and that its output has a text.
#[track_caller]
fn check(arguments: &[&str], code: i32, expected: &str) {
    let output = contract(arguments);
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).expect("UTF-8");
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(expected), "{expected:?} is not in:\n{text}");
}

/// A directory with one exchange, whose reply has this role.
fn recorded(role: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let exchange = format!(
        r#"{{
            "operation": "getUser", "method": "GET",
            "pathTemplate": "/users/{{user_id}}", "path": "/users/me",
            "pathParameters": {{ "user_id": "me" }}, "authenticated": true,
            "response": {{ "status": 200, "body": {{ "email": "a@b.nl", "role": "{role}" }} }}
        }}"#
    );
    fs::write(directory.path().join("getUser.json"), exchange).expect("a file");
    directory
}

#[track_caller]
fn check_recorded(role: &str, more: &[&str], code: i32, expected: &str) {
    let directory = recorded(role);
    let path = directory.path().to_str().expect("UTF-8");
    let arguments = [&["verify", "--recorded", path], more].concat();
    check(&arguments, code, expected);
}

#[test]
fn traffic_that_keeps_the_contract_exits_with_0() {
    check_recorded("agent", &[], 0, "0 errors");
}

#[test]
fn traffic_that_breaks_the_contract_exits_with_1() {
    let expected = "/role in the reply must be one of guest, agent, bot, admin, owner";
    check_recorded("boss", &[], 1, expected);
}

#[test]
fn a_kind_of_finding_is_judged_by_commands_that_compare_alone() {
    let level = ["--level", "response-unknown-enum-value=info"];
    check_recorded("boss", &level, 2, "`contract diff` and `contract check`");
}

#[test]
fn every_format_can_be_asked_for() {
    for (format, expected) in [
        ("json", "\"id\": \"response-unknown-enum-value\""),
        ("github", "::error file="),
        ("junit", "<testsuites>"),
        ("sarif", "\"version\": \"2.1.0\""),
        ("markdown", "### Failures (1)"),
        ("html", "<h2 id=\"failures\">Failures"),
    ] {
        check_recorded("boss", &["--format", format], 1, expected);
    }
}

#[test]
fn what_cannot_be_read_exits_with_2() {
    check(
        &["verify", "--har", "/nowhere.har"],
        2,
        "/nowhere.har cannot be read",
    );
    check(
        &["verify", "--url", "http://127.0.0.1:1"],
        2,
        "set WEB1ON1_TOKEN",
    );
    check(
        &["verify", "--url", "http://127.0.0.1:1", "--token", "t"],
        2,
        "does not answer",
    );
    check(
        &["verify", "--url", "http://127.0.0.1:1", "--token", "t"],
        2,
        "the request was not sent: Connection refused",
    );
    let ca = ["--ca", "/nowhere.pem"];
    let url = ["verify", "--url", "https://127.0.0.1:1", "--token", "t"];
    check(&[&url[..], &ca].concat(), 2, "/nowhere.pem cannot be read");
    let upstream = [
        "record",
        "--upstream",
        "https://127.0.0.1:1",
        "--out",
        "/tmp",
    ];
    check(
        &[&upstream[..], &ca].concat(),
        2,
        "/nowhere.pem cannot be read",
    );
    check(
        &["record", "--upstream", "example.com", "--out", "/tmp"],
        2,
        "did you mean http:// before it?",
    );
}

#[test]
fn verify_needs_one_source() {
    check(&["verify"], 2, "--url <URL>");
    check(
        &["verify", "--har", "a", "--recorded", "b"],
        2,
        "cannot be used with",
    );
}

#[test]
fn help_tells_the_exit_codes() {
    check(&["verify", "--help"], 0, "Exit codes:");
    check(&["record", "--help"], 0, "Exit codes:");
}

/// Checks a verification of another API, whose document has this text.
#[track_caller]
fn check_document(text: &str, more: &[&str], code: i32, expected: &str) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("pets.yaml");
    fs::write(&path, text).expect("a file");
    let path = path.to_str().expect("UTF-8");
    let arguments = ["verify", "--url", "http://127.0.0.1:1", "--document", path];
    check(&[&arguments[..], more].concat(), code, expected);
}

#[test]
fn a_document_says_what_there_is_to_call() {
    let pets = "openapi: 3.1.0\npaths:\n  /pets:\n    get:\n      responses: {}\n";
    // Another API may do without a token.
    check_document(pets, &[], 2, "http://127.0.0.1:1/pets does not answer");
}

#[test]
fn what_is_no_document_exits_with_2() {
    check_document(
        "swagger: '2.0'\n",
        &[],
        2,
        "is a Swagger 2.0 document; convert it to OpenAPI 3 first",
    );
    check_document("openapi: 3.1.0\n", &[], 2, "has no paths");
    check_document("openapi: [\n", &[], 2, "is not a YAML document");
    check(
        &[
            "verify",
            "--url",
            "http://127.0.0.1:1",
            "--document",
            "/nowhere.yaml",
        ],
        2,
        "/nowhere.yaml cannot be read",
    );
}

#[test]
fn flags_that_are_of_no_use_are_refused() {
    check(
        &["verify", "--har", "a", "--only", "/users"],
        2,
        "is for a server: give --url",
    );
    check(
        &["verify", "--recorded", "a", "--require-coverage"],
        2,
        "is for a server: give --url",
    );
    let url = ["verify", "--url", "http://127.0.0.1:1", "--token", "t"];
    check(
        &[&url[..], &["--strict-parameters"]].concat(),
        2,
        "--document <FILE>",
    );
    check(
        &[&url[..], &["--require-coverage=all"]].concat(),
        2,
        "possible values: operations, statuses, properties",
    );
}
