//! Instants on the wire.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// An instant between the years 0 and 9999, RFC 3339 on the wire.
///
/// Two spellings of one instant read as equal values. It is written in one
/// spelling: in UTC, with three fractional digits where there are
/// milliseconds, six or nine where it is finer, and none for whole seconds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The instant as [`jiff`] has it.
    pub const fn get(self) -> jiff::Timestamp {
        self.0
    }

    /// The instant, or the nearest one that has a spelling.
    pub(crate) fn nearest(instant: jiff::Timestamp) -> Self {
        Self(instant.max(FIRST))
    }
}

/// 0000-01-01T00:00:00Z, the first instant that RFC 3339 has a spelling for.
/// The last one that jiff has lies in the year 9999.
const FIRST: jiff::Timestamp = jiff::Timestamp::constant(-62_167_219_200, 0);

/// A text or an instant is not a [`Timestamp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an RFC 3339 date and time, such as 2016-01-07T14:03:43Z")]
pub struct InvalidTimestamp;

impl TryFrom<jiff::Timestamp> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(instant: jiff::Timestamp) -> Result<Self, InvalidTimestamp> {
        if instant >= FIRST {
            Ok(Self(instant))
        } else {
            Err(InvalidTimestamp)
        }
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        text.parse::<jiff::Timestamp>()
            .map_err(|_| InvalidTimestamp)?
            .try_into()
    }
}

impl TryFrom<String> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(text: String) -> Result<Self, InvalidTimestamp> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of instants before 1970 jiff gives a negative fraction.
        let digits = match self.0.subsec_nanosecond().unsigned_abs() {
            0 => 0,
            nanos if nanos % 1_000_000 == 0 => 3,
            nanos if nanos % 1_000 == 0 => 6,
            _ => 9,
        };
        write!(f, "{:.digits$}", self.0)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl JsonSchema for Timestamp {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(feature = "arbitrary")]
mod arbitrary {
    use proptest::prelude::*;

    use super::Timestamp;

    impl Arbitrary for Timestamp {
        type Parameters = ();
        type Strategy = BoxedStrategy<Self>;

        /// Instants of the years 1 to 9998, of every precision that has a
        /// spelling of its own.
        fn arbitrary_with((): ()) -> Self::Strategy {
            let seconds = -62_135_596_800_i64..253_370_764_800;
            let unit = prop::sample::select(vec![1_000_000_000_i32, 1_000_000, 1_000, 1]);
            (seconds, 0..1_000_000_000_i32, unit)
                .prop_filter_map("no such instant", |(seconds, nanos, unit)| {
                    jiff::Timestamp::new(seconds, nanos / unit * unit)
                        .ok()?
                        .try_into()
                        .ok()
                })
                .boxed()
        }
    }
}
