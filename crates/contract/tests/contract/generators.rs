//! Nothing in the published documents makes a generated client ugly, or keeps it from
//! compiling.

use std::collections::BTreeMap;

use contract::published;
use serde_json::{Map, Value};

/// What a language or its standard library has of the same name, somewhere.
const BUILT_IN: &[&str] = &[
    "any",
    "array",
    "bool",
    "boolean",
    "box",
    "class",
    "date",
    "dict",
    "enum",
    "error",
    "exception",
    "file",
    "float",
    "function",
    "int",
    "integer",
    "interface",
    "list",
    "map",
    "module",
    "none",
    "null",
    "number",
    "object",
    "option",
    "optional",
    "promise",
    "record",
    "request",
    "response",
    "result",
    "self",
    "set",
    "string",
    "symbol",
    "type",
    "undefined",
    "union",
    "vec",
    "void",
];

/// Every problem in either document.
fn problems(check: impl Fn(&Value, &mut Vec<String>)) -> Vec<String> {
    let document = published::document(None);
    let older = published::to_3_0(&document);
    let mut problems = Vec::new();
    check(&document, &mut problems);
    check(&older, &mut problems);
    problems
}

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(
        problems.is_empty(),
        "clients that are generated from this are ugly; mend the types, or \
         crates/contract/src/published:\n  {}",
        problems.join("\n  ")
    );
}

/// What is left of a name in camel, snake and Pascal case alike.
fn bare(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_lowercase())
        .collect()
}

/// Names of one scope that a generator may take for one.
fn coinciding<'a>(
    scope: &str,
    names: impl IntoIterator<Item = &'a str>,
    problems: &mut Vec<String>,
) {
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    for name in names {
        if let Some(other) = known.insert(bare(name), name) {
            problems.push(format!("{scope}: `{other}` and `{name}` are one name"));
        }
    }
}

fn schemas(document: &Value) -> &Map<String, Value> {
    document["components"]["schemas"]
        .as_object()
        .expect("there are schemas")
}

/// Calls `visit` with each schema in `schema`, itself included, and where it is.
fn each_schema(place: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    visit(place, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        each_schema(&format!("{place}.{name}"), property, visit);
    }
    for keyword in ["items", "additionalProperties"] {
        if schema[keyword].is_object() {
            each_schema(&format!("{place}[]"), &schema[keyword], visit);
        }
    }
    for keyword in ["oneOf", "anyOf", "allOf"] {
        for alternative in schema[keyword].as_array().into_iter().flatten() {
            each_schema(&format!("{place}/{keyword}"), alternative, visit);
        }
    }
}

fn operations(document: &Value) -> impl Iterator<Item = &Value> {
    let paths = document["paths"].as_object().expect("there are paths");
    let items = paths.values().filter_map(Value::as_object);
    items
        .flat_map(Map::values)
        .filter(|operation| operation["operationId"].is_string())
}

#[test]
fn no_names_coincide() {
    let problems = problems(|document, problems| {
        let schemas = schemas(document);
        coinciding("the schemas", schemas.keys().map(String::as_str), problems);
        for (name, schema) in schemas {
            each_schema(name, schema, &mut |place, schema| {
                let properties = schema["properties"].as_object().into_iter();
                let names = properties.flat_map(Map::keys).map(String::as_str);
                coinciding(place, names, problems);
                let values = schema["enum"].as_array().into_iter().flatten();
                coinciding(place, values.filter_map(Value::as_str), problems);
            });
        }
        let ids = operations(document).filter_map(|operation| operation["operationId"].as_str());
        coinciding("the operations", ids, problems);
        for operation in operations(document) {
            let id = operation["operationId"].as_str().unwrap_or_default();
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let names = parameters.filter_map(|parameter| parameter["name"].as_str());
            coinciding(id, names, problems);
        }
    });
    assert_none(&problems);
}

#[test]
fn no_schema_has_the_name_of_something_built_in() {
    let problems = problems(|document, problems| {
        let names = schemas(document).keys();
        let taken = names.filter(|name| BUILT_IN.contains(&bare(name).as_str()));
        problems.extend(taken.map(|name| format!("`{name}` is a name of a language's own")));
    });
    assert_none(&problems);
}

#[test]
fn unions_are_of_whole_schemas() {
    let problems = problems(|document, problems| {
        for (name, schema) in schemas(document) {
            each_schema(name, schema, &mut |place, schema| {
                for keyword in ["oneOf", "anyOf"] {
                    for alternative in schema[keyword].as_array().into_iter().flatten() {
                        let is_whole = ["$ref", "type", "allOf", "const", "enum"]
                            .iter()
                            .any(|keyword| alternative.get(keyword).is_some());
                        if !is_whole {
                            problems.push(format!("{place}: {alternative} is no type by itself"));
                        }
                    }
                }
            });
        }
    });
    assert_none(&problems);
}

#[test]
fn objects_inside_of_others_have_names() {
    let problems = problems(|document, problems| {
        for (name, schema) in schemas(document) {
            each_schema(name, schema, &mut |place, schema| {
                if place != name && schema["properties"].is_object() {
                    problems.push(format!("{place} is an object without a name"));
                }
            });
        }
    });
    assert_none(&problems);
}

#[test]
fn nothing_that_has_a_default_looks_required() {
    let problems = problems(|document, problems| {
        for (name, schema) in schemas(document) {
            each_schema(name, schema, &mut |place, schema| {
                if schema.get("default").is_some() {
                    problems.push(format!("{place} has a default; say it in words"));
                }
            });
        }
    });
    assert_none(&problems);
}

#[test]
fn every_parameter_has_an_example_or_named_values() {
    let problems = problems(|document, problems| {
        for operation in operations(document) {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let target = parameter["schema"]["$ref"].as_str().unwrap_or_default();
                let target = target.trim_start_matches('#');
                let values = document.pointer(&format!("{target}/enum"));
                let is_shown =
                    parameter.get("example").is_some() || !target.is_empty() && values.is_some();
                if !is_shown {
                    let id = operation["operationId"].as_str().unwrap_or_default();
                    problems.push(format!("{id}: {} has no example", parameter["name"]));
                }
            }
        }
    });
    assert_none(&problems);
}

#[test]
fn what_is_ugly_is_found() {
    let mut problems = Vec::new();
    coinciding("a scope", ["app_id", "name", "appId"], &mut problems);
    assert_eq!(problems, ["a scope: `app_id` and `appId` are one name"]);
}
