//! What stands in the way of a start is told without the secrets in it.

use std::path::Path;
use std::process::Command;

use super::program::{check, ended, program};

/// Checks what the program says before it ends.
#[track_caller]
fn check_start(command: &mut Command, words: &[&str]) {
    check(&ended(command), words);
}

fn backend(data: &Path) -> Command {
    let mut command = program();
    command
        .args([
            "backend",
            "--http",
            "127.0.0.1:0",
            "--database-open-timeout",
            "1s",
            "--data",
        ])
        .arg(data);
    command
}

#[test]
fn a_password_in_the_url_of_the_upstream_is_refused_with_a_hint() {
    for url in [
        "https://user:canary0url@api.example.com/v2",
        "https://canary0user@api.example.com",
        "https://user:canary0 url@api.example.com/v2?canary0query",
        "ftp://user:canary0url@api.example.com",
    ] {
        let mut command = program();
        command.args(["gateway", "--grpc", "127.0.0.1:0", "--upstream", url]);
        check_start(&mut command, &["api.example.com", "--credentials-email"]);
    }
}

#[test]
fn help_shows_no_values_of_the_environment() {
    for subcommand in ["gateway", "serve", "backend"] {
        let mut command = program();
        command
            .args([subcommand, "--help"])
            .env(
                "WEB1ON1_UPSTREAM",
                "https://user:canary0url@api.example.com",
            )
            .env(
                "WEB1ON1_DATABASE",
                "postgres://user:canary0database@host/db",
            )
            .env("WEB1ON1_OWNER_PASSWORD", "canary0owner")
            .env("WEB1ON1_CREDENTIALS_PASSWORD", "canary0password")
            .env("WEB1ON1_CREDENTIALS_REFRESH_TOKEN", "canary0refresh");
        check_start(&mut command, &["Usage:"]);
    }
}

#[test]
fn a_database_that_cannot_be_used_is_told_without_its_password() {
    let data = tempfile::tempdir().unwrap();
    for url in [
        "postgres://user:canary0database@127.0.0.1:1/db",
        "postgres://user@127.0.0.1:1/db?password=canary0parameter",
        "postgres://user:canary0database@127.0.0.1:1/db?sslmode=canary0mode",
        "postgres://user:canary0database@127.0.0.1:port/db",
        "mysql://user:canary0database@127.0.0.1/db",
        "canary0database",
    ] {
        check_start(backend(data.path()).args(["--database", url]), &["error: "]);
        check_start(
            backend(data.path()).env("WEB1ON1_DATABASE", url),
            &["error: "],
        );
    }
}

#[test]
fn credentials_that_cannot_be_used_are_not_repeated() {
    let directory = tempfile::tempdir().unwrap();
    let admit = directory.path().join("admit");
    std::fs::write(&admit, "canary0short").unwrap();
    let gateway = |arguments: &[&str]| {
        let mut command = program();
        command
            .args([
                "gateway",
                "--grpc",
                "127.0.0.1:0",
                "--upstream",
                "http://127.0.0.1:1",
            ])
            .args(arguments)
            .env("WEB1ON1_CREDENTIALS_PASSWORD", "canary0password");
        command
    };
    let email = ["--credentials-email", "a@example.com"];
    check_start(
        &mut gateway(&[]),
        &["WEB1ON1_CREDENTIALS_PASSWORD has no user"],
    );
    check_start(
        &mut gateway(&email),
        &["--admit-token-file", "--admit-anyone"],
    );
    let weak = [&email[..], &["--admit-token-file", admit.to_str().unwrap()]].concat();
    check_start(&mut gateway(&weak), &["line 1 is no token"]);
}

#[test]
fn what_a_backend_cannot_use_is_not_repeated() {
    let data = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = data.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let keys = file(
        "keys.json",
        r#"{"keys":[{"id":"a","secret":["canary0key"],"createdAt":"canary0time"}]}"#,
    );
    check_start(
        backend(data.path()).arg("--token-keys").arg(keys),
        &["keys.json"],
    );
    let keys = file("more.json", r#"{"keys":"canary0keys"}"#);
    check_start(
        backend(data.path()).arg("--token-keys").arg(keys),
        &["more.json"],
    );
    let mut given = backend(data.path());
    check_start(
        given.env("WEB1ON1_TOKEN_KEY", "canary0tokenkey"),
        &["ID:SECRET"],
    );
    check_start(
        backend(data.path()).args(["--owner-password", "canary0"]),
        &["must have 8 characters or more"],
    );
    check_start(
        backend(data.path()).args(["--pictures", "s3://key:canary0pictures@bucket"]),
        &["s3://bucket/prefix"],
    );
    for seed in [
        r#"{"users":"canary0users"}"#,
        r#"{"users":[{"id":"57c8479433f5d57d3013a0bc","password":["canary0password"],"role":"canary0role"}]}"#,
        "canary0json",
    ] {
        let seed = file("seed.json", seed);
        check_start(backend(data.path()).arg("--seed").arg(seed), &["seed.json"]);
    }
}
