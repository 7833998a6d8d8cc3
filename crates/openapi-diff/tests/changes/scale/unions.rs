//! Unions of many alternatives, of each other, and in products.

use std::collections::BTreeSet;

use openapi_diff::diff;
use serde_json::{Value, json};

use super::{many, one_cause, reference, sent};
use crate::{TODAY, parse};

/// Operators whose operands are expressions again.
#[test]
fn a_union_of_many_that_hold_it_is_judged() {
    let document = |required: &[&str]| {
        let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let names: Vec<String> = (0..14).map(|number| format!("Op{number}")).collect();
        let mut schemas = serde_json::Map::new();
        for name in &names {
            let operand = reference("Expression");
            let own = if name == "Op3" { required } else { &["left"] };
            schemas.insert(
                name.clone(),
                json!({
                    "type": "object",
                    "properties": {
                        "left": operand, "right": operand, "n": { "type": "integer" },
                        "all": { "type": "array", "minItems": 1, "items": operand },
                    },
                    "required": own,
                }),
            );
        }
        let mut any: Vec<Value> = names.iter().map(|name| reference(name)).collect();
        any.push(json!({ "type": "string" }));
        schemas.insert("Expression".to_owned(), json!({ "oneOf": any }));
        json!({
            "openapi": "3.1.0",
            "paths": { "/e": { "post": {
                "requestBody": { "content": { "application/json": { "schema": reference("Expression") } } },
                "responses": {},
            } } },
            "components": { "schemas": schemas },
        })
    };
    let findings = diff(
        &parse("base", &document(&["left"])),
        &parse("revision", &document(&["left", "n"])),
        TODAY,
    );
    let ids: BTreeSet<String> = findings
        .iter()
        .map(|finding| finding.rule.to_string())
        .collect();
    assert_eq!(
        ids,
        BTreeSet::from(["request-property-became-required"].map(str::to_owned)),
        "{findings:?}"
    );
}

#[test]
fn unions_of_recursive_schemas_are_compared() {
    let unions = |number: usize, bound: u32| {
        let union = |step: usize| {
            let all: Vec<Value> = (0..6)
                .map(|other| reference((number * step + other * 7 + 1) % 80))
                .collect();
            json!({ "oneOf": all })
        };
        json!({ "type": "object", "required": ["kind"], "properties": {
            "kind": { "const": number },
            "a": union(3), "b": union(5), "c": union(11),
            "n": { "type": "integer", "maximum": if number == 40 { bound } else { 7 } },
        } })
    };
    one_cause(many(80, unions), 79);
}

/// Two unions that must both match, each of so many alternatives.
fn product(alternatives: usize, bound: u32) -> Value {
    let union = |property: &str| {
        let all = (0..alternatives).map(|number| {
            let limit = if number == 3 { bound } else { 7 };
            json!({ "type": "object", "required": [property], "properties": {
                property: { "const": number },
                "n": { "type": "integer", "maximum": limit },
            } })
        });
        json!({ "oneOf": all.collect::<Vec<_>>() })
    };
    sent(&json!({ "S": { "allOf": [union("a"), union("b")] } }))
}

#[test]
fn products_of_unions_are_compared() {
    let [base, revision] = [9, 6].map(|bound| parse("api.json", &product(9, bound)));
    let findings = diff(&base, &revision, TODAY);
    let worst = findings.first().map(|finding| finding.rule.to_string());
    assert_eq!(
        worst,
        Some("request-property-max-decreased".to_owned()),
        "{findings:?}"
    );
}

