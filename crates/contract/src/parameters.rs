//! Parameters in paths and queries.
//!
//! Parameters arrive as text. The schema of their type tells what each text
//! stands for, and everything that is wrong is told at once.

use std::{borrow::Cow, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    error::FieldViolation,
    schema::{Described, SchemaDocument, described},
    validate::{Violations, deserialize},
};

pub use crate::filters::{InvalidTimeFilter, TextFilter, TimeFilter};

/// No parameters at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoParameters {}

described!(NoParameters);

/// Reads parameters from the decoded names and values of a path or a query.
///
/// # Errors
///
/// Every parameter that `P` does not have, that is missing, malformed, or given
/// more than once. A list may be: its items are those of all of them.
///
/// ```
/// # use contract::{parameters::parse_parameters, users::UserPath};
/// let violations = parse_parameters::<UserPath>([("user_id", "42")]).unwrap_err();
/// assert_eq!(violations.to_string(), "user_id must be 24 hexadecimal digits, or `me`");
/// ```
pub fn parse_parameters<P: Described>(
    pairs: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
) -> Result<P, Violations> {
    let pairs = pairs.into_iter();
    let pairs = pairs.map(|(name, text)| (name.as_ref().to_owned(), text.as_ref().to_owned()));
    deserialize(values(&P::views().create, &pairs.collect::<Vec<_>>())?)
}

/// The JSON form of parameters that a schema describes.
fn values(document: &SchemaDocument, pairs: &[(String, String)]) -> Result<Value, Violations> {
    let properties = &document.root()["properties"];
    let mut values = Map::new();
    let mut violations = Vec::new();
    for (written, text) in pairs {
        let (name, property) = property_of(properties, written);
        let Some(property) = property else {
            let description = match properties.as_object() {
                Some(known) if !known.is_empty() => {
                    let known: Vec<_> = known.keys().map(String::as_str).collect();
                    format!("is not a parameter; there are {}", known.join(", "))
                }
                _ => "is not a parameter; there are none".to_owned(),
            };
            violations.push(FieldViolation::new(written, description));
            continue;
        };
        let value = typed(document.resolve(property), text);
        match (values.get_mut(name), value) {
            (None, value) => {
                values.insert(name.to_owned(), value);
            }
            // Whether each item comes by itself or all come at once is the same.
            (Some(Value::Array(items)), Value::Array(more)) => items.extend(more),
            (Some(_), _) => violations.push(FieldViolation::new(name, "is given more than once")),
        }
    }
    let values = Value::Object(values);
    if let Err(more) = document.validate(&values) {
        violations.extend(more.into_vec().into_iter().map(|mut violation| {
            // Every parameter comes as a string, so that is not what is wrong with it.
            let description = violation.description.trim_end_matches(", not a string");
            violation.description = description.to_owned();
            violation
        }));
    }
    Violations::check(violations)?;
    Ok(values)
}

/// The property that a parameter is about, with its name. Many clients mark that a
/// parameter is one item of a list: `select[]`, or `select[0]`.
fn property_of<'a>(properties: &'a Value, written: &'a str) -> (&'a str, Option<&'a Value>) {
    if let Some(property) = properties.get(written) {
        return (written, Some(property));
    }
    let is_index = |index: &str| index.bytes().all(|byte| byte.is_ascii_digit());
    let list = written
        .strip_suffix(']')
        .and_then(|text| text.rsplit_once('['));
    match list {
        Some((name, index)) if is_index(index) => {
            let property = properties
                .get(name)
                .filter(|property| is(property, "array"));
            (name, property)
        }
        _ => (written, None),
    }
}

/// Returns whether a schema allows values of the type of this name.
fn is(schema: &Value, name: &str) -> bool {
    match &schema["type"] {
        Value::Array(types) => types.iter().any(|kind| kind == name),
        only => only == name,
    }
}

/// The JSON value that a text stands for. A text that is no value of the type
/// stays a text, for the schema to reject.
fn typed(schema: &Value, text: &str) -> Value {
    if is(schema, "array") {
        // The vendor's SDK puts lists in brackets.
        let bare = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        return bare
            .unwrap_or(text)
            .split(',')
            .map(|item| typed(&schema["items"], item.trim()))
            .collect();
    }
    let value = if is(schema, "integer") {
        text.parse().ok().map(|number: i64| number.into())
    } else if is(schema, "number") {
        text.parse().ok().map(|number: f64| number.into())
    } else if is(schema, "boolean") {
        text.parse().ok().map(|boolean: bool| boolean.into())
    } else {
        None
    };
    // Not a finite number is null to JSON.
    value
        .filter(|value: &Value| !value.is_null())
        .unwrap_or_else(|| text.into())
}

/// The most resources that one page of a list can hold.
pub const MAX_LIMIT: u32 = 1000;

/// Which part of a list to reply with, where there is nothing to sort by and to
/// select.
#[serde_with::skip_serializing_none]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PageQuery {
    /// How many to return at most, from 1 to 1000. Without it the list is
    /// whole.
    #[schemars(range(min = 1, max = MAX_LIMIT))]
    pub limit: Option<u32>,
    /// How many to skip before the first one returned.
    #[schemars(range(min = 0, max = i32::MAX), extend("default" = 0))]
    pub offset: Option<u32>,
}

described!(PageQuery);

