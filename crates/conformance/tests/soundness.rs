//! The change classifier against a validator: whatever it calls harmless keeps
//! every value valid, and whatever it calls breaking has a value to show.
//!
//! The schemas are of the fragment that is decided exactly. Values hold only
//! declared properties, as conforming clients send no others.

use conformance::diff::{Document, diff};
use conformance::report::{Direction, Level};
use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::{Map, Value, json};

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({ "type": "boolean" })),
        Just(json!({ "type": "null" })),
        (0..4_i64, 0..4_i64).prop_map(|(low, more)| {
            json!({ "type": "integer", "minimum": low, "maximum": low + more })
        }),
        (0..3_i64).prop_map(|low| json!({ "type": "number", "exclusiveMinimum": low })),
        (1..4_i64).prop_map(|by| json!({ "type": "integer", "multipleOf": by })),
        (0..3_u64, 0..3_u64).prop_map(|(least, more)| {
            json!({ "type": "string", "minLength": least, "maxLength": least + more })
        }),
        prop::sample::subsequence(vec![json!("a"), json!("b"), json!(1), json!(null)], 1..4)
            .prop_map(|values| json!({ "enum": values })),
        prop::sample::subsequence(vec!["string", "integer", "null", "boolean"], 1..4)
            .prop_map(|types| json!({ "type": types })),
        prop::sample::select(vec!["^a", "^[ab]*$", "b"])
            .prop_map(|pattern| json!({ "type": "string", "pattern": pattern })),
    ];
    leaf.prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), 0..3_u64, 0..3_u64).prop_map(|(items, least, more)| {
                json!({ "type": "array", "items": items, "minItems": least, "maxItems": least + more })
            }),
            (
                prop::collection::btree_map("[pq]", inner.clone(), 0..3),
                prop::sample::subsequence(vec!["p", "q"], 0..2),
            )
                .prop_map(|(properties, required)| {
                    let required: Vec<_> =
                        required.into_iter().filter(|it| properties.contains_key(*it)).collect();
                    json!({
                        "type": "object",
                        "properties": properties,
                        "required": required,
                        "additionalProperties": false,
                    })
                }),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({ "anyOf": all })),
            (inner.clone(), inner).prop_map(|(a, b)| json!({ "allOf": [a, b] })),
        ]
    })
}

/// A pair of schemas: unrelated, or one with a single part replaced.
fn pair() -> impl Strategy<Value = (Value, Value)> {
    prop_oneof![
        (schema(), schema()),
        (schema(), schema()).prop_map(|(a, b)| {
            let old = json!({ "type": "object", "properties": { "p": a }, "additionalProperties": false });
            let new = json!({ "type": "object", "properties": { "p": { "anyOf": [a, b] } }, "additionalProperties": false });
            (old, new)
        }),
        (schema(), schema()).prop_map(|(a, b)| (json!({ "allOf": [a, b] }), a)),
    ]
}

/// Values around every boundary that the schema has.
fn candidates(schema: &Value, depth: usize) -> Vec<Value> {
    let mut all = vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(2),
        json!(3),
        json!(4),
        json!(5),
        json!(6),
        json!(7),
        json!(-1),
        json!(0.5),
        json!(1.5),
        json!(2.5),
        json!(""),
        json!("a"),
        json!("b"),
        json!("aa"),
        json!("ab"),
        json!("ba"),
        json!("aaa"),
        json!("abab"),
        json!("zzzzz"),
        json!("c"),
        json!([]),
        json!({}),
    ];
    if depth == 0 {
        return all;
    }
    let mut inner = Vec::new();
    let Value::Object(map) = schema else {
        return all;
    };
    for keyword in ["anyOf", "allOf"] {
        for branch in map
            .get(keyword)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            inner.extend(candidates(branch, depth));
        }
    }
    if let Some(items) = map.get("items") {
        for item in candidates(items, depth - 1) {
            for length in 1..5 {
                all.push(Value::from(vec![item.clone(); length]));
            }
        }
    }
    if let Some(Value::Object(properties)) = map.get("properties") {
        let mut objects = vec![Map::new()];
        for (name, property) in properties {
            let values = candidates(property, depth - 1);
            let mut more = Vec::new();
            for object in objects.iter().take(40) {
                for value in &values {
                    let mut object = object.clone();
                    object.insert(name.clone(), value.clone());
                    more.push(object);
                }
            }
            objects.extend(more);
        }
        all.extend(objects.into_iter().map(Value::Object));
    }
    all.extend(inner);
    all
}

