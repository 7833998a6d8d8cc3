//! What a reply has that its declared shape does not.

use std::collections::BTreeSet;
use std::fmt;

/// A difference between a reply and its declared shape: something that should not
/// be there, or has lost a part of a value. All but
/// [`Undecodable`](DriftKind::Undecodable) are no errors.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Drift {
    /// Where, as a JSON path with `[]` for any element of a list.
    pub path: String,
    /// What.
    pub kind: DriftKind,
}

/// The kinds of [`Drift`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DriftKind {
    /// A property that the message does not declare. It was skipped.
    UndeclaredProperty,
    /// A spelling that the enum does not declare. It was read as the zero value.
    UnknownEnumValue,
    /// A number that its field cannot hold, rounded to the nearest that it can: a
    /// whole number beyond 2^53, digits behind a whole number, or a number that
    /// is not zero but too small for anything else.
    RoundedNumber,
    /// An instant or a duration with more than nine digits of a second. The
    /// others were cut off.
    LostFractionDigits,
    /// A leap second, read as the first second of the next day.
    LeapSecond,
    /// A value that its field cannot hold at all, or a reply that is none of the API:
    /// the call failed.
    Undecodable,
}

impl DriftKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::UndeclaredProperty,
        Self::UnknownEnumValue,
        Self::RoundedNumber,
        Self::LostFractionDigits,
        Self::LeapSecond,
        Self::Undecodable,
    ];

    /// The name of the kind, as metrics have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UndeclaredProperty => "undeclared_property",
            Self::UnknownEnumValue => "unknown_enum_value",
            Self::RoundedNumber => "rounded_number",
            Self::LostFractionDigits => "lost_fraction_digits",
            Self::LeapSecond => "leap_second",
            Self::Undecodable => "undecodable",
        }
    }
}

impl fmt::Display for DriftKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UndeclaredProperty => "undeclared property",
            Self::UnknownEnumValue => "unknown enum value",
            Self::RoundedNumber => "rounded number",
            Self::LostFractionDigits => "lost fraction digits",
            Self::LeapSecond => "leap second",
            Self::Undecodable => "undecodable value",
        })
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.kind, self.path)
    }
}

/// Every difference of a reply, each once.
pub type Drifts = BTreeSet<Drift>;
