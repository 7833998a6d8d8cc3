//! Every rule, found by its identifier.

#![allow(
    clippy::needless_pass_by_value,
    reason = "the tables read better without borrowed literals"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use openapi_diff::rules::{OperationRule, Part, SchemaRule, Use};
use openapi_diff::{Direction, Rule, diff};
use serde_json::{Value, json};

use crate::{TODAY, parse};

/// An old and a new schema between which a rule is found, with the components that they
/// use.
struct Schemas {
    old: Value,
    new: Value,
    components: Value,
}

fn schemas(old: Value, new: Value) -> Schemas {
    Schemas {
        old,
        new,
        components: json!({}),
    }
}

/// A schema with a keyword more than another.
fn with(base: &Value, keyword: &str, value: Value) -> Value {
    let mut schema = base.clone();
    schema[keyword] = value;
    schema
}

/// The keyword is added.
fn set(base: Value, keyword: &str, value: Value) -> Schemas {
    let new = with(&base, keyword, value);
    schemas(base, new)
}

/// The keyword is taken away.
fn unset(base: Value, keyword: &str, value: Value) -> Schemas {
    let old = with(&base, keyword, value);
    schemas(old, base)
}

/// The value of the keyword is another.
fn changed(base: &Value, keyword: &str, old: Value, new: Value) -> Schemas {
    schemas(with(base, keyword, old), with(base, keyword, new))
}

fn cat_or_dog(discriminator: Value) -> Value {
    let mut union = json!({
        "oneOf": [{ "$ref": "#/components/schemas/Cat" }, { "$ref": "#/components/schemas/Dog" }],
    });
    if !discriminator.is_null() {
        union["discriminator"] = discriminator;
    }
    union
}

fn animals(old: Value, new: Value) -> Schemas {
    let animal = |name: &str| {
        json!({
            "type": "object",
            "properties": { "kind": { "const": name }, "race": { "type": "string" }, name: {} },
            "required": ["kind"],
        })
    };
    Schemas {
        components: json!({ "Cat": animal("Cat"), "Dog": animal("Dog") }),
        ..schemas(cat_or_dog(old), cat_or_dog(new))
    }
}

/// More alternatives than a comparison takes.
fn product(bound: u32) -> Value {
    let union = |letter: char| {
        let one = |number: u32| json!({ "properties": { format!("{letter}{number}"): {} }, "required": [format!("{letter}{number}")] });
        json!({ "oneOf": (0..12).map(one).collect::<Vec<_>>() })
    };
    json!({
        "type": "object",
        "allOf": [union('a'), union('b'), union('c')],
        "properties": { "a0": { "type": "integer", "maximum": bound } },
    })
}

