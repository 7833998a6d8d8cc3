//! The change classifier against a validator: whatever it calls harmless keeps
//! every value valid, and whatever it calls breaking has a value to show.
//!
//! The schemas are of the fragment that is decided exactly. Values hold only
//! declared properties, as conforming clients send no others.

use openapi_diff::{Date, Direction, Document, Level, diff};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Map, Value, json};

const TODAY: Date = Date::constant(2030, 1, 31);

fn leaf() -> BoxedStrategy<Value> {
    prop_oneof![
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
        prop::sample::select(vec![json!("a"), json!(1), json!(null)])
            .prop_map(|value| json!({ "const": value })),
        prop::sample::subsequence(vec!["string", "integer", "null", "boolean"], 1..4)
            .prop_map(|types| json!({ "type": types })),
        prop::sample::select(vec!["^a", "^[ab]*$", "b"])
            .prop_map(|pattern| json!({ "type": "string", "pattern": pattern })),
    ]
    .boxed()
}

/// Objects say what undeclared properties are, for those are judged by what
/// clients do, not by what is valid.
fn object(inner: impl Strategy<Value = Value> + Clone + 'static) -> BoxedStrategy<Value> {
    let more = prop_oneof![
        4 => Just(json!({})),
        1 => Just(json!({ "dependentRequired": { "p": ["q"] } })),
        1 => inner.clone().prop_map(|schema| json!({ "dependentSchemas": { "p": { "properties": { "q": schema } } } })),
        1 => Just(json!({ "propertyNames": { "pattern": "p" } })),
        1 => Just(json!({ "minProperties": 1 })),
        1 => Just(json!({ "maxProperties": 1 })),
        1 => inner.clone().prop_map(|schema| json!({ "patternProperties": { "^r": schema } })),
        1 => inner.clone().prop_map(|schema| json!({ "additionalProperties": schema })),
    ];
    (
        prop::collection::btree_map("[pq]", inner, 0..3),
        prop::sample::subsequence(vec!["p", "q"], 0..2),
        more,
    )
        .prop_map(|(properties, required, more)| {
            let required: Vec<_> = required
                .into_iter()
                .filter(|name| properties.contains_key(*name))
                .collect();
            let mut schema = json!({
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            });
            for (keyword, value) in more.as_object().into_iter().flatten() {
                schema[keyword] = value.clone();
            }
            schema
        })
        .boxed()
}

fn array(inner: impl Strategy<Value = Value> + Clone + 'static) -> BoxedStrategy<Value> {
    let more = prop_oneof![
        4 => Just(json!({})),
        1 => Just(json!({ "uniqueItems": true })),
        1 => leaf().prop_map(|schema| json!({ "contains": schema })),
        1 => (leaf(), 0..3_u64).prop_map(|(schema, least)| json!({ "contains": schema, "minContains": least })),
        1 => (leaf(), 1..3_u64).prop_map(|(schema, most)| json!({ "contains": schema, "maxContains": most })),
        1 => inner.clone().prop_map(|schema| json!({ "prefixItems": [schema] })),
    ];
    (inner, 0..3_u64, 0..3_u64, more)
        .prop_map(|(items, least, span, more)| {
            let mut schema = json!({
                "type": "array", "items": items, "minItems": least, "maxItems": least + span,
            });
            for (keyword, value) in more.as_object().into_iter().flatten() {
                schema[keyword] = value.clone();
            }
            schema
        })
        .boxed()
}

fn schema() -> BoxedStrategy<Value> {
    leaf()
        .prop_recursive(2, 12, 3, |inner| {
            prop_oneof![
                2 => array(inner.clone()),
                2 => object(inner.clone()),
                2 => prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({ "anyOf": all })),
                2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| json!({ "allOf": [a, b] })),
                1 => prop::collection::vec(leaf(), 1..4).prop_map(|all| json!({ "oneOf": all })),
                1 => (inner, leaf()).prop_map(|(a, b)| json!({ "allOf": [a, { "not": b }] })),
                1 => (leaf(), leaf(), leaf())
                    .prop_map(|(a, b, c)| json!({ "if": a, "then": b, "else": c })),
            ]
        })
        .boxed()
}

/// A pair of schemas: unrelated, or one with a single part replaced.
fn pair() -> BoxedStrategy<(Value, Value)> {
    let closed = |schema: Value| json!({ "type": "object", "properties": { "p": schema }, "additionalProperties": false });
    prop_oneof![
        (schema(), schema()),
        (schema(), schema())
            .prop_map(move |(a, b)| { (closed(a.clone()), closed(json!({ "anyOf": [a, b] }))) }),
        (schema(), schema()).prop_map(|(a, b)| (json!({ "allOf": [a, b] }), a)),
        (schema(), schema())
            .prop_map(|(a, b)| (json!({ "anyOf": [a, b] }), json!({ "oneOf": [a, b] }))),
        (leaf(), leaf(), leaf(), leaf()).prop_map(|(a, b, c, d)| {
            (
                json!({ "if": a, "then": b, "else": c }),
                json!({ "if": a, "then": d, "else": c }),
            )
        }),
        (leaf(), leaf(), leaf())
            .prop_map(|(a, b, c)| { (json!({ "not": a }), json!({ "not": { "anyOf": [b, c] } })) }),
        (leaf(), leaf(), leaf())
            .prop_map(|(a, b, c)| { (json!({ "oneOf": [a, b] }), json!({ "oneOf": [a, b, c] })) }),
        (object(leaf()), object(leaf())),
        (array(leaf()), array(leaf())),
    ]
    .boxed()
}

