//! Documents that are large, or hold themselves, and what is told of them.

use openapi_diff::{Document, diff};
use serde_json::{Value, json};

use crate::{TODAY, parse};

mod unions;
mod wide;

#[test]
fn callbacks_that_lead_back_are_compared_once() {
    let item = json!({"$ref": "#/paths/~1a"});
    let document = |kind: &str| {
        json!({"openapi": "3.1.0", "paths": {"/a": {"post": {
            "responses": {"200": {"description": "Done"}},
            "parameters": [{"name": "q", "in": "query", "schema": {"type": kind}}],
            "callbacks": {"one": {"{$url}": item}, "two": {"{$url}": item, "x-note": "data"}},
        }}}})
    };
    let parse = |document: Value| Document::parse("api.yaml", &document.to_string());
    let base = parse(document("string")).expect("is a document");
    let revision = parse(document("integer")).expect("is a document");
    let findings = diff(&base, &revision, TODAY);
    assert!((1..=4).contains(&findings.len()), "{findings:?}");
}

#[test]
fn recursive_schemas_are_compared_once() {
    let tree = |bound: u32| {
        json!({
            "openapi": "3.1.0",
            "info": { "title": "Trees", "version": "1" },
            "paths": { "/trees": { "post": {
                "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Tree" } } } },
                "responses": {},
            } } },
            "components": { "schemas": { "Tree": {
                "type": "object",
                "properties": {
                    "size": { "type": "integer", "maximum": bound },
                    "left": { "$ref": "#/components/schemas/Tree" },
                    "right": { "oneOf": [{ "$ref": "#/components/schemas/Tree" }, { "type": "null" }] },
                },
            } } },
        })
    };
    let findings = diff(
        &parse("base", &tree(9)),
        &parse("revision", &tree(8)),
        TODAY,
    );
    let ids: Vec<String> = findings
        .iter()
        .map(|finding| finding.rule.to_string())
        .collect();
    assert_eq!(ids, ["request-property-max-decreased"]);
}

#[test]
fn a_large_document_is_judged_completely() {
    let document = |bound: usize| {
        let mut schemas = serde_json::Map::new();
        let mut paths = serde_json::Map::new();
        for index in 0..2_000 {
            let next = format!("#/components/schemas/S{}", (index * 7 + 1) % 2_000);
            schemas.insert(
                format!("S{index}"),
                json!({
                    "type": "object",
                    "description": "x".repeat(1_500),
                    "properties": {
                        "n": { "type": "integer", "maximum": if index == 1_000 { bound } else { 5 } },
                        "next": { "$ref": next },
                        "either": { "oneOf": [{ "$ref": next }, { "type": "string" }] },
                    },
                }),
            );
            paths.insert(
                format!("/s{index}"),
                json!({ "post": {
                    "requestBody": { "content": { "application/json": { "schema": { "$ref": next } } } },
                    "responses": {},
                } }),
            );
        }
        json!({ "openapi": "3.1.0", "paths": paths, "components": { "schemas": schemas } })
    };
    let findings = diff(
        &parse("base", &document(9)),
        &parse("revision", &document(8)),
        TODAY,
    );
    assert!(
        findings
            .iter()
            .any(|finding| finding.rule.to_string() == "request-property-max-decreased")
    );
}

/// A document in which every schema is sent to an operation of its own.
fn sent(schemas: &Value) -> Value {
    let names = schemas.as_object().expect("an object").keys();
    let paths: serde_json::Map<String, Value> = names
        .map(|name| {
            let schema = json!({ "$ref": format!("#/components/schemas/{name}") });
            let post = json!({
                "requestBody": { "content": { "application/json": { "schema": schema } } },
                "responses": {},
            });
            (format!("/{name}"), json!({ "post": post }))
        })
        .collect();
    json!({ "openapi": "3.1.0", "paths": paths, "components": { "schemas": schemas } })
}

fn reference(number: usize) -> Value {
    json!({ "$ref": format!("#/components/schemas/S{number}") })
}

/// Schemas by number, made from that and from the bound that differs.
fn many(count: usize, make: impl Fn(usize, u32) -> Value) -> [Value; 2] {
    [9, 8].map(|bound| {
        let schemas = (0..count).map(|number| (format!("S{number}"), make(number, bound)));
        sent(&Value::Object(schemas.collect()))
    })
}

/// Checks that nothing but one lowered bound is found, once, and in how many
/// operations besides the one that is named.
#[track_caller]
fn one_cause([base, revision]: [Value; 2], also: usize) {
    let findings = diff(&parse("base", &base), &parse("revision", &revision), TODAY);
    let found: Vec<(String, usize)> = findings
        .iter()
        .map(|finding| (finding.rule.to_string(), finding.also.len()))
        .collect();
    assert_eq!(found, [("request-property-max-decreased".to_owned(), also)]);
}

