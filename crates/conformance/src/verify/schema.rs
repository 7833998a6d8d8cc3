//! What a body must look like, to the letter.
//!
//! The contract leaves a reply open, so that clients of today read the replies
//! of tomorrow. A verification wants the opposite: nothing but what is
//! declared. The strict schema follows from the published one: an object that
//! declares properties has no others, and what is write-only is not there. An
//! object that the contract itself leaves open, such as free-form data, stays
//! open.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use contract::error::ErrorBody;
use contract::operation::{OperationInfo, ReplyBody};
use contract::schema::{Definitions, Described as _, Document};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError, Validator};
use serde_json::{Map, Value, json};

/// One way in which a value differs from its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The kind of difference, to be put behind `request-` or `response-`.
    pub(crate) kind: &'static str,
    /// Where in the value: a JSON pointer (RFC 6901).
    pub(crate) pointer: String,
    /// Where in the OpenAPI document the value is described: a JSON pointer.
    pub(crate) schema: String,
    /// What is wrong, to be read after the place.
    pub(crate) message: String,
}

/// A schema in force.
pub(crate) struct Strict {
    validator: Validator,
}

/// What a schema is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Purpose {
    /// The document as it is published.
    AsIs,
    /// One value in a reply.
    Reply,
    /// A list in a reply.
    List,
    /// A list in a reply, of resources that can lack anything.
    PartialList,
}

impl Strict {
    fn new(document: &Document, purpose: Purpose) -> Self {
        let mut definitions = document.definitions.clone();
        if purpose != Purpose::AsIs {
            definitions.values_mut().for_each(tighten);
        }
        if purpose == Purpose::PartialList
            && let Some(Value::Object(root)) = definitions.get_mut(&document.name)
        {
            root.shift_remove("required");
        }
        let root = json!({ "$ref": format!("#/$defs/{}", document.name) });
        let mut schema = match purpose {
            Purpose::List | Purpose::PartialList => json!({ "type": "array", "items": root }),
            Purpose::AsIs | Purpose::Reply => root,
        };
        schema["$defs"] = json!(definitions);
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(&schema)
            // Depends on nothing but the types of the contract, all of which the tests compile.
            .unwrap_or_else(|error| panic!("{} is not a valid schema: {error}", document.name));
        Self { validator }
    }

    /// Everything that is wrong with a value.
    pub(crate) fn problems(&self, value: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        for error in self.validator.iter_errors(value) {
            describe(&error, &mut problems);
        }
        // Several keywords can reject one value, and many elements of a list can be
        // wrong in the same way. The first of them is told, and how many there are.
        let mut first: BTreeMap<(String, &str), usize> = BTreeMap::new();
        let mut told: Vec<(Problem, usize)> = Vec::new();
        for problem in problems {
            let key = (without_indices(&problem.pointer), problem.kind);
            if let Some(index) = first.get(&key) {
                let (same, others) = &mut told[*index];
                *others += usize::from(same.pointer != problem.pointer);
            } else {
                first.insert(key, told.len());
                told.push((problem, 0));
            }
        }
        let problems = told.into_iter().map(|(mut problem, others)| {
            if others > 0 {
                problem.message = format!("{} (and {others} more elements)", problem.message);
            }
            problem
        });
        problems.collect()
    }
}

/// A pointer to a place in every element of a list alike.
fn without_indices(pointer: &str) -> String {
    let segments = pointer.split('/');
    let segments = segments.map(|segment| {
        let is_index = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
        if is_index { "*" } else { segment }
    });
    segments.collect::<Vec<_>>().join("/")
}

type Cache = Mutex<BTreeMap<(String, Purpose), &'static Strict>>;

/// Schemas are made once. There are as many as types in the contract.
fn cached(document: &Document, purpose: Purpose) -> &'static Strict {
    static CACHE: LazyLock<Cache> = LazyLock::new(Cache::default);
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    cache
        .entry((document.name.clone(), purpose))
        .or_insert_with(|| Box::leak(Box::new(Strict::new(document, purpose))))
}

