//! What a team has decided.

use conformance::diff::{Date, Document, Policy, diff};
use conformance::report::Level;
use serde_json::json;

fn parse(source: &str, value: &serde_json::Value) -> Document {
    Document::parse(source, &value.to_string()).unwrap_or_else(|error| panic!("{source}: {error}"))
}

fn policy_on(policy: &str, today: &str) -> Vec<(String, Level)> {
    let today: Date = today.parse().expect("it is a date");
    let old = json!({ "openapi": "3.1.0", "paths": { "/a": { "get": {} }, "/b": { "get": {} } } });
    let new = json!({ "openapi": "3.1.0", "paths": { "/b": { "get": {} } } });
    let findings = diff(&parse("base", &old), &parse("revision", &new), today);
    let policy = Policy::parse(policy).expect("the policy is valid");
    policy
        .apply(findings, today)
        .into_iter()
        .map(|finding| (finding.id, finding.level))
        .collect()
}

const ACCEPTED: &str = r#"
[[ignore]]
id = "api-path-removed-without-deprecation"
operation = "GET /*"
pointer = "/paths/*"
reason = "nobody ever called it"
expires = "2030-02-01"
"#;

#[test]
fn an_ignored_change_is_not_reported() {
    assert_eq!(policy_on(ACCEPTED, "2030-01-31"), []);
}

#[test]
fn a_change_is_ignored_for_the_operations_that_are_named() {
    // Three operations use a schema whose bound falls.
    let [base, revision] = [9, 8].map(|bound| {
        let body = json!({
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/S" } } }
        });
        let post = json!({ "post": { "requestBody": body, "responses": {} } });
        let value = json!({
            "openapi": "3.1.0",
            "paths": { "/S0": post, "/S1": post, "/S2": post },
            "components": { "schemas": { "S": { "type": "integer", "maximum": bound } } }
        });
        parse("api.json", &value)
    });
    let today = Date::constant(2030, 1, 31);
    let left = |operation: &str| -> Vec<String> {
        let policy = format!(
            "[[ignore]]\nid = \"request-body-max-decreased\"\nreason = \"agreed\"\noperation = \"{operation}\""
        );
        let policy = Policy::parse(&policy).expect("the policy is valid");
        let findings = policy.apply(diff(&base, &revision, today), today);
        let operations = findings.into_iter();
        operations
            .flat_map(|finding| {
                let also = finding.also.iter().map(str::to_owned);
                let also: Vec<String> = also.collect();
                finding.operation.into_iter().chain(also)
            })
            .collect()
    };
    assert_eq!(left("POST /S1"), ["POST /S0", "POST /S2"]);
    assert_eq!(left("POST /S0"), ["POST /S1", "POST /S2"]);
    assert_eq!(left("POST /*"), [""; 0]);
}

#[test]
fn an_expired_entry_ignores_nothing_and_is_reported() {
    assert_eq!(
        policy_on(ACCEPTED, "2030-02-01"),
        [
            (
                "api-path-removed-without-deprecation".to_owned(),
                Level::Error
            ),
            ("ignore-expired".to_owned(), Level::Warning),
        ]
    );
}

#[test]
fn an_entry_that_matches_nothing_is_reported() {
    let other = ACCEPTED.replace("GET /*", "PUT /*");
    let ids: Vec<String> = policy_on(&other, "2030-01-31")
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    assert_eq!(
        ids,
        ["api-path-removed-without-deprecation", "ignore-unused"]
    );
}

#[test]
fn a_path_stands_for_all_methods() {
    let of_path = |path: &str| {
        let other = ACCEPTED.replace("operation = \"GET /*\"", &format!("path = \"{path}\""));
        policy_on(&other, "2030-01-31").len()
    };
    assert_eq!(of_path("/a"), 0);
    assert_eq!(of_path("/*"), 0);
    // The change, and the entry that is of no use.
    assert_eq!(of_path("/b*"), 2);
}

#[test]
fn an_entry_can_be_about_one_sentence() {
    let of_message = |message: &str| {
        let entry = format!("{ACCEPTED}message = \"{message}\"");
        policy_on(&entry, "2030-01-31").len()
    };
    assert_eq!(of_message("*is gone*"), 0);
    assert_eq!(of_message("is gone"), 2);
}

#[test]
fn a_level_can_be_overridden() {
    let levels = "[levels]\napi-path-removed-without-deprecation = \"info\"\n";
    assert_eq!(
        policy_on(levels, "2030-01-31"),
        [(
            "api-path-removed-without-deprecation".to_owned(),
            Level::Info
        )]
    );
    let none = "[levels]\napi-path-removed-without-deprecation = \"none\"\n";
    assert_eq!(policy_on(none, "2030-01-31"), []);
}

#[test]
fn a_policy_names_known_ids_and_gives_reasons() {
    assert!(Policy::parse("[levels]\nno-such-id = \"info\"\n").is_err());
    let unknown = ACCEPTED.replace("removed-without", "remove-without");
    let message = Policy::parse(&unknown).expect_err("no such id").to_string();
    let nearest = "perhaps `api-path-removed-without-deprecation` is meant";
    assert!(message.contains(nearest), "{message}");
    assert!(Policy::parse(&ACCEPTED.replace("nobody ever called it", " ")).is_err());
    assert!(Policy::parse(&ACCEPTED.replace("2030-02-01", "soon")).is_err());
    assert!(Policy::default().set_level("api-tag-added").is_err());
}