#[test]
fn a_long_ring_of_schemas_is_compared_to_its_end() {
    let ring = |number: usize, bound: u32| {
        let bound = if number == 400 { bound } else { 7 };
        json!({ "type": "object", "properties": {
            "next": reference((number + 1) % 500),
            "n": { "type": "integer", "maximum": bound },
        } })
    };
    one_cause(many(500, ring), 499);
}

#[test]
fn a_type_that_every_schema_uses_is_one_cause() {
    let mesh = |number: usize, bound: u32| {
        if number == 0 {
            return json!({ "type": "object", "properties": {
                "n": { "type": "integer", "maximum": bound },
            } });
        }
        let properties = (0..250)
            .map(|other| (format!("p{other}"), reference((number + other) % 250)))
            .collect();
        json!({ "type": "object", "properties": Value::Object(properties) })
    };
    one_cause(many(250, mesh), 249);
}

/// Schemas that each extend the next, of which those with some numbers are sent.
fn chain(length: usize, sent_ones: &[usize], bound: u32) -> Document {
    let link = |number: usize| {
        let own = json!({ "properties": { "n": {
            "type": "integer", "maximum": if number + 1 == length { bound } else { 10 },
        } } });
        json!({ "allOf": [reference((number + 1).min(length - 1)), own] })
    };
    let schemas = (0..length).map(|number| (format!("S{number}"), link(number)));
    let mut document = sent(&Value::Object(schemas.collect()));
    let paths = document["paths"].as_object_mut().expect("an object");
    paths.retain(|path, _| {
        sent_ones
            .iter()
            .any(|number| *path == format!("/S{number}"))
    });
    parse("api.json", &document)
}

#[test]
fn a_schema_that_extends_hundreds_of_others_is_compared() {
    let findings = diff(&chain(500, &[0], 9), &chain(500, &[0], 8), TODAY);
    let ids: Vec<String> = findings
        .iter()
        .map(|finding| finding.rule.to_string())
        .collect();
    assert_eq!(ids, ["request-property-max-decreased"]);
}

#[test]
fn a_schema_that_extends_too_many_others_is_said_not_to_be_compared() {
    let sent_ones = [0, 2_090];
    let [base, revision] = [9, 8].map(|bound| chain(2_100, &sent_ones, bound));
    let findings = diff(&base, &revision, TODAY);
    let of = |operation: &str| -> Vec<String> {
        let findings = findings.iter().filter(|finding| {
            let operations = finding.operation.as_deref().into_iter();
            let mut operations = operations.chain(finding.also.iter());
            operations.any(|other| other == operation)
        });
        findings.map(|finding| finding.rule.to_string()).collect()
    };
    assert_eq!(of("POST /S2090"), ["request-property-max-decreased"]);
    assert_eq!(of("POST /S0"), ["request-body-not-compared"]);
}

#[test]
fn many_conditions_of_which_one_changed_are_compared() {
    let document = |changed: &str| {
        let all = (0..200).map(|number| {
            let demanded = if number == 0 { changed } else { "b" };
            json!({ "if": { "properties": { "kind": { "const": number } } },
                "then": { "required": [demanded] } })
        });
        parse(
            "api.json",
            &sent(&json!({ "S": { "allOf": all.collect::<Vec<_>>() } })),
        )
    };
    let findings = diff(&document("b"), &document("c"), TODAY);
    let ids: Vec<String> = findings
        .iter()
        .map(|finding| finding.rule.to_string())
        .collect();
    assert_eq!(ids, ["request-body-if-changed"]);
}

#[test]
fn a_value_added_to_a_long_list_is_one_change() {
    let document = |last: &str| {
        let mut values: Vec<String> = (0..20_000).map(|number| format!("v{number}")).collect();
        values.push(last.to_owned());
        parse("api.json", &sent(&json!({ "S": { "enum": values } })))
    };
    let findings = diff(&document("v0x"), &document("v1x"), TODAY);
    assert_eq!(findings.len(), 2, "{findings:?}");
}

#[test]
fn properties_that_demand_others_in_a_long_row_are_required() {
    let document = |bound: u32| {
        let demands =
            (0..3_000).map(|number| (format!("r{number}"), json!([format!("r{}", number + 1)])));
        sent(&json!({ "S": { "type": "object", "required": ["r0"],
            "dependentRequired": Value::Object(demands.collect()),
            "properties": { "n": { "type": "integer", "maximum": bound } },
        } }))
    };
    one_cause([9, 8].map(document), 0);
}
