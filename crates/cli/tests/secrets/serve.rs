//! Gateway and backend in one process.

use std::process::Stdio;

use super::backend::ask_all;
use super::collector::Collector;
use super::program::{Running, check, program};
use super::rest::ask;

/// Calls as browsers and curl make them, by Connect.
fn call_by_connect(grpc: &str) {
    const GET_USER: &str = "/web1on1.v2.UserService/GetUser";
    let fields = "authorization: Bearer canary0token\r\ncookie: canary0cookie\r\n\
                  x-note-bin: Y2FuYXJ5MGJpbmFyeQ\r\norigin: https://canary0origin.example\r\n\
                  connect-timeout-ms: canary0timeout\r\n";
    let in_query =
        |message: &str| format!("GET {GET_USER}?connect=v1&encoding=json&message={message}");
    for (line, body) in [
        (in_query("%7B%22userId%22:%22canary0query%22%7D"), ""),
        (in_query("canary0query"), ""),
        (format!("POST {GET_USER}"), r#"{"userId":"canary0json"}"#),
        (
            format!("POST {GET_USER}"),
            r#"{"canary0name":["canary0value"}"#,
        ),
        ("POST /canary0service/canary0method".to_owned(), "{}"),
        (format!("OPTIONS {GET_USER}?canary0preflight"), ""),
    ] {
        let untimed = fields.replace("connect-timeout-ms: canary0timeout\r\n", "");
        for fields in [fields, &untimed] {
            let answer = ask(grpc, &line, fields, body);
            assert!(answer.starts_with("HTTP/1.1 "), "{line}: {answer}");
        }
    }
}

#[test]
fn nothing_that_a_call_holds_is_shown() {
    let data = tempfile::tempdir().unwrap();
    let mut command = program();
    command
        .args(["serve", "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"])
        .args(["--owner-email", "owner@example.com"])
        .args(["--owner-password=canary0ownerpassword", "--data"])
        .arg(data.path())
        .env("AWS_SECRET_ACCESS_KEY", "canary0awskey");
    let collector = Collector::of(&mut command);
    let mut running = Running::start(&mut command);
    let (grpc, http) = (running.told("grpc "), running.told("http "));
    ask_all(&http, "owner@example.com");
    for (method, message) in [
        (
            "AuthService/CreateToken",
            r#"{"email":"canary0email","password":"canary0password"}"#,
        ),
        (
            "AuthService/RefreshToken",
            r#"{"refreshToken":"canary0refresh"}"#,
        ),
        ("UserService/GetUser", r#"{"userId":"canary0path"}"#),
        (
            "UserService/CreateUser",
            r#"{"user":{"email":"a@example.com","password":"canary0password"}}"#,
        ),
    ] {
        let mut call = program();
        call.args(["call", method, "--address", &grpc, "-d", message]);
        call.env("WEB1ON1_TOKEN", "canary0token");
        let status = call.stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(
            !status.expect("the program was built").success(),
            "{method} is good"
        );
    }
    call_by_connect(&grpc);
    check(&running.seen(), &["answered", "a call failed"]);
    check(
        &collector.seen(),
        &["web1on1.v2.UserService/GetUser", "/v2/users/{user_id}"],
    );
}
