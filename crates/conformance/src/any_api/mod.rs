//! Statements of an API that does not keep the conventions of this project.
//!
//! The readings hold what they read to conventions: names of messages and of views,
//! one tag an operation, null wherever a field is optional, and more. Another API
//! keeps others. Here its document is brought into the forms that are read, and its
//! readings are stripped of what only the conventions say, so that they can be compared
//! on what any client would notice.

mod pair;
mod plain;

use serde_json::Value;

pub use self::pair::pair;
use crate::api::{Api, Body, Kind, Property, Rules, Shape, Side, Undeclared};
use crate::from_openapi::{OpenApiError, from_openapi};
use crate::in_place::in_place;
use crate::methods::each_operation;

/// Reads an API from any OpenAPI document of version 3.0, 3.1 or 3.2. Messages call it
/// `source`. References may lead anywhere in the document.
///
/// # Errors
///
/// The value is no such document.
pub fn from_any_openapi(document: &Value, source: &str) -> Result<Api, OpenApiError> {
    let mut document = in_place(document);
    let is_other = document["openapi"]
        .as_str()
        .is_some_and(|version| version.starts_with("3.0.") || version.starts_with("3.2."));
    if is_other {
        // Null is not compared, and nothing else that is differs between the versions.
        document["openapi"] = "3.1.0".into();
    }
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for item in paths.into_iter().flat_map(|paths| paths.values_mut()) {
        share_parameters(item);
    }
    plain::plain(&mut document);
    Ok(without_conventions(from_openapi(&document, source)?))
}

/// Gives each operation of a path the parameters that the path states for all, and
/// takes those out that protos have no word for.
fn share_parameters(item: &mut Value) {
    let Some(members) = item.as_object_mut() else {
        return;
    };
    let shared = members.remove("parameters");
    let shared: Vec<_> = shared
        .iter()
        .filter_map(Value::as_array)
        .flatten()
        .collect();
    members.retain(|member, _| member != "servers" && !member.starts_with("x-"));
    each_operation(item, |operation| {
        let Some(operation) = operation.as_object_mut() else {
            return;
        };
        let own = operation.remove("parameters");
        let own: Vec<_> = own.iter().filter_map(Value::as_array).flatten().collect();
        let is_stated = |parameter: &Value| {
            own.iter().any(|other| {
                (&other["name"], &other["in"]) == (&parameter["name"], &parameter["in"])
            })
        };
        let all = shared.iter().filter(|parameter| !is_stated(parameter));
        let all = all
            .chain(own.iter())
            .filter(|parameter| !matches!(parameter["in"].as_str(), Some("header" | "cookie")));
        let all: Vec<Value> = all.map(|parameter| (**parameter).clone()).collect();
        if !all.is_empty() {
            operation.insert("parameters".to_owned(), all.into());
        }
    });
}

/// Strips a reading of what only the conventions of this project say.
#[must_use]
pub fn without_conventions(mut api: Api) -> Api {
    let of_protos = api.side == Side::Protos;
    api.keeps_conventions = false;
    api.problems.retain(|problem| !problem.is_convention);
    // Protos have no word for it.
    api.base_path = None;
    for operation in api.operations.values_mut() {
        if of_protos {
            operation.status = String::new();
        }
        operation.group = String::new();
        operation.paged = false;
        for property in operation.path_parameters.values_mut() {
            // There is no path without it, whether that is said or not.
            property.required = true;
        }
        let parameters = operation.path_parameters.values_mut();
        parameters
            .chain(operation.query.values_mut())
            .for_each(of_property);
        if let Body::Json(shape) = &mut operation.body {
            of_shape(shape);
        }
        if let Some(shape) = &mut operation.reply {
            of_shape(shape);
        }
    }
    for declared in api.types.values_mut() {
        declared.named = false;
        declared.view_of = None;
        declared.undeclared = Undeclared::Ignored;
        declared.properties.values_mut().for_each(of_property);
    }
    api
}

fn of_property(property: &mut Property) {
    of_shape(&mut property.shape);
}

fn of_shape(shape: &mut Shape) {
    shape.nullable = None;
    let prefix = if shape.list { "items." } else { "" };
    let stated = shape.rules.as_ref();
    let is = |keyword: &str, value: &str| {
        stated.is_some_and(|rules| is_stated(rules, &format!("{prefix}{keyword}"), value))
    };
    match &mut shape.kind {
        Kind::Enum { name, .. } => *name = None,
        Kind::Map(value) => of_shape(value),
        // Of a document. The protos have no rules, and state each size.
        kind @ Kind::LongInteger if stated.is_some() => {
            if is("format", "int32") {
                *kind = Kind::Integer;
            } else if !is("format", "int64") {
                *kind = Kind::AnyInteger;
            }
        }
        kind @ Kind::String if is("format", "byte") || is("contentEncoding", "base64") => {
            *kind = Kind::Bytes;
        }
        _ => {}
    }
}

fn is_stated(rules: &Rules, keyword: &str, value: &str) -> bool {
    rules.get(keyword).is_some_and(|rule| rule == value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::from_any_openapi;

    #[test]
    fn an_operation_of_the_method_query_is_one() {
        let document = json!({
            "openapi": "3.2.0",
            "info": {"title": "Shop", "version": "1"},
            "paths": {"/shoes": {"query": {
                "operationId": "findShoes",
                "responses": {"204": {"description": "Done"}},
            }}},
        });
        let api = from_any_openapi(&document, "shop.json").expect("it is read");
        let problems: Vec<_> = api.problems.iter().map(|one| &one.message).collect();
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(api.operations["findShoes"].method, "QUERY");
    }
}