/// The schema of the reply to an operation. `partial` tells that the request
/// selected properties, so that none is missing.
pub(crate) fn reply(operation: &OperationInfo, partial: bool) -> Option<&'static Strict> {
    match operation.reply.body {
        ReplyBody::None => None,
        ReplyBody::One(of) => Some(cached(&of.views().read, Purpose::Reply)),
        ReplyBody::List(of) if partial => Some(cached(&of.views().read, Purpose::PartialList)),
        ReplyBody::List(of) => Some(cached(&of.views().read, Purpose::List)),
    }
}

/// The schema of the body of every error.
pub(crate) fn error() -> &'static Strict {
    cached(&ErrorBody::views().read, Purpose::Reply)
}

/// A schema of a request, which is closed as published.
pub(crate) fn request(document: &Document) -> &'static Strict {
    cached(document, Purpose::AsIs)
}

/// Closes objects and takes write-only properties away.
fn tighten(schema: &mut Value) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    if members.get("properties").is_some_and(Value::is_object) {
        members
            .entry("additionalProperties")
            .or_insert(Value::Bool(false));
    }
    let mut hidden = Vec::new();
    if let Some(Value::Object(properties)) = members.get_mut("properties") {
        for (name, property) in properties {
            if property["writeOnly"] == true {
                hidden.push(name.clone());
                *property = Value::Bool(false);
            } else {
                tighten(property);
            }
        }
    }
    if let Some(Value::Array(required)) = members.get_mut("required") {
        required.retain(|name| !hidden.iter().any(|hidden| name == hidden.as_str()));
    }
    for keyword in ["items", "additionalProperties"] {
        if let Some(below) = members.get_mut(keyword) {
            tighten(below);
        }
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(alternatives)) = members.get_mut(keyword) {
            alternatives.iter_mut().for_each(tighten);
        }
    }
}

fn describe(error: &ValidationError<'_>, problems: &mut Vec<Problem>) {
    use ValidationErrorKind as Kind;
    let place = error.instance_path().as_str();
    let schema = published(error.schema_path().as_str());
    let mut push = |kind, pointer: String, message: String| {
        problems.push(Problem {
            kind,
            pointer,
            schema: schema.clone(),
            message,
        });
    };
    match error.kind() {
        Kind::AdditionalProperties { unexpected } => {
            for name in unexpected {
                push(
                    "undeclared-property",
                    format!("{place}/{}", escape(name)),
                    "is not declared in the contract".to_owned(),
                );
            }
        }
        Kind::Required { property } => push(
            "missing-property",
            format!("{place}/{}", escape(property.as_str().unwrap_or_default())),
            "is required and missing".to_owned(),
        ),
        Kind::FalseSchema => push(
            "write-only-property",
            place.to_owned(),
            "is write-only and must never be sent back".to_owned(),
        ),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            // `T or null`: what T has to say is of use, that it is not null is not.
            let mut others = context
                .iter()
                .filter(|errors| !errors.iter().any(wants_null));
            match (others.next(), others.next()) {
                (Some(errors), None) => {
                    for error in errors {
                        describe(error, problems);
                    }
                }
                _ => push(
                    "invalid-value",
                    place.to_owned(),
                    "has none of the forms that the contract allows".to_owned(),
                ),
            }
        }
        Kind::Type { kind } => push(
            "wrong-type",
            place.to_owned(),
            format!(
                "must be {}, and is {}",
                wanted(kind),
                noun_of(error.instance())
            ),
        ),
        Kind::Enum { options } => {
            let found = match error.instance().as_ref() {
                Value::String(text) => format!("`{}`", text.chars().take(40).collect::<String>()),
                other => noun_of(other).to_owned(),
            };
            let known: Vec<_> = options
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let kind = if error.instance().is_string() {
                "unknown-enum-value"
            } else {
                "wrong-type"
            };
            push(
                kind,
                place.to_owned(),
                format!("must be one of {}, and is {found}", known.join(", ")),
            );
        }
        Kind::Format { format } => push(
            "wrong-format",
            place.to_owned(),
            format!("is not of the format {format}"),
        ),
        Kind::Pattern { pattern } => push(
            "wrong-format",
            place.to_owned(),
            format!("does not match the pattern {pattern}"),
        ),
        other => push(
            "invalid-value",
            place.to_owned(),
            format!("breaks the schema's `{}`", other.keyword()),
        ),
    }
}

