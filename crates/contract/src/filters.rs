//! Conditions in the queries of lists.

use std::borrow::Cow;
use std::ops::{Bound, RangeBounds as _};

use jiff::{civil::DateTime, tz::Offset};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

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

    /// The form of what [`PATTERN`](Self::PATTERN) matches, for people: whether the calendar
    /// has the date and the clock the time is not in it.
    pub const FORM: &str = "^([<>]=?)?[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt].+)?$";

    /// The instants that satisfy the condition, as a range.
    pub fn bounds(&self) -> (Bound<Timestamp>, Bound<Timestamp>) {
        let instant = self.instant;
        match self.comparison {
            Comparison::AtLeast => (Bound::Included(instant), Bound::Unbounded),
            Comparison::AtMost => (Bound::Unbounded, Bound::Included(instant)),
            Comparison::Greater => (Bound::Excluded(instant), Bound::Unbounded),
            Comparison::Less => (Bound::Unbounded, Bound::Excluded(instant)),
            Comparison::Equal => (Bound::Included(instant), Bound::Included(instant)),
        }
    }

    /// Returns whether an instant satisfies the condition.
    pub fn admits(&self, instant: Timestamp) -> bool {
        self.bounds().contains(&instant)
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
            .find_map(|(comparison, sign)| Some((*comparison, text.strip_prefix(sign)?)))
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
            .find(|(comparison, _)| *comparison == filter.comparison)
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
