//! The rules of schemas, in each use of a schema.

use std::fmt::Write as _;

use openapi_diff::rules::{Part, SchemaRule, Use};
use openapi_diff::{Direction, Rule};
use serde_json::{Value, json};

use super::{found, with};

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
        R::BecameImpossible => schemas(text(), json!({ "type": "string", "enum": [] })),
        R::BecameNotEnum => unset(text(), "enum", json!(["a"])),
        R::BecameNotNullable => schemas(json!({ "type": ["string", "null"] }), text()),
        R::BecameNullable => schemas(text(), json!({ "type": ["string", "null"] })),
        R::BecamePossible => schemas(json!({ "type": "string", "enum": [] }), text()),
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
        R::OneOfOverlapRemoved => schemas(
            json!({ "oneOf": [ab(), tagged("c"), a()] }),
            json!({ "oneOf": [ab(), tagged("c")] }),
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
