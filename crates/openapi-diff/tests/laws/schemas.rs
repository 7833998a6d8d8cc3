//! Schemas of the fragment that is decided exactly, and pairs of them.

use proptest::prelude::*;
use serde_json::{Value, json};

pub(crate) fn leaf() -> BoxedStrategy<Value> {
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
        prop::sample::subsequence(
            vec![
                json!({ "p": 1 }),
                json!({ "p": "a", "q": 2 }),
                json!([1, "a"]),
                json!(["b"]),
                json!(1)
            ],
            1..4,
        )
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

/// Texts by patterns and lengths at once.
pub(crate) fn text() -> impl Strategy<Value = Value> {
    let patterns = vec![
        "^a",
        "^[ab]*$",
        "b",
        "^[ab]{2}$",
        "^a?b$",
        "^(a|bb)$",
        "^.{1,3}$",
    ];
    let length = || prop::option::of(0..4_u64);
    (
        prop::sample::subsequence(patterns, 0..3),
        length(),
        length(),
    )
        .prop_map(|(patterns, least, most)| {
            let mut all = vec![json!(true)];
            all.extend(
                patterns
                    .into_iter()
                    .map(|pattern| json!({ "pattern": pattern })),
            );
            all.extend(least.map(|least| json!({ "minLength": least })));
            all.extend(most.map(|most| json!({ "maxLength": most })));
            json!({ "type": "string", "allOf": all })
        })
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

pub(crate) fn schema() -> BoxedStrategy<Value> {
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
pub(crate) fn pair() -> BoxedStrategy<(Value, Value)> {
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
