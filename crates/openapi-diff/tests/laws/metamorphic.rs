//! Documents that say the same in other words.
//!
//! Each law holds whatever the documents say, so none needs to know what is right.

use std::collections::{BTreeMap, BTreeSet};

use openapi_diff::{Direction, Document, Finding, Level, diff};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::schemas::{leaf, pair, schema};
use crate::{TODAY, config, document, is_undecided};

/// The schemas of a document, which refer to each other, also in circles.
const NAMES: [&str; 4] = ["A", "B", "C", "D"];

fn reference() -> impl Strategy<Value = Value> + Clone {
    let names = prop::sample::select(NAMES.to_vec());
    names.prop_map(|name| json!({ "$ref": format!("#/components/schemas/{name}") }))
}

/// A schema that may refer to others.
fn referring() -> BoxedStrategy<Value> {
    let part = prop_oneof![2 => reference().boxed(), 3 => leaf(), 1 => schema()];
    let properties = prop::collection::btree_map("[pqr]", part.clone(), 1..4);
    prop_oneof![
        4 => (properties, prop::sample::subsequence(vec!["p", "q"], 0..2)).prop_map(
            |(properties, required)| json!({
                "type": "object", "properties": properties, "required": required,
            })
        ),
        1 => part.clone().prop_map(|items| json!({ "type": "array", "items": items })),
        // A union that leads to itself at once says nothing.
        1 => prop::collection::vec(reference(), 2..4)
            .prop_map(|all| json!({ "type": "array", "items": { "anyOf": all } })),
        1 => prop::collection::vec(leaf(), 2..4).prop_map(|all| json!({ "oneOf": all })),
        1 => schema(),
    ]
    .boxed()
}

/// A document of two operations and four schemas.
fn api() -> BoxedStrategy<Value> {
    let components = prop::collection::vec(referring(), NAMES.len());
    (components, leaf(), referring(), referring())
        .prop_map(|(schemas, query, sent, got)| {
            let components: BTreeMap<&str, Value> = NAMES.into_iter().zip(schemas).collect();
            let content = |schema: &Value| json!({ "application/json": { "schema": schema } });
            json!({
                "openapi": "3.1.0",
                "info": { "title": "Things", "version": "1" },
                "paths": {
                    "/a": { "get": {
                        "parameters": [{ "in": "query", "name": "q", "schema": query }],
                        "responses": { "200": { "description": "", "content": content(&got) } },
                    } },
                    "/b": { "post": {
                        "requestBody": { "content": content(&sent) },
                        "responses": {},
                    } },
                },
                "components": { "schemas": components },
            })
        })
        .boxed()
}

/// Two documents that share what they can: one schema is another, or all may be.
fn apis() -> BoxedStrategy<(Value, Value)> {
    prop_oneof![
        3 => (api(), referring(), prop::sample::select(NAMES.to_vec())).prop_map(
            |(old, schema, name)| {
                let mut new = old.clone();
                new["components"]["schemas"][name] = schema;
                (old, new)
            }
        ),
        1 => (api(), api()),
    ]
    .boxed()
}

/// Applies a change to each schema of a document, the innermost first.
fn each_schema(document: &Value, change: &impl Fn(Value) -> Value) -> Value {
    fn schema(value: &Value, change: &impl Fn(Value) -> Value) -> Value {
        let Value::Object(map) = value else {
            return value.clone();
        };
        let inner = |value: &Value| schema(value, change);
        let within = map.iter().map(|(keyword, value)| {
            let value = match (keyword.as_str(), value) {
                ("properties" | "patternProperties" | "dependentSchemas", Value::Object(all)) => {
                    Value::Object(
                        all.iter()
                            .map(|(name, one)| (name.clone(), inner(one)))
                            .collect(),
                    )
                }
                ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(all)) => {
                    all.iter().map(inner).collect()
                }
                (
                    "not"
                    | "if"
                    | "then"
                    | "else"
                    | "items"
                    | "contains"
                    | "propertyNames"
                    | "additionalProperties",
                    one,
                ) => inner(one),
                _ => value.clone(),
            };
            (keyword.clone(), value)
        });
        change(Value::Object(within.collect()))
    }
    let mut document = document.clone();
    let content = "content/application~1json/schema";
    for pointer in [
        "/paths/~1a/get/parameters/0/schema".to_owned(),
        format!("/paths/~1a/get/responses/200/{content}"),
        format!("/paths/~1b/post/requestBody/{content}"),
    ]
    .into_iter()
    .chain(NAMES.map(|name| format!("/components/schemas/{name}")))
    {
        if let Some(place) = document.pointer_mut(&pointer) {
            *place = schema(place, change);
        }
    }
    document
}

/// Says something in each schema that no value depends on.
fn annotated(document: &Value) -> Value {
    each_schema(document, &|mut schema| {
        schema["description"] = json!("said otherwise");
        schema["x-added"] = json!({ "type": "null", "$ref": "nowhere" });
        schema["examples"] = json!([{ "$ref": "nowhere" }]);
        schema
    })
}

