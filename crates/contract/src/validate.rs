//! What is wrong with a request, all at once and in words.
//!
//! The published schema decides; this module only reads a value, asks the
//! schema, and tells each violation with the path of its property.

use std::fmt;

use bytes::Bytes;
use jsonschema::{
    JsonType, JsonTypeSet, ValidationError,
    error::{TypeKind, ValidationErrorKind},
    paths::{Location, LocationSegment},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    error::FieldViolation,
    filters::{InvalidTimeFilter, TimeFilter},
    id::{ObjectId, UserRef},
    rules,
    schema::{SchemaDocument, base_name},
};

/// Everything that is wrong with a request. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violations(Vec<FieldViolation>);

impl Violations {
    /// A single violation.
    pub fn one(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self(vec![FieldViolation::new(field, description)])
    }

    /// What is wrong with several fields.
    pub(crate) fn of<const N: usize>(violations: [(&str, &str); N]) -> Self {
        let violations = violations.into_iter();
        Self(
            violations
                .map(|(field, description)| FieldViolation::new(field, description))
                .collect(),
        )
    }

    /// A part of a request that cannot be read: a parameter or, if `field` is
    /// empty, the body. `error` tells why.
    pub fn unreadable(field: &str, error: impl fmt::Display) -> Self {
        Self::one(field, format!("cannot be read: {error}"))
    }

    /// Nothing where there are no violations.
    ///
    /// # Errors
    ///
    /// The violations, where there are some.
    pub fn check(violations: Vec<FieldViolation>) -> Result<(), Self> {
        if violations.is_empty() {
            Ok(())
        } else {
            Err(Self(violations))
        }
    }

    /// The violations, one for each value that is wrong.
    pub fn as_slice(&self) -> &[FieldViolation] {
        &self.0
    }

    /// The violations, owned.
    pub fn into_vec(self) -> Vec<FieldViolation> {
        self.0
    }
}

/// How many violations are told in one sentence. The details of an error have all.
const MOST_TOLD: usize = 20;

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (
            index,
            FieldViolation {
                field, description, ..
            },
        ) in self.0.iter().take(MOST_TOLD).enumerate()
        {
            let separator = if index == 0 { "" } else { "; " };
            let field = if field.is_empty() { "the body" } else { field };
            write!(f, "{separator}{field} {description}")?;
        }
        if self.0.len() > MOST_TOLD {
            write!(f, "; and {} more", self.0.len() - MOST_TOLD)?;
        }
        Ok(())
    }
}

impl std::error::Error for Violations {}

/// Reads JSON. Says where the text stops being JSON.
pub(crate) fn read_json(bytes: &Bytes) -> Result<Value, Violations> {
    if bytes.is_empty() {
        return Err(Violations::one("", "is missing: JSON is expected"));
    }
    serde_json::from_slice(bytes)
        .map_err(|error| Violations::one("", format!("is not valid JSON: {error}")))
}

/// Reads a value of a type once the schema has accepted it.
pub(crate) fn deserialize<T: DeserializeOwned>(value: Value) -> Result<T, Violations> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        Violations::one(path, error.into_inner().to_string())
    })
}

