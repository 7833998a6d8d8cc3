//! Documents with very many things of one kind, all of which have changed.

use openapi_diff::{Finding, diff};
use serde_json::{Map, Value, json};

use super::{many, one_cause, reference, sent};
use crate::{TODAY, parse};

/// How many things there are.
const MANY: usize = 3_000;

fn changes([base, revision]: &[Value; 2]) -> Vec<Finding> {
    diff(&parse("base", base), &parse("revision", revision), TODAY)
}

/// A document whose only operation has this, made with the letter of its version.
fn versions(make: impl Fn(char) -> Value) -> [Value; 2] {
    ['a', 'b'].map(|version| {
        let mut operation = make(version);
        if operation.get("responses").is_none() {
            operation["responses"] = json!({ "204": { "description": "done" } });
        }
        json!({ "openapi": "3.1.0", "paths": { "/a": { "get": operation } } })
    })
}

/// Members by names that are made of numbers.
fn members(name: impl Fn(usize) -> String, value: &Value) -> Value {
    let all = (0..MANY).map(|number| (name(number), value.clone()));
    Value::Object(all.collect::<Map<_, _>>())
}

/// Checks that so many findings have each of these ids, and none another.
#[track_caller]
fn check(documents: &[Value; 2], expected: &[(&str, usize)]) {
    let findings = changes(documents);
    for (id, count) in expected {
        let of_id = |finding: &&Finding| finding.rule.to_string() == *id;
        assert_eq!(findings.iter().filter(of_id).count(), *count, "{id}");
    }
    let all: usize = expected.iter().map(|(_, count)| count).sum();
    assert_eq!(findings.len(), all, "{:?}", findings.first());
}

#[test]
fn parameters_that_are_replaced_are_each_told() {
    let documents = versions(|version| {
        let parameter = |number| json!({ "in": "query", "name": format!("{version}{number}") });
        json!({ "parameters": (0..MANY).map(parameter).collect::<Vec<_>>() })
    });
    check(
        &documents,
        &[
            ("request-parameter-removed", MANY),
            ("new-optional-request-parameter", MANY),
        ],
    );
}

#[test]
fn parameters_that_move_are_each_told() {
    let documents = versions(|version| {
        let place = if version == 'a' { "query" } else { "cookie" };
        let parameter = |number| json!({ "in": place, "name": format!("p{number}") });
        json!({ "parameters": (0..MANY).map(parameter).collect::<Vec<_>>() })
    });
    check(&documents, &[("request-parameter-moved", MANY)]);
}

#[test]
fn statuses_and_media_types_that_are_replaced_are_each_told() {
    let response = json!({ "description": "" });
    let statuses = |version: char| {
        let class = if version == 'a' { '4' } else { '5' };
        json!({ "responses": members(|number| format!("{class}{number:05}"), &response) })
    };
    check(
        &versions(statuses),
        &[
            ("response-non-success-status-removed", MANY),
            ("response-non-success-status-added", MANY),
        ],
    );
    let media = |version: char| {
        let content = members(|number| format!("x/{version}{number}"), &json!({}));
        json!({ "responses": { "200": { "description": "", "content": content } } })
    };
    check(
        &versions(media),
        &[
            ("response-media-type-removed", MANY),
            ("response-media-type-added", MANY),
        ],
    );
}

#[test]
fn ways_to_authenticate_that_are_replaced_are_each_told() {
    let documents = ['a', 'b'].map(|version| {
        let ways = (0..MANY).map(|number| json!({ format!("s{number}"): [] }));
        let schemes = (0..MANY).map(|number| {
            let name = format!("{version}{number}");
            let scheme = json!({ "type": "apiKey", "in": "header", "name": name });
            (format!("s{number}"), scheme)
        });
        json!({
            "openapi": "3.1.0",
            "paths": { "/a": { "get": { "responses": {} } } },
            "security": ways.collect::<Vec<_>>(),
            "components": { "securitySchemes": Value::Object(schemes.collect()) },
        })
    });
    check(
        &documents,
        &[("api-security-removed", MANY), ("api-security-added", MANY)],
    );
}

