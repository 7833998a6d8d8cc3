//! What `web1on1 contract check` and `bless` find in a repository, and what they
//! leave in it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

/// A copy of what the checks read of this repository, with a buf of its own:
/// the true one may not be there, and judges the protos alone.
struct Repository {
    directory: TempDir,
}

/// What a command exited with, and all that it printed.
struct Ended {
    code: Option<i32>,
    text: String,
}

impl Repository {
    fn copy() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let directory = tempfile::tempdir().expect("a directory");
        for name in [
            "blessed",
            "openapi",
            "proto",
            "third_party",
            "buf.yaml",
            "CHANGELOG.md",
            "crates/contract/VERSION",
        ] {
            copy(&root.join(name), &directory.path().join(name));
        }
        let repository = Self { directory };
        repository.has_buf("exit 0");
        repository
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the file is a text")
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).expect("the file can be written");
    }

    #[track_caller]
    fn replace(&self, name: &str, from: &str, to: &str) {
        let content = self.read(name);
        assert!(content.contains(from), "{name} has no {from:?}");
        self.write(name, &content.replacen(from, to, 1));
    }

    /// Changes the published document.
    fn published(&self, change: impl FnOnce(&mut Value)) {
        let text = self.read("blessed/openapi.json");
        let mut document = serde_json::from_str(&text).expect("the document is JSON");
        change(&mut document);
        self.write("blessed/openapi.json", &document.to_string());
    }

    /// Puts a shell script in the place of buf.
    fn has_buf(&self, script: &str) {
        let directory = self.path("bin");
        fs::create_dir_all(&directory).expect("a directory");
        let buf = directory.join("buf");
        fs::write(&buf, format!("#!/bin/sh\n{script}\n")).expect("a script");
        fs::set_permissions(&buf, fs::Permissions::from_mode(0o755)).expect("a mode");
    }

    fn has_no_buf(&self) {
        fs::remove_dir_all(self.path("bin")).expect("there was one");
    }

    fn git(&self, arguments: &[&str]) {
        let done = Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.com"])
            .args(arguments)
            .current_dir(self.directory.path())
            .output()
            .expect("git starts");
        assert!(done.status.success(), "{done:?}");
    }

    fn contract(&self, arguments: &[&str]) -> Ended {
        // Without the directories of the user, where a true buf may be.
        let path = format!("{}:/usr/bin:/bin", self.path("bin").display());
        let output = Command::new(env!("CARGO_BIN_EXE_web1on1"))
            .arg("contract")
            .args(arguments)
            .current_dir(self.directory.path())
            .env("PATH", path)
            .env_remove("WEB1ON1_TOKEN")
            .output()
            .expect("the command starts");
        let text = [output.stderr, output.stdout].concat();
        Ended {
            code: output.status.code(),
            text: String::from_utf8(text).expect("UTF-8"),
        }
    }

    /// The version that is published: major, minor, patch.
    fn version(&self) -> [u64; 3] {
        let version = self.read("crates/contract/VERSION");
        let numbers = version.trim().split('.');
        let numbers = numbers.map(|number| number.parse().expect("a number"));
        let numbers: Vec<u64> = numbers.collect();
        numbers.try_into().expect("three numbers")
    }

    #[track_caller]
    fn check(&self, arguments: &[&str], code: i32, expected: &[&str]) {
        let ended = self.contract(arguments);
        assert_eq!(ended.code, Some(code), "{}", ended.text);
        for expected in expected {
            assert!(
                ended.text.contains(expected),
                "{expected:?} is not in:\n{}",
                ended.text
            );
        }
    }
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        for entry in fs::read_dir(from).expect("a directory") {
            let entry = entry.expect("an entry");
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::create_dir_all(to.parent().expect("a parent")).expect("a directory");
        fs::copy(from, to).expect("a copy");
    }
}

const REMOVED: &str = r#"echo '{"path":"proto/web1on1/v2/user.proto","start_line":14,"type":"FIELD_NO_DELETE","message":"Previously present field 3 was deleted."}'; exit 100"#;

