//! The OpenAPI document and the schemas.

use std::collections::BTreeSet;

use contract::{
    catalogue,
    openapi::{openapi, schemas},
    operation::{BASE_PATH, BodyInfo},
    recorded::recorded,
};
use serde_json::Value;

fn visit<'a>(value: &'a Value, each: &mut impl FnMut(&'a str, &'a Value)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                each(name, member);
                visit(member, each);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, each)),
        _ => {}
    }
}

fn references(document: &Value) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    visit(document, &mut |name, value| {
        if name == "$ref" {
            found.extend(value.as_str());
        }
    });
    found
}

#[test]
fn every_operation_is_in_the_document() {
    let document = openapi();
    for operation in catalogue() {
        let found = &document["paths"][operation.path][operation.method.as_str().to_lowercase()];
        assert_eq!(
            found["operationId"], operation.id,
            "{} {}",
            operation.method, operation.path
        );
        assert!(
            !found["responses"][operation.status.as_str()].is_null(),
            "{}",
            operation.id
        );
    }
}

#[test]
fn base_path_is_the_server() {
    assert_eq!(openapi()["servers"][0]["url"], BASE_PATH);
}

#[test]
fn every_reference_resolves() {
    for document in [openapi(), contract::published::document(None)] {
        check_references(&document);
    }
}

