//! Numbers that are compared by all their digits.

use std::cmp::Ordering;
use std::fmt;

use serde_json::Number;

/// A number. A whole one keeps all its digits, where a float would round it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Exact {
    Whole(i128),
    /// One with a fraction, or beyond all integers of a machine.
    Float(f64),
}

/// Floats from here on may lie outside of the range of whole numbers.
const MAX: f64 = 1e38;

impl Exact {
    pub(crate) fn of(number: &Number) -> Self {
        match number.as_i128() {
            Some(whole) => Exact::Whole(whole),
            None => Exact::of_float(number.as_f64().unwrap_or_default()),
        }
    }

    fn of_float(float: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is whole, and within the range"
        )]
        if float.fract() == 0.0 && float.abs() < MAX {
            Exact::Whole(float as i128)
        } else {
            Exact::Float(float)
        }
    }

    /// The nearest whole number that is not less.
    pub(crate) fn ceil(self) -> Self {
        match self {
            Exact::Whole(_) => self,
            Exact::Float(float) => Exact::of_float(float.ceil()),
        }
    }

    /// The nearest whole number that is not greater.
    pub(crate) fn floor(self) -> Self {
        match self {
            Exact::Whole(_) => self,
            Exact::Float(float) => Exact::of_float(float.floor()),
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "what is not whole differs by more than is lost"
    )]
    fn float(self) -> f64 {
        match self {
            Exact::Whole(whole) => whole as f64,
            Exact::Float(float) => float,
        }
    }
}

impl PartialEq for Exact {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Exact::Whole(a), Exact::Whole(b)) => Some(a.cmp(b)),
            _ => self.float().partial_cmp(&other.float()),
        }
    }
}

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exact::Whole(whole) => whole.fmt(f),
            Exact::Float(float) => float.fmt(f),
        }
    }
}
