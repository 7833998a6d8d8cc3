//! How a value differs from its schema, in words.

use std::collections::BTreeMap;

use crate::reference::escape;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError, Validator};
use serde_json::Value;

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

impl Problem {
    /// Returns what is wrong with a value of this name, as a sentence without a full stop.
    pub(crate) fn about(&self, what: &str) -> String {
        let place = match self.pointer.as_str() {
            "" => what.to_owned(),
            pointer => format!("{pointer} in {what}"),
        };
        format!("{place} {}", self.message)
    }
}

/// Everything that is wrong with a value. `published` makes the place in the OpenAPI
/// document of a place in the schema.
pub(crate) fn problems(
    validator: &Validator,
    value: &Value,
    published: &dyn Fn(&str) -> String,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for error in validator.iter_errors(value) {
        describe(&error, published, &mut problems);
    }
    told_once(problems)
}

/// What is wrong in the same way in many elements of a list becomes one problem.
pub(crate) fn told_once(problems: Vec<Problem>) -> Vec<Problem> {
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

/// A pointer to a place in every element of a list alike.
fn without_indices(pointer: &str) -> String {
    let segments = pointer.split('/');
    let segments = segments.map(|segment| {
        let is_index = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
        if is_index { "*" } else { segment }
    });
    segments.collect::<Vec<_>>().join("/")
}

fn describe(
    error: &ValidationError<'_>,
    published: &dyn Fn(&str) -> String,
    problems: &mut Vec<Problem>,
) {
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
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
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
                        describe(error, published, problems);
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
                .map(|option| {
                    option
                        .as_str()
                        .map_or_else(|| option.to_string(), str::to_owned)
                })
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
