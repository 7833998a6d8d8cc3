//! The API as the contract states it.

use std::collections::BTreeMap;

use contract::operation::{BodyInfo, OperationInfo, ReplyBody, TypeInfo};
use serde_json::Value;

use crate::api::{Api, Body, Kind, Operation, Property, Shape, Type};

type Definitions = BTreeMap<String, Value>;

/// Reads the API from the catalogue of the contract and its derived schemas.
#[must_use]
pub fn from_contract() -> Api {
    let mut api = Api::default();
    for operation in contract::catalogue() {
        let declared = declare_operation(operation, &mut api.types);
        api.operations.insert(operation.id.to_owned(), declared);
    }
    api
}

fn declare_operation(operation: &OperationInfo, types: &mut BTreeMap<String, Type>) -> Operation {
    let body = match operation.body {
        BodyInfo::None => Body::None,
        BodyInfo::Json(of) | BodyInfo::Create(of) | BodyInfo::Update(of) => {
            Body::Json(declare(of, types))
        }
        BodyInfo::Upload { part } => Body::Upload(part.to_owned()),
    };
    let reply = match operation.reply.body {
        ReplyBody::None => None,
        ReplyBody::One(of) => Some(declare(of, types)),
        ReplyBody::List(of) => Some(Shape {
            list: true,
            ..declare(of, types)
        }),
    };
    let parameters = &operation.query_parameters.views().read;
    let query = properties(
        &format!("operation {}", operation.id),
        parameters.root(),
        &parameters.definitions,
    );
    Operation {
        place: format!("operation {} of the contract", operation.id),
        method: operation.method.to_string(),
        path: snake_variables(operation.path),
        query,
        body,
        reply,
    }
}

/// `{itemType_id}` is `{item_type_id}` in protos.
fn snake_variables(path: &str) -> String {
    let mut snake = String::new();
    let mut in_variable = false;
    for character in path.chars() {
        match character {
            '{' => in_variable = true,
            '}' => in_variable = false,
            _ => {}
        }
        if in_variable && character.is_ascii_uppercase() {
            snake.push('_');
            snake.push(character.to_ascii_lowercase());
        } else {
            snake.push(character);
        }
    }
    snake
}

/// Adds a type and all that it holds to the types, and returns its shape.
fn declare(of: TypeInfo, types: &mut BTreeMap<String, Type>) -> Shape {
    let document = &of.views().read;
    for (name, schema) in &document.definitions {
        if schema.get("properties").is_some() && !types.contains_key(name) {
            let object = Type {
                place: format!("type {name} of the contract"),
                properties: properties(&format!("type {name}"), schema, &document.definitions),
                open: schema
                    .get("additionalProperties")
                    .is_some_and(|more| *more != Value::Bool(false)),
            };
            types.insert(name.clone(), object);
        }
    }
    let reference = serde_json::json!({"$ref": format!("#/$defs/{}", document.name)});
    shape(&reference, &document.definitions)
}

fn properties(
    owner: &str,
    schema: &Value,
    definitions: &Definitions,
) -> BTreeMap<String, Property> {
    let required: Vec<_> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let Some(members) = schema["properties"].as_object() else {
        return BTreeMap::new();
    };
    let described = members.iter().map(|(name, schema)| {
        let is = |mark: &str| schema[mark] == Value::Bool(true);
        let property = Property {
            place: format!("{name} in {owner} of the contract"),
            shape: shape(schema, definitions),
            required: required.contains(&name.as_str()),
            read_only: is("readOnly"),
            write_only: is("writeOnly"),
        };
        (name.clone(), property)
    });
    described.collect()
}

fn shape(schema: &Value, definitions: &Definitions) -> Shape {
    let (mut value, _) = not_null(schema, definitions);
    let list = has_type(value, "array");
    let mut null_elements = false;
    if list {
        (value, null_elements) = not_null(&value["items"], definitions);
    }
    Shape {
        kind: kind(value, name_of(schema, list, definitions)),
        list,
        null_elements,
    }
}

/// The schema behind references and behind an alternative to null, and whether
/// there was one.
fn not_null<'a>(schema: &'a Value, definitions: &'a Definitions) -> (&'a Value, bool) {
    let mut schema = schema;
    let mut nullable = has_type(schema, "null");
    loop {
        if let Some(name) = reference(schema) {
            match definitions.get(name) {
                Some(definition) => schema = definition,
                None => return (schema, nullable),
            }
        } else if let Some(alternatives) = schema["anyOf"].as_array()
            && let Some(other) = besides_null(alternatives)
        {
            schema = other;
            nullable = true;
        } else {
            return (schema, nullable || has_type(schema, "null"));
        }
    }
}

fn besides_null(alternatives: &[Value]) -> Option<&Value> {
    match alternatives {
        [other, null] | [null, other] if null["type"] == "null" => Some(other),
        _ => None,
    }
}

fn reference(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

/// The name of the definition that a property or its elements refer to.
fn name_of<'a>(schema: &'a Value, list: bool, definitions: &'a Definitions) -> Option<&'a str> {
    let mut schema = schema;
    let mut name = None;
    if list {
        schema = &not_null(schema, definitions).0["items"];
    }
    loop {
        if let Some(reference) = reference(schema) {
            name = Some(reference);
            schema = definitions.get(reference)?;
        } else if let Some(alternatives) = schema["anyOf"].as_array()
            && let Some(other) = besides_null(alternatives)
        {
            schema = other;
        } else {
            return name;
        }
    }
}

fn has_type(schema: &Value, name: &str) -> bool {
    match &schema["type"] {
        Value::String(only) => only == name,
        Value::Array(several) => several.iter().any(|one| one == name),
        _ => false,
    }
}

fn kind(schema: &Value, name: Option<&str>) -> Kind {
    if let Some(values) = enumerated(schema) {
        return Kind::Enum(values);
    }
    if has_type(schema, "object") || schema.get("properties").is_some() {
        return match name {
            Some(name) if schema.get("properties").is_some() => Kind::Object(name.to_owned()),
            _ => Kind::FreeForm,
        };
    }
    if has_type(schema, "string") {
        return if schema["format"] == "date-time" {
            Kind::Timestamp
        } else {
            Kind::String
        };
    }
    match ["boolean", "integer", "number"]
        .into_iter()
        .find(|it| has_type(schema, it))
    {
        Some("boolean") => Kind::Boolean,
        Some("integer") => Kind::Integer,
        Some(_) => Kind::Number,
        None if schema.get("type").is_none() => Kind::Any,
        None => Kind::Other(format!("a value of schema {schema}")),
    }
}

/// The values of an enum, whether listed together or each on its own.
fn enumerated(schema: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    if let Some(values) = schema["enum"].as_array() {
        return values
            .iter()
            .filter(|value| !value.is_null())
            .map(text)
            .collect();
    }
    let each = schema["oneOf"].as_array()?;
    each.iter()
        .map(|one| one.get("const").and_then(text))
        .collect()
}