#[test]
fn a_baseline_accepts_what_was_found() {
    let repository = Repository::copy();
    repository.published(|document| {
        let properties = &mut document["components"]["schemas"]["User"]["properties"];
        properties["gone"] = json!({ "type": "string" });
    });
    let written = repository.contract(&["check", "--write-baseline", "known.toml"]);
    assert_eq!(written.code, Some(0), "{}", written.text);
    let found = "error[response-optional-property-removed]";
    assert!(written.text.contains(found), "{}", written.text);
    let ended = repository.contract(&["check", "--ignore", "known.toml"]);
    assert_eq!(ended.code, Some(0), "{}", ended.text);
    assert!(
        ended.text.contains("accepted by the ignore file"),
        "{}",
        ended.text
    );
    assert!(!ended.text.contains(found), "{}", ended.text);
}

#[test]
fn what_holds_exits_with_0() {
    let expected = [
        "ok    fresh",
        "ok    agree",
        "ok    rest",
        "ok    proto",
        "ok    version",
        "ok    recorded",
        "ok    backend",
        "53 of 53 operations",
        "contract check: 0 errors, 0 warnings",
    ];
    Repository::copy().check(&["check", "--require-buf"], 0, &expected);
}

#[test]
fn a_file_that_is_not_derived_is_shown_with_the_command_that_derives_it() {
    let repository = Repository::copy();
    repository.replace("openapi/openapi.json", "\"Web1on1 API\"", "\"Our API\"");
    repository.write("openapi/schemas/Shoe.json", "{}");
    fs::remove_file(repository.path("openapi/schemas/Error.json")).expect("it is there");
    let expected = [
        "-    \"title\": \"Our API\"",
        "+    \"title\": \"Web1on1 API\"",
        "openapi/openapi.json is not what the contract derives",
        "revision: openapi/openapi.json:4\n",
        "openapi/schemas/Shoe.json is derived from nothing",
        "openapi/schemas/Error.json is missing",
        "run `cargo run -- contract export`",
        "contract check: 3 errors",
    ];
    repository.check(&["check"], 1, &expected);
    repository.check(&["export"], 0, &["wrote openapi/openapi.json"]);
    repository.check(&["check"], 0, &["0 errors"]);
}

#[test]
fn a_proto_that_says_something_else_is_named_with_its_line() {
    let repository = Repository::copy();
    let proto = "proto/web1on1/v2/user.proto";
    repository.replace(proto, "string given_name", "string first_name");
    let number = repository.read(proto);
    let line = number.lines().position(|line| line.contains("first_name"));
    let place = format!("{proto}:{}", line.expect("it is there") + 1);
    repository.check(&["check"], 1, &["FAIL  agree", "User.givenName", &place]);
}

#[test]
fn a_proto_that_does_not_compile_is_an_error() {
    let repository = Repository::copy();
    repository.write(
        "proto/web1on1/v2/more.proto",
        "syntax = \"proto3\"; message {",
    );
    repository.check(&["check"], 1, &["the protos do not compile"]);
}

#[test]
fn what_buf_finds_is_an_error_in_its_place() {
    let repository = Repository::copy();
    repository.has_buf(REMOVED);
    let expected = [
        "error[proto-field-no-delete]",
        "Previously present field 3 was deleted.",
        "proto/web1on1/v2/user.proto:14",
    ];
    repository.check(&["check"], 1, &expected);
}

#[test]
fn without_buf_the_protos_are_not_compared_and_it_says_so() {
    let repository = Repository::copy();
    repository.has_no_buf();
    repository.check(
        &["check"],
        0,
        &["warning[buf-missing]", "pip install buf-bin"],
    );
    repository.check(&["check", "--require-buf"], 1, &["error[buf-missing]"]);
    repository.check(&["bless"], 2, &["--without-buf"]);
}