#[test]
fn large_products_of_unions_are_compared() {
    let document = |bound: u32| {
        let union = |letter: &str| {
            let all = (0..8).map(|number| {
                let name = format!("{letter}{number}");
                json!({ "type": "object", "properties": { &name: {} }, "required": [&name] })
            });
            json!({ "oneOf": all.collect::<Vec<_>>() })
        };
        let bounded = json!({ "properties": { "a0": { "type": "integer", "maximum": bound } } });
        let schema = json!({ "allOf": [union("a"), union("b"), union("c"), bounded] });
        parse("api.json", &sent(&json!({ "S": schema })))
    };
    let findings = diff(&document(9), &document(8), TODAY);
    let ids: BTreeSet<String> = findings
        .iter()
        .map(|finding| finding.rule.to_string())
        .collect();
    let expected = "request-property-max-decreased".to_owned();
    assert!(ids.contains(&expected), "{findings:?}");
    assert!(findings.len() <= 4, "{findings:?}");
}

#[test]
fn a_product_that_is_too_large_is_said_not_to_be_compared() {
    let [base, revision] = [9, 6].map(|bound| parse("api.json", &product(40, bound)));
    assert_eq!(diff(&base, &base, TODAY), []);
    let findings = diff(&base, &revision, TODAY);
    let ids: BTreeSet<String> = findings
        .iter()
        .map(|finding| finding.rule.to_string())
        .collect();
    assert!(ids.contains("request-body-not-compared"), "{ids:?}");
}

#[test]
fn a_ladder_of_unions_is_a_union_of_its_leaves() {
    let ladder = |number: usize, bound: u32| {
        if number < 60 {
            return json!({ "anyOf": [reference(number + 1), reference(number + 2)] });
        }
        json!({ "type": "object", "required": ["kind"], "properties": {
            "kind": { "const": number },
            "n": { "type": "integer", "maximum": if number == 60 { bound } else { 7 } },
        } })
    };
    one_cause(many(62, ladder), 60);
}

#[test]
fn unions_of_each_other_are_compared() {
    let unions = |number: usize, bound: u32| {
        let others = (0..60).filter(|other| *other != number);
        let mut all: Vec<Value> = others.map(reference).collect();
        all.push(
            json!({ "type": "object", "required": ["kind"], "properties": {
            "kind": { "const": number },
            "n": { "type": "integer", "maximum": if number == 30 { bound } else { 7 } },
        } }),
        );
        json!({ "anyOf": all })
    };
    one_cause(many(60, unions), 59);
}

#[test]
fn the_changed_one_of_many_alternatives_is_found() {
    let union = |bound: u32| {
        let all = (0..400).map(|number| {
            let limit = if number == 200 { bound } else { 7 };
            json!({ "type": "object", "properties": {
                format!("p{number}"): { "type": "string" },
                "n": { "type": "integer", "maximum": limit },
            } })
        });
        sent(&json!({ "S": { "oneOf": all.collect::<Vec<_>>() } }))
    };
    one_cause([9, 8].map(union), 0);
}

#[test]
fn a_schema_that_holds_a_union_of_all_is_compared() {
    let all = |number: usize, bound: u32| {
        if number == 0 {
            return json!({ "oneOf": (1..100).map(reference).collect::<Vec<_>>() });
        }
        json!({ "type": "object", "properties": {
            format!("p{number}"): reference(0),
            "all": { "type": "array", "items": reference(0) },
            "n": { "type": "integer", "maximum": if number == 50 { bound } else { 7 } },
        } })
    };
    one_cause(many(100, all), 99);
}

#[test]
fn alternatives_that_all_changed_and_look_alike_are_said_not_to_be_compared() {
    let union = |bound: usize| {
        let all = (0..400).map(|number| {
            json!({ "type": "object", "properties": {
                "a": { "type": "integer", "maximum": number },
                "n": { "type": "integer", "maximum": 1_000 + bound - number },
            } })
        });
        parse(
            "api.json",
            &sent(&json!({ "S": { "anyOf": all.collect::<Vec<_>>() } })),
        )
    };
    let findings = diff(&union(9), &union(8), TODAY);
    let ids: Vec<String> = findings
        .iter()
        .map(|finding| finding.rule.to_string())
        .collect();
    assert_eq!(ids, ["request-body-not-compared"]);
}

