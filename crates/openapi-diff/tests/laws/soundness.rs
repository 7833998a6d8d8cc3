//! The comparison against a validator: whatever it calls harmless keeps every value
//! valid, and whatever it calls breaking has a value to show.
//!
//! Values hold only declared properties, as conforming clients send no others.

use openapi_diff::{Direction, Level, diff};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::schemas::{pair, schema, text};
use crate::{TODAY, config, document, is_undecided};

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
    let listed = map.get("enum").and_then(Value::as_array);
    all.extend(listed.into_iter().flatten().cloned());
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
    #![proptest_config(config(400))]

    #[test]
    fn what_is_harmless_keeps_every_value_valid((old, new) in pair()) {
        holds(&old, &new, Direction::Request)?;
        holds(&old, &new, Direction::Response)?;
    }

    /// Patterns and lengths are decided exactly, the one by the other.
    #[test]
    fn a_text_breaks_if_there_is_one_to_show((old, new) in (text(), text())) {
        let mut texts = vec![String::new()];
        for length in 1..5 {
            let shorter: Vec<String> = texts.iter().filter(|text| text.len() == length - 1).cloned().collect();
            texts.extend(shorter.iter().flat_map(|text| ["a", "b", "c", "\n"].map(|last| format!("{text}{last}"))));
        }
        let [before, after] = [&old, &new]
            .map(|schema| jsonschema::validator_for(schema).expect("the schema is valid"));
        if !texts.iter().any(|text| before.is_valid(&json!(text))) {
            return Ok(());
        }
        let shown = texts.iter().find(|text| {
            let text = json!(text);
            before.is_valid(&text) && !after.is_valid(&text)
        });
        let direction = Direction::Request;
        let findings = diff(&document(&old, direction), &document(&new, direction), TODAY);
        let breaks = findings.iter().any(|finding| finding.level > Level::Info);
        prop_assert_eq!(breaks, shown.is_some(), "{:?}\nold {}\nnew {}\n{:#?}", shown, old, new, findings);
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
            if errors.is_empty() || errors.iter().any(|id| is_undecided(id)) {
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
