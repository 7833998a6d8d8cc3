//! What request bodies accept, and how they name what they reject: for every
//! property of every resource.

use std::collections::BTreeSet;

use contract::{
    catalogue,
    operation::{BodyInfo, OperationInfo},
    recorded::recorded,
    schema::SchemaDocument,
    validate::Violations,
};
use serde_json::{Value, json};

/// A property of a body, at any depth.
#[derive(Clone, Debug)]
pub(crate) struct Property {
    /// Its path, such as `settings.locale` or `categories[0].name`.
    pub(crate) path: String,
    /// Its schema, with no reference left.
    pub(crate) schema: Value,
    /// Whether the object that it belongs to requires it.
    pub(crate) required: bool,
}

/// Every property of a schema, at any depth.
pub(crate) fn properties(document: &SchemaDocument) -> Vec<Property> {
    let mut found = Vec::new();
    collect(document, document.root(), "", &mut found);
    found
}

fn collect(document: &SchemaDocument, schema: &Value, path: &str, found: &mut Vec<Property>) {
    let schema = document.resolve(schema);
    let required = schema["required"].as_array();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        found.push(Property {
            path: path.clone(),
            schema: document.resolve(property).clone(),
            required: required.is_some_and(|required| required.iter().any(|other| other == name)),
        });
        collect(document, property, &path, found);
    }
    if schema["items"].is_object() {
        collect(document, &schema["items"], &format!("{path}[0]"), found);
    }
}

/// Sets the property at a path, making the objects and lists that lead there.
pub(crate) fn put(value: &mut Value, path: &str, to: Value) {
    let mut place = value;
    for name in path.split('.') {
        let (name, is_list) = name
            .strip_suffix("[0]")
            .map_or((name, false), |name| (name, true));
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[name];
        if is_list {
            *place = json!([{}]);
            place = &mut place[0];
        }
    }
    *place = to;
}

/// A value that no property of this schema accepts, if there is one.
pub(crate) fn wrong(schema: &Value) -> Option<Value> {
    let types = schema["type"].to_string();
    match types.as_str() {
        "null" => None,
        _ if types.contains("string") => Some(json!(["wrong"])),
        _ => Some(json!("wrong")),
    }
}

/// The paths that violations are about.
pub(crate) fn fields(violations: &Violations) -> Vec<&str> {
    violations
        .as_slice()
        .iter()
        .map(|violation| violation.field.as_str())
        .collect()
}

fn check(operation: &OperationInfo, body: &Value) -> Result<(), BTreeSet<String>> {
    operation
        .check_body(body.to_string().into())
        .map_err(|violations| fields(&violations).into_iter().map(str::to_owned).collect())
}

#[track_caller]
fn check_rejected(operation: &OperationInfo, body: &Value, path: &str) {
    assert_eq!(
        check(operation, body),
        Err(BTreeSet::from([path.to_owned()])),
        "{}: {body}",
        operation.id,
    );
}

/// The operations that update a resource, each with the properties of the
/// update.
fn updates() -> impl Iterator<Item = (&'static OperationInfo, Vec<Property>)> {
    catalogue()
        .iter()
        .filter_map(|operation| match operation.body {
            BodyInfo::Update(of) => Some((operation, properties(&of.views().update))),
            _ => None,
        })
}

/// The operations that create a resource, each with the properties of a new one
/// and with the recorded body, which has all of them.
fn creations() -> impl Iterator<Item = (&'static OperationInfo, Vec<Property>, Value)> {
    catalogue()
        .iter()
        .filter_map(|operation| match operation.body {
            BodyInfo::Create(of) => {
                let body = recorded(operation.id)?.request.as_ref()?.body.clone()?;
                Some((operation, properties(&of.views().create), body))
            }
            _ => None,
        })
}

fn in_list(property: &Property) -> bool {
    property.path.contains('[')
}

#[test]
fn update_names_every_property_that_is_wrong() {
    for (operation, properties) in updates() {
        for property in properties.iter().filter(|property| !in_list(property)) {
            let mut body = json!({});
            put(
                &mut body,
                &property.path,
                wrong(&property.schema).expect("a type"),
            );
            check_rejected(operation, &body, &property.path);
        }
    }
}

#[test]
fn new_resource_names_every_property_that_is_wrong() {
    for (operation, properties, body) in creations() {
        for property in properties.iter().filter(|property| !in_list(property)) {
            let mut body = body.clone();
            put(
                &mut body,
                &property.path,
                wrong(&property.schema).expect("a type"),
            );
            check_rejected(operation, &body, &property.path);
        }
    }
}

#[test]
fn new_resource_names_every_property_that_is_missing() {
    let mut checked = 0;
    for (operation, properties, body) in creations() {
        for property in properties
            .iter()
            .filter(|property| property.required && !in_list(property))
        {
            let (parent, name) = property
                .path
                .rsplit_once('.')
                .unwrap_or(("", &property.path));
            let pointer = match parent {
                "" => String::new(),
                parent => format!("/{}", parent.replace('.', "/")),
            };
            let mut body = body.clone();
            let object = body.pointer_mut(&pointer).and_then(Value::as_object_mut);
            object
                .expect("recorded bodies are whole")
                .shift_remove(name);
            check_rejected(operation, &body, &property.path);
            checked += 1;
        }
    }
    assert!(checked > 30, "only {checked} properties are required");
}

/// What an update cannot clear although a new resource can leave it out.
const NEVER_NULL: [&str; 1] = ["organization"];

#[test]
fn null_clears_what_is_optional_and_nothing_else() {
    for (operation, properties) in updates() {
        let BodyInfo::Update(of) = operation.body else {
            continue;
        };
        let whole = crate::bodies::properties(&of.views().create);
        for property in properties.iter().filter(|property| !in_list(property)) {
            let required = whole
                .iter()
                .any(|other| other.path == property.path && other.required)
                || NEVER_NULL.contains(&property.path.as_str());
            let mut body = json!({});
            put(&mut body, &property.path, json!(null));
            if required {
                check_rejected(operation, &body, &property.path);
            } else {
                assert_eq!(check(operation, &body), Ok(()), "{}: {body}", operation.id);
            }
        }
    }
}

#[test]
fn unknown_properties_of_nested_objects_are_named() {
    for (operation, properties) in updates() {
        let nested = properties.iter().filter(|property| {
            property.schema["additionalProperties"] == false && !in_list(property)
        });
        for property in nested {
            let path = format!("{}.unheardOf", property.path);
            let mut body = json!({});
            put(&mut body, &path, json!(1));
            check_rejected(operation, &body, &path);
        }
    }
}

#[test]
fn params_of_a_service_keep_what_is_not_declared() {
    let body = json!({ "params": { "headerColor": "yellow", "deep": { "a": [null] } } });
    let operation = contract::find("updateService").unwrap();
    assert_eq!(check(operation, &body), Ok(()));
}

#[test]
fn free_slots_are_null() {
    let organization = contract::find("updateOrganization").unwrap();
    let body = json!({ "categories": [null, { "name": "Used Car" }, null] });
    assert_eq!(check(organization, &body), Ok(()));
}

#[test]
fn there_are_ten_slots() {
    let organization = contract::find("updateOrganization").unwrap();
    check_rejected(
        organization,
        &json!({ "categories": vec![Value::Null; 11] }),
        "categories",
    );
}

#[test]
fn properties_in_lists_are_named_with_their_index() {
    let organization = contract::find("updateOrganization").unwrap();
    let body = json!({ "categories": [null, { "forms": [] }] });
    check_rejected(organization, &body, "categories[1].name");
}