#[test]
fn unions_of_many_alternatives_are_compared() {
    let union = |last: usize| {
        let all: Vec<Value> = (0..last)
            .map(|number| {
                json!({ "type": "object", "required": ["kind"], "properties": {
                "kind": { "const": number }, "n": { "type": "integer" },
            } })
            })
            .collect();
        parse("api.json", &sent(&json!({ "S": { "oneOf": all } })))
    };
    let findings = diff(&union(200), &union(199), TODAY);
    let ids: Vec<String> = findings
        .iter()
        .map(|finding| finding.rule.to_string())
        .collect();
    assert_eq!(ids, ["request-body-one-of-removed"]);
}

/// Kinds that share a part, each told from the others by its `type`, in an order.
fn kinds(order: &[&str], mark: impl Fn(Value) -> Value) -> Value {
    let mut schemas = serde_json::Map::new();
    let part = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
    schemas.insert("Part".to_owned(), mark(part));
    for name in order {
        let own = json!({ "type": "object", "required": ["type"], "properties": {
            "type": { "type": "string", "enum": [name] },
            "inner": { "$ref": "#/components/schemas/Kind" },
        } });
        let parts = [own, json!({ "$ref": "#/components/schemas/Part" })];
        schemas.insert((*name).to_owned(), mark(json!({ "allOf": parts })));
    }
    let all: Vec<Value> = order
        .iter()
        .map(|name| json!({ "$ref": format!("#/components/schemas/{name}") }))
        .collect();
    schemas.insert("Kind".to_owned(), mark(json!({ "anyOf": all })));
    sent(&Value::Object(schemas))
}

#[test]
fn order_names_and_notes_of_alternatives_are_no_change() {
    let base = kinds(&["A", "B", "C"], |schema| schema);
    let noted = |mut schema: Value| {
        schema["description"] = "Another one.".into();
        schema["unheardOf"] = json!({ "$ref": "elsewhere" });
        schema
    };
    for revision in [
        kinds(&["C", "A", "B"], |schema| schema),
        kinds(&["A", "B", "C"], noted),
    ] {
        let findings = diff(&parse("base", &base), &parse("revision", &revision), TODAY);
        assert_eq!(findings, []);
    }
}

#[test]
fn a_new_alternative_is_compared_with_no_other() {
    let base = kinds(&["A", "B"], |schema| schema);
    let revision = kinds(&["C", "B", "A"], |schema| schema);
    let findings = diff(&parse("base", &base), &parse("revision", &revision), TODAY);
    let ids: BTreeSet<String> = findings
        .iter()
        .map(|finding| finding.rule.to_string())
        .collect();
    let expected = ["endpoint-added", "request-body-one-of-added"];
    assert_eq!(
        ids,
        BTreeSet::from(expected.map(str::to_owned)),
        "{findings:?}"
    );
}

#[test]
fn lists_of_what_has_one_name_are_one_alternative() {
    let document = |order: [&str; 2], more: &str| {
        let list = |name: &str| {
            json!({
                "type": "array", "items": { "$ref": format!("#/components/schemas/{name}") },
            })
        };
        let item = |own: &str| {
            json!({ "type": "object", "properties": {
            own: { "type": "string" }, more: { "type": "string" },
        } })
        };
        sent(&json!({
            "Book": item("title"), "Film": item("length"),
            "Any": { "anyOf": order.map(list) },
        }))
    };
    let base = document(["Book", "Film"], "old");
    let ids = |order: [&str; 2]| -> Vec<String> {
        let revision = document(order, "new");
        let findings = diff(&parse("base", &base), &parse("revision", &revision), TODAY);
        let findings = findings.into_iter();
        findings
            .map(|finding| format!("{}: {}", finding.rule, finding.message))
            .collect()
    };
    assert_eq!(ids(["Film", "Book"]), ids(["Book", "Film"]));
}