#[test]
fn a_buf_that_fails_is_no_verdict() {
    let repository = Repository::copy();
    repository.has_buf("echo 'Failure: no such module' >&2; exit 1");
    repository.check(&["check"], 2, &["Failure: no such module"]);
}

/// As if a property had been published that the contract no longer has.
fn with_a_removed_property() -> Repository {
    let repository = Repository::copy();
    repository.published(|document| {
        let user = &mut document["components"]["schemas"]["User"];
        user["properties"]["shoeSize"] = json!({"type": "number"});
        let required = user["required"].as_array_mut().expect("a list");
        required.push("shoeSize".into());
    });
    repository
}

#[test]
fn what_breaks_clients_is_an_error() {
    let repository = with_a_removed_property();
    let expected = ["FAIL  rest", "and 3 more operations", "shoeSize"];
    repository.check(&["check"], 1, &expected);
    let accepted = r#"
        [[ignore]]
        id = "response-required-property-removed"
        pointer = "*/shoeSize"
        reason = "No client reads it."
    "#;
    repository.write("accepted.toml", accepted);
    let accept = ["check", "--ignore", "accepted.toml"];
    repository.check(&accept, 0, &["0 errors"]);
    // What is accepted asks for no other version.
    repository.git(&["init", "--quiet"]);
    repository.git(&["add", "--all"]);
    repository.git(&["commit", "--quiet", "--message", "Publish"]);
    let accept = [&accept[..], &["--against", "HEAD"]].concat();
    repository.check(&accept, 0, &["0 errors"]);
}

#[test]
fn findings_of_any_check_can_be_accepted() {
    let repository = Repository::copy();
    repository.has_buf(REMOVED);
    let accepted = r#"
        [[ignore]]
        id = "proto-field-no-delete"
        reason = "Nobody has used it yet."

        [[ignore]]
        id = "stale-file"
        reason = "There is none."
    "#;
    repository.write("accepted.toml", accepted);
    let expected = ["ok    proto", "warning[ignore-unused]", "`stale-file`"];
    repository.check(&["check", "--ignore", "accepted.toml"], 0, &expected);
}

#[test]
fn what_breaks_clients_is_published_under_a_version_that_is_named() {
    let repository = with_a_removed_property();
    let before = repository.read("blessed/openapi.json");
    let [major, minor, patch] = repository.version();
    let published = format!("{major}.{minor}.{patch}");
    let next = format!("{}.0.0", major + 1);
    let expected = [
        &*format!("clients of {published} will break"),
        &*format!("--as {next}"),
    ];
    repository.check(&["bless"], 1, &expected);
    let too_little = format!("{major}.{}.0", minor + 1);
    let expected = format!("ask for {next} at least");
    repository.check(&["bless", "--as", &too_little], 1, &[&expected]);
    assert_eq!(repository.read("blessed/openapi.json"), before);

    repository.check(
        &["bless", "--as", &next],
        0,
        &[&format!("published {next} after {published}")],
    );
    assert_eq!(
        repository.read("crates/contract/VERSION"),
        format!("{next}\n")
    );
    let log = repository.read("CHANGELOG.md");
    let entry = log.split("\n## ").nth(1).expect("an entry");
    assert!(entry.starts_with(&format!("{next} (")), "{log}");
    assert!(entry.contains("### Breaking\n\n- `POST /users`: "), "{log}");
    for name in ["openapi/openapi.json", "blessed/openapi.json"] {
        let document: Value = serde_json::from_str(&repository.read(name)).expect("JSON");
        assert_eq!(document["info"]["version"], *next, "{name}");
        let user = &document["components"]["schemas"]["User"]["properties"];
        assert!(user.get("shoeSize").is_none(), "{name}");
    }
}