#[expect(
    clippy::too_many_lines,
    reason = "it is a table, one line for each rule"
)]
fn of_schema(rule: SchemaRule) -> Schemas {
    use SchemaRule as R;
    let text = || json!({ "type": "string" });
    let number = || json!({ "type": "number" });
    let list = || json!({ "type": "array" });
    let object = || json!({ "type": "object" });
    let ab = || json!({ "type": "object", "properties": { "a": {}, "b": {} } });
    let a = || json!({ "type": "object", "properties": { "a": {} } });
    let tagged = |tag: &str| json!({ "type": "object", "properties": { "tag": { "const": tag } }, "required": ["tag"] });
    let overlapping = |keyword: &str| json!({ keyword: [{ "type": "integer", "minimum": 0 }, { "type": "integer", "maximum": 9 }] });
    match rule {
        R::AdditionalPropertiesAllowed => unset(a(), "additionalProperties", json!(false)),
        R::AdditionalPropertiesForbidden => set(a(), "additionalProperties", json!(false)),
        R::AnyOfBecameOneOf => schemas(overlapping("anyOf"), overlapping("oneOf")),
        R::BecameEnum => set(text(), "enum", json!(["a"])),
        R::BecameImpossible => schemas(text(), json!({ "not": {} })),
        R::BecameNotEnum => unset(text(), "enum", json!(["a"])),
        R::BecameNotNullable => schemas(json!({ "type": ["string", "null"] }), text()),
        R::BecameNullable => schemas(text(), json!({ "type": ["string", "null"] })),
        R::BecamePossible => schemas(json!({ "not": {} }), text()),
        R::ContainsAdded => set(list(), "contains", text()),
        R::ContainsChanged => changed(&list(), "contains", text(), number()),
        R::ContainsRemoved => unset(list(), "contains", text()),
        R::ContentEncodingAdded => set(text(), "contentEncoding", json!("base32")),
        R::ContentEncodingChanged => {
            changed(&text(), "contentEncoding", json!("base32"), json!("base16"))
        }
        R::ContentEncodingRemoved => unset(text(), "contentEncoding", json!("base32")),
        R::ContentMediaTypeAdded => set(text(), "contentMediaType", json!("image/png")),
        R::ContentMediaTypeChanged => changed(
            &text(),
            "contentMediaType",
            json!("image/png"),
            json!("image/gif"),
        ),
        R::ContentMediaTypeRemoved => unset(text(), "contentMediaType", json!("image/png")),
        R::ContentSchemaAdded => set(text(), "contentSchema", ab()),
        R::ContentSchemaChanged => changed(&text(), "contentSchema", number(), text()),
        R::ContentSchemaRemoved => unset(text(), "contentSchema", ab()),
        R::DefaultValueAdded => set(text(), "default", json!("a")),
        R::DefaultValueChanged => changed(&text(), "default", json!("a"), json!("b")),
        R::DefaultValueRemoved => unset(text(), "default", json!("a")),
        R::DependentRequiredAdded => set(ab(), "dependentRequired", json!({ "a": ["b"] })),
        R::DependentRequiredChanged => changed(
            &ab(),
            "dependentRequired",
            json!({ "a": ["b"] }),
            json!({ "b": ["a"] }),
        ),
        R::DependentRequiredRemoved => unset(ab(), "dependentRequired", json!({ "a": ["b"] })),
        R::DependentSchemaAdded => set(
            ab(),
            "dependentSchemas",
            json!({ "a": { "minProperties": 2 } }),
        ),
        R::DependentSchemaChanged => changed(
            &ab(),
            "dependentSchemas",
            json!({ "a": { "properties": { "b": { "type": "string" } } } }),
            json!({ "a": { "properties": { "b": { "type": "number" } } } }),
        ),
        R::DependentSchemaRemoved => unset(
            ab(),
            "dependentSchemas",
            json!({ "a": { "minProperties": 2 } }),
        ),
        R::Deprecated => set(text(), "deprecated", json!(true)),
        R::DiscriminatorAdded => animals(Value::Null, json!({ "propertyName": "kind" })),
        R::DiscriminatorMappingAdded => animals(
            json!({ "propertyName": "kind" }),
            json!({ "propertyName": "kind", "mapping": { "tom": "#/components/schemas/Cat" } }),
        ),
        R::DiscriminatorMappingChanged => animals(
            json!({ "propertyName": "kind", "mapping": { "x": "#/components/schemas/Cat" } }),
            json!({ "propertyName": "kind", "mapping": { "x": "#/components/schemas/Dog" } }),
        ),
        R::DiscriminatorMappingDeleted => animals(
            json!({ "propertyName": "kind", "mapping": { "tom": "#/components/schemas/Cat" } }),
            json!({ "propertyName": "kind" }),
        ),
        R::DiscriminatorPropertyNameChanged => animals(
            json!({ "propertyName": "kind" }),
            json!({ "propertyName": "race" }),
        ),
        R::DiscriminatorRemoved => animals(json!({ "propertyName": "kind" }), Value::Null),
        R::DynamicRefAdded => set(json!({}), "$dynamicRef", json!("#node")),
        R::DynamicRefChanged => changed(&json!({}), "$dynamicRef", json!("#node"), json!("#leaf")),
        R::DynamicRefRemoved => unset(json!({}), "$dynamicRef", json!("#node")),
        R::EnumValueAdded => changed(&text(), "enum", json!(["a"]), json!(["a", "b"])),
        R::EnumValueRemoved => changed(&text(), "enum", json!(["a", "b"]), json!(["a"])),
        R::ExclusiveMaxDecreased => changed(&number(), "exclusiveMaximum", json!(9), json!(8)),
        R::ExclusiveMaxIncreased => changed(&number(), "exclusiveMaximum", json!(8), json!(9)),
        R::ExclusiveMaxSet => set(number(), "exclusiveMaximum", json!(9)),
        R::ExclusiveMaxUnset => unset(number(), "exclusiveMaximum", json!(9)),
        R::ExclusiveMinDecreased => changed(&number(), "exclusiveMinimum", json!(9), json!(8)),
        R::ExclusiveMinIncreased => changed(&number(), "exclusiveMinimum", json!(8), json!(9)),
        R::ExclusiveMinSet => set(number(), "exclusiveMinimum", json!(9)),
        R::ExclusiveMinUnset => unset(number(), "exclusiveMinimum", json!(9)),
        R::ExtensibleEnumAdded => set(text(), "x-extensible-enum", json!(["a"])),
        R::ExtensibleEnumRemoved => unset(text(), "x-extensible-enum", json!(["a"])),
        R::ExtensibleEnumValueAdded => changed(
            &text(),
            "x-extensible-enum",
            json!(["a"]),
            json!(["a", "b"]),
        ),
        R::ExtensibleEnumValueRemoved => changed(
            &text(),
            "x-extensible-enum",
            json!(["a", "b"]),
            json!(["a"]),
        ),
        R::FormatChanged => changed(&text(), "format", json!("ours"), json!("theirs")),
        R::IfAdded => schemas(
            ab(),
            json!({ "type": "object", "properties": { "a": {}, "b": {} }, "if": { "required": ["a"] }, "then": { "required": ["b"] } }),
        ),
        R::IfChanged => {
            let then = |kind: &str| json!({ "properties": { "b": { "type": kind } } });
            let condition = with(&ab(), "if", json!({ "required": ["a"] }));
            changed(&condition, "then", then("string"), then("number"))
        }
        R::IfRemoved => schemas(
            json!({ "type": "object", "properties": { "a": {}, "b": {} }, "if": { "required": ["a"] }, "then": { "required": ["b"] } }),
            ab(),
        ),
        R::MaxContainsDecreased => changed(
            &with(&list(), "contains", text()),
            "maxContains",
            json!(9),
            json!(8),
        ),
        R::MaxContainsIncreased => changed(
            &with(&list(), "contains", text()),
            "maxContains",
            json!(8),
            json!(9),
        ),
        R::MaxDecreased => changed(&number(), "maximum", json!(9), json!(8)),
        R::MaxIncreased => changed(&number(), "maximum", json!(8), json!(9)),
        R::MaxItemsDecreased => changed(&list(), "maxItems", json!(9), json!(8)),
        R::MaxItemsIncreased => changed(&list(), "maxItems", json!(8), json!(9)),
        R::MaxItemsSet => set(list(), "maxItems", json!(9)),
        R::MaxItemsUnset => unset(list(), "maxItems", json!(9)),
        R::MaxLengthDecreased => changed(&text(), "maxLength", json!(9), json!(8)),
        R::MaxLengthIncreased => changed(&text(), "maxLength", json!(8), json!(9)),
        R::MaxLengthSet => set(text(), "maxLength", json!(9)),
        R::MaxLengthUnset => unset(text(), "maxLength", json!(9)),
        R::MaxPropertiesDecreased => changed(&object(), "maxProperties", json!(9), json!(8)),
        R::MaxPropertiesIncreased => changed(&object(), "maxProperties", json!(8), json!(9)),
        R::MaxPropertiesSet => set(object(), "maxProperties", json!(9)),
        R::MaxPropertiesUnset => unset(object(), "maxProperties", json!(9)),
        R::MaxSet => set(number(), "maximum", json!(9)),
        R::MaxUnset => unset(number(), "maximum", json!(9)),
        R::MinContainsDecreased => changed(
            &with(&list(), "contains", text()),
            "minContains",
            json!(9),
            json!(8),
        ),
        R::MinContainsIncreased => changed(
            &with(&list(), "contains", text()),
            "minContains",
            json!(8),
            json!(9),
        ),
        R::MinDecreased => changed(&number(), "minimum", json!(9), json!(8)),
        R::MinIncreased => changed(&number(), "minimum", json!(8), json!(9)),
        R::MinItemsDecreased => changed(&list(), "minItems", json!(9), json!(8)),
        R::MinItemsIncreased => changed(&list(), "minItems", json!(8), json!(9)),
        R::MinItemsSet => set(list(), "minItems", json!(9)),
        R::MinItemsUnset => unset(list(), "minItems", json!(9)),
        R::MinLengthDecreased => changed(&text(), "minLength", json!(9), json!(8)),
        R::MinLengthIncreased => changed(&text(), "minLength", json!(8), json!(9)),
        R::MinLengthSet => set(text(), "minLength", json!(9)),
        R::MinLengthUnset => unset(text(), "minLength", json!(9)),
        R::MinPropertiesDecreased => changed(&object(), "minProperties", json!(9), json!(8)),
        R::MinPropertiesIncreased => changed(&object(), "minProperties", json!(8), json!(9)),
        R::MinPropertiesSet => set(object(), "minProperties", json!(9)),
        R::MinPropertiesUnset => unset(object(), "minProperties", json!(9)),
        R::MinSet => set(number(), "minimum", json!(9)),
        R::MinUnset => unset(number(), "minimum", json!(9)),
        R::MultipleOfChanged => changed(&number(), "multipleOf", json!(2), json!(3)),
        R::MultipleOfSet => set(number(), "multipleOf", json!(2)),
        R::MultipleOfUnset => unset(number(), "multipleOf", json!(2)),
        R::NotAdded => set(text(), "not", json!({ "pattern": "^a" })),
        R::NotChanged => changed(
            &text(),
            "not",
            json!({ "pattern": "^a" }),
            json!({ "pattern": "^b" }),
        ),
        R::NotCompared => schemas(product(9), product(8)),
        R::NotRemoved => unset(text(), "not", json!({ "pattern": "^a" })),
        R::OneOfAdded => schemas(
            json!({ "oneOf": [tagged("a"), tagged("b")] }),
            json!({ "oneOf": [tagged("a"), tagged("b"), tagged("c")] }),
        ),
        R::OneOfBecameAnyOf => schemas(overlapping("oneOf"), overlapping("anyOf")),
        R::OneOfChanged => schemas(
            json!({ "oneOf": [{ "type": "integer", "minimum": 0 }, { "type": "integer", "maximum": 9 }] }),
            json!({ "oneOf": [{ "type": "integer", "minimum": 0 }, { "type": "integer", "maximum": 8 }] }),
        ),
        R::OneOfOverlapAdded => schemas(
            json!({ "oneOf": [ab(), tagged("c")] }),
            json!({ "oneOf": [ab(), tagged("c"), a()] }),
        ),
        R::OneOfRemoved => schemas(
            json!({ "oneOf": [tagged("a"), tagged("b"), tagged("c")] }),
            json!({ "oneOf": [tagged("a"), tagged("b")] }),
        ),
        R::OptionalPropertyAdded => schemas(a(), ab()),
        R::OptionalPropertyRemoved => schemas(ab(), a()),
        R::PatternAdded => set(text(), "pattern", json!("^a")),
        R::PatternChanged => changed(&text(), "pattern", json!("^(a)\\1$"), json!("^(b)\\1$")),
        R::PatternGeneralized => changed(&text(), "pattern", json!("^ab"), json!("^a")),
        R::PatternPropertyAdded => set(object(), "patternProperties", json!({ "^x": text() })),
        R::PatternPropertyRemoved => unset(object(), "patternProperties", json!({ "^x": text() })),
        R::PatternRemoved => unset(text(), "pattern", json!("^a")),
        R::PatternReplaced => changed(&text(), "pattern", json!("^a"), json!("^b")),
        R::PatternSpecialized => changed(&text(), "pattern", json!("^a"), json!("^ab")),
        R::PropertyBecameOptional => unset(ab(), "required", json!(["a"])),
        R::PropertyBecameRequired => set(ab(), "required", json!(["a"])),
        R::PropertyNamesAdded => set(object(), "propertyNames", json!({ "pattern": "^a" })),
        R::PropertyNamesChanged => changed(
            &object(),
            "propertyNames",
            json!({ "pattern": "^a" }),
            json!({ "pattern": "^b" }),
        ),
        R::PropertyNamesRemoved => unset(object(), "propertyNames", json!({ "pattern": "^a" })),
        R::Reactivated => unset(text(), "deprecated", json!(true)),
        R::RequiredPropertyAdded => schemas(a(), with(&ab(), "required", json!(["b"]))),
        R::RequiredPropertyRemoved => schemas(with(&ab(), "required", json!(["b"])), a()),
        R::TypeChanged => schemas(text(), list()),
        R::TypeGeneralized => schemas(json!({ "type": "integer" }), number()),
        R::TypeSpecialized => schemas(number(), json!({ "type": "integer" })),
        R::UniqueItemsSet => set(list(), "uniqueItems", json!(true)),
        R::UniqueItemsUnset => unset(list(), "uniqueItems", json!(true)),
        R::XmlChanged => set(text(), "xml", json!({ "attribute": true })),
    }
}

