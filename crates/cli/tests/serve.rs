//! The command as a newcomer meets it: start it, follow what it prints, stop it.

mod command;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Output, Stdio};

use command::{program, without_settings};

/// A running `web1on1 serve`, stopped with the test.
struct Serve {
    child: Child,
    /// What it printed, down to the line about how to stop it.
    printed: Vec<String>,
}

impl Serve {
    fn start(data: &Path) -> Self {
        let mut child = program()
            .args([
                "serve",
                "--grpc",
                "127.0.0.1:0",
                "--http",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let stdout = child.stdout.take().expect("stdout is piped");
        let mut printed = Vec::new();
        for line in BufReader::new(stdout).lines() {
            let line = line.expect("UTF-8");
            let last = line.starts_with("Ctrl-C");
            printed.push(line);
            if last {
                break;
            }
        }
        Self { child, printed }
    }

    #[track_caller]
    fn line(&self, beginning: &str) -> &str {
        let found = self
            .printed
            .iter()
            .find_map(|line| line.trim().strip_prefix(beginning));
        found.unwrap_or_else(|| panic!("no line begins with {beginning:?}: {:#?}", self.printed))
    }

    fn call(&self, arguments: &[&str], token: &str) -> Output {
        program()
            .arg("call")
            .args(arguments)
            .args(["--address", self.line("grpc ")])
            .env("WEB1ON1_TOKEN", token)
            .output()
            .expect("the command starts")
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn stdout(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[cfg(unix)]
#[test]
fn the_printed_first_calls_work_as_they_stand() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let serve = Serve::start(data.path());
    let calls = serve
        .printed
        .iter()
        .filter(|line| line.starts_with("  ") && line.contains(" call "));
    let script: Vec<_> = calls.map(String::as_str).collect();
    assert_eq!(
        script.len(),
        2,
        "two calls are offered: {:#?}",
        serve.printed
    );
    let output = without_settings("sh")
        .args(["-ec", &script.join("\n")])
        .output()
        .expect("sh starts");
    let me: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(me["user"]["email"], serve.line("e-mail").trim());
    assert_eq!(me["user"]["role"], "ROLE_OWNER");
}

#[test]
fn what_was_written_is_there_after_a_restart() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let first = Serve::start(data.path());
    let password = first
        .line("password")
        .split_whitespace()
        .next()
        .unwrap_or_default();
    let login = serde_json::json!({"email": first.line("e-mail").trim(), "password": password});
    let login = [
        "AuthService/CreateToken",
        "-d",
        &login.to_string(),
        "--select",
        "token.token",
    ];
    let token = stdout(&first.call(&login, ""));
    let create = [
        "UserService/CreateUser",
        "-d",
        r#"{"user": {"email": "jan@example.com"}}"#,
    ];
    stdout(&first.call(&create, token.trim()));
    drop(first);

    let second = Serve::start(data.path());
    let owner = second
        .printed
        .iter()
        .any(|line| line.contains("were created"));
    assert!(
        !owner,
        "a second start creates nobody: {:#?}",
        second.printed
    );
    let list = [
        "UserService/ListUsers",
        "-d",
        r#"{"email": "jan@example.com"}"#,
        "--select",
        "users.0.email",
    ];
    assert_eq!(
        stdout(&second.call(&list, token.trim())),
        "jan@example.com\n"
    );
}

#[test]
fn a_failed_call_says_why_and_exits_with_one() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let serve = Serve::start(data.path());
    let output = serve.call(
        &["UserService/GetUser", "-d", r#"{"userId": "me"}"#],
        "nonsense",
    );
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(
        stderr
            .starts_with("error: UNAUTHENTICATED: the token is invalid: get an access token from"),
        "{stderr}"
    );
    assert!(stderr.contains("reason: TOKEN_INVALID"), "{stderr}");
}

#[test]
fn an_address_in_use_is_explained() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener
        .local_addr()
        .expect("a bound listener has an address")
        .to_string();
    let data = tempfile::tempdir().expect("a temporary directory");
    let output = program()
        .args([
            "serve",
            "--grpc",
            &address,
            "--http",
            "127.0.0.1:0",
            "--data",
        ])
        .arg(data.path())
        .output()
        .expect("the command starts");
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    let expected = format!("error: cannot listen on {address}; another port or 0 may be free: ");
    assert!(stderr.starts_with(&expected), "{stderr}");
}

#[test]
fn a_second_server_on_the_same_data_says_so_and_stops() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let first = Serve::start(data.path());
    for command in ["serve", "backend"] {
        let second = program()
            .args([command, "--http", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .output()
            .expect("the command starts");
        let error = String::from_utf8_lossy(&second.stderr);
        let expected = format!(
            "error: process {} serves the data in {} already; stop that first",
            first.child.id(),
            data.path().display()
        );
        assert!(!second.status.success(), "{command} started");
        assert!(error.starts_with(&expected), "{command}: {error}");
        assert!(second.stdout.is_empty(), "{command} says that it serves");
    }
}

#[test]
fn a_weak_password_of_the_owner_is_refused_wherever_it_is_given() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let data = scratch.path().join("data");
    let file = scratch.path().join("web1on1.toml");
    std::fs::write(&file, "owner-password = \"canary\"\n").expect("the file can be written");
    let serve = || {
        let mut command = program();
        command.args([
            "serve",
            "--grpc",
            "127.0.0.1:0",
            "--http",
            "127.0.0.1:0",
            "--data",
        ]);
        command.arg(&data);
        command
    };
    let (mut flag, mut variable, mut named) = (serve(), serve(), serve());
    flag.args(["--owner-password", "canary"]);
    variable.env("WEB1ON1_OWNER_PASSWORD", "canary");
    named.arg("--config").arg(&file);
    for mut command in [flag, variable, named] {
        let refused = command.output().expect("the command starts");
        let error = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success(), "it started: {command:?}");
        let expected = "too weak: --owner-password must have 8 characters or more";
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("canary"), "the password is told: {error}");
        assert!(!data.exists(), "something was created");
    }
}