/// Turns around every list whose order means nothing.
fn reordered(document: &Value) -> Value {
    each_schema(document, &|mut schema| {
        for keyword in ["allOf", "anyOf", "oneOf", "enum", "required", "type"] {
            if let Some(Value::Array(all)) = schema.get_mut(keyword) {
                all.reverse();
            }
        }
        schema
    })
}

/// Puts each schema into an extension of nothing.
fn wrapped(document: &Value) -> Value {
    each_schema(document, &|schema| json!({ "allOf": [schema] }))
}

/// Gives every component another name.
fn renamed(document: &Value) -> Value {
    let text = document.to_string();
    let text = text.replace("#/components/schemas/", "#/components/schemas/New");
    let mut document: Value = serde_json::from_str(&text).expect("it is JSON still");
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        let all = std::mem::take(schemas).into_iter();
        *schemas = all
            .map(|(name, schema)| (format!("New{name}"), schema))
            .collect();
    }
    document
}

/// Puts what is referred to in the place of each reference, once.
fn inlined(document: &Value) -> Value {
    let schemas = document["components"]["schemas"].clone();
    each_schema(document, &|schema| {
        let name = schema["$ref"]
            .as_str()
            .and_then(|text| text.rsplit('/').next());
        name.map_or_else(|| schema.clone(), |name| schemas[name].clone())
    })
}

/// Moves each schema of an operation, and each property, to the components.
fn bundled(document: &Value) -> Value {
    let moved = std::cell::RefCell::new(Map::new());
    let mut document = each_schema(document, &|schema| {
        let mut moved = moved.borrow_mut();
        let name = format!("Moved{}", moved.len());
        moved.insert(name.clone(), schema);
        json!({ "$ref": format!("#/components/schemas/{name}") })
    });
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        schemas.extend(moved.into_inner());
    }
    document
}

type Rewriting = fn(&Value) -> Value;

const REWRITINGS: [(&str, Rewriting); 6] = [
    ("annotated", annotated),
    ("reordered", reordered),
    ("wrapped", wrapped),
    ("renamed", renamed),
    ("inlined", inlined),
    ("bundled", bundled),
];

fn compare(old: &Value, new: &Value) -> Vec<Finding> {
    let parse = |document: &Value| {
        Document::parse("x", &document.to_string())
            .unwrap_or_else(|error| panic!("{error}: {document}"))
    };
    let mut findings = diff(&parse(old), &parse(new), TODAY);
    // Names of schemas are no part of what travels.
    findings.retain(|finding| finding.rule.to_string() != "api-schema-removed");
    findings
}

/// What is found for each operation, whatever it is called by.
fn essence(findings: &[Finding]) -> BTreeSet<(String, Level, String)> {
    let all = findings.iter().flat_map(|finding| {
        let operations = finding.operation.as_deref().into_iter();
        operations.chain(finding.also.iter()).map(|operation| {
            let id = finding.rule.to_string();
            (id, finding.level, operation.to_owned())
        })
    });
    all.collect()
}

/// The operations that break.
fn broken(findings: &[Finding]) -> BTreeSet<String> {
    let errors = findings
        .iter()
        .filter(|finding| finding.level == Level::Error);
    errors
        .flat_map(|finding| {
            let operations = finding.operation.as_deref().into_iter();
            operations.chain(finding.also.iter())
        })
        .map(str::to_owned)
        .collect()
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn a_document_in_other_words_is_the_same(api in api()) {
        for (how, rewrite) in REWRITINGS {
            let other = rewrite(&api);
            for (old, new) in [(&api, &other), (&other, &api)] {
                let findings = compare(old, new);
                prop_assert!(findings.is_empty(), "{how}: {findings:#?}\nold {old}\nnew {new}");
            }
        }
    }

    #[test]
    fn other_words_break_the_same_operations((old, new) in apis()) {
        let expected = broken(&compare(&old, &new));
        for (how, rewrite) in REWRITINGS {
            let rewritten = rewrite(&new);
            let found = broken(&compare(&old, &rewritten));
            prop_assert_eq!(&found, &expected, "{}: old {}\nnew {}\nrewritten {}", how, old, new, rewritten);
        }
    }

    #[test]
    fn notes_and_names_change_no_finding((old, new) in apis()) {
        let expected = essence(&compare(&old, &new));
        let found = essence(&compare(&annotated(&old), &annotated(&new)));
        prop_assert_eq!(&found, &expected, "annotated: old {}\nnew {}", old, new);
        let found = essence(&compare(&renamed(&old), &renamed(&new)));
        prop_assert_eq!(&found, &expected, "renamed: old {}\nnew {}", old, new);
    }

    #[test]
    fn what_breaks_who_sends_breaks_who_gets_the_reverse((old, new) in pair()) {
        let found = |old: &Value, new: &Value, direction| {
            diff(&document(old, direction), &document(new, direction), TODAY)
        };
        let sent = found(&old, &new, Direction::Request);
        let got = found(&new, &old, Direction::Response);
        // Not decided, or decided by more than which values are valid.
        let is_other = |finding: &Finding| is_undecided(&finding.rule.to_string());
        prop_assume!(!sent.iter().chain(&got).any(is_other));
        let [sent, got] = [sent, got].map(|findings| !broken(&findings).is_empty());
        prop_assert_eq!(sent, got, "old {}\nnew {}", old, new);
    }
}
