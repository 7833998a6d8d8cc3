//! Parameters in paths and queries.
//!
//! Parameters arrive as text. The schema of their type tells what each text
//! stands for, and everything that is wrong is told at once.

use std::{borrow::Cow, fmt, marker::PhantomData};

use jiff::{civil::DateTime, tz::Offset};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    error::FieldViolation,
    schema::{Described, described},
    timestamp::Timestamp,
    validate::{Violations, deserialize},
};

/// No parameters at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoParameters {}

described!(NoParameters);

/// Reads parameters from the decoded names and values of a path or a query.
///
/// # Errors
///
/// Every parameter that `P` does not have, that is missing, malformed, or given
/// more than once.
///
/// ```
/// # use contract::{parameters::parse_parameters, users::UserPath};
/// let violations = parse_parameters::<UserPath>([("user_id", "42")]).unwrap_err();
/// assert_eq!(violations.to_string(), "user_id must be 24 hexadecimal digits, or `me`");
/// ```
pub fn parse_parameters<P: Described>(
    pairs: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
) -> Result<P, Violations> {
    let document = &P::views().create;
    let properties = &document.root()["properties"];
    let mut values = Map::new();
    let mut violations = Vec::new();
    for (name, text) in pairs {
        let (name, text) = (name.as_ref(), text.as_ref());
        let Some(property) = properties.get(name) else {
            let description = match properties.as_object() {
                Some(known) if !known.is_empty() => {
                    let known: Vec<_> = known.keys().map(String::as_str).collect();
                    format!("is not a parameter; there are {}", known.join(", "))
                }
                _ => "is not a parameter; there are none".to_owned(),
            };
            violations.push(FieldViolation::new(name, description));
            continue;
        };
        if values
            .insert(name.to_owned(), typed(document.resolve(property), text))
            .is_some()
        {
            violations.push(FieldViolation::new(name, "is given more than once"));
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
    deserialize(values)
}

/// The JSON value that a text stands for. A text that is no value of the type
/// stays a text, for the schema to reject.
fn typed(schema: &Value, text: &str) -> Value {
    let is = |name: &str| match &schema["type"] {
        Value::Array(types) => types.iter().any(|it| it == name),
        only => only == name,
    };
    if is("array") {
        return text
            .split(',')
            .map(|item| typed(&schema["items"], item))
            .collect();
    }
    let value = if is("integer") {
        text.parse().ok().map(|number: i64| number.into())
    } else if is("number") {
        text.parse().ok().map(|number: f64| number.into())
    } else if is("boolean") {
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
    /// them. Without it resources are whole.
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

    /// Whether the greatest value comes first.
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
            !types.iter().any(|it| it == "object" || it == "array")
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

    /// Whether a property is part of the selection. `id` always is.
    pub fn contains(&self, property: &str) -> bool {
        property == "id" || self.properties.iter().any(|it| it == property)
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

/// A condition on a text: equal, `~` contains, `^` starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum TextFilter {
    /// The text is this one.
    Is(String),
    /// The text contains this one.
    Contains(String),
    /// The text starts with this one.
    StartsWith(String),
}

impl From<String> for TextFilter {
    fn from(text: String) -> Self {
        if let Some(part) = text.strip_prefix('~') {
            Self::Contains(part.to_owned())
        } else if let Some(start) = text.strip_prefix('^') {
            Self::StartsWith(start.to_owned())
        } else {
            Self::Is(text)
        }
    }
}

impl From<TextFilter> for String {
    fn from(filter: TextFilter) -> Self {
        match filter {
            TextFilter::Is(text) => text,
            TextFilter::Contains(part) => format!("~{part}"),
            TextFilter::StartsWith(start) => format!("^{start}"),
        }
    }
}

impl JsonSchema for TextFilter {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TextFilter".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}

/// A condition on an instant: equal, or `>`, `>=`, `<` or `<=` before it. A date
/// stands for its first instant in UTC.
///
/// An instant that no [`Timestamp`] can be, such as the last day of the year
/// 9999, stands for the nearest one that can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeFilter {
    comparison: Comparison,
    instant: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    AtLeast,
    AtMost,
    Greater,
    Less,
    Equal,
}

impl Comparison {
    /// Longer signs come before their own beginnings.
    const ALL: [(Self, &'static str); 5] = [
        (Self::AtLeast, ">="),
        (Self::AtMost, "<="),
        (Self::Greater, ">"),
        (Self::Less, "<"),
        (Self::Equal, ""),
    ];
}

impl TimeFilter {
    /// The pattern of the published schema: a sign, a date that the calendar
    /// has, and perhaps a time of RFC 3339 with its offset. What matches it is a
    /// filter, and nothing else is.
    pub const PATTERN: &str = "^(>=|<=|>|<)?\
        ([0-9]{4}-(\
        (0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|\
        (0[469]|11)-(0[1-9]|[12][0-9]|30)|\
        02-(0[1-9]|1[0-9]|2[0-8]))|\
        ([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)\
        ([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)([.][0-9]{1,9})?\
        ([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$";

    /// Whether an instant satisfies the condition.
    pub fn admits(&self, instant: Timestamp) -> bool {
        match self.comparison {
            Comparison::AtLeast => instant >= self.instant,
            Comparison::AtMost => instant <= self.instant,
            Comparison::Greater => instant > self.instant,
            Comparison::Less => instant < self.instant,
            Comparison::Equal => instant == self.instant,
        }
    }
}

/// A text is not a [`TimeFilter`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a date, or an RFC 3339 date and time, with >, >=, < or <= before it or without")]
pub struct InvalidTimeFilter;

impl TryFrom<String> for TimeFilter {
    type Error = InvalidTimeFilter;

    fn try_from(text: String) -> Result<Self, InvalidTimeFilter> {
        let (comparison, text) = Comparison::ALL
            .iter()
            .find_map(|(it, sign)| Some((*it, text.strip_prefix(sign)?)))
            .ok_or(InvalidTimeFilter)?;
        let instant = instant(text).ok_or(InvalidTimeFilter)?;
        Ok(Self {
            comparison,
            instant,
        })
    }
}

/// The instant that a date, or a date and time of RFC 3339, stands for.
///
/// Stricter than jiff, which reads more than the pattern can say: times without
/// seconds, offsets of more than a day, names of time zones.
fn instant(text: &str) -> Option<Timestamp> {
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, time),
        None => (text, "00:00:00Z"),
    };
    let [year, month, day] = numbers(date, b'-', [4, 2, 2])?;
    let zone = time.find(['Z', 'z', '+', '-'])?;
    let (time, zone) = time.split_at_checked(zone)?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, b':', [2, 2, 2])?;
    let digits = fraction.len();
    if digits > 9 {
        return None;
    }
    let [fraction] = numbers(fraction, b'.', [digits])?;
    let nanosecond = fraction * 10_i32.pow(u32::try_from(9 - digits).ok()?);
    let offset = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => 0,
        (sign @ ("+" | "-"), offset) => {
            let [hours, minutes] = numbers(offset, b':', [2, 2])?;
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = (hours * 60 + minutes) * 60;
            if sign == "+" { seconds } else { -seconds }
        }
        _ => return None,
    };
    let civil = DateTime::new(
        year.try_into().ok()?,
        month.try_into().ok()?,
        day.try_into().ok()?,
        hour.try_into().ok()?,
        minute.try_into().ok()?,
        // A leap second counts as the one before it, as jiff reads it.
        if second == 60 {
            59
        } else {
            second.try_into().ok()?
        },
        nanosecond,
    );
    let instant = Offset::from_seconds(offset).ok()?.to_timestamp(civil.ok()?);
    // Only what is too late is none to jiff.
    Some(Timestamp::nearest(instant.unwrap_or(jiff::Timestamp::MAX)))
}

/// The numbers of so many digits each that stand between separators.
fn numbers<const N: usize>(text: &str, separator: u8, digits: [usize; N]) -> Option<[i32; N]> {
    let mut parts = text.as_bytes().split(|byte| *byte == separator);
    let mut numbers = [0; N];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || part.is_empty() || !part.iter().all(u8::is_ascii_digit) {
            return None;
        }
        *number = str::from_utf8(part).ok()?.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

impl From<TimeFilter> for String {
    fn from(filter: TimeFilter) -> Self {
        let sign = Comparison::ALL
            .iter()
            .find(|(it, _)| *it == filter.comparison)
            .map_or("", |(_, sign)| sign);
        format!("{sign}{}", filter.instant)
    }
}

impl JsonSchema for TimeFilter {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TimeFilter".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": Self::PATTERN })
    }
}