/// Which part of a list to reply with, and in what form. Every list of
/// resources takes these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "")]
#[schemars(bound = "R: Described")]
pub struct ListQuery<R> {
    /// How many to return at most, from 1 to 1000. Without it the list is
    /// whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAX_LIMIT))]
    pub limit: Option<u32>,
    /// How many to skip before the first one returned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = i32::MAX), extend("default" = 0))]
    pub offset: Option<u32>,
    /// The property to sort by; a leading `-` sorts in descending order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<Sort<R>>,
    /// The properties to return, separated by commas; `id` is always among
    /// them. Without it resources are whole. `select=a&select=b`, `select[]=a` and
    /// `select=[a,b]` do as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub select: Option<Select<R>>,
}

impl<R> Default for ListQuery<R> {
    fn default() -> Self {
        Self {
            limit: None,
            offset: None,
            sort: None,
            select: None,
        }
    }
}

/// A property of `R` to sort a list by.
#[derive(Serialize, Deserialize)]
#[serde(from = "String", into = "String", bound = "")]
pub struct Sort<R> {
    property: String,
    descending: bool,
    of: PhantomData<fn() -> R>,
}

impl<R> Sort<R> {
    /// The JSON name of the property.
    pub fn property(&self) -> &str {
        &self.property
    }

    /// Returns whether the greatest value comes first.
    pub fn descending(&self) -> bool {
        self.descending
    }
}

/// Takes the property as it is. Whether `R` has it is for the schema to say.
impl<R> From<String> for Sort<R> {
    fn from(text: String) -> Self {
        let (property, descending) = match text.strip_prefix('-') {
            Some(property) => (property.to_owned(), true),
            None => (text, false),
        };
        Self {
            property,
            descending,
            of: PhantomData,
        }
    }
}

impl<R> From<Sort<R>> for String {
    fn from(sort: Sort<R>) -> Self {
        sort.to_string()
    }
}

impl<R> fmt::Display for Sort<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.descending { "-" } else { "" };
        write!(f, "{sign}{}", self.property)
    }
}

impl<R> fmt::Debug for Sort<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sort({self})")
    }
}

impl<R> Clone for Sort<R> {
    fn clone(&self) -> Self {
        Self {
            property: self.property.clone(),
            descending: self.descending,
            of: PhantomData,
        }
    }
}

impl<R> PartialEq for Sort<R> {
    fn eq(&self, other: &Self) -> bool {
        (&self.property, self.descending) == (&other.property, other.descending)
    }
}

impl<R> Eq for Sort<R> {}

impl<R: Described> JsonSchema for Sort<R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}Sort", R::schema_name()).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let document = &R::views().read;
        // Objects and lists have no order to speak of.
        let orders = |schema: &Value| {
            let schema = document.resolve(schema);
            let types = schema["type"].as_array().cloned();
            let types = types.unwrap_or_else(|| vec![schema["type"].clone()]);
            !types.iter().any(|kind| kind == "object" || kind == "array")
        };
        let names: Vec<_> = readable::<R>()
            .filter(|(_, schema)| orders(schema))
            .flat_map(|(name, _)| [name.clone(), format!("-{name}")])
            .collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

/// Properties of `R` that a list is reduced to, at least one.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>", bound = "")]
pub struct Select<R> {
    properties: Vec<String>,
    of: PhantomData<fn() -> R>,
}

/// A selection of nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must name at least one property")]
pub struct EmptySelect;

/// Takes the properties as they are. Whether `R` has them is for the schema to
/// say.
impl<R> TryFrom<Vec<String>> for Select<R> {
    type Error = EmptySelect;

    fn try_from(properties: Vec<String>) -> Result<Self, EmptySelect> {
        if properties.is_empty() {
            return Err(EmptySelect);
        }
        Ok(Self {
            properties,
            of: PhantomData,
        })
    }
}

impl<R> From<Select<R>> for Vec<String> {
    fn from(select: Select<R>) -> Self {
        select.properties
    }
}

impl<R> Select<R> {
    /// The JSON names of the properties.
    pub fn properties(&self) -> &[String] {
        &self.properties
    }
}

impl<R: Described> Select<R> {
    /// Returns whether a property is part of the selection. `id` always is, and so is the
    /// property that tells the forms of `R` apart, without which nobody could read it.
    pub fn contains(&self, property: &str) -> bool {
        let told_apart_by = &R::views().read.root()["x-told-apart"]["by"];
        property == "id"
            || told_apart_by == property
            || self.properties.iter().any(|selected| selected == property)
    }
}

impl<R> fmt::Debug for Select<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Select({})", self.properties.join(","))
    }
}

impl<R> Clone for Select<R> {
    fn clone(&self) -> Self {
        Self {
            properties: self.properties.clone(),
            of: PhantomData,
        }
    }
}

impl<R> PartialEq for Select<R> {
    fn eq(&self, other: &Self) -> bool {
        self.properties == other.properties
    }
}

impl<R> Eq for Select<R> {}

impl<R: Described> JsonSchema for Select<R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}Select", R::schema_name()).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = readable::<R>().map(|(name, _)| name).collect();
        json_schema!({
            "type": "array",
            "minItems": 1,
            "items": { "type": "string", "enum": names },
        })
    }
}

/// The properties of `R` that a reply can hold.
fn readable<R: Described>() -> impl Iterator<Item = (&'static String, &'static Value)> {
    let properties = R::views().read.root()["properties"].as_object();
    properties
        .into_iter()
        .flatten()
        .filter(|(_, schema)| schema["writeOnly"] != true)
}
