//! JSON Schemas, derived from the types and from the marks on their
//! properties.
//!
//! A type states a resource once. `readOnly` and `required` tell who may set a
//! property and who has to; from them follow the views of the resource:
//!
//! - the *read* view is what a reply holds: the schema as derived;
//! - the *partial* view is what a list holds: the read view, but nothing is
//!   required, since `select` can leave out anything;
//! - the *create* view is what a new resource is made from: unknown properties
//!   are rejected, read-only ones are accepted and ignored;
//! - the *update* view is a merge patch
//!   ([RFC 7396](https://www.rfc-editor.org/rfc/rfc7396)): nothing is
//!   required, null clears what is optional, and a required property cannot be
//!   null.
//!
//! Requests hold no other properties than those declared, except in an object
//! whose type collects them (`#[serde(flatten)]` into a map). A property that
//! only an update can set is marked `x-update-only`; the create view makes it a
//! read-only one. One that is marked `x-required` is required of a new resource and
//! cannot be null, although not every reply has it.
//!
//! Requests are validated against these very schemas, so what is published and
//! what is enforced cannot differ. The module never names a resource.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use jsonschema::Validator;
use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::transform_subschemas};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::rules;

/// A type of the contract, with its published schemas.
pub trait Described: JsonSchema + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The schemas of the type, made once.
    fn views() -> &'static Views;
}

/// Implements [`Described`] for types that derive what it asks for.
macro_rules! described {
    ($($type:ty),+ $(,)?) => {$(
        impl $crate::schema::Described for $type {
            fn views() -> &'static $crate::schema::Views {
                static VIEWS: std::sync::LazyLock<$crate::schema::Views> =
                    std::sync::LazyLock::new($crate::schema::Views::of::<$type>);
                &VIEWS
            }
        }
    )+};
}
pub(crate) use described;

/// Implements `Display` for enums, in the spelling that they have in JSON.
macro_rules! spelled_as_on_the_wire {
    ($($type:ty),+ $(,)?) => {$(
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                serde::Serialize::serialize(self, f)
            }
        }
    )+};
}
pub(crate) use spelled_as_on_the_wire;

/// The schemas of one type: how it is read, listed, created and updated.
#[derive(Debug)]
pub struct Views {
    /// What a reply holds.
    pub read: SchemaDocument,
    /// What an element of a list holds. Where the type requires nothing, this is
    /// the read view.
    pub partial: SchemaDocument,
    /// What a new resource is made from.
    pub create: SchemaDocument,
    /// A merge patch to a resource.
    pub update: SchemaDocument,
}

impl Views {
    /// The schemas that follow from how `T` derives [`JsonSchema`].
    pub fn of<T: JsonSchema>() -> Self {
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        let reference = generator.subschema_for::<T>();
        let mut definitions: Definitions = generator.take_definitions(true).into_iter().collect();
        let name = T::schema_name().into_owned();
        // Parameters and the like are written in place; they still need a name here.
        if reference.as_value().get("$ref").is_none() {
            definitions.insert(name.clone(), reference.into());
        }
        definitions.values_mut().for_each(tidy);

        let create = derive_views(&definitions, &name, View::Create);
        let update = derive_views(&definitions, &name, View::Update);
        definitions.values_mut().for_each(drop_request_marks);
        let mut partial = definitions.clone();
        let mut partial_name = name.clone();
        if let Some(mut root) = partial.get(&name).cloned()
            && let Some(members) = root.as_object_mut()
            && members.shift_remove("required").is_some()
        {
            partial_name = format!("{name}{PARTIAL}");
            partial.insert(partial_name.clone(), root);
        }
        Self {
            read: SchemaDocument::new(name.clone(), definitions),
            partial: SchemaDocument::new(partial_name, partial),
            create: SchemaDocument::new(View::Create.name(&name), create),
            update: SchemaDocument::new(View::Update.name(&name), update),
        }
    }
}

/// Named schemas that refer to each other as `#/$defs/<name>`.
pub type Definitions = BTreeMap<String, Value>;

/// A published schema, and what it takes to validate against it.
#[derive(Debug)]
pub struct SchemaDocument {
    /// The name under which the schema is published.
    pub name: String,
    /// The schema itself under [`name`](Self::name), and every schema that it
    /// refers to.
    pub definitions: Definitions,
    validator: LazyLock<Validator, Box<dyn FnOnce() -> Validator + Send>>,
}

