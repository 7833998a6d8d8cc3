//! Where the objects of an OpenAPI document stand, by the specification.
//!
//! Only these can be references. Whatever else has a `$ref`, such as an example, a
//! default or an extension, is data.

use serde_json::Value;

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    Document,
    Components,
    PathItem,
    Operation,
    /// A parameter or a header.
    Parameter,
    RequestBody,
    MediaType,
    Encoding,
    Response,
    Callback,
    Schema,
    /// An example, a link or a security scheme, in which no other object stands.
    Leaf,
}

/// How objects stand under a key.
#[derive(Clone, Copy)]
enum Under {
    /// One.
    One(Kind),
    /// A list of them; one in its place is taken for itself.
    List(Kind),
    /// One under each key.
    Map(Kind),
    /// One under each key that is no extension.
    Patterned(Kind),
}

use Under::{List, Map, One, Patterned};

impl Kind {
    /// How objects stand under a key of an object of this kind.
    #[expect(
        clippy::match_same_arms,
        reason = "they stand in the order of the specification"
    )]
    fn under(self, key: &str) -> Option<Under> {
        Some(match (self, key) {
            (Self::Document, "paths") => Patterned(Self::PathItem),
            (Self::Document, "webhooks") => Map(Self::PathItem),
            (Self::Document, "components") => One(Self::Components),
            (Self::Components, "schemas") => Map(Self::Schema),
            (Self::Components, "responses") => Map(Self::Response),
            (Self::Components, "parameters" | "headers") => Map(Self::Parameter),
            (Self::Components, "examples" | "links" | "securitySchemes") => Map(Self::Leaf),
            (Self::Components, "requestBodies") => Map(Self::RequestBody),
            (Self::Components, "callbacks") => Map(Self::Callback),
            (Self::Components, "pathItems") => Map(Self::PathItem),
            (Self::Components, "mediaTypes") => Map(Self::MediaType),
            (
                Self::PathItem,
                "get" | "put" | "post" | "delete" | "options" | "head" | "patch" | "trace"
                | "query",
            ) => One(Self::Operation),
            (Self::PathItem, "additionalOperations") => Map(Self::Operation),
            (Self::PathItem | Self::Operation, "parameters") => List(Self::Parameter),
            (Self::Operation, "requestBody") => One(Self::RequestBody),
            (Self::Operation, "responses") => Patterned(Self::Response),
            (Self::Operation, "callbacks") => Map(Self::Callback),
            (Self::Parameter | Self::MediaType, "schema") => One(Self::Schema),
            (Self::MediaType, "itemSchema") => One(Self::Schema),
            (Self::Parameter | Self::MediaType, "examples") => Map(Self::Leaf),
            (Self::Parameter | Self::RequestBody | Self::Response, "content") => {
                Map(Self::MediaType)
            }
            (Self::MediaType, "encoding") => Map(Self::Encoding),
            (Self::MediaType, "prefixEncoding") => List(Self::Encoding),
            (Self::MediaType, "itemEncoding") => One(Self::Encoding),
            (Self::Encoding | Self::Response, "headers") => Map(Self::Parameter),
            (Self::Response, "links") => Map(Self::Leaf),
            (
                Self::Schema,
                "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas",
            ) => Map(Self::Schema),
            (Self::Schema, "allOf" | "anyOf" | "oneOf" | "prefixItems" | "items") => {
                List(Self::Schema)
            }
            (
                Self::Schema,
                "not"
                | "if"
                | "then"
                | "else"
                | "contains"
                | "propertyNames"
                | "additionalProperties"
                | "additionalItems"
                | "unevaluatedProperties"
                | "unevaluatedItems"
                | "contentSchema",
            ) => One(Self::Schema),
            (Self::Callback, key) if !key.starts_with("x-") => One(Self::PathItem),
            _ => return None,
        })
    }
}

/// Returns whether objects of names stand under a key of an object of that kind.
pub(super) fn is_map(kind: Kind, key: &str) -> bool {
    matches!(kind.under(key), Some(Map(_) | Patterned(_)))
}

/// The pointer that a reference within a document names, if there is something.
pub(super) fn target(root: &Value, reference: &str) -> Option<String> {
    let fragment = reference.strip_prefix('#')?;
    let fragment = percent_encoding::percent_decode_str(fragment);
    let pointer = fragment.decode_utf8().ok()?.into_owned();
    root.pointer(&pointer)?;
    Some(pointer)
}

/// One token of a JSON pointer.
pub(super) fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// Returns whether schemas stand under a key of a schema.
pub(super) fn holds_schemas(key: &str, value: &Value) -> bool {
    match (Kind::Schema.under(key), value) {
        (Some(List(_)), Value::Array(items)) => !items.is_empty(),
        (Some(One(_) | List(_)), value) => value.is_object() || value.is_boolean(),
        (Some(Map(_) | Patterned(_)), Value::Object(members)) => !members.is_empty(),
        _ => false,
    }
}

/// The objects right in an object of that kind, each with its pointer and its kind.
pub(super) fn within<'a>(
    kind: Kind,
    pointer: &str,
    value: &'a Value,
) -> Vec<(String, Kind, &'a Value)> {
    let mut found = Vec::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        let at = || format!("{pointer}/{}", escape(key));
        match (kind.under(key), value) {
            (Some(One(kind) | List(kind)), Value::Object(_)) => found.push((at(), kind, value)),
            (Some(One(Kind::Schema) | List(Kind::Schema)), Value::Bool(_)) => {
                found.push((at(), Kind::Schema, value));
            }
            (Some(List(kind)), Value::Array(items)) => {
                let items = items.iter().enumerate();
                found.extend(items.map(|(index, item)| (format!("{}/{index}", at()), kind, item)));
            }
            (Some(under @ (Map(kind) | Patterned(kind))), Value::Object(members)) => {
                let skips = matches!(under, Patterned(_));
                let members = members.iter();
                let members = members.filter(|(name, _)| !(skips && name.starts_with("x-")));
                found
                    .extend(members.map(|(name, member)| {
                        (format!("{}/{}", at(), escape(name)), kind, member)
                    }));
            }
            _ => {}
        }
    }
    found
}
