//! What `bless` publishes, and how `check` sees that it is whole.

use std::fs;

use serde_json::Value;

use crate::repository::Repository;

#[test]
fn what_breaks_clients_is_published_under_a_version_that_is_named() {
    let repository = Repository::with_a_removed_property();
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
    assert!(
        entry.contains("### Breaking changes\n\n- `POST /users`, "),
        "{log}"
    );
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
        1,
        &[
            "ok    rest",
            "response-optional-property-added",
            "error[unpublished-change]",
        ],
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
            .contains("Nothing that clients notice")
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

#[track_caller]
fn check_edited(edit: impl FnOnce(&Repository), expected: &[&str]) {
    let repository = Repository::copy();
    edit(&repository);
    repository.check(&["check"], 1, expected);
    repository.check(&["bless"], 1, &["nothing was published"]);
}

#[test]
fn an_edit_by_hand_is_seen_without_git() {
    check_edited(
        |repository| repository.replace("blessed/openapi.json", "\"Web1on1 API\"", "\"Our API\""),
        &[
            "error[published-file-changed]",
            "blessed/openapi.json was edited",
        ],
    );
}

#[test]
fn a_file_that_is_gone_is_seen_without_git() {
    let gone = "blessed/proto/web1on1/v2/user.proto";
    check_edited(
        |repository| fs::remove_file(repository.path(gone)).expect("it was there"),
        &["error[published-file-missing]", gone],
    );
}

#[test]
fn a_file_that_nobody_published_is_seen_without_git() {
    check_edited(
        |repository| repository.write("blessed/schemas/Shoe.json", "{}"),
        &["error[published-file-added]", "blessed/schemas/Shoe.json"],
    );
}

#[test]
fn a_manifest_that_says_nothing_is_an_error() {
    check_edited(
        |repository| repository.write("blessed/SHA256SUMS", "all is well\n"),
        &["error[manifest-malformed]", "line 1 of blessed/SHA256SUMS"],
    );
}

#[test]
fn a_manifest_that_is_gone_is_an_error() {
    let repository = Repository::copy();
    fs::remove_file(repository.path("blessed/SHA256SUMS")).expect("it was there");
    repository.check(&["check"], 1, &["error[manifest-missing]"]);
    repository.check(&["bless"], 0, &["wrote blessed/SHA256SUMS"]);
    repository.check(&["check"], 0, &["ok    manifest"]);
}

#[test]
fn the_manifest_is_one_that_sha256sum_reads() {
    let repository = Repository::copy();
    let checked = std::process::Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", "SHA256SUMS"])
        .current_dir(repository.path("blessed"))
        .status();
    assert!(checked.expect("sha256sum starts").success());
}

#[test]
fn looser_rules_of_buf_are_seen_without_git() {
    let repository = Repository::copy();
    repository.replace("buf.yaml", "    - FILE\n", "    - WIRE\n");
    let expected = ["error[buf-rules-loosened]", "`breaking.use FILE`"];
    repository.check(&["check"], 1, &expected);
}

#[test]
fn a_prose_change_that_is_not_published_is_an_error() {
    let repository = Repository::copy();
    repository.replace("proto/web1on1/v2/user.proto", "// ", "// Now: ");
    let expected = ["error[unpublished-change]", "proto/web1on1/v2/user.proto"];
    repository.check(&["check"], 1, &expected);
}

#[track_caller]
fn check_changelog(edit: impl FnOnce(String) -> String, expected: &[&str]) {
    let repository = Repository::copy();
    let log = repository.read("CHANGELOG.md");
    repository.write("CHANGELOG.md", &edit(log));
    repository.check(&["check"], 1, expected);
}

#[test]
fn a_version_that_was_not_published_has_no_entry() {
    check_changelog(
        |log| log.replacen("## ", "## 99.0.0 (2099-01-01)\n\nAll is new.\n\n## ", 1),
        &["error[changelog-entry-ahead]", "99.0.0"],
    );
}

#[test]
fn a_changelog_that_is_gone_is_an_error() {
    let repository = Repository::copy();
    fs::remove_file(repository.path("CHANGELOG.md")).expect("it was there");
    repository.check(&["check"], 2, &["CHANGELOG.md is gone"]);
}

/// Checks a change that breaks nobody: what was published said more than is said now.
#[track_caller]
fn check_unpublished(published: impl FnOnce(&mut Value), note: &str) {
    let repository = Repository::copy();
    repository.published(published);
    let expected = ["ok    rest", "error[unpublished-change]", note];
    repository.check(&["check"], 1, &expected);
}

#[test]
fn a_request_that_asks_for_less_is_published_or_an_error() {
    check_unpublished(
        |document| {
            let tags = &mut document["components"]["schemas"]["BotCreate"]["properties"]["tags"];
            tags["maxItems"] = 10.into();
        },
        "request-property-max-items-increased",
    );
}

#[test]
fn an_error_that_is_no_longer_declared_is_published_or_an_error() {
    check_unpublished(
        |document| {
            let responses = &mut document["paths"]["/forms/{form_id}"]["get"]["responses"];
            responses["409"] = responses["404"].clone();
        },
        "openapi.json changed since",
    );
}