/// The place in the OpenAPI document of a place in a strict schema.
fn published(pointer: &str) -> String {
    pointer.strip_prefix("/$defs/").map_or_else(
        || "/components/schemas".to_owned(),
        |rest| format!("/components/schemas/{rest}"),
    )
}

/// A property name as a segment of a JSON pointer.
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn wants_null(error: &ValidationError<'_>) -> bool {
    matches!(
        error.kind(),
        ValidationErrorKind::Type {
            kind: TypeKind::Single(JsonType::Null)
        }
    )
}

fn wanted(kind: &TypeKind) -> String {
    let types: Vec<_> = match kind {
        TypeKind::Single(only) => vec![*only],
        TypeKind::Multiple(several) => several.iter().collect(),
    };
    let nouns: Vec<_> = types.into_iter().map(noun).collect();
    nouns.join(" or ")
}

fn noun(of: JsonType) -> &'static str {
    match of {
        JsonType::Array => "a list",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "an integer",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    }
}

fn noun_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// What a walk along a schema meets.
pub(crate) trait Visit {
    /// A declared property, such as `User.settings`.
    fn property(&mut self, name: &str);
    /// A value of an enum, such as `owner` of `Role`.
    fn enum_value(&mut self, name: &str, value: &str);
}

/// Visits every property and enum value of a type, or with a `value` those
/// that it shows.
pub(crate) fn walk(document: &Document, value: Option<&Value>, visit: &mut impl Visit) {
    let mut walker = Walker {
        definitions: &document.definitions,
        below: Vec::new(),
    };
    walker.walk(document.root(), &document.name, value, visit);
}

struct Walker<'a> {
    definitions: &'a Definitions,
    /// The types on the way, which end the walk of a type that contains itself.
    below: Vec<&'a str>,
}

impl<'a> Walker<'a> {
    fn walk(
        &mut self,
        schema: &'a Value,
        name: &str,
        value: Option<&Value>,
        visit: &mut impl Visit,
    ) {
        if let Some(target) = schema["$ref"]
            .as_str()
            .and_then(|reference| reference.strip_prefix("#/$defs/"))
        {
            let recursive = value.is_none() && self.below.contains(&target);
            if let Some(definition) = self.definitions.get(target)
                && !recursive
            {
                self.below.push(target);
                self.walk(definition, target, value, visit);
                self.below.pop();
            }
            return;
        }
        for keyword in ["anyOf", "oneOf", "allOf"] {
            for alternative in schema[keyword].as_array().into_iter().flatten() {
                self.walk(alternative, name, value, visit);
            }
        }
        for option in schema["enum"].as_array().into_iter().flatten() {
            if let Some(text) = option.as_str()
                && value.is_none_or(|value| value == option)
            {
                visit.enum_value(name, text);
            }
        }
        let empty = Map::new();
        let members = value.map(|value| value.as_object().unwrap_or(&empty));
        for (property, below) in schema["properties"].as_object().into_iter().flatten() {
            let value = match members {
                None => None,
                Some(members) => match members.get(property) {
                    None => continue,
                    found => found,
                },
            };
            if below["writeOnly"] == true {
                continue;
            }
            let name = format!("{name}.{property}");
            visit.property(&name);
            self.walk(below, &name, value, visit);
        }
        let Some(items) = schema.get("items") else {
            return;
        };
        match value {
            None => self.walk(items, name, None, visit),
            Some(list) => {
                for item in list.as_array().into_iter().flatten() {
                    self.walk(items, name, Some(item), visit);
                }
            }
        }
    }
}
