//! What `web1on1 contract check` and `bless` find in a repository, and what they
//! leave in it.

mod base;
mod buf;
#[path = "../command/mod.rs"]
mod command;
mod elsewhere;
mod errors;
mod exchanges;
mod files;
mod library;
mod published;
mod repository;
mod statements;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use conformance::release::read_all;

use repository::Repository;

const REMOVED: &str = r#"echo '{"path":"proto/web1on1/v2/user.proto","start_line":14,"type":"FIELD_NO_DELETE","message":"Previously present field 3 was deleted."}'; exit 100"#;

#[test]
fn what_holds_exits_with_0() {
    let expected = [
        "ok    fresh",
        "ok    agree",
        "ok    base",
        "ok    manifest",
        "ok    rest",
        "ok    proto",
        "ok    version",
        "ok    recorded",
        "ok    lint",
        "ok    backend",
        "53 of 53 operations",
        "contract check: 0 errors, 0 warnings",
    ];
    Repository::copy().check_all(&["--require-buf"], 0, &expected);
}

#[test]
fn a_check_without_the_backend_says_so() {
    let expected = ["skip  backend   no backend was verified (--skip-backend)"];
    Repository::copy().check(&["check"], 0, &expected);
}

#[test]
fn a_baseline_accepts_what_was_found() {
    let repository = Repository::with_a_removed_property();
    let written = ["check", "--write-baseline", "known.toml"];
    repository.check(&written, 0, &["error[response-required-property-removed]"]);
    let expected = ["accepted by the ignore file", "0 errors"];
    repository.check(&["check", "--ignore", "known.toml"], 0, &expected);
}

#[test]
fn a_file_that_is_not_derived_is_shown_with_the_command_that_derives_it() {
    let repository = Repository::copy();
    repository.replace("openapi/openapi.json", "\"Web1on1 API\"", "\"Our API\"");
    repository.write("openapi/schemas/Shoe.json", "{}");
    repository.write("openapi/shoes.json", "{}");
    fs::remove_file(repository.path("openapi/schemas/ErrorReply.json")).expect("it is there");
    let expected = [
        "-    \"title\": \"Our API\"",
        "+    \"title\": \"Web1on1 API\"",
        "openapi/openapi.json is not what the contract derives",
        "revision: openapi/openapi.json:4\n",
        "openapi/schemas/Shoe.json is derived from nothing",
        "openapi/shoes.json is derived from nothing; remove it",
        "openapi/schemas/ErrorReply.json is missing",
        "run `cargo run -- contract export`",
        "contract check: 4 errors",
    ];
    repository.check(&["check"], 1, &expected);
    fs::remove_file(repository.path("openapi/shoes.json")).expect("it is there");
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
fn a_waiver_says_why() {
    let repository = Repository::copy();
    let waivers = "crates/conformance/waivers.toml";
    let reason = "A gRPC caller gets whole messages; leaving out properties saves it nothing.";
    repository.replace(waivers, reason, "");
    repository.check(&["check"], 1, &["error[waiver-without-reason]", "*?select"]);
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

#[test]
fn what_breaks_clients_is_an_error() {
    let repository = Repository::with_a_removed_property();
    let expected = ["FAIL  rest", "and 3 more operations", "shoeSize"];
    repository.check(&["check"], 1, &expected);
    let accepted = r#"
        [[ignore]]
        id = "response-required-property-removed"
        pointer = "*/shoeSize"
        reason = "No client reads it."

        [[ignore]]
        id = "unpublished-change"
        reason = "It is published with the next change."
    "#;
    repository.write("accepted.toml", accepted);
    let accept = ["check", "--ignore", "accepted.toml"];
    repository.check(&accept, 0, &["0 errors"]);
    // What is accepted asks for no other version.
    repository.commit();
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

/// The ids that the sources of the checks give to findings, as they stand there.
fn ids(directory: &Path) -> BTreeSet<String> {
    let sources = read_all(directory).expect("the sources are there");
    let mut ids = BTreeSet::new();
    for (path, source) in sources {
        if path.ends_with("tests.rs") {
            continue;
        }
        let source = String::from_utf8_lossy(&source).into_owned();
        for start in ["wrong(\"", "wrong(\n            \"", "self.wrong(\""] {
            let found = source.split(start).skip(1);
            let found = found.filter_map(|rest| rest.split('"').next());
            // A message begins in the same way.
            let found = found.filter(|id| !id.contains(' '));
            ids.extend(found.map(str::to_owned));
        }
    }
    ids
}

#[test]
fn the_guide_lists_every_finding() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let guide = fs::read_to_string(root.join("docs/contract.md")).expect("the guide");
    let sources = root.join("crates/conformance/src");
    let mut ids = ids(&sources.join("release"));
    ids.extend(self::ids(&sources.join("exchanges")));
    assert!(ids.len() > 20, "only {ids:?} were found in the sources");
    let missing: Vec<_> = ids
        .iter()
        .filter(|id| !guide.contains(&format!("`{id}`")))
        .collect();
    assert!(missing.is_empty(), "docs/contract.md lacks {missing:?}");
}
