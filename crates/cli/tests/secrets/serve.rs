//! Gateway and backend in one process.

use std::process::Stdio;

use super::backend::ask_all;
use super::collector::Collector;
use super::program::{Running, check, program};

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
    check(&running.seen(), &["answered", "a call failed"]);
    check(
        &collector.seen(),
        &["web1on1.v2.UserService/GetUser", "/v2/users/{user_id}"],
    );
}