impl SchemaDocument {
    /// Checks a value against the schema.
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub fn validate(&self, value: &Value) -> Result<(), Violations> {
        let mut violations = Vec::new();
        for error in self.validator().iter_errors(value) {
            self.describe(&error, &mut violations);
        }
        // Several keywords can reject one value. The last one says most: `enum` comes after `type`.
        violations.dedup_by(|later, earlier| {
            let same = later.field == earlier.field;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        Violations::check(violations)
    }

    fn describe(&self, error: &ValidationError<'_>, violations: &mut Vec<FieldViolation>) {
        let path = dotted(error.instance_path());
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                for name in unexpected {
                    let description = self.unknown_property(error.schema_path(), name);
                    violations.push(FieldViolation::new(member(&path, name), description));
                }
            }
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                violations.push(FieldViolation::new(member(&path, name), "is required"));
            }
            ValidationErrorKind::AnyOf { context } => {
                // `T or null`: what T has to say is of use, that it is not null is not.
                let mut others = context
                    .iter()
                    .filter(|errors| !errors.iter().any(wants_null));
                match (others.next(), others.next()) {
                    (Some(errors), None) => {
                        for error in errors {
                            self.describe(error, violations);
                        }
                    }
                    _ => {
                        violations.push(FieldViolation::new(path, "has none of the forms allowed"));
                    }
                }
            }
            ValidationErrorKind::OneOfNotValid { context } => {
                describe_choice(&path, context, violations);
            }
            ValidationErrorKind::OneOfMultipleValid { .. } => violations.push(FieldViolation::new(
                path,
                "combines properties that exclude each other",
            )),
            kind => violations.push(FieldViolation::new(path, sentence(kind, error.instance()))),
        }
    }

    fn unknown_property(&self, keyword: &Location, name: &str) -> String {
        // The keyword stands in the schema of the object: `/$defs/UserUpdate/additionalProperties`.
        let standalone;
        let pointer = keyword
            .as_str()
            .rsplit_once('/')
            .map_or("", |(object, _)| object);
        let mut segments = pointer.trim_start_matches('/').split('/');
        let (owner, schema) = match (segments.next(), segments.next(), segments.next()) {
            (Some("$defs"), Some(owner), None) => (owner, self.definitions.get(owner)),
            (Some(""), None, None) => (self.name.as_str(), Some(self.root())),
            _ => {
                standalone = self.standalone();
                ("this object", standalone.pointer(pointer))
            }
        };
        let known = schema.and_then(|schema| schema["properties"].as_object());
        let similar = known
            .into_iter()
            .flat_map(|known| known.keys())
            .map(|known| (strsim::damerau_levenshtein(known, name), known))
            .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
            .min();
        let owner = base_name(owner);
        match similar {
            Some((_, similar)) => {
                format!("is not a property of {owner}; did you mean `{similar}`?")
            }
            None => format!("is not a property of {owner}"),
        }
    }
}

