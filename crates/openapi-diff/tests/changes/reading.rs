//! Which documents are read, and what is said of the others.

use std::fmt::Write as _;

use openapi_diff::{Document, DocumentError, diff};
use serde_json::{Value, json};

use crate::TODAY;

/// The message with its sources.
pub(crate) fn told(error: &DocumentError) -> String {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let _ = write!(message, ": {cause}");
        source = cause.source();
    }
    message
}

pub(crate) fn refusal(text: &str) -> String {
    told(&Document::parse("api.yaml", text).expect_err("the document must be refused"))
}

#[track_caller]
pub(crate) fn refused(text: &str, expected: &str) {
    let message = refusal(text);
    assert!(
        message.contains(expected),
        "{expected:?} is not said: {message}"
    );
}

#[test]
fn a_duplicate_key_is_refused_with_its_place() {
    refused(
        r#"{"openapi": "3.1.0", "paths": {"/a": {"get": {}, "get": {}}}}"#,
        "the key `get` stands twice at /paths/~1a",
    );
    refused("openapi: 3.1.0\npaths:\n  /a: {}\n  /a: {}\n", "`/a`");
}

#[test]
fn a_dangling_reference_is_refused_with_its_place() {
    refused(
        r##"{"openapi": "3.1.0", "components": {"schemas": {"A": {"$ref": "#/components/schemas/B"}}}}"##,
        "api.yaml#/components/schemas/A: the reference `#/components/schemas/B` leads nowhere",
    );
}

/// Checks that a document can be read.
#[track_caller]
fn is_read(document: &Value) {
    if let Err(error) = Document::parse("api.yaml", &document.to_string()) {
        panic!("{error}");
    }
}

#[test]
fn what_is_data_is_no_reference() {
    let elsewhere = json!({"$ref": "https://api.example/users/1"});
    is_read(&json!({"openapi": "3.1.0", "components": {
        "examples": {"user": {"value": {"members": [elsewhere]}}},
        "schemas": {"A": {
            "default": elsewhere, "enum": [elsewhere], "const": elsewhere,
            "properties": {"$ref": {"type": "string"}, "example": {"type": "object"}},
            "example": {"inner": elsewhere}, "x-source": elsewhere,
        }},
    }}));
}

#[test]
fn references_with_unlucky_names_are_followed() {
    let round = json!({"$ref": "#/paths/~1a/get/responses/default"});
    let responses = json!({"paths": {"/a": {"get": {"responses": {"default": round}}}}});
    let missing = json!({"$ref": "#/components/schemas/B"});
    let schemas = |name: &str| json!({"components": {"schemas": {name: missing}}});
    let property = json!({"components": {"schemas": {"A": {"properties": {"x-a": missing}}}}});
    let extension = json!({
        "components": {"schemas": {"A": {"$ref": "#/x-schemas/A"}}},
        "x-schemas": {"A": {"items": missing}},
    });
    for (mut document, expected) in [
        (responses, "only ever leads to itself"),
        (schemas("default"), "leads nowhere"),
        (schemas("x-a"), "leads nowhere"),
        (property, "leads nowhere"),
        (extension, "leads nowhere"),
    ] {
        document["openapi"] = "3.1.0".into();
        refused(&document.to_string(), expected);
    }
}

#[test]
fn properties_that_are_no_object_are_refused() {
    refused(
        r#"{"openapi": "3.1.0", "components": {"schemas": {"A": {"properties": ["a"]}}}}"#,
        "`properties` must be an object",
    );
}

#[test]
fn a_reference_to_another_file_is_refused() {
    refused(
        r#"{"openapi": "3.1.0", "components": {"schemas": {"A": {"$ref": "b.yaml#/B"}}}}"#,
        "bundle the document first",
    );
}

#[test]
fn references_that_go_round_in_a_circle_are_refused() {
    refused(
        r##"{"openapi": "3.0.0", "components": {"schemas": {
            "A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}}}"##,
        "only ever leads to itself",
    );
}