/// A document that uses a schema so, and the rest of the document.
fn using(usage: Use, schema: &Value, components: &Value) -> Value {
    let whole = usage.whole;
    let schema = if whole {
        schema.clone()
    } else {
        json!({ "type": "object", "properties": { "p": schema } })
    };
    let done = json!({ "204": { "description": "done" } });
    // XML is judged like JSON, and has more rules.
    let content = json!({ "application/xml": { "schema": schema } });
    let operation = match (usage.part, usage.direction) {
        (Part::Body, Direction::Request) => {
            json!({ "requestBody": { "content": content }, "responses": done })
        }
        (Part::Body, Direction::Response) => {
            json!({ "responses": { "200": { "description": "", "content": content } } })
        }
        (Part::Parameter, _) => {
            let parameter = json!({ "in": "query", "name": "q", "content": content });
            json!({ "parameters": [parameter], "responses": done })
        }
        (Part::Header, _) => {
            let headers = json!({ "X-H": { "schema": schema } });
            json!({ "responses": { "204": { "description": "", "headers": headers } } })
        }
    };
    json!({
        "openapi": "3.1.0",
        "paths": { "/things": { "post": operation } },
        "components": { "schemas": components },
    })
}

fn found(old: &Value, new: &Value) -> BTreeSet<String> {
    let findings = diff(&parse("old", old), &parse("new", new), TODAY);
    findings
        .iter()
        .map(|finding| finding.rule.to_string())
        .collect()
}