impl SchemaDocument {
    fn new(name: String, mut definitions: Definitions) -> Self {
        let needed = reachable(&definitions, &name);
        definitions.retain(|name, _| needed.contains(name));
        let schema = standalone(&name, &definitions);
        let compile = move || {
            rules::with_formats(jsonschema::draft202012::options())
                .should_validate_formats(true)
                .build(&schema)
                // Depends on nothing but the types of this crate, all of which the tests compile.
                .unwrap_or_else(|error| panic!("a derived schema is not valid: {error}"))
        };
        Self {
            name,
            definitions,
            validator: LazyLock::new(Box::new(compile)),
        }
    }

    /// The schema of the type itself, without those it refers to.
    pub fn root(&self) -> &Value {
        &self.definitions[&self.name]
    }

    /// The schema as one self-contained JSON Schema document, without `$id`.
    pub fn standalone(&self) -> Value {
        standalone(&self.name, &self.definitions)
    }

    pub(crate) fn validator(&self) -> &Validator {
        &self.validator
    }

    /// Follows references, and the one alternative to null, to the schema that
    /// says something.
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        resolve(&self.definitions, schema)
    }

    /// Fills in the default of every property that is not there and has one, also
    /// in nested objects and in the items of lists.
    pub fn fill_in_defaults(&self, value: &mut Value) {
        self.fill_in_below(self.root(), value);
    }

    fn fill_in_below(&self, schema: &Value, value: &mut Value) {
        let schema = self.resolve(schema);
        match value {
            Value::Object(members) => {
                let properties = schema["properties"].as_object();
                for (name, property) in properties.into_iter().flatten() {
                    if let Some(default) = property.get("default")
                        && !members.contains_key(name)
                    {
                        members.insert(name.clone(), default.clone());
                    }
                    if let Some(member) = members.get_mut(name) {
                        self.fill_in_below(property, member);
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.fill_in_below(&schema["items"], item);
                }
            }
            _ => {}
        }
    }

    /// Removes every property that is marked, also from nested objects.
    pub(crate) fn remove(&self, mark: Mark, value: &mut Value) {
        self.remove_below(self.root(), mark, value);
    }

    fn remove_below(&self, schema: &Value, mark: Mark, value: &mut Value) {
        let schema = self.resolve(schema);
        match value {
            Value::Object(members) => {
                let Some(properties) = schema["properties"].as_object() else {
                    return;
                };
                members.retain(|name, _| {
                    properties
                        .get(name)
                        .is_none_or(|property| !mark.is_on(property))
                });
                for (name, member) in members {
                    if let Some(property) = properties.get(name) {
                        self.remove_below(property, mark, member);
                    }
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.remove_below(&schema["items"], mark, item);
                }
            }
            _ => {}
        }
    }
}

/// Who a property is not for.
#[derive(Clone, Copy)]
pub(crate) enum Mark {
    /// Set by the server alone.
    ReadOnly,
    /// Never part of a reply.
    WriteOnly,
}