#[track_caller]
fn check_references(document: &Value) {
    for reference in references(document) {
        let pointer = reference
            .strip_prefix('#')
            .expect("references stay in the document");
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
}

#[test]
fn every_component_is_used() {
    let document = openapi();
    let used = references(&document);
    for section in ["schemas", "responses", "headers"] {
        for name in document["components"][section].as_object().unwrap().keys() {
            let reference = format!("#/components/{section}/{name}");
            assert!(used.contains(reference.as_str()), "{reference} is not used");
        }
    }
}

#[test]
fn marks_are_kept() {
    let document = openapi();
    let properties = &document["components"]["schemas"]["UserUpdate"]["properties"];
    assert_eq!(properties["id"]["readOnly"], true);
    assert_eq!(properties["password"]["writeOnly"], true);
    assert_eq!(properties["email"]["format"], "email");
}

#[test]
fn every_example_is_valid() {
    check_examples(&openapi());
    check_examples(&contract::published::document(None));
}

#[track_caller]
fn check_examples(document: &Value) {
    // The whole document is the schema resource, so that references resolve as they do for a reader.
    let check = |schema: &Value, example: &Value, place: &str| {
        let mut root = document.clone();
        root.as_object_mut()
            .expect("it is an object")
            .insert("$ref".into(), "#/checked".into());
        root["checked"] = schema.clone();
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(&root)
            .unwrap_or_else(|error| panic!("{place}: {error}"));
        if let Err(error) = validator.validate(example) {
            panic!("{place}: {}: {error}", error.instance_path());
        }
    };
    let mut examples = 0;
    visit(document, &mut |place, content| {
        if let (Some(schema), Some(example)) = (content.get("schema"), content.get("example")) {
            check(schema, example, place);
            examples += 1;
        }
        let several = content.get("examples").and_then(Value::as_object);
        if let (Some(schema), Some(several)) = (content.get("schema"), several) {
            for (name, example) in several {
                check(
                    schema,
                    &example["value"],
                    &format!("{place}/examples/{name}"),
                );
                examples += 1;
            }
        }
    });
    assert!(
        examples > catalogue().len(),
        "only {examples} examples were found"
    );
}

#[test]
fn recorded_exchanges_are_the_examples() {
    let document = openapi();
    for operation in catalogue() {
        let found = &document["paths"][operation.path][operation.method.as_str().to_lowercase()];
        let exchange = recorded(operation.id).unwrap();
        let reply = &found["responses"][operation.status.as_str()]["content"]["application/json"];
        let request = &found["requestBody"]["content"]["application/json"];
        let recorded = exchange.response.body.clone().map(without_passwords);
        assert_eq!(reply.get("example"), recorded.as_ref(), "{}", operation.id);
        let recorded = exchange
            .request
            .as_ref()
            .and_then(|request| request.body.as_ref());
        assert_eq!(request.get("example"), recorded, "{}", operation.id);
    }
}

#[test]
fn every_request_body_has_an_example() {
    let document = contract::published::document(None);
    for operation in catalogue() {
        let found = &document["paths"][operation.path][operation.method.as_str().to_lowercase()];
        let body = found.get("requestBody");
        let has_body = !matches!(operation.body, BodyInfo::None);
        assert_eq!(body.is_some(), has_body, "{}", operation.id);
        let content = body.and_then(|body| body["content"].as_object());
        for (media_type, content) in content.into_iter().flatten() {
            let has_one = content.get("example").is_some() ^ content.get("examples").is_some();
            assert!(has_one, "{}: {media_type} has no example", operation.id);
        }
    }
}

#[test]
fn there_is_an_example_of_a_new_service_for_each_provider() {
    let document = contract::published::document(None);
    let create = &document["paths"]["/services"]["post"];
    let examples = &create["requestBody"]["content"]["application/json"]["examples"];
    let examples = examples.as_object().expect("there are several");
    let first = examples.keys().next().map(String::as_str);
    assert_eq!(first, Some("webhook"));
    let shown: BTreeSet<_> = examples.keys().map(String::as_str).collect();
    let providers = document["components"]["schemas"]["ServiceProvider"]["enum"].as_array();
    let providers: BTreeSet<_> = providers
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(
        shown, providers,
        "add it to src/examples/createService.json"
    );
    let operation = contract::find("createService").expect("it is in the catalogue");
    for (provider, example) in examples {
        assert_eq!(example["value"]["type"], provider.as_str());
        let body = example["value"].to_string();
        if let Err(violations) = operation.check_body(body.into()) {
            panic!("{provider}: {violations}");
        }
    }
}

#[test]
fn an_error_shows_what_was_recorded_of_its_operation() {
    let document = openapi();
    let mut shown = 0;
    for operation in catalogue() {
        let found = &document["paths"][operation.path][operation.method.as_str().to_lowercase()];
        for (status, response) in found["responses"].as_object().unwrap() {
            let Some(exchange) = status
                .parse()
                .ok()
                .and_then(|status| contract::recorded::recorded_error(operation.id, status))
            else {
                continue;
            };
            let response = match response["$ref"].as_str() {
                Some(reference) => document.pointer(&reference[1..]).unwrap(),
                None => response,
            };
            let example = &response["content"]["application/json"]["example"];
            let recorded = exchange.response.body.as_ref();
            assert_eq!(Some(example), recorded, "{} {status}", operation.id);
            shown += 1;
        }
    }
    assert!(
        shown > 3 * catalogue().len(),
        "only {shown} errors are shown"
    );
}

#[test]
fn every_operation_has_a_sample_in_every_language() {
    let document = contract::published::document(None);
    for operation in catalogue() {
        let found = &document["paths"][operation.path][operation.method.as_str().to_lowercase()];
        let samples = found["x-codeSamples"].as_array();
        let labels: Vec<_> = samples
            .into_iter()
            .flatten()
            .filter_map(|sample| sample["label"].as_str())
            .collect();
        assert_eq!(
            labels,
            ["curl", "Python", "TypeScript", "Go", "Rust", "web1on1"],
            "{}",
            operation.id
        );
    }
}

/// The recorded replies show passwords, which are write-only.
fn without_passwords(mut body: Value) -> Value {
    let users = if let Value::Array(items) = &mut body {
        &mut items[..]
    } else {
        std::slice::from_mut(&mut body)
    };
    for user in users {
        if let Some(members) = user.as_object_mut() {
            members.shift_remove("password");
        }
    }
    body
}

/// The document model parses the schema of a parameter, and could lose a
/// keyword that it does not know.
#[test]
fn parameter_schemas_lose_no_keyword() {
    let document = openapi();
    for operation in catalogue() {
        let found = &document["paths"][operation.path][operation.method.as_str().to_lowercase()];
        let parameters = found["parameters"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        for of in [operation.path_parameters, operation.query_parameters] {
            let properties = of.views().read.root()["properties"].as_object();
            for (name, property) in properties.into_iter().flatten() {
                let parameter = parameters
                    .iter()
                    .find(|parameter| parameter["name"] == name.as_str())
                    .unwrap_or_else(|| panic!("{}: no parameter {name}", operation.id));
                assert_eq!(parameter["description"], property["description"], "{name}");
                for keyword in [
                    "pattern",
                    "format",
                    "minimum",
                    "maximum",
                    "minLength",
                    "default",
                    "items",
                ] {
                    assert_eq!(
                        parameter["schema"].get(keyword),
                        property.get(keyword),
                        "{}: {keyword} of {name}",
                        operation.id,
                    );
                }
            }
        }
    }
}

#[test]
fn views_require_no_read_only_property() {
    for operation in catalogue() {
        let Some(document) = operation.body.document() else {
            continue;
        };
        for (name, schema) in &document.definitions {
            for required in schema["required"].as_array().into_iter().flatten() {
                let property = &schema["properties"][required.as_str().unwrap()];
                assert_ne!(property["readOnly"], true, "{name} requires {required}");
            }
        }
    }
}

#[test]
fn update_views_require_nothing() {
    for operation in catalogue() {
        if let BodyInfo::Update(of) = operation.body {
            assert!(of.views().update.root().get("required").is_none(), "{of:?}");
        }
    }
}

#[test]
fn request_views_are_closed_and_replies_open() {
    let schemas = schemas();
    for name in [
        "UserCreate",
        "UserUpdate",
        "UserSettingsCreate",
        "UserSettingsUpdate",
        "TokenRequest",
    ] {
        assert_eq!(schemas[name]["additionalProperties"], false, "{name}");
    }
    for name in [
        "User",
        "UserSettings",
        "Token",
        "UserOrganizations",
        "UserOrganization",
        "ErrorReply",
    ] {
        assert!(
            schemas[name].get("additionalProperties").is_none(),
            "{name}"
        );
    }
}

/// Types that share a name would overwrite each other in the document.
#[test]
fn one_name_is_one_schema() {
    let documents = catalogue()
        .iter()
        .flat_map(|operation| {
            let read = operation.reply.body.of().map(|of| &of.views().read);
            [
                operation.body.document(),
                operation.reply.body.document(),
                read,
            ]
        })
        .flatten();
    for (name, schema) in documents.flat_map(|document| &document.definitions) {
        assert_eq!(
            schemas().get(name),
            Some(schema),
            "two types are called {name}"
        );
    }
}