/// What a schema of this part never has.
fn is_out_of_place(rule: SchemaRule, usage: Use) -> bool {
    match rule {
        // A body is never replaced by what it defaults to.
        SchemaRule::DefaultValueAdded
        | SchemaRule::DefaultValueChanged
        | SchemaRule::DefaultValueRemoved => usage.whole && usage.part == Part::Body,
        // Parameters and headers are not written in XML here.
        SchemaRule::XmlChanged => usage.part != Part::Body,
        _ => false,
    }
}

#[test]
fn every_rule_of_schemas_is_found_wherever_a_schema_is_used() {
    let mut wrong = String::new();
    for rule in SchemaRule::ALL {
        let Schemas {
            old,
            new,
            components,
        } = of_schema(*rule);
        for usage in Use::ALL {
            if is_out_of_place(*rule, usage) {
                continue;
            }
            let expected = Rule::Schema(*rule, usage).to_string();
            let ids = found(
                &using(usage, &old, &components),
                &using(usage, &new, &components),
            );
            if !ids.contains(&expected) {
                let _ = writeln!(wrong, "{expected}: found {ids:?}");
            }
        }
    }
    assert!(wrong.is_empty(), "these rules are not found:\n{wrong}");
}

/// A document whose only operation is this.
fn get(operation: Value) -> Value {
    json!({ "paths": { "/things": { "get": operation } } })
}