#[test]
fn an_addition_raises_the_minor_version() {
    let repository = Repository::copy();
    repository.published(|document| {
        let user = &mut document["components"]["schemas"]["User"]["properties"];
        user.as_object_mut()
            .expect("an object")
            .remove("familyName");
    });
    repository.check(
        &["check"],
        0,
        &["ok    rest", "response-optional-property-added"],
    );
    let [major, minor, patch] = repository.version();
    let expected = format!(
        "published {major}.{}.0 after {major}.{minor}.{patch}",
        minor + 1
    );
    repository.check(&["bless"], 0, &[&expected]);
}

#[test]
fn a_changed_description_raises_the_patch_version() {
    let repository = Repository::copy();
    repository.published(|document| document["info"]["title"] = "Our API".into());
    let [major, minor, patch] = repository.version();
    let expected = format!(
        "published {major}.{minor}.{} after {major}.{minor}.{patch}",
        patch + 1
    );
    repository.check(&["bless"], 0, &[&expected]);
    assert!(
        repository
            .read("CHANGELOG.md")
            .contains("Only descriptions")
    );
}

#[test]
fn what_is_published_already_is_left_alone() {
    let repository = Repository::copy();
    let before = repository.read("CHANGELOG.md");
    let [major, minor, patch] = repository.version();
    let expected = format!("{major}.{minor}.{patch} is published as it is");
    repository.check(&["bless"], 0, &[&expected]);
    assert_eq!(repository.read("CHANGELOG.md"), before);
}

#[test]
fn what_does_not_hold_is_not_published() {
    let repository = Repository::copy();
    repository.replace("openapi/openapi.json", "\"Web1on1 API\"", "\"Our API\"");
    repository.check(&["bless"], 1, &["nothing was published"]);
}

#[test]
fn a_contract_that_blesses_itself_is_compared_with_the_one_before() {
    let repository = with_a_removed_property();
    repository.git(&["init", "--quiet"]);
    repository.git(&["add", "--all"]);
    repository.git(&["commit", "--quiet", "--message", "Publish"]);
    // As if somebody had edited the published contract to silence the check.
    let current = repository.read("openapi/openapi.json");
    repository.write("blessed/openapi.json", &current);
    repository.check(&["check"], 0, &["0 errors"]);
    let [major, ..] = repository.version();
    let next = format!("asks for {}.0.0 at least", major + 1);
    let expected = [
        "FAIL  rest",
        "shoeSize",
        "base:     HEAD:blessed/openapi.json",
        "error[version-not-raised]",
        &next,
    ];
    repository.check(&["check", "--against", "HEAD"], 1, &expected);
    repository.check(
        &["check", "--against", "nowhere"],
        2,
        &["git failed", "nowhere"],
    );
}

#[test]
fn a_version_that_nobody_published_is_an_error() {
    let repository = Repository::copy();
    repository.published(|document| document["info"]["version"] = "1.9.0".into());
    let [major, minor, patch] = repository.version();
    let versions = format!("the version is {major}.{minor}.{patch}, but 1.9.0 was published last");
    let expected = [
        "error[version-not-published]",
        &versions,
        "error[changelog-entry-missing]",
    ];
    repository.check(&["check"], 1, &expected);
}

#[test]
fn a_recorded_exchange_that_breaks_the_contract_is_an_error() {
    let repository = Repository::copy();
    repository.replace(
        "openapi/recorded/getForm.json",
        "\"status\": 200",
        "\"status\": 204",
    );
    repository.check(
        &["check"],
        1,
        &["FAIL  recorded", "openapi/recorded/getForm.json"],
    );
}

#[test]
fn a_known_deviation_that_is_gone_is_an_error() {
    let repository = Repository::copy();
    repository.replace("openapi/recorded.toml", "GET /services", "GET /bots");
    let expected = ["error[ignore-unused]", "error[response-missing-property]"];
    repository.check(&["check"], 1, &expected);
}

#[test]
fn elsewhere_it_says_where_to_run_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = Command::new(env!("CARGO_BIN_EXE_web1on1"))
        .args(["contract", "check"])
        .current_dir(directory.path())
        .output()
        .expect("the command starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("in the root of the repository"), "{text}");
}
