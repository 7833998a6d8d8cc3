use std::path::Path;

use semver::Version;

use super::allowance::{Exception, is_date, matches};
use super::exceptions::of_buf;
use super::finding::wrong;
use super::version::least;
use super::{Files, Settings, changelog, manifest, settle, version_of};
use crate::report::{Finding, Level};

fn change(level: Level) -> Finding {
    let id = match level {
        Level::Info => "endpoint-added",
        Level::Warning | Level::Error => "proto-field-no-delete",
    };
    Finding {
        level,
        operation: Some("GET /users".to_owned()),
        ..wrong(id, "a/place", "something changed".to_owned())
    }
}

#[track_caller]
fn check_least(changes: &[Finding], expected: &str) {
    let after = Version::new(2, 3, 4);
    assert_eq!(least(&after, changes).to_string(), expected);
}

#[test]
fn the_version_follows_from_the_worst_change() {
    check_least(&[], "2.3.5");
    check_least(&[change(Level::Info)], "2.4.0");
    check_least(&[change(Level::Info), change(Level::Warning)], "2.4.0");
    check_least(&[change(Level::Info), change(Level::Error)], "3.0.0");
}

#[test]
fn the_newest_entry_comes_first() {
    let first = changelog::with_entry(
        changelog::HEAD,
        &changelog::entry(&Version::new(2, 0, 0), "2026-01-02", &[]),
    );
    let changes = [change(Level::Error), change(Level::Info)];
    let entry = changelog::entry(&Version::new(3, 0, 0), "2026-02-03", &changes);
    let second = changelog::with_entry(&first, &entry);
    insta::assert_snapshot!(second, @r"
    # Changes of the contract

    What each published version means to clients, newest first.

    ## 3.0.0 (2026-02-03)

    ### Breaking changes

    - `GET /users`: Something changed.

    ### Added

    - `GET /users`: Something changed.

    ## 2.0.0 (2026-01-02)

    Nothing that clients notice: descriptions, examples or options of the protos.
    ");
    assert_eq!(
        ids(&changelog::check(&second, "LOG", &Version::new(3, 0, 0))),
        ""
    );
}

fn ids(found: &[Finding]) -> String {
    let shown = found.iter().map(|finding| {
        let line = finding.revision.as_ref().and_then(|place| place.line);
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line}", finding.id)
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// Checks what is wrong with a changelog of a contract that was published as 2.1.0.
#[track_caller]
fn check_log(log: &str, expected: &str) {
    let published = Version::new(2, 1, 0);
    assert_eq!(ids(&changelog::check(log, "LOG", &published)), expected);
}

#[test]
fn a_changelog_tells_one_history() {
    let two = "## 2.1.0 (2026-02-01)\n\nMore.\n\n";
    let one = "## 2.0.0 (2026-01-01)\n\nAll.\n";
    check_log(&format!("{two}{one}"), "");
    check_log(one, "changelog-entry-missing");
    check_log(&format!("<!-- {two} -->\n{one}"), "changelog-entry-missing");
    check_log(&format!("<!--\n{two}{one}"), "changelog-entry-missing");
    check_log(&format!("{one}\n{two}"), "changelog-order:1");
    check_log(&format!("{two}{two}{one}"), "changelog-entry-repeated:5");
    check_log(
        &format!("## 2.2.0 (2026-03-01)\n\nYet more.\n\n{two}"),
        "changelog-entry-ahead:1",
    );
    check_log(
        &format!("{two}## 2.0.0 (2026-03-01)\n\nAll.\n"),
        "changelog-order:1",
    );
    check_log(
        &format!("{two}## 2.0.0 (2026-01-01)\n"),
        "changelog-entry-empty:5",
    );
    check_log(
        &format!("{two}## 2.0 (2026-01-01)\n\nAll.\n"),
        "changelog-heading-malformed:5",
    );
    check_log(
        &format!("{two}## 2.0.0 (soon)\n\nAll.\n"),
        "changelog-heading-malformed:5",
    );
    // The number of a version is not the beginning of another.
    check_log(
        "## 2.1.00 (2026-01-01)\n\nAll.\n",
        "changelog-heading-malformed:1 changelog-entry-missing",
    );
}

#[track_caller]
fn check_rewritten(log: &str, expected: &[&str]) {
    let base = "## 2.1.0 (2026-02-01)\n\nMore.\n\n## 2.0.0 (2026-01-01)\n\nAll.\n";
    let found = changelog::rewritten(log, base, "LOG");
    let found: Vec<_> = found.iter().map(|exception| &*exception.subject).collect();
    assert_eq!(found, expected);
}

#[test]
fn an_entry_stays_as_it_was_published() {
    let [two, one] = [
        "## 2.1.0 (2026-02-01)\n\nMore.\n\n",
        "## 2.0.0 (2026-01-01)\n\nAll.\n",
    ];
    check_rewritten(
        &format!("# Log\n\n## 3.0.0 (2026-03-01)\n\nNew.\n\n{two}\n\n{one}"),
        &[],
    );
    check_rewritten(one, &["2.1.0"]);
    check_rewritten(
        &format!("{two}## 2.0.0 (2026-01-01)\n\nSome.\n"),
        &["2.0.0"],
    );
    check_rewritten(&format!("{two}## 2.0.0 (2026-01-02)\n\nAll.\n"), &["2.0.0"]);
}

#[test]
fn a_manifest_lists_each_file_with_its_digest() {
    let files = Files::from([
        ("b/c.json".into(), b"{}".to_vec()),
        ("a.json".into(), b"abc".to_vec()),
    ]);
    insta::assert_snapshot!(manifest::of(&files), @r"
    ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.json
    44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a  b/c.json
    ");
}

#[track_caller]
fn check_buf(now: &str, before: &str, expected: &[&str]) {
    let found = of_buf(Some(now), Some(before)).expect("both are YAML");
    let found: Vec<_> = found.iter().map(|exception| &*exception.subject).collect();
    assert_eq!(found, expected);
}

#[test]
fn looser_rules_of_buf_are_told_from_stricter_ones() {
    let wire = "breaking: {use: [WIRE]}";
    let file = "breaking: {use: [FILE]}";
    check_buf(file, wire, &[]);
    check_buf(wire, file, &["breaking.use FILE"]);
    check_buf("lint: {use: [STANDARD]}", "lint: {use: [MINIMAL]}", &[]);
    check_buf("lint: {use: [MINIMAL]}", "{}", &["lint.use STANDARD"]);
    check_buf(
        "{}",
        "lint: {use: [STANDARD, COMMENTS]}",
        &["lint.use COMMENTS"],
    );
    check_buf(
        "breaking: {except: [FIELD_NO_DELETE]}",
        "{}",
        &["breaking.except FIELD_NO_DELETE"],
    );
    check_buf("{}", "breaking: {except: [FIELD_NO_DELETE]}", &[]);
    check_buf(
        "breaking: {ignore: [a, b]}",
        "breaking: {ignore: [a]}",
        &["breaking.ignore b"],
    );
    check_buf(
        "breaking: {ignore_only: {FIELD_NO_DELETE: [a]}}",
        "{}",
        &["breaking.ignore_only FIELD_NO_DELETE a"],
    );
    check_buf(
        "breaking: {ignore_unstable_packages: true}",
        "{}",
        &["breaking.ignore_unstable_packages"],
    );
    check_buf(
        "modules: [{path: a}, {path: b}]",
        "modules: [{path: a}]",
        &[],
    );
    check_buf(
        "modules: [{path: b}]",
        "modules: [{path: a}]",
        &["modules a"],
    );
    check_buf(
        "modules: [{path: a, excludes: [a/b]}]",
        "modules: [{path: a}]",
        &["modules a"],
    );
}

#[test]
fn rules_of_buf_that_are_gone_are_looser() {
    let found = of_buf(None, Some("version: v2")).expect("it is YAML");
    assert_eq!(found[0].subject, "buf.yaml");
    assert!(
        of_buf(Some("version: v2"), None)
            .expect("it is YAML")
            .is_empty()
    );
}

fn settled(allowed: &str) -> Finding {
    let settings = format!("document = \"api.json\"\n{allowed}");
    let settings = Settings::parse(&settings, "contract.toml").expect("they are settings");
    let exception = Exception {
        subject: "getForm path".to_owned(),
        finding: wrong("waiver-added", "waivers.toml", "a waiver is new".to_owned()),
    };
    settle(vec![exception], &settings.allow, "2026-06-01").remove(0)
}

#[test]
fn an_allowance_of_the_base_makes_a_warning() {
    let allow = |subject: &str, more: &str| {
        format!(
            "[[allow]]\nid = \"waiver-added\"\nsubject = \"{subject}\"\nreason = \"So be it.\"\n{more}"
        )
    };
    assert_eq!(settled("").level, Level::Error);
    let allowed = settled(&allow("getForm *", ""));
    assert_eq!(allowed.level, Level::Warning);
    assert_eq!(
        allowed.message,
        "a waiver is new; the base allows it: So be it."
    );
    assert_eq!(settled(&allow("getForms *", "")).level, Level::Error);
    assert_eq!(
        settled(&allow("*", "expires = \"2026-06-01\"")).level,
        Level::Error
    );
    assert_eq!(
        settled(&allow("*", "expires = \"2026-06-02\"")).level,
        Level::Warning
    );
}

#[test]
fn a_star_stands_for_any_text() {
    for (pattern, text) in [
        ("*", ""),
        ("a*", "a"),
        ("*b", "ab"),
        ("a*c*e", "abcde"),
        ("ab", "ab"),
    ] {
        assert!(matches(pattern, text), "{pattern} does not match {text}");
    }
    for (pattern, text) in [
        ("", "a"),
        ("a*", "ba"),
        ("*b", "ba"),
        ("a*c*e", "aec"),
        ("a*a", "a"),
    ] {
        assert!(!matches(pattern, text), "{pattern} matches {text}");
    }
}

#[test]
fn a_date_is_one_of_the_calendar() {
    assert!(is_date("2026-01-31"));
    assert!(is_date("2028-02-29"));
    assert!(!is_date("2027-02-29"));
    for text in [
        "2026-13-01",
        "2026-00-01",
        "2026-1-1",
        "20260101",
        "soon",
        "2026-01-01-01",
    ] {
        assert!(!is_date(text), "{text}");
    }
}

#[track_caller]
fn check_settings(text: &str, expected: &str) {
    let error = Settings::parse(text, "contract.toml").expect_err("they mean nothing");
    let error = error.to_string();
    assert!(error.contains(expected), "{expected:?} is not in {error:?}");
}

#[test]
fn settings_that_mean_nothing_say_what_to_write() {
    let document = "document = \"api.json\"\n";
    check_settings("", "`document` is missing");
    check_settings(
        "document = \"../api.json\"",
        "../api.json leads out of the directory",
    );
    check_settings(
        "document = \"/api.json\"",
        "/api.json leads out of the directory",
    );
    check_settings(
        &format!("{document}shoes = 1"),
        "line 2: unknown field `shoes`",
    );
    let allow = "[[allow]]\nid = \"all\"\nsubject = \"*\"\nreason = \"\"";
    check_settings(
        &format!("{document}{allow}"),
        "has the id `all`, and can have buf-rules",
    );
    let allow = allow.replace("\"all\"", "\"waiver-added\"");
    check_settings(&format!("{document}{allow}"), "gives no reason");
    let recorded = "[recorded]\ndirectory = \"a\"\nunreachable = { 429 = \"\" }";
    check_settings(&format!("{document}{recorded}"), "gives no reason for 429");
}

#[test]
fn settings_have_defaults() {
    let settings = Settings::parse("document = \"api/api.yaml\"", "contract.toml");
    let settings = settings.expect("they are settings");
    assert_eq!(settings.published, Path::new("blessed"));
    assert_eq!(settings.document_name(), Path::new("api.yaml"));
    assert!(!settings.built_in);
}

#[track_caller]
fn check_version(text: &str, expected: &str) {
    let said = version_of(text, "api.yaml")
        .map_or_else(|error| error.to_string(), |version| version.to_string());
    assert!(said.contains(expected), "{expected:?} is not in {said:?}");
}

#[test]
fn a_version_is_read_from_json_and_yaml() {
    check_version("{\"info\": {\"version\": \"1.2.3\"}}", "1.2.3");
    check_version("info:\n  version: 1.2.3\n", "1.2.3");
    check_version("info: {}", "api.yaml: it states no `info.version`");
    check_version("info:\n  version: v1\n", "its version \"v1\" is not SemVer");
    check_version("info: [", "api.yaml is not YAML");
}

#[test]
fn what_can_be_allowed_is_named_once() {
    let mut ids = super::allowance::ALLOWABLE.to_vec();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids, super::allowance::ALLOWABLE);
}