fn done() -> Value {
    json!({ "responses": { "204": { "description": "done" } } })
}

/// An operation that has a member more than one without any.
fn get_with(key: &str, value: Value) -> Value {
    get(with(&done(), key, value))
}

fn parameter(place: &str, key: &str, value: Value) -> Value {
    let parameter = json!({ "in": place, "name": "q", "schema": { "type": "array" } });
    get_with("parameters", json!([with(&parameter, key, value)]))
}

fn answers(responses: Value) -> Value {
    get(json!({ "responses": responses }))
}

fn answer(key: &str, value: Value) -> Value {
    answers(json!({ "200": { "description": "", key: value } }))
}

fn body(body: Value) -> Value {
    get_with("requestBody", body)
}

fn secured(requirements: Value, scheme: Value) -> Value {
    let mut document = get_with("security", requirements);
    document["components"] = json!({ "securitySchemes": { "s": scheme } });
    document
}

fn flow(key: &str, value: Value) -> Value {
    let flow = json!({
        "authorizationUrl": "https://a.example/auth",
        "tokenUrl": "https://a.example/token",
        "scopes": { "read": "" },
    });
    let scheme =
        json!({ "type": "oauth2", "flows": { "authorizationCode": with(&flow, key, value) } });
    secured(json!([{ "s": ["read"] }]), scheme)
}