impl Mark {
    fn is_on(self, property: &Value) -> bool {
        match self {
            Self::ReadOnly => property["readOnly"] == true,
            Self::WriteOnly => property["writeOnly"] == true,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum View {
    Create,
    Update,
}

impl View {
    fn name(self, base: &str) -> String {
        match self {
            Self::Create => format!("{base}Create"),
            Self::Update => format!("{base}Update"),
        }
    }
}

const PARTIAL: &str = "Partial";

/// The name of the type that a view was derived from.
pub(crate) fn base_name(view: &str) -> &str {
    ["Create", "Update", PARTIAL]
        .iter()
        .find_map(|suffix| view.strip_suffix(suffix))
        .unwrap_or(view)
}

/// The definitions of one view. Objects get a variant each, since it depends
/// on the view whether they are open; scalars and enums are shared.
fn derive_views(base: &Definitions, root: &str, view: View) -> Definitions {
    let mut views = base.clone();
    let mut todo = vec![(root.to_owned(), view)];
    while let Some((name, view)) = todo.pop() {
        let derived = view.name(&name);
        if views.contains_key(&derived) {
            continue;
        }
        let mut schema = base[&name].clone();
        views.insert(derived.clone(), Value::Null);
        derive_view(base, &mut schema, view, &mut todo);
        views.insert(derived, schema);
    }
    views
}

fn derive_view(base: &Definitions, schema: &mut Value, view: View, todo: &mut Vec<(String, View)>) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    if let Some(Value::Object(rules)) = members.shift_remove(REQUEST_RULES) {
        add_keywords(members, rules);
    }
    if let Some(target) = members
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(definition_name)
    {
        if base[target]["properties"].is_object() {
            todo.push((target.to_owned(), view));
            members.insert("$ref".into(), reference(&view.name(target)));
        }
        return;
    }
    if members.contains_key("properties") {
        close_object(members, view);
    }
    for (keyword, member) in members {
        match (keyword.as_str(), member) {
            ("properties", Value::Object(properties)) => {
                properties
                    .values_mut()
                    .for_each(|property| derive_view(base, property, view, todo));
            }
            // A patch replaces a list as a whole, so its items are new ones.
            ("items", items) => derive_view(base, items, View::Create, todo),
            ("anyOf" | "oneOf" | "allOf", Value::Array(alternatives)) => {
                for alternative in alternatives {
                    derive_view(base, alternative, view, todo);
                }
            }
            ("additionalProperties", values) => derive_view(base, values, view, todo),
            _ => {}
        }
    }
}

/// Marks a property that a new resource cannot have.
const UPDATE_ONLY: &str = "x-update-only";

/// Marks a property that a new resource has to have, and that some replies leave out.
const REQUIRED: &str = "x-required";

/// Holds the keywords that requests add to the schema of a property.
const REQUEST_RULES: &str = "x-request";

fn drop_request_marks(object: &mut Value) {
    let properties = object.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(Map::values_mut) {
        if let Some(property) = property.as_object_mut() {
            property.shift_remove(UPDATE_ONLY);
            if property.shift_remove(REQUIRED).is_some() {
                refuse_null(property);
            }
            property.shift_remove(REQUEST_RULES);
        }
    }
}

/// Adds keywords to a schema: in the place of those that it has, but below
/// `items`, next to them.
fn add_keywords(schema: &mut Map<String, Value>, keywords: Map<String, Value>) {
    for (keyword, rule) in keywords {
        match (schema.get_mut(&keyword), rule) {
            (Some(Value::Object(items)), Value::Object(rule)) => add_keywords(items, rule),
            (_, rule) => {
                schema.insert(keyword, rule);
            }
        }
    }
}

/// Makes the schema of an object that of a request: closed unless it says
/// otherwise, and with no requirement that the view does not make.
fn close_object(object: &mut Map<String, Value>, view: View) {
    object
        .entry("additionalProperties")
        .or_insert(Value::Bool(false));
    let mut required = match object.shift_remove("required") {
        Some(Value::Array(names)) if view == View::Create => names,
        _ => Vec::new(),
    };
    let properties = object["properties"].as_object_mut().into_iter().flatten();
    for (name, property) in properties {
        if let Some(property) = property.as_object_mut()
            && property.shift_remove(UPDATE_ONLY).is_some()
            && view == View::Create
        {
            property.insert("readOnly".into(), true.into());
        }
        if let Some(property) = property.as_object_mut()
            && property.shift_remove(REQUIRED).is_some()
        {
            refuse_null(property);
            if view == View::Create {
                required.push(name.as_str().into());
            }
        }
        if Mark::ReadOnly.is_on(property) {
            required.retain(|other| other != name.as_str());
        }
        // A default is what a new resource gets. A patch leaves alone what it does not name.
        if view == View::Update
            && let Some(property) = property.as_object_mut()
        {
            property.shift_remove("default");
        }
    }
    if !required.is_empty() {
        object.insert("required".into(), required.into());
    }
}

/// Takes null from what a property can be.
pub(crate) fn refuse_null(property: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = property.get_mut("type") {
        types.retain(|of| of != "null");
    }
    let Some(Value::Array(choices)) = property.shift_remove("anyOf") else {
        return;
    };
    let is_null = |choice: &Value| choice["type"] == "null";
    for choice in choices.into_iter().filter(|choice| !is_null(choice)) {
        // An optional type has one choice beside null.
        if let Value::Object(choice) = choice {
            property.extend(choice);
        }
    }
}

/// Makes a derived schema fit for readers: its description comes first and in
/// whole paragraphs, an enum is one list of values, and formats that only Rust
/// knows are gone.
fn tidy(schema: &mut Value) {
    fn visit(schema: &mut Schema) {
        transform_subschemas(&mut visit, schema);
        collect_constants(schema);
        // `uint32` and the like are formats of Rust. `minimum` and `maximum` say it in JSON Schema.
        if let Some(Value::String(format)) = schema.get("format")
            && (format.starts_with("uint") || format.starts_with("int"))
        {
            schema.remove("format");
        }
        let Some(members) = schema.as_object_mut() else {
            return;
        };
        if let Some(Value::String(text)) = members.shift_remove("description") {
            let paragraphs: Vec<_> = text.split("\n\n").map(unwrap_lines).collect();
            members.shift_insert(0, "description".into(), paragraphs.join("\n\n").into());
        }
    }
    if let Ok(schema) = <&mut Schema>::try_from(schema) {
        visit(schema);
    }
}

/// Turns a choice between constants, which is how documented enums are
/// derived, into a list of values with one description.
fn collect_constants(schema: &mut Schema) {
    let Some(Value::Array(choices)) = schema.get("oneOf") else {
        return;
    };
    let Some(values) = choices
        .iter()
        .map(|choice| choice.get("const").cloned())
        .collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let mut lines = Vec::new();
    for choice in choices {
        if let (Some(value), Some(text)) =
            (choice["const"].as_str(), choice["description"].as_str())
        {
            lines.push(format!("- `{value}`: {}", unwrap_lines(text)));
        }
    }
    let description = schema.get("description").and_then(Value::as_str);
    let description = format!(
        "{}\n\n{}",
        description.unwrap_or_default(),
        lines.join("\n")
    );
    schema.remove("oneOf");
    schema.insert("description".into(), description.into());
    schema.insert("type".into(), "string".into());
    schema.insert("enum".into(), values.into());
}

/// Joins the lines of a paragraph, but not those of a list.
fn unwrap_lines(paragraph: &str) -> String {
    if paragraph.starts_with("- ") {
        paragraph.to_owned()
    } else {
        paragraph.replace('\n', " ")
    }
}

fn resolve<'a>(definitions: &'a Definitions, schema: &'a Value) -> &'a Value {
    if let Some(target) = schema["$ref"].as_str().and_then(definition_name) {
        return definitions
            .get(target)
            .map_or(schema, |schema| resolve(definitions, schema));
    }
    let alternatives = schema["anyOf"].as_array().map_or(&[][..], Vec::as_slice);
    let mut others = alternatives
        .iter()
        .filter(|alternative| alternative["type"] != "null");
    match (others.next(), others.next()) {
        (Some(only), None) => resolve(definitions, only),
        _ => schema,
    }
}

const PREFIX: &str = "#/$defs/";

pub(crate) fn reference(name: &str) -> Value {
    format!("{PREFIX}{name}").into()
}

pub(crate) fn definition_name(reference: &str) -> Option<&str> {
    reference.strip_prefix(PREFIX)
}

/// Calls `visit` with the target of every reference in a schema.
pub(crate) fn visit_references(schema: &mut Value, visit: &mut impl FnMut(&mut String)) {
    match schema {
        Value::Object(members) => {
            for (keyword, member) in members {
                match member {
                    Value::String(target) if keyword == "$ref" => visit(target),
                    _ => visit_references(member, visit),
                }
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| visit_references(item, visit)),
        _ => {}
    }
}

fn reachable(definitions: &Definitions, root: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut todo = vec![root.to_owned()];
    while let Some(name) = todo.pop() {
        let Some(mut schema) = definitions.get(&name).cloned() else {
            continue;
        };
        if found.insert(name) {
            visit_references(&mut schema, &mut |target| {
                todo.extend(definition_name(target).map(str::to_owned));
            });
        }
    }
    found
}

fn standalone(name: &str, definitions: &Definitions) -> Value {
    let mut document = Map::new();
    document.insert(
        "$schema".into(),
        "https://json-schema.org/draft/2020-12/schema".into(),
    );
    document.insert("title".into(), name.into());
    let mut others: Map<_, _> = definitions
        .iter()
        .map(|(name, schema)| (name.clone(), schema.clone()))
        .collect();
    // A type that contains itself needs its definition beside the root.
    let recursive = definitions.values().any(|schema| {
        let mut found = false;
        visit_references(&mut schema.clone(), &mut |reference| {
            found |= definition_name(reference) == Some(name);
        });
        found
    });
    if recursive {
        document.insert("$ref".into(), reference(name));
    } else if let Some(Value::Object(root)) = others.shift_remove(name) {
        document.extend(root);
    }
    if !others.is_empty() {
        document.insert("$defs".into(), json!(others));
    }
    document.into()
}