#[test]
fn servers_that_are_replaced_are_each_told_once() {
    let documents = ['a', 'b'].map(|version| {
        let servers = (0..500).map(|number| json!({ "url": format!("https://{version}{number}") }));
        let operation = json!({ "get": { "responses": {} } });
        json!({
            "openapi": "3.1.0",
            "paths": members(|number| format!("/{number}"), &operation),
            "servers": servers.collect::<Vec<_>>(),
        })
    });
    check(
        &documents,
        &[("api-servers-replaced", 500), ("api-server-added", 500)],
    );
}

#[test]
fn demands_of_one_kind_that_are_replaced_are_one_change() {
    let of = |make: &dyn Fn(char, usize) -> Value| {
        ['a', 'b'].map(|version| {
            let all = (0..MANY).map(|number| make(version, number));
            sent(&json!({ "S": { "allOf": all.collect::<Vec<_>>() } }))
        })
    };
    let text = |version: char, number: usize| format!("{version}{number}");
    check(
        &of(&|version, number| json!({ "not": { "required": [text(version, number)] } })),
        &[("request-body-not-changed", 1)],
    );
    check(
        &of(&|version, number| json!({ "contains": { "const": text(version, number) } })),
        &[("request-body-contains-changed", 1)],
    );
    let condition = |version, number: usize| {
        json!({ "if": { "properties": { "kind": { "const": number } } },
            "then": { "required": [text(version, number)] } })
    };
    check(&of(&condition), &[("request-body-if-changed", 1)]);
}

#[test]
fn patterns_and_properties_that_are_too_many_are_said_not_to_be_compared() {
    let documents = ['a', 'b'].map(|version| {
        sent(&json!({ "S": { "type": "object",
            "properties": members(|number| format!("p{version}{number}"), &json!({})),
            "patternProperties": members(|number| format!("^{version}{number}"), &json!({})),
        } }))
    });
    check(&documents, &[("request-body-not-compared", 1)]);
}

#[test]
fn a_change_at_the_end_of_a_long_chain_reaches_all_who_send_a_part_of_it() {
    let chain = |number: usize, bound: u32| {
        json!({ "properties": {
            "next": reference((number + 1).min(1_499)),
            "n": { "type": "integer", "maximum": if number == 1_499 { bound } else { 9 } },
        } })
    };
    one_cause(many(1_500, chain), 1_499);
}

#[test]
fn each_of_many_changes_reaches_all_who_send_what_holds_it() {
    let count = 400;
    let mesh = |number: usize, bound: u32| {
        let properties =
            (0..20).map(|other| (format!("p{other}"), reference((number * 7 + other) % count)));
        let mut properties: Map<String, Value> = properties.collect();
        properties.insert(
            "n".to_owned(),
            json!({ "type": "integer", "maximum": bound }),
        );
        json!({ "properties": properties })
    };
    let findings = changes(&many(count, mesh));
    assert_eq!(findings.len(), count);
    for finding in &findings {
        assert_eq!(finding.also.len(), count - 1, "{finding}");
        assert!(!finding.message.contains("p0"), "{finding}");
    }
}

#[test]
fn a_long_way_to_a_change_is_told_without_its_middle() {
    let chain = |number: usize, bound: u32| {
        json!({ "properties": {
            format!("to{number}"): reference((number + 1).min(59)),
            "n": { "type": "integer", "maximum": if number == 59 { bound } else { 9 } },
        } })
    };
    let [mut base, mut revision] = many(60, chain);
    for document in [&mut base, &mut revision] {
        let paths = document["paths"].as_object_mut().expect("an object");
        paths.retain(|path, _| path == "/S0");
    }
    let findings = changes(&[base, revision]);
    let message = &findings[0].message;
    assert!(message.contains("`to0.to1.to2"), "{message}");
    assert!(message.contains("to9.….to50"), "{message}");
    assert!(message.contains("to58.n`"), "{message}");
}

#[test]
fn more_changes_than_anybody_looks_at_are_not_told() {
    let properties = |version: char| {
        let maximum = if version == 'a' { 9 } else { 8 };
        let all = (0..101_000).map(|number| {
            let schema = json!({ "type": "integer", "maximum": maximum });
            (format!("p{number}"), schema)
        });
        json!({ "S": { "properties": all.collect::<Map<_, _>>() } })
    };
    let documents = ['a', 'b'].map(|version| sent(&properties(version)));
    check(
        &documents,
        &[
            ("request-property-max-decreased", 100_000),
            ("request-property-not-compared", 1),
        ],
    );
}