/// Values around every boundary that the schema has.
fn candidates(schema: &Value, depth: usize) -> Vec<Value> {
    let mut all: Vec<Value> = ["", "a", "b", "aa", "ab", "ba", "aaa", "abab", "zzzzz", "c"]
        .map(Value::from)
        .to_vec();
    all.extend((-1..8).map(Value::from));
    all.extend([0.5, 1.5, 2.5].map(Value::from));
    all.extend([json!(null), json!(true), json!(false), json!([]), json!({})]);
    let Value::Object(map) = schema else {
        return all;
    };
    if depth == 0 {
        return all;
    }
    let mut inner = Vec::new();
    for keyword in ["anyOf", "allOf", "oneOf"] {
        let branches = map.get(keyword).and_then(Value::as_array);
        for branch in branches.into_iter().flatten() {
            inner.extend(candidates(branch, depth));
        }
    }
    let mut elements = Vec::new();
    let prefix = map.get("prefixItems").and_then(Value::as_array);
    let parts = ["items", "contains"]
        .iter()
        .filter_map(|keyword| map.get(*keyword));
    for part in parts.chain(prefix.into_iter().flatten()) {
        elements.extend(candidates(part, depth - 1));
    }
    for (index, item) in elements.iter().enumerate() {
        for length in 1..5 {
            all.push(Value::from(vec![item.clone(); length]));
        }
        for other in elements.iter().skip(index % 7).step_by(7) {
            all.push(json!([item, other]));
            all.push(json!([item, other, other]));
        }
    }
    let mut properties: Vec<(&str, Vec<Value>)> = Vec::new();
    let declared = map.get("properties").and_then(Value::as_object);
    for (name, property) in declared.into_iter().flatten() {
        properties.push((name, candidates(property, depth - 1)));
    }
    for keyword in ["patternProperties", "dependentSchemas"] {
        let by_name = map.get(keyword).and_then(Value::as_object);
        for inner in by_name.into_iter().flatten().map(|(_, inner)| inner) {
            properties.push(("r", candidates(inner, depth - 1)));
            if let Some(q) = inner.pointer("/properties/q") {
                properties.push(("q", candidates(q, depth - 1)));
            }
        }
    }
    if let Some(rest @ Value::Object(_)) = map.get("additionalProperties") {
        properties.push(("s", candidates(rest, depth - 1)));
        properties.push(("pp", candidates(rest, depth - 1)));
    }
    let mut objects = vec![Map::new()];
    for (name, values) in properties {
        let mut more = Vec::new();
        for object in objects.iter().take(40) {
            for value in &values {
                let mut object = object.clone();
                object.insert(name.to_owned(), value.clone());
                more.push(object);
            }
        }
        objects.extend(more);
    }
    all.extend(objects.into_iter().map(Value::Object));
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
        .find(|value| admits_it.is_valid(value) && !refuses_it.is_valid(value))
}

fn holds(old: &Value, new: &Value, direction: Direction) -> Result<(), TestCaseError> {
    let findings = diff(&document(old, direction), &document(new, direction), TODAY);
    let worst = findings.iter().map(|finding| finding.level).max();
    let found = match direction {
        Direction::Request => witness(old, new),
        Direction::Response => witness(new, old),
    };
    if worst.is_none_or(|level| level == Level::Info) {
        prop_assert!(
            found.is_none(),
            "{direction}: called harmless, but {found:?} breaks a client\nold {old}\nnew {new}\n{findings:?}"
        );
    }
    Ok(())
}

proptest! {
    // Always the same cases, so that only a change of the code makes it fail.
    #![proptest_config(Config { cases: 400, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..Config::default() })]

    #[test]
    fn what_is_harmless_keeps_every_value_valid((old, new) in pair()) {
        holds(&old, &new, Direction::Request)?;
        holds(&old, &new, Direction::Response)?;
    }

    #[test]
    fn no_schema_differs_from_itself_in_other_words(one in schema()) {
        let wrapped = json!({ "allOf": [{ "anyOf": [one] }, true], "description": "the same" });
        for direction in [Direction::Request, Direction::Response] {
            let findings = diff(&document(&one, direction), &document(&wrapped, direction), TODAY);
            prop_assert!(findings.is_empty(), "{one}: {findings:?}");
        }
    }
}

/// Returns whether it is called breaking because it cannot be shown to be safe, or
/// for what it takes from clients that conform.
fn undecided(id: &str) -> bool {
    ["-if-changed", "-one-of-changed", "-property-removed"]
        .iter()
        .any(|suffix| id.ends_with(suffix))
}

/// What is decided has a value that shows it, nearly always.
#[test]
fn what_is_breaking_has_a_value_to_show() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut breaking = 0;
    let mut unshown = Vec::new();
    for _ in 0..600 {
        let tree = pair().new_tree(&mut runner).expect("schemas can be made");
        let (old, new) = proptest::strategy::ValueTree::current(&tree);
        for direction in [Direction::Request, Direction::Response] {
            let findings = diff(
                &document(&old, direction),
                &document(&new, direction),
                TODAY,
            );
            let errors: Vec<String> = findings
                .iter()
                .filter(|finding| finding.level == Level::Error)
                .map(|finding| finding.rule.to_string())
                .collect();
            if errors.is_empty() || errors.iter().any(|id| undecided(id)) {
                continue;
            }
            breaking += 1;
            let found = match direction {
                Direction::Request => witness(&old, &new),
                Direction::Response => witness(&new, &old),
            };
            if found.is_none() {
                unshown.push(format!("{direction} {errors:?}\n  old {old}\n  new {new}"));
            }
        }
    }
    assert!(breaking > 400, "too few pairs differ: {breaking}");
    assert!(
        unshown.len() * 100 <= breaking * 7,
        "no value shows {} of {breaking} breaking changes:\n{}",
        unshown.len(),
        unshown.join("\n")
    );
}