fn document(schema: &Value, direction: Direction) -> Document {
    let content =
        json!({ "content": { "application/json": { "schema": schema } }, "description": "" });
    let operation = match direction {
        Direction::Request => json!({ "requestBody": content, "responses": {} }),
        Direction::Response => json!({ "responses": { "200": content } }),
    };
    let document = json!({ "openapi": "3.1.0", "paths": { "/x": { "post": operation } } });
    Document::parse("x", &document.to_string()).expect("the document is valid")
}

/// A value that the first schema admits and the second does not.
fn witness(admits: &Value, refuses: &Value) -> Option<Value> {
    let admits_it = jsonschema::validator_for(admits).expect("the schema is valid");
    let refuses_it = jsonschema::validator_for(refuses).expect("the schema is valid");
    candidates(admits, 3)
        .into_iter()
        .chain(candidates(refuses, 3))
        .find(|it| admits_it.is_valid(it) && !refuses_it.is_valid(it))
}

fn holds(old: &Value, new: &Value, direction: Direction) -> Result<(), TestCaseError> {
    let findings = diff(
        &document(old, direction),
        &document(new, direction),
        "2030-01-31",
    );
    let worst = findings.iter().map(|it| it.level).max();
    let found = match direction {
        Direction::Request => witness(old, new),
        Direction::Response => witness(new, old),
    };
    if worst.is_none_or(|it| it == Level::Info) {
        prop_assert!(
            found.is_none(),
            "{direction}: called harmless, but {found:?} breaks a client\nold {old}\nnew {new}\n{findings:?}"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config { cases: 300, failure_persistence: None, ..Config::default() })]

    #[test]
    fn what_is_harmless_keeps_every_value_valid((old, new) in pair()) {
        holds(&old, &new, Direction::Request)?;
        holds(&old, &new, Direction::Response)?;
    }

    #[test]
    fn no_schema_differs_from_itself_in_other_words(one in schema()) {
        let wrapped = json!({ "allOf": [{ "anyOf": [one] }, true], "description": "the same" });
        for direction in [Direction::Request, Direction::Response] {
            let findings = diff(&document(&one, direction), &document(&wrapped, direction), "2030-01-31");
            prop_assert!(findings.is_empty(), "{one}: {findings:?}");
        }
    }
}

/// What has no other reason to be valid is named only if a value shows it.
#[test]
fn what_is_breaking_has_a_value_to_show() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut breaking, mut shown) = (0, 0);
    for _ in 0..250 {
        let tree = pair().new_tree(&mut runner).expect("schemas can be made");
        let (old, new) = proptest::strategy::ValueTree::current(&tree);
        for direction in [Direction::Request, Direction::Response] {
            let findings = diff(
                &document(&old, direction),
                &document(&new, direction),
                "2030-01-31",
            );
            if findings.iter().any(|it| it.level == Level::Error) {
                breaking += 1;
                let found = match direction {
                    Direction::Request => witness(&old, &new),
                    Direction::Response => witness(&new, &old),
                };
                if found.is_some() {
                    shown += 1;
                } else if shown + 8 < breaking {
                    panic!("{direction}: no value shows it\nold {old}\nnew {new}\n{findings:?}");
                }
            }
        }
    }
    assert!(breaking > 80, "too few pairs differ: {breaking}");
    assert!(
        shown * 100 >= breaking * 97,
        "a value shows only {shown} of {breaking} breaking changes"
    );
}