fn called_back(callbacks: Value) -> Value {
    get_with("callbacks", callbacks)
}

fn served(urls: &[&str]) -> Value {
    let servers: Vec<Value> = urls.iter().map(|url| json!({ "url": url })).collect();
    with(&get(done()), "servers", json!(servers))
}

#[expect(
    clippy::too_many_lines,
    reason = "it is a table, one line for each rule"
)]
fn of_operation(rule: OperationRule) -> (Value, Value) {
    use OperationRule as R;
    let plain = || get(done());
    let none = || json!({ "paths": {} });
    let other = || json!({ "paths": { "/things": { "put": done() } } });
    let deprecated =
        |sunset: &str| get(json!({ "deprecated": true, "x-sunset": sunset, "responses": {} }));
    let both = |mut document: Value| {
        document["paths"]["/things"]["put"] = done();
        document
    };
    let stable = |level: &str| get_with("x-stability-level", json!(level));
    let text = || json!({ "text/plain": {} });
    let event = || json!({ "e": { "post": done() } });
    match rule {
        R::ApiAnonymousAccessRemoved => (
            plain(),
            secured(
                json!([{ "s": [] }]),
                json!({ "type": "http", "scheme": "basic" }),
            ),
        ),
        R::ApiOperationIdAdded => (plain(), get_with("operationId", json!("a"))),
        R::ApiOperationIdRemoved => (get_with("operationId", json!("a")), plain()),
        R::ApiOperationIdReused => {
            let named = |get: &str, put: &str| json!({ "paths": { "/things": { "get": { "operationId": get, "responses": {} }, "put": { "operationId": put, "responses": {} } } } });
            (named("a", "b"), named("b", "a"))
        }
        R::ApiPathRemovedBeforeSunset => (deprecated("2030-02-01"), none()),
        R::ApiPathRemovedWithDeprecation => (deprecated("2030-01-01"), none()),
        R::ApiPathRemovedWithoutDeprecation => (plain(), none()),
        R::ApiRemovedBeforeSunset => (both(deprecated("2030-02-01")), other()),
        R::ApiRemovedWithDeprecation => (both(deprecated("2030-01-01")), other()),
        R::ApiRemovedWithoutDeprecation => (both(plain()), other()),
        R::ApiRemovedWithoutSunset => (both(get_with("deprecated", json!(true))), other()),
        R::ApiSchemaRemoved => (
            with(&none(), "components", json!({ "schemas": { "A": {} } })),
            none(),
        ),
        R::ApiSecurityAdded => (
            secured(
                json!([{ "s": [] }]),
                json!({ "type": "http", "scheme": "basic" }),
            ),
            secured(
                json!([{ "s": [] }, {}]),
                json!({ "type": "http", "scheme": "basic" }),
            ),
        ),
        R::ApiSecurityComponentOauthFlowRemoved => (
            secured(
                json!([{ "s": [] }]),
                json!({ "type": "oauth2", "flows": { "implicit": {}, "password": {} } }),
            ),
            secured(
                json!([{ "s": [] }]),
                json!({ "type": "oauth2", "flows": { "implicit": {} } }),
            ),
        ),
        R::ApiSecurityComponentOauthScopeAdded => (
            flow("scopes", json!({ "read": "" })),
            flow("scopes", json!({ "read": "", "write": "" })),
        ),
        R::ApiSecurityComponentOauthScopeRemoved => (
            flow("scopes", json!({ "read": "", "write": "" })),
            flow("scopes", json!({ "read": "" })),
        ),
        R::ApiSecurityComponentOauthTokenUrlChanged => (
            flow("tokenUrl", json!("https://a.example/1")),
            flow("tokenUrl", json!("https://a.example/2")),
        ),
        R::ApiSecurityComponentOauthUrlChanged => (
            flow("authorizationUrl", json!("https://a.example/1")),
            flow("authorizationUrl", json!("https://a.example/2")),
        ),
        R::ApiSecurityComponentOpenIdUrlChanged => {
            let of = |url: &str| {
                secured(
                    json!([{ "s": [] }]),
                    json!({ "type": "openIdConnect", "openIdConnectUrl": url }),
                )
            };
            (of("https://a.example/1"), of("https://a.example/2"))
        }
        R::ApiSecurityRemoved => (
            secured(
                json!([{ "s": [] }]),
                json!({ "type": "http", "scheme": "basic" }),
            ),
            secured(
                json!([{ "s": [] }]),
                json!({ "type": "http", "scheme": "bearer" }),
            ),
        ),
        R::ApiSecurityScopeAdded => (flow("x-a", json!(1)), with_scopes(&["read", "write"])),
        R::ApiSecurityScopeRemoved => (with_scopes(&["read", "write"]), with_scopes(&["read"])),
        R::ApiServerAdded => (
            served(&["https://a.example"]),
            served(&["https://a.example", "https://b.example"]),
        ),
        R::ApiServerRemoved => (
            served(&["https://a.example", "https://b.example"]),
            served(&["https://a.example"]),
        ),
        R::ApiServersReplaced => (
            served(&["https://a.example"]),
            served(&["https://b.example"]),
        ),
        R::ApiStabilityDecreased => (stable("stable"), stable("beta")),
        R::ApiStabilityIncreased => (stable("beta"), stable("stable")),
        R::ApiSunsetDateChangedTooSmall => (deprecated("2030-02-02"), deprecated("2030-02-01")),
        R::ApiTagAdded => (plain(), get_with("tags", json!(["a"]))),
        R::ApiTagRemoved => (get_with("tags", json!(["a"])), plain()),
        R::CallbackAdded => (
            plain(),
            called_back(json!({ "c": { "{$url}": event()["e"] } })),
        ),
        R::CallbackRemoved => (
            called_back(json!({ "c": { "{$url}": event()["e"] } })),
            plain(),
        ),
        R::EndpointAdded => (none(), plain()),
        R::EndpointDeprecated => (plain(), get_with("deprecated", json!(true))),
        R::EndpointReactivated => (get_with("deprecated", json!(true)), plain()),
        R::NewOptionalRequestParameter => (plain(), parameter("query", "required", json!(false))),
        R::NewRequestPathParameter => (
            json!({ "paths": { "/{p}": { "get": get_with("parameters", json!([{ "in": "path", "name": "p", "required": true }]))["paths"]["/things"]["get"] } } }),
            json!({ "paths": { "/{p}": { "get": get_with("parameters", json!([{ "in": "path", "name": "p", "required": true }, { "in": "path", "name": "q", "required": true }]))["paths"]["/things"]["get"] } } }),
        ),
        R::NewRequiredRequestParameter => (plain(), parameter("query", "required", json!(true))),
        R::OptionalResponseHeaderRemoved => (
            answer("headers", json!({ "X-H": {} })),
            answer("headers", json!({})),
        ),
        R::RequestBodyAddedOptional => (plain(), body(json!({ "content": text() }))),
        R::RequestBodyAddedRequired => (
            plain(),
            body(json!({ "content": text(), "required": true })),
        ),
        R::RequestBodyBecameOptional => (
            body(json!({ "content": text(), "required": true })),
            body(json!({ "content": text() })),
        ),
        R::RequestBodyBecameRequired => (
            body(json!({ "content": text() })),
            body(json!({ "content": text(), "required": true })),
        ),
        R::RequestBodyMediaTypeAdded => (
            body(json!({ "content": text() })),
            body(json!({ "content": { "text/plain": {}, "text/csv": {} } })),
        ),
        R::RequestBodyMediaTypeRemoved => (
            body(json!({ "content": { "text/plain": {}, "text/csv": {} } })),
            body(json!({ "content": text() })),
        ),
        R::RequestBodyRemoved => (body(json!({ "content": text() })), plain()),
        R::RequestParameterAllowEmptyValueRemoved => (
            parameter("query", "allowEmptyValue", json!(true)),
            parameter("query", "allowEmptyValue", json!(false)),
        ),
        R::RequestParameterBecameNotAllowReserved => (
            parameter("query", "allowReserved", json!(true)),
            parameter("query", "allowReserved", json!(false)),
        ),
        R::RequestParameterBecameOptional => (
            parameter("query", "required", json!(true)),
            parameter("query", "required", json!(false)),
        ),
        R::RequestParameterBecameRequired => (
            parameter("query", "required", json!(false)),
            parameter("query", "required", json!(true)),
        ),
        R::RequestParameterMoved => (
            parameter("query", "x-a", json!(1)),
            parameter("header", "x-a", json!(1)),
        ),
        R::RequestParameterRemoved => (parameter("query", "x-a", json!(1)), plain()),
        R::RequestParameterSerializationChanged => (
            parameter("query", "explode", json!(true)),
            parameter("query", "explode", json!(false)),
        ),
        R::RequiredResponseHeaderRemoved => (
            answer("headers", json!({ "X-H": { "required": true } })),
            answer("headers", json!({})),
        ),
        R::ResponseHeaderAdded => (
            answer("headers", json!({})),
            answer("headers", json!({ "X-H": {} })),
        ),
        R::ResponseHeaderBecameOptional => (
            answer("headers", json!({ "X-H": { "required": true } })),
            answer("headers", json!({ "X-H": {} })),
        ),
        R::ResponseHeaderBecameRequired => (
            answer("headers", json!({ "X-H": {} })),
            answer("headers", json!({ "X-H": { "required": true } })),
        ),
        R::ResponseLinkAdded => (
            answer("links", json!({})),
            answer("links", json!({ "next": {} })),
        ),
        R::ResponseLinkChanged => (
            answer("links", json!({ "next": { "operationId": "a" } })),
            answer("links", json!({ "next": { "operationId": "b" } })),
        ),
        R::ResponseLinkRemoved => (
            answer("links", json!({ "next": {} })),
            answer("links", json!({})),
        ),
        R::ResponseMediaTypeAdded => (
            answer("content", text()),
            answer("content", json!({ "text/plain": {}, "text/csv": {} })),
        ),
        R::ResponseMediaTypeNameGeneralized => (
            answer("content", text()),
            answer("content", json!({ "text/*": {} })),
        ),
        R::ResponseMediaTypeNameSpecialized => (
            answer("content", json!({ "text/*": {} })),
            answer("content", text()),
        ),
        R::ResponseMediaTypeRemoved => (
            answer("content", json!({ "text/plain": {}, "text/csv": {} })),
            answer("content", text()),
        ),
        R::ResponseNonSuccessStatusAdded => (
            answers(json!({ "200": {} })),
            answers(json!({ "200": {}, "404": {} })),
        ),
        R::ResponseNonSuccessStatusRemoved => (
            answers(json!({ "200": {}, "404": {} })),
            answers(json!({ "200": {} })),
        ),
        R::ResponseSuccessStatusAdded => (
            answers(json!({ "200": {} })),
            answers(json!({ "200": {}, "201": {} })),
        ),
        R::ResponseSuccessStatusGeneralized => {
            (answers(json!({ "200": {} })), answers(json!({ "2XX": {} })))
        }
        R::ResponseSuccessStatusRemoved => (
            answers(json!({ "200": {}, "201": {} })),
            answers(json!({ "200": {} })),
        ),
        R::SunsetDeleted => (
            deprecated("2030-02-01"),
            get_with("deprecated", json!(true)),
        ),
        R::WebhookAdded => (
            with(&none(), "webhooks", json!({})),
            with(&none(), "webhooks", event()),
        ),
        R::WebhookRemoved => (
            with(&none(), "webhooks", event()),
            with(&none(), "webhooks", json!({})),
        ),
    }
}

fn with_scopes(scopes: &[&str]) -> Value {
    let mut document = flow("x-a", json!(1));
    document["paths"]["/things"]["get"]["security"] = json!([{ "s": scopes }]);
    document
}

#[test]
fn every_rule_of_operations_is_found() {
    let mut wrong = String::new();
    for rule in OperationRule::ALL {
        let (old, new) = of_operation(*rule);
        let [old, new] = [old, new].map(|document| with(&document, "openapi", json!("3.1.0")));
        let expected = Rule::Operation(*rule).to_string();
        let ids = found(&old, &new);
        if !ids.contains(&expected) {
            let _ = writeln!(wrong, "{expected}: found {ids:?}");
        }
    }
    assert!(wrong.is_empty(), "these rules are not found:\n{wrong}");
}