/// A choice between sets of required properties. The set that lacks least is
/// the one that was meant; without one, the choice is told.
fn describe_choice(
    path: &str,
    context: &[Vec<ValidationError<'_>>],
    violations: &mut Vec<FieldViolation>,
) {
    let missing: Vec<Vec<&str>> = context
        .iter()
        .map(|errors| {
            let required = errors.iter().map(|error| match error.kind() {
                ValidationErrorKind::Required { property } => property.as_str(),
                _ => None,
            });
            required.collect::<Option<_>>().unwrap_or_default()
        })
        .collect();
    let least = missing.iter().map(Vec::len).min().unwrap_or_default();
    let mut closest = missing.iter().filter(|names| names.len() == least);
    match (closest.next(), closest.next()) {
        (Some(meant), None) if least > 0 => {
            for name in meant {
                violations.push(FieldViolation::new(member(path, name), "is required"));
            }
        }
        _ if least > 0 => {
            let sets: Vec<_> = missing.iter().map(|set| set.join(" and ")).collect();
            let description = format!("needs {}", sets.join(", or "));
            violations.push(FieldViolation::new(path, description));
        }
        _ => violations.push(FieldViolation::new(path, "has none of the forms allowed")),
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

/// What a value must be, to be read after its path.
fn sentence(kind: &ValidationErrorKind, value: &Value) -> String {
    use ValidationErrorKind as Kind;
    const COUNTRY: &str = "must be the two letters of a country in ISO 3166-1, such as NL";
    match kind {
        Kind::Type { kind } => wrong_type(kind, value),
        Kind::Enum { .. } if value.is_null() => "cannot be null".into(),
        Kind::Enum { options } => format!("must be one of {}", alternatives(options)),
        Kind::Constant { expected_value } => format!("must be {expected_value}"),
        Kind::Format { format } => match format.as_str() {
            "email" => "must be an e-mail address, such as name@example.com".into(),
            "uri" => "must be an absolute URI, such as https://example.com/image.png".into(),
            "date-time" => crate::timestamp::InvalidTimestamp.to_string(),
            rules::TIME_ZONE => {
                "must be a time zone of the IANA database, such as Europe/Amsterdam".into()
            }
            rules::COUNTRY => COUNTRY.into(),
            rules::REGULAR_EXPRESSION => "must be a regular expression of JavaScript".into(),
            rules::PASSWORD => format!("must have at most {} bytes", rules::MAX_PASSWORD),
            other => format!("must be of the format {other}"),
        },
        Kind::Pattern { pattern } => match pattern.as_str() {
            ObjectId::PATTERN => "must be 24 hexadecimal digits".into(),
            TimeFilter::PATTERN => InvalidTimeFilter.to_string(),
            UserRef::PATTERN => "must be 24 hexadecimal digits, or `me`".into(),
            rules::WEB_URL => "must be an http(s) URL, such as https://example.com".into(),
            rules::COUNTRY_CODE => COUNTRY.into(),
            rules::DOMAIN_LABEL => {
                "must be one part of a domain: up to 63 letters, digits and hyphens".into()
            }
            rules::DOMAIN => "must be a domain, such as example.com".into(),
            rules::EMAIL_OR_DOMAIN => {
                "must be an e-mail address or a domain, such as name@example.com or example.com"
                    .into()
            }
            other => format!("must match the pattern {other}"),
        },
        // The only multiples in the contract are those of 1.
        Kind::MultipleOf { .. } => "must be a whole number".into(),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MinLength { limit: 1 } | Kind::MinItems { limit: 1 } => "must not be empty".into(),
        Kind::MinLength { limit } => format!("must have at least {limit} characters"),
        Kind::MaxLength { limit } => format!("must have at most {limit} characters"),
        Kind::MinItems { limit } => format!("must have at least {limit} items"),
        Kind::MaxItems { limit } => format!("must have at most {limit} items"),
        Kind::MinProperties { limit } => format!("must have at least {limit} properties"),
        Kind::MaxProperties { limit } => format!("must have at most {limit} properties"),
        Kind::UniqueItems => "must not hold an item twice".into(),
        other => format!(
            "is not valid: the schema's `{}` is not met",
            other.keyword()
        ),
    }
}

fn wrong_type(kind: &TypeKind, value: &Value) -> String {
    let wanted = match kind {
        TypeKind::Single(wanted) => JsonTypeSet::from(*wanted),
        TypeKind::Multiple(wanted) => *wanted,
    };
    if value.is_null() {
        return "cannot be null".into();
    }
    let wanted: Vec<_> = wanted
        .iter()
        .filter(|kind| *kind != JsonType::Null)
        .map(noun)
        .collect();
    let found = match value {
        Value::Number(_) => "a number",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
        Value::String(_) => "a string",
        Value::Bool(_) => "a boolean",
        Value::Null => "null",
    };
    if value.is_number() && wanted == ["an integer"] {
        return "must be an integer".into();
    }
    format!("must be {}, not {found}", wanted.join(" or "))
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

fn alternatives(options: &Value) -> String {
    let text = |option: &Value| {
        option
            .as_str()
            .map_or_else(|| option.to_string(), str::to_owned)
    };
    options
        .as_array()
        .into_iter()
        .flatten()
        .map(text)
        .collect::<Vec<_>>()
        .join(", ")
}

fn member(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// `/organizations/1/role` as `organizations[1].role`.
fn dotted(location: &Location) -> String {
    let mut path = String::new();
    for segment in location {
        match segment {
            LocationSegment::Property(name) => path = member(&path, &name),
            LocationSegment::Index(index) => path = format!("{path}[{index}]"),
        }
    }
    path
}