#[test]
fn deep_nesting_is_refused() {
    let deep = format!(
        "{{\"openapi\": \"3.1.0\", \"x\": {}1{}}}",
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    refused(&deep, "nesting");
    for deep in [
        format!("x: {}1{}", "[".repeat(5_000), "]".repeat(5_000)),
        format!("x: {}1{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("x: {}1", "{a: ".repeat(100_000)),
        format!("x:\n  {}1", "- ".repeat(100_000)),
        format!("x: {}1{}", "[".repeat(150), "]".repeat(150)),
    ] {
        refused(&format!("openapi: 3.1.0\n{deep}\n"), "levels of nesting");
    }
}

#[test]
fn pointers_to_all_values_are_bounded() {
    let (key, items) = ("k".repeat(1_000_000), "0,".repeat(1_000_000));
    let expected = "keys that are too long for so many values at /kkk";
    refused(&format!("{{\"{key}\": [{items}0]}}"), expected);
    let items = items.replace(',', ", ");
    let yaml = format!("openapi: 3.1.0\n? {key}\n: [{items}0]\n");
    refused(&yaml, expected);
    let aliases = "*a, ".repeat(10_000);
    let yaml = format!("openapi: 3.1.0\na: &a [0]\n? {key}\n: [{aliases}0]\n");
    refused(&yaml, expected);
}

#[test]
fn other_versions_are_refused() {
    refused("info: {}\n", "`openapi` is missing");
    refused("openapi: 4.0.0\n", "OpenAPI 3.0, 3.1 and 3.2");
}

#[test]
fn what_is_no_document_is_named() {
    refused("swagger: '2.0'\n", "api.yaml is a Swagger 2.0 document");
    refused("\u{feff} \n", "api.yaml is empty");
    refused(
        "<!doctype html><p>Docs",
        "name the JSON or YAML document itself",
    );
    refused(
        "openapi: 3.1\n",
        "`openapi` is the number 3.1; write a text",
    );
    refused("- openapi\n", "api.yaml is not an object");
    refused("just text", "api.yaml is not an object");
}

#[test]
fn statuses_without_quotes_are_read() {
    Document::parse(
        "a.yaml",
        "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      responses:\n        200:\n          description: fine\n",
    )
    .expect("200 is a status");
}

#[test]
fn bounds_beyond_64_bits_keep_their_digits() {
    let found = |form: &str, [old, new]: [&str; 2]| {
        let [old, new] = [old, new].map(|bound| {
            let text = form.replace("BOUND", bound);
            Document::parse("api", &text).unwrap_or_else(|error| panic!("{text}: {error}"))
        });
        let findings = diff(&old, &new, TODAY);
        let ids = findings.iter().map(|finding| finding.rule.to_string());
        ids.collect::<Vec<_>>()
    };
    let json = r#"{"openapi": "3.1.0", "paths": {"/a": {"post": {"responses": {}, "requestBody": {
        "content": {"application/json": {"schema": {"type": "integer", "maximum": BOUND}}}}}}}}"#;
    let yaml = "openapi: 3.1.0
paths:
  /a:
    post:
      responses: {}
      requestBody: {content: {application/json: {schema: {type: integer, maximum: BOUND}}}}
";
    for form in [json, yaml] {
        let decreased = ["request-body-max-decreased"];
        let increased = ["request-body-max-increased"];
        let [less, more] = ["36893488147419103232", "36893488147419103233"];
        assert_eq!(found(form, [more, less]), decreased);
        assert_eq!(found(form, [less, more]), increased);
        assert_eq!(
            found(form, ["-9223372036854775809", "-9223372036854775810"]),
            decreased
        );
        assert_eq!(
            found(form, ["9223372036854775807", "9223372036854775806"]),
            decreased
        );
        assert!(found(form, ["36893488147419103232", "36893488147419103232.0"]).is_empty());
        assert!(found(form, ["1e20", "100000000000000000000"]).is_empty());
    }
}

#[test]
fn listed_numbers_that_differ_beyond_64_bits_are_told() {
    let found = |keyword: &str, [old, new]: [&str; 2]| {
        let [old, new] = [old, new].map(|value| {
            let text = format!(
                r#"{{"openapi": "3.1.0", "paths": {{"/a": {{"post": {{"responses": {{}},
                "requestBody": {{"content": {{"application/json": {{"schema":
                {{"type": "integer", {keyword}: {value}}}}}}}}}}}}}}}}}"#
            );
            Document::parse("api", &text).unwrap_or_else(|error| panic!("{text}: {error}"))
        });
        let findings = diff(&old, &new, TODAY);
        let ids = findings.iter().map(|finding| finding.rule.to_string());
        ids.collect::<Vec<_>>()
    };
    let [less, more] = ["36893488147419103232", "36893488147419103233"];
    let not_compared = ["request-body-not-compared"];
    assert_eq!(found("\"const\"", [less, more]), not_compared);
    let lists = [format!("[1, {less}]"), format!("[{more}, 1]")];
    assert_eq!(found("\"enum\"", [&lists[0], &lists[1]]), not_compared);
    let reordered = format!("[{less}, 1]");
    assert!(found("\"enum\"", [&lists[0], &reordered]).is_empty());
}
