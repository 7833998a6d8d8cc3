//! What `web1on1 contract verify` and `record` exit with, and where they write.

use std::fs;
use std::process::{Command, Output};

fn contract(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_web1on1"))
        .arg("contract")
        .args(arguments)
        .env_remove("WEB1ON1_TOKEN")
        .env_remove("WEB1ON1_UPSTREAM_CA")
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
    check(
        &[&url[..], &ca].concat(),
        2,
        "the certificates in /nowhere.pem cannot be read",
    );
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
        "the certificates in /nowhere.pem cannot be read",
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
